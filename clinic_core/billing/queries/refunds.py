"""Refunds that were asked for: who asked for what, who decided, and what waits for the actor."""

from collections.abc import Callable, Mapping

from sqlalchemy import ColumnElement, Select, and_, false, func, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from clinic_core.access import Actor, Permission, Work, query, use_case
from clinic_core.billing.exports import export_detail
from clinic_core.billing.reach import ASK_FOR_REFUND, receipts_reached
from clinic_core.billing.schemas import ListRefundRequests, RefundFilter, RefundRequestRow
from clinic_core.kit.formats import person_name
from clinic_core.kit.tables import MOST_ROWS, Table, table_of
from clinic_core.kit.text import Cell
from clinic_core.models import AppUser, ClinicLocation, Patient, Receipt, RefundRequest
from clinic_core.vocabulary import RefundStatus

_MAY_SEE = (*ASK_FOR_REFUND, Permission.BILLING_APPROVE)
_IS_OPEN = col(RefundRequest.status) == RefundStatus.REQUESTED
_Asker = aliased(AppUser)
_Decider = aliased(AppUser)
_Refund = aliased(Receipt)


@query(*_MAY_SEE, name="refund.list")
def list_refund_requests(work: Work, request: ListRefundRequests) -> tuple[RefundRequestRow, ...]:
    """A page of the requests in scope that pass the filters: the open ones first, then the newest."""
    return _rows(work, request, offset=request.offset, limit=request.limit)


@use_case(*_MAY_SEE, name="refund.export")
def export_refund_requests(work: Work, request: RefundFilter) -> Table:
    """Every request in scope that passes the filters, with who asked and who decided; audited."""
    made = table_of(_columns(work.actor), _rows(work, request, offset=0, limit=MOST_ROWS + 1))
    work.audit("refund_request", None, "export", **export_detail(made, request))
    return made


@query(*_MAY_SEE, name="refund.count")
def count_refund_requests(work: Work, request: RefundFilter) -> int:
    """How many requests in scope pass the filters."""
    statement: Select[int] = (
        select(func.count())
        .select_from(RefundRequest)
        .join(Receipt, col(Receipt.id) == col(RefundRequest.receipt_id))
        .where(*_conditions(work.actor, request))
    )
    return work.session.execute(statement).scalar_one()


def _columns(actor: Actor) -> Mapping[str, Callable[[RefundRequestRow], Cell]]:
    return {
        "Status": lambda row: row.status.label,
        "Receipt": lambda row: row.receipt_number,
        "Patient": lambda row: row.patient_code,
        "Name": lambda row: row.patient_name,
        "Location": lambda row: row.location_name,
        "Amount": lambda row: row.amount,
        "Currency": lambda _: actor.settings.currency,
        "Method": lambda row: row.method.label,
        "Reference": lambda row: row.reference,
        "Reason": lambda row: row.reason,
        "Asked by": lambda row: row.asked_by,
        "Asked at": lambda row: row.asked_at,
        "Decided by": lambda row: row.decided_by,
        "Decided at": lambda row: row.decided_at,
        "Note": lambda row: row.decision_note,
        "Refund": lambda row: row.refund_number or "",
    }


def _rows(work: Work, request: RefundFilter, *, offset: int, limit: int) -> tuple[RefundRequestRow, ...]:
    actor = work.actor
    statement: Select[RefundRequest, Receipt, Patient, str, str | None, str, str, bool, bool] = (
        select(
            RefundRequest,
            Receipt,
            Patient,
            col(ClinicLocation.name).label("location_name"),
            col(_Refund.number).label("refund_number"),
            func.coalesce(col(_Asker.display_name), "").label("asked_by"),
            func.coalesce(col(_Decider.display_name), "").label("decided_by"),
            _may_decide(actor).label("may_decide"),
            and_(_IS_OPEN, _asked_by(actor)).label("may_withdraw"),
        )
        .join(Receipt, col(Receipt.id) == col(RefundRequest.receipt_id))
        .join(Patient, col(Patient.id) == col(Receipt.patient_id))
        .join(ClinicLocation, col(ClinicLocation.id) == col(Receipt.clinic_location_id))
        .join(_Refund, col(_Refund.id) == col(RefundRequest.refund_receipt_id), isouter=True)
        .join(_Asker, col(_Asker.id) == col(RefundRequest.created_by), isouter=True)
        .join(_Decider, col(_Decider.id) == col(RefundRequest.decided_by_user_id), isouter=True)
        .where(*_conditions(actor, request))
        .order_by(_IS_OPEN.desc(), col(RefundRequest.created_at).desc(), col(RefundRequest.id).desc())
        .offset(offset)
        .limit(limit)
        .execution_options(populate_existing=True)
    )
    return tuple(
        RefundRequestRow(
            **found.RefundRequest.model_dump(include=_SAME),
            receipt_number=found.Receipt.number,
            refund_number=found.refund_number,
            patient_name=person_name(found.Patient.first_name, found.Patient.last_name, found.Patient.preferred_name),
            patient_code=found.Patient.code,
            location_name=found.location_name,
            left=found.Receipt.amount - found.Receipt.allocated - found.Receipt.refunded,
            asked_at=found.RefundRequest.created_at,
            asked_by=found.asked_by,
            decided_by=found.decided_by,
            may_decide=found.may_decide,
            may_withdraw=found.may_withdraw,
        )
        for found in work.session.execute(statement)
    )


_SAME = {
    "id",
    "receipt_id",
    "amount",
    "method",
    "status",
    "refund_receipt_id",
    "version",
    "reference",
    "reason",
    "decided_at",
    "decision_note",
}


def _conditions(actor: Actor, request: RefundFilter) -> list[ColumnElement[bool]]:
    conditions = [receipts_reached(actor, *_MAY_SEE)]
    if request.receipt_id is not None:
        conditions.append(col(RefundRequest.receipt_id) == request.receipt_id)
    if request.open_only or request.to_decide:
        conditions.append(_IS_OPEN)
    if request.to_decide:
        conditions.append(_may_decide(actor))
    return conditions


def _may_decide(actor: Actor) -> ColumnElement[bool]:
    """Open, in reach of the permission, and asked for by somebody else."""
    return and_(_IS_OPEN, ~_asked_by(actor), receipts_reached(actor, Permission.BILLING_APPROVE))


def _asked_by(actor: Actor) -> ColumnElement[bool]:
    return col(RefundRequest.created_by).is_not_distinct_from(actor.user_id) if actor.user_id else false()
