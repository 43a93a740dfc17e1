"""Takings: the money of some days by how it was handed over; the receipts behind are those of `list_receipts`."""

from collections.abc import Callable, Mapping

from sqlalchemy import ColumnElement
from sqlmodel import col

from clinic_core.access import Actor, Permission, Work, query, use_case
from clinic_core.access.scope import receipts_in_scope
from clinic_core.billing.closing import takings_where
from clinic_core.billing.exports import EXPORT_CHUNK, export_detail
from clinic_core.billing.reach import location_in_reach
from clinic_core.billing.rows import receipt_row, select_receipts
from clinic_core.billing.schemas import ReceiptRow, Takings, TakingsRequest
from clinic_core.kit.money import ZERO
from clinic_core.kit.tables import Table, table_of
from clinic_core.kit.text import Cell
from clinic_core.models import Receipt
from clinic_core.vocabulary import ReceiptKind

_CELLS: Mapping[str, Callable[[ReceiptRow], Cell]] = {
    "Number": lambda row: row.number,
    "Kind": lambda row: row.kind.label,
    "Received": lambda row: row.received_on,
    "Location": lambda row: row.location_name,
    "Patient": lambda row: row.patient_code,
    "Name": lambda row: row.patient_name,
    "Method": lambda row: row.method.label,
    "Reference": lambda row: row.reference,
    "Amount": lambda row: -row.amount if row.kind is ReceiptKind.REFUND else row.amount,
    "Currency": lambda row: row.currency,
}


@query(Permission.BILLING_VIEW, name="takings.get")
def takings(work: Work, request: TakingsRequest) -> Takings:
    """The money of the period in the reader's scope by method: received, paid back, net and the number of papers.

    Raises:
        NotFound: no such location, or out of scope.
    """
    methods = takings_where(work.session, *_conditions(work, request))
    return Takings(
        first_day=request.first_day,
        last_day=request.last_day,
        currency=work.actor.settings.currency,
        methods=methods,
        received=sum((each.received for each in methods), ZERO),
        paid_back=sum((each.paid_back for each in methods), ZERO),
        net=sum((each.net for each in methods), ZERO),
        count=sum(each.count for each in methods),
    )


@use_case(Permission.BILLING_VIEW, name="takings.export")
def export_takings(work: Work, request: TakingsRequest) -> Table:
    """The receipts behind the takings, refunds negative, so that Amount sums to the net; audited.

    Raises:
        NotFound: no such location, or out of scope.
    """
    found = work.session.execute(
        select_receipts()
        .where(*_conditions(work, request))
        .order_by(col(Receipt.received_on), col(Receipt.number), col(Receipt.id))
        .execution_options(yield_per=EXPORT_CHUNK)
    )
    made = table_of(_CELLS, (receipt_row(work.actor, row) for row in found))
    work.audit("receipt", None, "export", **export_detail(made, request))
    return made


def _conditions(work: Work, request: TakingsRequest) -> list[ColumnElement[bool]]:
    actor: Actor = work.actor
    conditions = [
        receipts_in_scope(actor, Permission.BILLING_VIEW),
        col(Receipt.received_on).between(request.first_day, request.last_day),
    ]
    if request.clinic_location_id is not None:
        place = location_in_reach(
            work.session, actor, Permission.BILLING_VIEW, chosen=request.clinic_location_id, derived=None
        )
        conditions.append(col(Receipt.clinic_location_id) == place.id)
    return conditions
