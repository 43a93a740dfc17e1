"""Takings: the money of some days by how it was handed over; the receipts behind are those of `list_receipts`."""

from collections.abc import Mapping

from sqlalchemy import ColumnElement, case, literal
from sqlmodel import col

from clinic_core.access import Actor, Permission, Work, query, use_case
from clinic_core.access.scope import receipts_in_scope
from clinic_core.billing.closing import takings_where
from clinic_core.billing.exports import (
    ExportColumn,
    amounts,
    copied_table,
    currencies,
    days,
    export_detail,
    labels,
    names,
    words,
)
from clinic_core.billing.reach import location_in_reach
from clinic_core.billing.rows import select_receipts
from clinic_core.billing.schemas import Takings, TakingsRequest
from clinic_core.kit.copied import CopiedTable
from clinic_core.kit.money import ZERO
from clinic_core.models import ClinicLocation, Patient, Receipt
from clinic_core.vocabulary import PaymentMethod, ReceiptKind


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
def export_takings(work: Work, request: TakingsRequest) -> CopiedTable:
    """The receipts behind the takings, refunds negative, so that Amount sums to the net; audited.

    Raises:
        NotFound: no such location, or out of scope.
    """
    found = (
        select_receipts()
        .where(*_conditions(work, request))
        .order_by(col(Receipt.received_on), col(Receipt.number), col(Receipt.id))
    )
    made = copied_table(work.session, found, _columns(work.actor))
    work.audit("receipt", None, "export", **export_detail(made, request))
    return made


def _columns(actor: Actor) -> Mapping[str, ExportColumn]:
    is_refund = col(Receipt.kind) == ReceiptKind.REFUND
    return {
        "Number": words(col(Receipt.number)),
        "Kind": labels(col(Receipt.kind), ReceiptKind),
        "Received": days(col(Receipt.received_on)),
        "Location": words(col(ClinicLocation.name)),
        "Patient": words(col(Patient.code)),
        "Name": names(col(Patient.first_name), col(Patient.last_name), col(Patient.preferred_name)),
        "Method": labels(col(Receipt.method), PaymentMethod),
        "Reference": words(col(Receipt.reference)),
        "Amount": amounts(case((is_refund, -col(Receipt.amount)), else_=col(Receipt.amount))),
        "Currency": currencies(literal(actor.settings.currency)),
    }


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
