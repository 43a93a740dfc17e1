"""The page of papers: what is typed is printed from then on, and each prefix says which number comes next."""

from io import BytesIO

from PIL import Image
from streamlit.testing.v1 import AppTest

from clinic_core.access import perform
from clinic_core.auth.logo import find_logo
from clinic_core.kit.clock import now
from tests.billing.arrange import priced
from tests.factories import Clinic, make_patient
from tests.pages.conftest import Open, sentences

PAGE = "pages/admin/papers.py"


def press(app: AppTest, label: str) -> AppTest:
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception
    return app


def test_what_is_typed_is_kept_and_each_prefix_says_what_comes_next(clinic: Clinic, open_app: Open) -> None:
    year = now().year
    priced(clinic, make_patient(clinic), "10.00")
    app = open_app("admin", PAGE)
    assert f"Next is INV-{year}-00002." in sentences(app)
    app.text_area(key="papers_letterhead").set_value("Physiotherapy")
    app.number_input(key="papers_due_days").set_value(30)
    app.text_input(key="papers_invoice_prefix").set_value("bill").run()
    assert f"BILL begins with BILL-{year}-00001; INV ends with INV-{year}-00001." in sentences(app)
    press(app, "Save")
    settings = clinic.actor("admin").settings
    assert (settings.letterhead, settings.due_days, settings.invoice_prefix) == ("Physiotherapy", 30, "BILL")
    app.text_input(key="papers_invoice_prefix").set_value("INV").run()
    assert f"INV goes on with INV-{year}-00002; BILL was not used this year." in sentences(app)


def test_a_prefix_that_cannot_be_is_refused_and_nothing_is_kept(clinic: Clinic, open_app: Open) -> None:
    app = open_app("admin", PAGE)
    app.text_input(key="papers_receipt_prefix").set_value("R-1").run()
    app.number_input(key="papers_due_days").set_value(30)
    press(app, "Save")
    assert "must be one to eight letters from A to Z" in sentences(app)
    assert clinic.actor("admin").settings.due_days == 14


def test_a_logo_is_uploaded_shown_and_removed(clinic: Clinic, open_app: Open) -> None:
    out = BytesIO()
    Image.new("RGB", (320, 80), "navy").save(out, "PNG")
    app = open_app("admin", PAGE)
    press(app, "Set logo")
    assert "Choose a picture first." in sentences(app)
    app.file_uploader(key="logo_file").set_value(("logo.png", out.getvalue(), "image/png"))
    press(app, "Set logo")
    logo = perform(clinic.actor("admin"), find_logo)
    assert logo is not None
    assert (logo.media_type, logo.width_px) == ("image/png", 320)
    press(app, "Remove logo")
    assert perform(clinic.actor("admin"), find_logo) is None
