"""Money: the only place that rounds, splits and reads amounts. Writing them for people is in `kit.formats`.

Everything is `Decimal`; a float is a programming error and raises TypeError, because 0.1 + 0.2 is not 0.3.
"""

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import NamedTuple

from clinic_core.kit.text import field_error

CENT = Decimal("0.01")
ZERO = Decimal("0.00")

# Quantity, price and rate together have at most 35 digits; inputs up to MAX_DIGITS each are multiplied without
# rounding, where the default context of 28 digits would round a first time before the cent is rounded.
MAX_DIGITS = 60
EXACT = Context(prec=4 * MAX_DIGITS, rounding=ROUND_HALF_UP)

_PLAIN_NUMBER = re.compile(r"[+-]?[0-9]{1,40}(?:[.,][0-9]{1,40})?")
_COMMA_AND_THREE_DIGITS = re.compile(r"[+-]?[0-9]{1,3},[0-9]{3}")


class NumericLimit(NamedTuple):
    """What a column NUMERIC(digits, places) can hold."""

    digits: int
    places: int

    @property
    def below(self) -> Decimal:
        """The smallest magnitude that no longer fits."""
        return Decimal(10) ** (self.digits - self.places)


AMOUNT = NumericLimit(14, 2)
UNIT_PRICE = NumericLimit(16, 6)
QUANTITY = NumericLimit(12, 4)
RATE = NumericLimit(7, 6)


def exact(value: Decimal | int, *, field: str = "amount") -> Decimal:
    """The value as a finite Decimal to calculate with.

    Raises: TypeError for a float (or anything else that is no Decimal or int); InvalidInput for NaN, Infinity
    and numbers too long to be a quantity, a price or a rate.
    """
    if isinstance(value, bool) or not isinstance(value, Decimal | int):
        raise TypeError(f"Money is Decimal, not {type(value).__name__}.")
    number = Decimal(value)
    if not number.is_finite():
        raise field_error(field, "must be a number")
    exponent = int(number.as_tuple().exponent)
    if max(number.adjusted(), 0) + 1 - min(exponent, 0) > MAX_DIGITS:
        raise field_error(field, "has too many digits")
    return number


def round_money(amount: Decimal) -> Decimal:
    """The amount in whole cents, half up, that is half a cent away from zero; never a negative zero.

    Raises: TypeError for a float; InvalidInput for NaN, Infinity and absurd lengths.
    """
    return EXACT.add(EXACT.quantize(exact(amount), CENT), ZERO)


def allocate(total: Decimal, weights: Sequence[Decimal | int]) -> list[Decimal]:
    """Split a total in proportion to the weights so that the parts sum to it exactly.

    Largest remainder: each part gets its whole cents, the cents left go to the largest fractions, ties to the
    earlier. A weight of zero gets nothing; a negative total is the mirror image of the positive one. A total of
    zero is split into zeros whatever the weights.

    Raises: InvalidInput for a total that is not whole cents, a negative weight, or nothing to split by.
    """
    amount = exact(total, field="total")
    shares = [exact(weight, field="weight") for weight in weights]
    if round_money(amount) != amount:
        raise field_error("total", "must be whole cents")
    if any(share < 0 for share in shares):
        raise field_error("weight", "must not be negative")
    if amount == 0:
        return [ZERO for _ in shares]
    if not any(shares):
        raise field_error("weight", "must be above zero for at least one part")
    cents = _whole_parts(int(EXACT.multiply(abs(amount), Decimal(100))), _as_integers(shares))
    return [Decimal(part).scaleb(-2).copy_sign(amount) if part else ZERO for part in cents]


def check_limit(value: Decimal, limit: NumericLimit, *, field: str) -> Decimal:
    """The value itself when a column of that limit stores it without loss.

    Raises: TypeError for a float; InvalidInput that names the field when it is too large, has too many
    decimals, or is no number.
    """
    number = exact(value, field=field)
    if abs(number) >= limit.below:
        raise field_error(field, f"must be below {limit.below:,f}")
    if number != EXACT.quantize(number, Decimal(1).scaleb(-limit.places)):
        raise field_error(field, f"must not have more than {limit.places} decimals")
    return number


def parse_money(text: str, *, field: str = "amount") -> Decimal:
    """Read an amount of zero or more from a form, in whole cents.

    Digits with a point or a comma before the decimals ("12.50", "12,5"); no thousands separators, no exponent.

    Raises: InvalidInput that says what is wrong with the text.
    """
    return _not_negative(parse_signed_money(text, field=field), field)


def parse_signed_money(text: str, *, field: str = "amount") -> Decimal:
    """Read an amount that may be negative from a form, in whole cents. Raises as `parse_money`."""
    return round_money(parse_number(text, AMOUNT, field=field))


def parse_unit_price(text: str, *, field: str = "unit_price") -> Decimal:
    """Read a price of zero or more with up to six decimals from a form. Raises as `parse_money`."""
    return _not_negative(parse_number(text, UNIT_PRICE, field=field), field)


def parse_quantity(text: str, *, field: str = "quantity") -> Decimal:
    """Read a quantity with up to four decimals from a form; it may be negative. Raises as `parse_money`."""
    return parse_number(text, QUANTITY, field=field)


def parse_percent(text: str, *, field: str) -> Decimal:
    """Read per cent from a form ("19", "8.1 %") as a fraction between 0 and 1 with up to six decimals.

    Raises: InvalidInput as `parse_money`, and for more than 100 per cent.
    """
    percent = _not_negative(parse_number(text.strip().removesuffix("%"), NumericLimit(7, 4), field=field), field)
    if percent > 100:
        raise field_error(field, "must not be more than 100 per cent")
    return percent.scaleb(-2)


def parse_number(text: str, limit: NumericLimit, *, field: str) -> Decimal:
    """Read a plain decimal number that fits the limit. Raises as `parse_money`."""
    typed = text.strip()
    if not typed:
        raise field_error(field, "is missing")
    if not _PLAIN_NUMBER.fullmatch(typed):
        raise field_error(field, "must be written in digits, for example 12.50")
    if _COMMA_AND_THREE_DIGITS.fullmatch(typed):
        raise field_error(field, "is unclear: write it without thousands separators and with a decimal point")
    return check_limit(EXACT.create_decimal(typed.replace(",", ".")), limit, field=field) + 0


def _not_negative(value: Decimal, field: str) -> Decimal:
    if value < 0:
        raise field_error(field, "must not be negative")
    return value


def _as_integers(shares: Sequence[Decimal]) -> list[int]:
    """The same proportions in whole numbers, so that remainders are compared exactly."""
    places = max(0, *(-int(share.as_tuple().exponent) for share in shares))
    return [int(share.scaleb(places, EXACT)) for share in shares]


def _whole_parts(cents: int, shares: Sequence[int]) -> list[int]:
    divided = [divmod(cents * share, sum(shares)) for share in shares]
    parts = [whole for whole, _ in divided]
    by_remainder = sorted(range(len(parts)), key=lambda index: (-divided[index][1], index))
    for index in by_remainder[: cents - sum(parts)]:
        parts[index] += 1
    return parts
