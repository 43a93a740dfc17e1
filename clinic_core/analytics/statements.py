"""Statements for all who owe, by the filters of the page on which they are listed."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, select

from clinic_core.access import Permission, Work, query, use_case
from clinic_core.access.scope import patients_in_scope
from clinic_core.analytics.queries import list_debtors
from clinic_core.analytics.schemas import ALL_ROWS, OutstandingRowsRequest
from clinic_core.analytics.schemas.statements import (
    MOST_STATEMENTS,
    StartStatements,
    StatementsCount,
    StatementsWanted,
)
from clinic_core.billing.batches import NewItem, batch_row, new_batch
from clinic_core.billing.reach import latest_today
from clinic_core.billing.schemas.batches import BatchRow
from clinic_core.errors import InvalidInput, NotFound
from clinic_core.models import Patient
from clinic_core.notifications.addressee import obstacle
from clinic_core.vocabulary import BatchKind, NotificationChannel

READ_AT_ONCE = 500
_FILTERS = ("clinic_location_id", "practitioner_user_id", "basis", "bucket", "patient_id")


@query(Permission.BILLING_MANAGE, name="batch.count_statements")
def count_statements(work: Work, request: StatementsWanted) -> StatementsCount:
    """What a start would make.

    Raises:
        NotFound: an unknown location, practitioner or chosen patient.
    """
    ids = _patient_ids(work, request)
    patients = work.session.scalars(
        select(Patient).where(col(Patient.id).in_(ids)).execution_options(yield_per=READ_AT_ONCE)
    )
    by_email = sum(obstacle(patient, NotificationChannel.EMAIL) is None for patient in patients)
    return StatementsCount(statements=len(ids), by_email=by_email)


@use_case(Permission.BILLING_MANAGE, name="batch.start_statements")
def start_statements(work: Work, request: StartStatements) -> BatchRow:
    """Starts one archive of the statements of all who owe today by the filters, or of the chosen patients.

    Raises:
        InvalidInput: nobody owes by these filters, more than 10,000 do, or the period begins after today.
        NotFound: as `count_statements`.
    """
    today = latest_today(work.session)
    if request.first_day is not None and request.first_day > today:
        raise InvalidInput(f"The period begins ({request.first_day}) after today ({today}).")
    patient_ids = _patient_ids(work, request)
    if not patient_ids:
        raise InvalidInput("Nobody owes anything by these filters.")
    if len(patient_ids) > MOST_STATEMENTS:
        raise InvalidInput(f"These are more than {MOST_STATEMENTS:,} statements; narrow the filters.")
    asked = request.model_dump(mode="json", include=set(_FILTERS), exclude_none=True)
    batch, _ = new_batch(
        work,
        BatchKind.STATEMENTS,
        [NewItem(patient_id) for patient_id in patient_ids],
        {
            **asked,
            "first_day": request.first_day,
            "last_day": today,
            "email": request.email,
            "debtors": not request.patient_ids,
        },
    )
    return batch_row(batch)


def _patient_ids(work: Work, request: StatementsWanted) -> Sequence[UUID]:
    """The patients in the order of their codes."""
    chosen: Sequence[UUID] = request.patient_ids
    if not chosen:
        wanted = request.model_dump(include=set(_FILTERS))
        debtors = list_debtors(work, OutstandingRowsRequest(**wanted, limit=ALL_ROWS))
        chosen = [row.id for row in debtors.rows]
    statement = select(col(Patient.id)).where(col(Patient.id).in_(chosen)).order_by(col(Patient.code), col(Patient.id))
    if request.patient_ids:
        statement = statement.where(
            col(Patient.deleted_at).is_(None), patients_in_scope(work.actor, Permission.BILLING_MANAGE)
        )
    found = work.session.scalars(statement).all()
    if len(found) < len(request.patient_ids):
        raise NotFound("One of the patients does not exist.")
    return found
