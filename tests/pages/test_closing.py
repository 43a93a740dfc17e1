"""The page that closes days and months: counting, the difference at once, signing, and opening again with a reason."""

from datetime import timedelta
from decimal import Decimal

from clinic_core.access import perform
from clinic_core.billing.queries import list_closings
from clinic_core.billing.schemas import ClosingRow, DayFigures, ListClosings
from clinic_core.billing.service import record_receipt
from clinic_core.kit.clock import now
from clinic_core.ui.closing_day import CLOSINGS_AT_ONCE
from clinic_core.vocabulary import ClosingKind
from tests.billing.arrange import draft, receipt
from tests.billing.closings import signed
from tests.factories import Clinic, make_patient
from tests.pages.conftest import Open, sentences

PAGE = "pages/billing/closing.py"


def closings(clinic: Clinic, kind: ClosingKind) -> tuple[ClosingRow, ...]:
    return perform(clinic.actor("manager"), list_closings, ListClosings(kind=kind))


def test_a_day_is_counted_closed_and_opened_again(clinic: Clinic, open_app: Open) -> None:
    patient = make_patient(clinic)
    draft(clinic, patient)
    perform(clinic.actor("assistant"), record_receipt, receipt(patient, "50"))
    app = open_app("assistant", PAGE)
    assert not app.exception
    assert [one.label for one in app.expander] == ["Draft, not issued: 1"]
    cash = next(one for one in app.text_input if one.label == "Cash counted")
    cash.set_value("49.5").run()
    assert "**€0.50 missing**" in sentences(app)
    app.button(key="closing_close").click().run()
    assert "say why in the note" in sentences(app)
    next(one for one in app.text_area if one.label == "Note").set_value("Wrong change").run()
    app.button(key="closing_close").click().run()
    assert not app.error
    assert "Closed by Assistant" in sentences(app)
    assert "Left open when it was closed: draft, not issued (1)." in sentences(app)
    (closing,) = closings(clinic, ClosingKind.DAY)
    assert isinstance(closing.figures, DayFigures)
    assert (closing.note, closing.figures.difference) == ("Wrong change", Decimal("-0.50"))
    assert not [one for one in app.text_input if one.label == "Reason"]

    app = open_app("manager", PAGE)
    app.button(key=f"reopen_{closing.id}").click().run()
    assert any("missing" in error.value for error in app.error)
    app.text_input(key=f"reopen_reason_{closing.id}").set_value("A receipt was forgotten").run()
    app.button(key=f"reopen_{closing.id}").click().run()
    assert not app.error
    assert closings(clinic, ClosingKind.DAY)[0].reopened_by == "Manager"
    assert "closing_close" in [button.key for button in app.button]


def test_cash_must_be_counted(clinic: Clinic, open_app: Open) -> None:
    app = open_app("assistant", PAGE)
    app.button(key="closing_close").click().run()
    assert any("Count the cash" in error.value for error in app.error)
    next(one for one in app.text_input if one.label == "Cash counted").set_value("1,234").run()
    app.button(key="closing_close").click().run()
    assert any("thousands" in error.value for error in app.error)
    assert closings(clinic, ClosingKind.DAY) == ()


def test_a_month_is_closed_by_who_may(clinic: Clinic, open_app: Open) -> None:
    last_month = now().replace(day=1, hour=12) - timedelta(days=2)
    money = receipt(make_patient(clinic), "50", received_at=last_month)
    perform(clinic.actor("manager"), record_receipt, money)
    app = open_app("manager", PAGE)
    assert app.selectbox(key="closing_month").options[0] == f"{last_month:%B %Y}"
    assert "Still open: 1 day with money that is not closed" in sentences(app)
    app.button(key="closing_close_month").click().run()
    assert not app.exception
    assert not app.error
    assert [each.starts_on for each in closings(clinic, ClosingKind.MONTH)] == [last_month.date().replace(day=1)]
    assert not open_app("assistant", PAGE).selectbox


def test_a_long_history_of_closed_days_is_turned_page_by_page_and_leaves_as_a_file(
    clinic: Clinic, open_app: Open
) -> None:
    today = now().date()
    for back in range(1, CLOSINGS_AT_ONCE + 3):
        signed(clinic, day=today - timedelta(days=back))
    app = open_app("manager", PAGE)
    key = f"closing_days_page_{clinic.main}"
    assert f"1–{CLOSINGS_AT_ONCE} of {CLOSINGS_AT_ONCE + 2}" in sentences(app)
    app.button(key=f"{key}_on").click().run()
    assert not app.exception
    assert f"{CLOSINGS_AT_ONCE + 1}–{CLOSINGS_AT_ONCE + 2} of {CLOSINGS_AT_ONCE + 2}" in sentences(app)
    links = [link.proto.url for link in app.get("link_button")]
    assert f"/docs/closed-days.csv?location={clinic.main}" in links
    assert any(link.startswith("/docs/roll-forward.xlsx?year=") for link in links)
