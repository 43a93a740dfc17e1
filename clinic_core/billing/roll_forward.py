"""What a month of the organisation comes to: the roll-forward of what is owed and of patient credit (B10).

Every amount counts on the day that its row carries: papers on their issue date, money on the day it was handed over,
payments and releases on the day from which they count, write-offs on their own.
"""

import calendar
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import Date, cast, exists, func, select, true
from sqlalchemy.orm import Session
from sqlmodel import col

from clinic_core.billing.schemas import MonthFigures, MonthToClose
from clinic_core.kit.calendar import local_date, zone
from clinic_core.kit.clock import now
from clinic_core.kit.money import ZERO
from clinic_core.models import Adjustment, ClinicLocation, Closing, Invoice, Payment, Receipt
from clinic_core.vocabulary import ClosingKind, InvoiceKind, InvoiceStatus, ReceiptKind

_IS_REFUND = col(Receipt.kind) == ReceiptKind.REFUND


def month_span(request: MonthToClose) -> tuple[date, date]:
    """The first and the last day of the month."""
    last = calendar.monthrange(request.year, request.month)[1]
    return date(request.year, request.month, 1), date(request.year, request.month, last)


def has_passed(session: Session, day: date) -> bool:
    """Whether the day is over at every location of the organisation."""
    zones = session.scalars(select(col(ClinicLocation.timezone)).distinct()).all()
    return all(local_date(now(), zone(name)) > day for name in zones)


def is_month_closed(session: Session, day: date) -> bool:
    """Whether the month of that day is closed now."""
    closed = exists().where(
        col(Closing.kind) == ClosingKind.MONTH,
        col(Closing.starts_on) == day.replace(day=1),
        col(Closing.reopened_at).is_(None),
    )
    return bool(session.execute(select(closed)).scalar_one())


def month_figures(session: Session, currency: str, first: date, last: date) -> MonthFigures:
    """The roll-forward of the days from first to last, both included, and what is still open in them."""
    before, within = _flows(session, None, first - timedelta(days=1)), _flows(session, first, last)
    opening, credit_opening = _owed_by(before), _credit_by(before)
    return MonthFigures(
        currency=currency,
        opening=opening,
        **within,
        closing=opening + _owed_by(within),
        credit_opening=credit_opening,
        applied=within["paid"] - within["released"],
        credit_closing=credit_opening + _credit_by(within),
        drafts=_drafts_until(session, last),
        open_days=_open_days(session, first, last),
    )


def _flows(session: Session, first: date | None, last: date) -> dict[str, Decimal]:
    """What changed what is owed, and what changed patient credit, from first (None: ever) to last."""
    is_credit = col(Invoice.kind) == InvoiceKind.CREDIT_NOTE
    amount, written = col(Payment.amount), col(Adjustment.amount)
    names = {
        "invoiced": (col(Invoice.total), ~is_credit, col(Invoice.issued_on)),
        "credited": (col(Invoice.total), is_credit, col(Invoice.issued_on)),
        "paid": (amount, amount > 0, col(Payment.applied_on)),
        "released": (-amount, amount < 0, col(Payment.applied_on)),
        "written_off": (written, written > 0, col(Adjustment.adjusted_on)),
        "taken_back": (-written, written < 0, col(Adjustment.adjusted_on)),
        "received": (col(Receipt.amount), ~_IS_REFUND, col(Receipt.received_on)),
        "refunded": (col(Receipt.amount), _IS_REFUND, col(Receipt.received_on)),
    }
    # A draft has no issue date, so it is in no period.
    sums = {
        name: select(func.coalesce(func.sum(value), ZERO))
        .where(which, on <= last, true() if first is None else on >= first)
        .scalar_subquery()
        .label(name)
        for name, (value, which, on) in names.items()
    }
    return dict(session.execute(select(*sums.values())).mappings().one())


def _owed_by(flows: Mapping[str, Decimal]) -> Decimal:
    paid, written_off = flows["paid"] - flows["released"], flows["written_off"] - flows["taken_back"]
    return flows["invoiced"] - flows["credited"] - paid - written_off


def _credit_by(flows: Mapping[str, Decimal]) -> Decimal:
    return flows["received"] - flows["refunded"] - (flows["paid"] - flows["released"])


def _drafts_until(session: Session, last: date) -> int:
    """Drafts that were begun at their location until that day."""
    begun_on = cast(func.timezone(col(ClinicLocation.timezone), col(Invoice.created_at)), Date)
    return session.execute(
        select(func.count())
        .select_from(Invoice)
        .join(ClinicLocation, col(ClinicLocation.id) == col(Invoice.clinic_location_id))
        .where(col(Invoice.status) == InvoiceStatus.DRAFT, begun_on <= last)
    ).scalar_one()


def _open_days(session: Session, first: date, last: date) -> int:
    """Days with money at a location that nobody has closed."""
    is_closed = exists().where(
        col(Closing.kind) == ClosingKind.DAY,
        col(Closing.clinic_location_id) == col(Receipt.clinic_location_id),
        col(Closing.starts_on) == col(Receipt.received_on),
        col(Closing.reopened_at).is_(None),
    )
    days = (
        select(col(Receipt.clinic_location_id), col(Receipt.received_on))
        .where(col(Receipt.received_on).between(first, last), ~is_closed)
        .distinct()
        .subquery()
    )
    return session.execute(select(func.count()).select_from(days)).scalar_one()
