"""How money that is handed over settles what is owed: other methods exactly, cash with change."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from clinic_core.billing.schemas import HandedOver
from clinic_core.errors import Conflict
from clinic_core.kit.formats import plain_amount
from clinic_core.kit.money import ZERO
from clinic_core.vocabulary import PaymentMethod


@dataclass(frozen=True)
class Settled:
    """What is kept of each payment, cash last, what is given back in cash, and what stays owed."""

    kept: tuple[tuple[HandedOver, Decimal], ...]
    change: Decimal
    left: Decimal


def settle(owed: Decimal, payments: Sequence[HandedOver]) -> Settled:
    """Puts the payments on what is owed: cash comes last, and what is too much of it is change.

    Raises:
        Conflict: another method is above what is left to pay, or nothing is left for a payment.
    """
    left, kept = owed, []
    for payment in sorted(payments, key=lambda one: one.method is PaymentMethod.CASH):
        part = min(payment.amount, left)
        if part <= 0:
            how = f"{plain_amount(payment.amount)} by {payment.method.label.lower()}"
            raise Conflict(f"Nothing is left to pay; leave the {how} out.")
        if part < payment.amount and payment.method is not PaymentMethod.CASH:
            raise Conflict(
                f"{plain_amount(payment.amount)} by {payment.method.label.lower()} is more than the"
                f" {plain_amount(left)} left to pay; only cash gives change."
            )
        kept.append((payment, part))
        left -= part
    handed = sum((payment.amount for payment in payments), ZERO)
    return Settled(tuple(kept), handed - sum((part for _, part in kept), ZERO), left)
