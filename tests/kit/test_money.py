import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic_core.errors import InvalidInput
from clinic_core.kit import money

_SCALARS = json.loads((Path(__file__).parents[1] / "data/invoice_cases.json").read_text(encoding="utf-8"))["scalar"]
_amounts = st.decimals(-999_999_999, 999_999_999, places=2)
_weights = st.lists(st.decimals(0, 1000, places=4), min_size=1, max_size=20).filter(any)


def _of_kind(kind: str) -> list[dict[str, Any]]:
    return [case for case in _SCALARS if case["kind"] == kind]


def _cents(minor_units: int) -> Decimal:
    return Decimal(minor_units).scaleb(-2)


@pytest.mark.parametrize(
    "case", [case for case in _of_kind("round") if case["mode"] == "HALF_UP"], ids=lambda case: case["id"]
)
def test_rounding_cases_of_others(case: dict[str, Any]) -> None:
    assert money.round_money(Decimal(case["value"]).scaleb(-2)) == Decimal(case["expected"]).scaleb(-2)


@pytest.mark.parametrize("case", _of_kind("allocate"), ids=lambda case: case["id"])
def test_allocation_cases_of_others(case: dict[str, Any]) -> None:
    weights = [Decimal(str(ratio)) for ratio in case["ratios"]]
    assert money.allocate(_cents(case["minor_units"]), weights) == [_cents(part) for part in case["expected"]]


@pytest.mark.parametrize("case", _of_kind("instalments"), ids=lambda case: case["id"])
def test_instalments_are_an_allocation_in_equal_parts(case: dict[str, Any]) -> None:
    assert money.allocate(_cents(case["minor_units"]), [1] * case["parts"]) == [
        _cents(part) for part in case["expected"]
    ]


@given(st.decimals(-(10**11), 10**11, places=7))
def test_rounding_twice_changes_nothing_and_is_symmetric(value: Decimal) -> None:
    rounded = money.round_money(value)
    assert money.round_money(rounded) == rounded
    assert money.round_money(-value) == -rounded
    assert abs(rounded - value) <= Decimal("0.005")
    assert rounded.as_tuple().exponent == -2


def test_there_is_no_negative_zero() -> None:
    assert str(money.round_money(Decimal("-0.001"))) == "0.00"
    assert str(money.parse_signed_money("-0")) == "0.00"


def test_rounding_is_exact_beyond_the_28_digits_of_the_default_context() -> None:
    assert str(money.round_money(Decimal("1234567890123456789012345678901234.565"))).endswith("234.57")


@given(_amounts, _weights)
def test_the_parts_sum_to_the_total_exactly(total: Decimal, weights: list[Decimal]) -> None:
    assert sum(money.allocate(total, weights)) == total


@given(_amounts, _weights)
def test_no_part_is_a_cent_or_more_away_from_its_share(total: Decimal, weights: list[Decimal]) -> None:
    for part, weight in zip(money.allocate(total, weights), weights, strict=True):
        assert abs(part * sum(weights) - total * weight) < money.CENT * sum(weights)


@given(_amounts, _weights)
def test_a_negative_total_is_the_mirror_image(total: Decimal, weights: list[Decimal]) -> None:
    assert money.allocate(-total, weights) == [-part for part in money.allocate(total, weights)]


def test_the_odd_cents_go_to_the_earlier_of_equal_parts() -> None:
    parts = money.allocate(Decimal("0.05"), [1, 1, 1])
    assert parts == [Decimal("0.02"), Decimal("0.02"), Decimal("0.01")]


@pytest.mark.parametrize(
    ("total", "weights", "complaint"),
    [
        (Decimal("1.005"), [1, 1], "Total must be whole cents."),
        (Decimal(1), [1, -1], "Weight must not be negative."),
        (Decimal(1), [0, 0], "Weight must be above zero for at least one part."),
        (Decimal(1), [], "Weight must be above zero for at least one part."),
        (Decimal("NaN"), [1], "Total must be a number."),
        (Decimal(1), [Decimal("Infinity")], "Weight must be a number."),
    ],
)
def test_what_cannot_be_split_is_refused(total: Decimal, weights: Sequence[int], complaint: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        money.allocate(total, weights)
    assert refusal.value.message == complaint


@pytest.mark.parametrize("value", [0.1, True, "1.00", None])
def test_only_decimal_and_int_are_money(value: Any) -> None:
    with pytest.raises(TypeError):
        money.round_money(value)
    with pytest.raises(TypeError):
        money.allocate(value, [1])
    with pytest.raises(TypeError):
        money.check_limit(value, money.AMOUNT, field="amount")


@pytest.mark.parametrize("value", ["1E+70", "1E-70", "0E+999999", "Infinity", "NaN", "sNaN"])
def test_absurd_numbers_are_refused_before_they_cost_anything(value: str) -> None:
    with pytest.raises(InvalidInput):
        money.round_money(Decimal(value))


@pytest.mark.parametrize(
    ("typed", "complaint"),
    [
        ("", "Amount is missing."),
        ("   ", "Amount is missing."),
        ("abc", "Amount must be written in digits, for example 12.50."),
        ("NaN", "Amount must be written in digits, for example 12.50."),
        ("Infinity", "Amount must be written in digits, for example 12.50."),
        ("1e30", "Amount must be written in digits, for example 12.50."),
        ("1_000", "Amount must be written in digits, for example 12.50."),
        ("١٢", "Amount must be written in digits, for example 12.50."),
        ("1\x002", "Amount must be written in digits, for example 12.50."),
        ("9" * 10_000, "Amount must be written in digits, for example 12.50."),
        ("1.001", "Amount must not have more than 2 decimals."),
        ("1,001", "Amount is unclear: write it without thousands separators and with a decimal point."),
        ("-0.01", "Amount must not be negative."),
        ("1000000000000", "Amount must be below 1,000,000,000,000."),
    ],
)
def test_a_wrong_amount_is_refused_with_the_reason(typed: str, complaint: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        money.parse_money(typed)
    assert refusal.value.message == complaint
    assert refusal.value.fields == {"amount": complaint}


def test_amounts_are_read_in_whole_cents() -> None:
    assert str(money.parse_money(" 12,5 ")) == "12.50"
    assert str(money.parse_money("999999999999.99")) == "999999999999.99"
    assert str(money.parse_signed_money("-3")) == "-3.00"


def test_prices_quantities_and_rates_have_limits_of_their_own() -> None:
    assert money.parse_unit_price("0.087654") == Decimal("0.087654")
    assert money.parse_quantity("-1.25") == Decimal("-1.25")
    assert money.parse_percent("8.1 %", field="tax_rate") == Decimal("0.081")
    assert money.parse_percent("100", field="tax_rate") == 1
    with pytest.raises(InvalidInput, match="Quantity must not have more than 4 decimals"):
        money.parse_quantity("1.00001")
    with pytest.raises(InvalidInput, match="Unit price must not be negative"):
        money.parse_unit_price("-1")
    with pytest.raises(InvalidInput, match="Tax rate must not be more than 100 per cent"):
        money.parse_percent("101", field="tax_rate")


@given(_amounts)
def test_an_amount_survives_being_written_and_read(amount: Decimal) -> None:
    assert money.parse_signed_money(str(amount)) == amount


@given(st.text(max_size=40))
def test_any_text_is_an_amount_or_refused(typed: str) -> None:
    try:
        amount = money.parse_money(typed)
    except InvalidInput:
        return
    assert money.check_limit(amount, money.AMOUNT, field="amount") >= 0
