from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic_core.errors import InvalidInput
from clinic_core.kit import formats
from clinic_core.kit.calendar import zone
from clinic_core.kit.formats import Locale

_SUNDAY_EVENING = datetime(2026, 11, 22, 22, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("amount", "currency", "locale", "text"),
    [
        ("1234.5", "EUR", Locale.EN, "€1,234.50"),
        ("1234.5", "EUR", Locale.DE, "1.234,50~€"),
        ("1234.5", "EUR", Locale.FR, "1~234,50~€"),
        ("-1234567.891", "USD", Locale.EN, "-$1,234,567.89"),
        ("-1234567.891", "USD", Locale.DE, "-1.234.567,89~$"),
        ("5", "CHF", Locale.EN, "CHF~5.00"),
        ("-5", "CHF", Locale.EN, "-CHF~5.00"),
        ("5", "CHF", Locale.FR, "5,00~CHF"),
        ("0", "GBP", Locale.EN, "£0.00"),
        ("-0.001", "GBP", Locale.EN, "£0.00"),
        ("0.005", "GBP", Locale.EN, "£0.01"),
    ],
)
def test_money_is_written_as_the_organisation_writes_it(amount: str, currency: str, locale: Locale, text: str) -> None:
    assert formats.money(Decimal(amount), currency, locale).replace("\xa0", "~") == text


def test_amounts_prices_quantities_and_rates() -> None:
    assert formats.amount(Decimal("1234.5")) == "1,234.50"
    assert formats.unit_price(Decimal("80"), "EUR") == "€80.00"
    assert formats.unit_price(Decimal("0.087500"), "EUR") == "€0.0875"
    assert formats.quantity(Decimal("2.0000")) == "2"
    assert formats.quantity(Decimal("1.5"), Locale.DE) == "1,5"
    assert formats.quantity(Decimal(1200)) == "1,200"
    assert formats.rate_text(Decimal("0.19")) == "19%"
    assert formats.rate_text(Decimal("0.081000"), Locale.DE) == "8,1\xa0%"
    assert formats.rate_text(Decimal("0.66666")) == "66.67%"
    assert formats.rate_text(None) == "n/a"


def test_files_get_plain_numbers_in_every_locale() -> None:
    assert formats.plain_amount(Decimal("1234567.5")) == "1234567.50"
    assert formats.plain_number(Decimal("0.190000")) == "0.19"
    assert formats.plain_number(Decimal("1E+2")) == "100"
    assert formats.plain_number(Decimal("-0.0")) == "0"


@pytest.mark.parametrize("write", [formats.amount, formats.quantity, formats.plain_amount, formats.rate_text])
def test_a_float_is_never_written_as_money(write: Any) -> None:
    with pytest.raises(TypeError):
        write(0.1)


@given(st.decimals(-(10**11), 10**11, places=2), st.sampled_from(Locale))
def test_a_written_amount_has_the_same_digits(amount: Decimal, locale: Locale) -> None:
    written = formats.amount(amount, locale)
    assert Decimal("".join(c for c in written if c.isdigit())).scaleb(-2) == abs(amount)
    assert written.startswith("-") == (amount < 0)


def test_dates_and_times_are_those_of_the_wall() -> None:
    berlin, kathmandu = zone("Europe/Berlin"), zone("Asia/Kathmandu")
    assert formats.date_text(date(2026, 3, 2)) == "2 Mar 2026"
    assert formats.date_text(date(2026, 3, 2), Locale.DE) == "02.03.2026"
    assert formats.date_text(date(2026, 3, 2), Locale.FR) == "02/03/2026"
    assert formats.date_text(date(33, 3, 2), Locale.DE) == "02.03.0033"
    assert formats.short_day_text(date(2026, 3, 2)) == "Mon 2 Mar"
    assert formats.short_date_text(date(2026, 3, 2), Locale.DE) == "02.03."
    assert formats.short_date_text(date(2026, 3, 2), Locale.FR) == "02/03"
    assert formats.time_text(_SUNDAY_EVENING, berlin) == "23:05"
    assert formats.datetime_text(_SUNDAY_EVENING, berlin) == "22 Nov 2026, 23:05"
    assert formats.datetime_text(_SUNDAY_EVENING, kathmandu, Locale.DE) == "23.11.2026, 03:50"
    assert formats.datetime_zone_text(_SUNDAY_EVENING, berlin) == "22 Nov 2026, 23:05 (Europe/Berlin)"


