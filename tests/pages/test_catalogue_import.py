"""The catalogue page: a price list is uploaded, its columns are chosen, and the dialog says what became of it."""

from streamlit.testing.v1 import AppTest

from clinic_core.access import perform
from clinic_core.billing.queries import list_catalogue
from clinic_core.billing.schemas import ListCatalogue
from tests.factories import Clinic
from tests.pages.conftest import Open, sentences

PRICES = b"Nummer;Kurztext;Preis;Leistungstext\nA1;Laser;12,50;Laser therapy\nA1;Twice;1;Again\nFU30;Check;85;Check\n"
PAGE = "pages/billing/catalogue.py"


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def test_a_price_list_is_looked_at_then_taken_in(clinic: Clinic, open_app: Open) -> None:
    app = press(open_app("manager", PAGE), "Import")
    app.file_uploader(key="catalogue_import_file").set_value(("prices.csv", PRICES, "text/csv")).run()
    assert not app.exception
    assert "1 to create, 1 to change (1 with a new price), 0 unchanged, 1 left out" in sentences(app)
    shown = [one for one in app.selectbox if one.label in {"Code", "Name", "Price", "Tax"}]
    assert [one.value for one in shown] == ["Nummer", "Leistungstext", "Preis", ""]
    next(one for one in shown if one.label == "Name").set_value("Kurztext").run()
    app.button(key="catalogue_import_import").click().run()
    assert not app.exception
    assert "1 created, 1 changed (1 with a new price), 0 unchanged, 1 left out" in sentences(app)
    rows = {row.code: row for row in perform(clinic.actor("manager"), list_catalogue, ListCatalogue())}
    assert (rows["A1"].name, f"{rows['A1'].unit_price:.2f}", rows["A1"].duration_minutes) == ("Laser", "12.50", 30)
    assert any("/docs/rows-left-out.csv?import=" in link.proto.url for link in app.get("link_button"))
    app.button(key="catalogue_import_close").click().run()
    assert "catalogue_import" not in app.session_state


def test_a_file_that_is_no_price_list_is_refused_in_the_dialog(clinic: Clinic, open_app: Open) -> None:
    app = press(open_app("manager", PAGE), "Import")
    app.file_uploader(key="catalogue_import_file").set_value(("prices.csv", b"\x00\x01", "text/csv")).run()
    assert [error.value for error in app.error] == ["The file is neither CSV nor an XLSX workbook."]
    app.button(key="catalogue_import_cancel").click().run()
    assert not app.error


def test_who_may_not_change_the_catalogue_is_offered_no_import(clinic: Clinic, open_app: Open) -> None:
    assert "Import" not in [button.label for button in open_app("assistant", PAGE).button]
