"""The decimals of billing's forms: read exactly, bounded by the column that keeps them, refused in a sentence."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Annotated

from pydantic import BeforeValidator

from clinic_core.kit.money import AMOUNT, QUANTITY, RATE, UNIT_PRICE, NumericLimit, check_limit, exact
from clinic_core.kit.text import field_error


def _reader(limit: NumericLimit, field: str, complain: Callable[[Decimal], str | None]) -> Callable[[object], object]:
    def read(value: object) -> object:
        if value is None:
            return None
        number = exact(_decimal(value, field), field=field)
        complaint = complain(number)
        if complaint is not None:
            raise field_error(field, complaint)
        return check_limit(number, limit, field=field)

    return read


def _decimal(value: object, field: str) -> Decimal:
    """Text comes from stored results and scripts; a float is a programming error."""
    if isinstance(value, str):
        try:
            return Decimal(value)
        except InvalidOperation as error:
            raise field_error(field, "must be a number") from error
    if isinstance(value, bool) or not isinstance(value, Decimal | int):
        raise TypeError(f"Money is Decimal, not {type(value).__name__}.")
    return Decimal(value)


def _above_zero(number: Decimal) -> str | None:
    return None if number > 0 else "must be above zero"


def _not_negative(number: Decimal) -> str | None:
    return None if number >= 0 else "must not be negative"


def _not_zero(number: Decimal) -> str | None:
    return None if number != 0 else "must not be zero"


def _fraction(number: Decimal) -> str | None:
    return None if 0 <= number <= 1 else "must be between 0 and 1, where 0.19 means 19 per cent"


# The readers run before Pydantic's own checks, which would answer NaN and Infinity in its words.
PositiveAmount = Annotated[Decimal, BeforeValidator(_reader(AMOUNT, "amount", _above_zero))]
NotNegativeAmount = Annotated[Decimal, BeforeValidator(_reader(AMOUNT, "amount", _not_negative))]
UnitPrice = Annotated[Decimal, BeforeValidator(_reader(UNIT_PRICE, "unit_price", _not_negative))]
Quantity = Annotated[Decimal, BeforeValidator(_reader(QUANTITY, "quantity", _not_zero))]
TaxRate = Annotated[Decimal, BeforeValidator(_reader(RATE, "tax_rate", _fraction))]
DiscountRate = Annotated[Decimal, BeforeValidator(_reader(RATE, "discount_rate", _fraction))]
CountedAmount = Annotated[Decimal, BeforeValidator(_reader(AMOUNT, "counted", lambda _: None))]