@pytest.mark.parametrize(
    ("minutes", "text"),
    [(0, "0 min"), (45, "45 min"), (60, "1 h"), (90, "1 h 30 min"), (1500, "25 h"), (-90, "-1 h 30 min")],
)
def test_lengths_of_time(minutes: int, text: str) -> None:
    assert formats.minutes_text(minutes) == text


@pytest.mark.parametrize(
    ("first", "last", "preferred", "text"),
    [
        ("Anna", "Schmidt", None, "Anna Schmidt"),
        ("Robert", "Nair", "Bob", "Robert Nair (Bob)"),
        ("Anna", "Schmidt", "Anna", "Anna Schmidt"),
        ("Anna", "Schmidt", " ", "Anna Schmidt"),
        ("Suharto", "", None, "Suharto"),
        ("", "Suharto", None, "Suharto"),
        ("", "Suharto", "Suharto", "Suharto"),
    ],
)
def test_people_are_named_as_they_are_called(first: str, last: str, preferred: str | None, text: str) -> None:
    assert formats.person_name(first, last, preferred) == text


def test_people_are_sorted_by_family_name_without_regard_to_accents() -> None:
    people = [("Zoë", "Ábel"), ("Suharto", ""), ("anna", "abel"), ("Bo", "Zimmer"), ("Åke", "Östberg")]
    assert sorted(people, key=lambda name: formats.sort_key(*name)) == [
        ("anna", "abel"), ("Zoë", "Ábel"), ("Åke", "Östberg"), ("Suharto", ""), ("Bo", "Zimmer"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("born_on", "on", "years"),
    [
        (date(1990, 5, 17), date(2026, 5, 16), 35),
        (date(1990, 5, 17), date(2026, 5, 17), 36),
        (date(2000, 2, 29), date(2026, 2, 28), 25),
        (date(2000, 2, 29), date(2026, 3, 1), 26),
        (date(2000, 2, 29), date(2028, 2, 29), 28),
        (date(2026, 5, 17), date(2026, 5, 17), 0),
    ],
)
def test_age_is_in_completed_years(born_on: date, on: date, years: int) -> None:
    assert formats.age(born_on, on) == years


def test_nobody_has_an_age_before_birth() -> None:
    with pytest.raises(InvalidInput, match="date of birth"):
        formats.age(date(2026, 5, 18), date(2026, 5, 17))


def test_codes_for_people() -> None:
    assert formats.patient_code(4217) == "P-004217"
    assert formats.patient_code(12_345_678) == "P-12345678"
    assert formats.document_number("INV", 2026, 42) == "INV-2026-00042"
    assert formats.document_number("IMP", 2026, 100_000) == "IMP-2026-100000"


@pytest.mark.parametrize("prefix", ["", "inv", "INV-", "1NV", "RECHNUNGEN1", "Ü", "A B"])
def test_a_series_prefix_is_capital_letters_and_digits(prefix: str) -> None:
    with pytest.raises(InvalidInput, match="Prefix must be"):
        formats.document_number(prefix, 2026, 1)


@pytest.mark.parametrize("number", [0, -1])
def test_numbers_begin_at_one(number: int) -> None:
    with pytest.raises(InvalidInput, match="Number must be one or more"):
        formats.patient_code(number)
    with pytest.raises(InvalidInput, match="Number must be one or more"):
        formats.document_number("INV", 2026, number)
