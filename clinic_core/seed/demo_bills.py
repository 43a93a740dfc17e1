"""Plans what the demo clinic charges and collects: at the desk after the visit, or a series of visits together.

Pure and deterministic, as `demo_plan`; `demo_money` sends it through the use cases of billing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from clinic_core.seed.demo_charts import PlannedVisit
from clinic_core.seed.demo_clinic import CATALOGUE
from clinic_core.seed.demo_people import PlannedPatient
from clinic_core.seed.demo_plan import DemoPlan
from clinic_core.vocabulary import PaymentMethod, ProductType

SERIES_LENGTH = 6
SERIES_DAYS = 21
DRAFTED_WITHIN = timedelta(days=4)
DRAFTED_SHARE = 0.2
NOT_CHARGED_WITHIN = timedelta(days=6)
NOT_CHARGED_SHARE = 0.15
OLD_DEBTS = 6
CREDITS = 5

_PRODUCTS = tuple(item for item in CATALOGUE if item.type is ProductType.PRODUCT)
_PRODUCT_SHARE = 0.18
_DISCOUNTS = (Decimal(0), Decimal(0), Decimal(0), Decimal(0), Decimal(0), Decimal("0.1"))
WHOLE = Decimal(1)


@dataclass(frozen=True)
class PlannedPayment:
    """Money for one bill: a share of its total, never more than is still owed."""

    at: datetime
    share: Decimal
    method: PaymentMethod
    reference: str = ""


@dataclass(frozen=True)
class PlannedBill:
    """One invoice; with `issue_at` None it is still a draft. `items` are codes sold beside the visits."""

    patient: int
    location: str
    appointments: tuple[int, ...]
    items: tuple[str, ...]
    discount: Decimal
    issue_at: datetime | None
    payments: tuple[PlannedPayment, ...] = ()


@dataclass(frozen=True)
class PlannedCorrections:
    """Which bills, by index, are taken back, as a whole or by one line, written off, refunded and held back from
    reminders at the end.
    """

    taken_back: tuple[int, ...]
    taken_back_and_refunded: int
    credited_in_part: int
    written_off: int
    held_back: int


@dataclass(frozen=True)
class PlannedCredit:
    """Money paid ahead that no invoice has used yet."""

    patient: int
    location: str
    at: datetime
    amount: Decimal


def plan_bills(plan: DemoPlan, visits: list[PlannedVisit], seed: int) -> list[PlannedBill]:
    """Every visit on one bill, but for some of the last days that nobody has charged yet."""
    rng = Random(f"bills {seed}")
    bills = [_old_debt(rng, plan, patient) for patient in plan.patients[:OLD_DEBTS]]
    waiting: dict[int, list[PlannedVisit]] = {}
    for visit in visits:
        one = visit.appointment
        if rng.random() < NOT_CHARGED_SHARE and one.starts_at > plan.as_of - NOT_CHARGED_WITHIN:
            continue
        together = waiting.setdefault(one.patient, [])
        together.append(visit)
        is_long = one.starts_at - together[0].appointment.starts_at > timedelta(days=SERIES_DAYS)
        if not plan.patients[one.patient].billed_together or len(together) == SERIES_LENGTH or is_long:
            bills.append(_bill(rng, plan, waiting.pop(one.patient)))
    if all(bill.issue_at for bill in bills):
        bills[-1] = replace(bills[-1], issue_at=None, payments=())  # somebody is always at work on one
    return bills


def plan_corrections(bills: Sequence[PlannedBill]) -> PlannedCorrections:
    """The corrections a month brings: bills taken back unpaid and paid, money given back, a small debt given up."""
    known = [index for index, bill in enumerate(bills) if bill.issue_at and bill.appointments]
    unpaid = [index for index in known if not bills[index].payments]
    at_desk = [
        index
        for index in known
        if len(bills[index].payments) == 1
        and bills[index].payments[0].share == WHOLE
        and bills[index].payments[0].method is PaymentMethod.CARD
    ]
    taken_back, refunded = (unpaid[-1], at_desk[-2]), at_desk[-1]
    together = [index for index in known if len(bills[index].appointments) > 1 and bills[index].payments]
    in_part = next(index for index in reversed(together) if index not in {*taken_back, refunded})
    return PlannedCorrections(taken_back, refunded, in_part, unpaid[0], held_back=0)


def plan_credits(plan: DemoPlan, seed: int) -> list[PlannedCredit]:
    """A few patients who paid ahead."""
    rng = Random(f"credits {seed}")
    return [
        PlannedCredit(
            patient.index,
            patient.location,
            plan.as_of - timedelta(days=rng.randrange(2, 30)),
            Decimal(rng.choice((50, 80, 120, 150))),
        )
        for patient in plan.patients[-CREDITS:]
    ]


def _bill(rng: Random, plan: DemoPlan, visits: list[PlannedVisit]) -> PlannedBill:
    last = visits[-1].appointment
    patient = plan.patients[last.patient]
    issue_at = last.ends_at + timedelta(minutes=5)
    is_draft = rng.random() < DRAFTED_SHARE and issue_at > plan.as_of - DRAFTED_WITHIN
    items = rng.choices(_PRODUCTS, [item.weight for item in _PRODUCTS])
    payments = _payments(rng, plan, patient, issue_at)
    return PlannedBill(
        patient=last.patient,
        location=last.location,
        appointments=tuple(visit.appointment.index for visit in visits),
        items=tuple(item.code for item in items) if rng.random() < _PRODUCT_SHARE else (),
        discount=rng.choice(_DISCOUNTS),
        issue_at=None if is_draft or issue_at > plan.as_of else issue_at,
        payments=() if is_draft or issue_at > plan.as_of else payments,
    )


def _payments(rng: Random, plan: DemoPlan, patient: PlannedPatient, issue_at: datetime) -> tuple[PlannedPayment, ...]:
    """How a bill is paid as far as that has happened by now."""
    habit, days = rng.random(), rng.randrange(3, 26)
    at_desk = issue_at + timedelta(minutes=3)
    later = issue_at + timedelta(days=days)
    if habit < 0.48:
        method = rng.choices((PaymentMethod.CARD, PaymentMethod.CASH), (3, 1))[0]
        payments = [PlannedPayment(at_desk, WHOLE, method)]
    elif habit < 0.62 and patient.payer:
        payments = [PlannedPayment(later, Decimal("0.8"), PaymentMethod.INSURANCE, patient.payer)]
        if rng.random() < 0.6:
            payments.append(PlannedPayment(later + timedelta(days=6), WHOLE, PaymentMethod.TRANSFER))
    elif habit < 0.84:
        payments = [PlannedPayment(later, WHOLE, PaymentMethod.TRANSFER, f"Transfer {rng.randrange(10**6):06}")]
    elif habit < 0.91:
        payments = [PlannedPayment(at_desk, Decimal("0.4"), PaymentMethod.CASH)]
    else:
        payments = []
    return tuple(payment for payment in payments if payment.at <= plan.as_of)


def _old_debt(rng: Random, plan: DemoPlan, patient: PlannedPatient) -> PlannedBill:
    """A bill from before the story begins, never paid or paid in part: the oldest bucket of the ageing."""
    issue_at = plan.as_of - timedelta(days=rng.randrange(110, 160))
    part = PlannedPayment(issue_at + timedelta(days=20), Decimal("0.5"), PaymentMethod.TRANSFER)
    return PlannedBill(
        patient=patient.index,
        location=patient.location,
        appointments=(),
        items=("CON45", "ORTH1"),
        discount=Decimal(0),
        issue_at=issue_at,
        payments=(part,) if rng.random() < 0.4 else (),
    )
