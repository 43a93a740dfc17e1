"""The price of a document: lines in, totals out, to the cent and without the database.

The rule is that of EN 16931 (BR-CO-10, BR-CO-14, BR-S-08 and BR-S-09): each line is rounded once, tax is taken
once per rate on the summed net. `docs/rules/billing.md` states it with worked examples that the tests read.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TypedDict

from clinic_core.errors import InvalidInput
from clinic_core.kit.formats import plain_amount, plain_number
from clinic_core.kit.money import AMOUNT, EXACT, QUANTITY, UNIT_PRICE, ZERO, NumericLimit, exact, round_money
from clinic_core.kit.text import field_error

_ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a document; rates are fractions (0.19 is 19 per cent).

    `quantity` may be negative (a return), `unit_price` may not (EN 16931, BR-27). Whole numbers may be given as
    int. Raises: TypeError for a float; InvalidInput for NaN, Infinity, values no column can hold, or a rate
    outside 0 to 1.
    """

    quantity: Decimal
    unit_price: Decimal
    discount_rate: Decimal = Decimal(0)
    tax_rate: Decimal = Decimal(0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "quantity", _in_range(self.quantity, QUANTITY, "quantity"))
        object.__setattr__(self, "unit_price", _in_range(self.unit_price, UNIT_PRICE, "unit_price"))
        object.__setattr__(self, "discount_rate", _fraction(self.discount_rate, "discount_rate"))
        object.__setattr__(self, "tax_rate", _fraction(self.tax_rate, "tax_rate"))
        if self.unit_price < 0:
            raise field_error("unit_price", "must not be negative; use a negative quantity for a return")

    @property
    def net(self) -> Decimal:
        """quantity x unit price x (1 - discount), rounded once, half up, to the cent."""
        full = EXACT.multiply(self.quantity, self.unit_price)
        return _amount(EXACT.multiply(full, EXACT.subtract(_ONE, self.discount_rate)), "line")


@dataclass(frozen=True, slots=True)
class CreditPart:
    """A line of an issued invoice, how much of its quantity was credited before, and how much is now; 0 for none."""

    line: Line
    before: Decimal
    quantity: Decimal

    @property
    def net_before(self) -> Decimal:
        """The net of all that was credited of the line before."""
        return replace(self.line, quantity=self.before).net

    @property
    def net(self) -> Decimal:
        """The net of this credit: what the line's credits come to altogether, less what the earlier ones took."""
        return replace(self.line, quantity=EXACT.add(self.before, self.quantity)).net - self.net_before


class TaxJson(TypedDict):
    """One rate of the frozen breakdown, as decimal strings."""

    rate: str
    net: str
    tax: str


class TotalsJson(TypedDict):
    """The breakdown that is frozen in `invoice.totals_json`: decimal strings only."""

    lines_net: list[str]
    net: str
    tax_by_rate: list[TaxJson]
    tax: str
    total: str


@dataclass(frozen=True, slots=True)
class Totals:
    """The totals of a document: the net of each line in order, then the sums; rates ascend."""

    lines_net: tuple[Decimal, ...]
    net: Decimal
    net_by_rate: Mapping[Decimal, Decimal]
    tax_by_rate: Mapping[Decimal, Decimal]
    tax: Decimal
    total: Decimal

    def to_json(self) -> TotalsJson:
        """The breakdown as it is stored beside the NUMERIC columns; equal totals give equal JSON."""
        return TotalsJson(
            lines_net=[plain_amount(line_net) for line_net in self.lines_net],
            net=plain_amount(self.net),
            tax_by_rate=[
                TaxJson(rate=plain_number(rate), net=plain_amount(self.net_by_rate[rate]), tax=plain_amount(tax))
                for rate, tax in self.tax_by_rate.items()
            ],
            tax=plain_amount(self.tax),
            total=plain_amount(self.total),
        )


def price_document(lines: Iterable[Line]) -> Totals:
    """Price the lines of an invoice or credit note.

    Each line's net is rounded half up to the cent; lines of one tax rate are summed and their tax is rounded
    once; net, tax and total are plain sums of those, so nothing on the paper can differ by a cent.

    Raises: InvalidInput when there is no line or a sum does not fit NUMERIC(14,2).
    """
    priced = [(line.tax_rate, line.net) for line in lines]
    if not priced:
        raise InvalidInput("A document needs at least one line.", fields={"lines": "Add at least one line."})
    net_by_rate = dict.fromkeys(sorted({rate for rate, _ in priced}), ZERO)
    for rate, line_net in priced:
        net_by_rate[rate] += line_net
    tax_by_rate = {rate: _tax(net, rate) for rate, net in net_by_rate.items()}
    net = _amount(sum(net_by_rate.values(), ZERO), "total")
    tax = _amount(sum(tax_by_rate.values(), ZERO), "total")
    return Totals(
        lines_net=tuple(line_net for _, line_net in priced),
        net=net,
        net_by_rate=net_by_rate,
        tax_by_rate=tax_by_rate,
        tax=tax,
        total=_amount(net + tax, "total"),
    )


def price_credit(parts: Sequence[CreditPart]) -> Totals:
    """Price a credit note from all lines of the invoice, those it leaves alone with the quantity 0.

    Net and tax are what all credits of a line and of a rate come to, less what earlier ones took: however an invoice
    is credited in parts, the parts sum to it to the cent. `lines_net` holds the lines that are credited, in order.

    Raises: InvalidInput when nothing is credited.
    """
    credited = [part for part in parts if part.quantity]
    if not credited:
        raise InvalidInput("A credit note needs at least one line.", fields={"lines": "Choose what is credited."})
    net_by_rate, tax_by_rate = {}, {}
    for rate in sorted({part.line.tax_rate for part in credited}):
        of_rate = [part for part in parts if part.line.tax_rate == rate]
        before = sum((part.net_before for part in of_rate), ZERO)
        now = sum((part.net for part in of_rate), ZERO)
        net_by_rate[rate] = now
        tax_by_rate[rate] = _tax(before + now, rate) - _tax(before, rate)
    net, tax = sum(net_by_rate.values(), ZERO), sum(tax_by_rate.values(), ZERO)
    return Totals(
        lines_net=tuple(part.net for part in credited),
        net=net,
        net_by_rate=net_by_rate,
        tax_by_rate=tax_by_rate,
        tax=tax,
        total=net + tax,
    )


def _tax(net: Decimal, rate: Decimal) -> Decimal:
    return round_money(EXACT.multiply(net, rate))


def _in_range(value: Decimal, limit: NumericLimit, field: str) -> Decimal:
    number = exact(value, field=field)
    if abs(number) >= limit.below:
        raise field_error(field, f"must be below {limit.below:,f}")
    return number


def _fraction(value: Decimal, field: str) -> Decimal:
    number = exact(value, field=field)
    if not 0 <= number <= 1:
        raise field_error(field, "must be between 0 and 1, where 0.19 means 19 per cent")
    return number


def _amount(value: Decimal, field: str) -> Decimal:
    amount = round_money(value)
    if abs(amount) >= AMOUNT.below:
        raise field_error(field, f"must be below {AMOUNT.below:,f}")
    return amount
