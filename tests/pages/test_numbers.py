"""The page of numbers: which series are proven, what is missing, and its file."""

from sqlalchemy import text

from clinic_core.access import owner_work, perform
from clinic_core.billing.service import record_receipt
from clinic_core.kit.clock import now
from tests.billing.arrange import priced, receipt
from tests.factories import Clinic, make_patient
from tests.pages.conftest import Open, sentences

NUMBERS = "pages/billing/numbers.py"


def test_a_clinic_without_papers_has_nothing_to_prove(open_app: Open) -> None:
    app = open_app("manager", NUMBERS)
    assert not app.exception
    assert "No number was given yet." in sentences(app)


def test_each_series_is_proven_and_a_gap_is_named(clinic: Clinic, open_app: Open) -> None:
    patient, year = make_patient(clinic), now().year
    priced(clinic, patient, "80.00")
    perform(clinic.actor("assistant"), record_receipt, receipt(patient, "5"))
    app = open_app("manager", NUMBERS)
    assert not app.exception
    assert "No number is missing, and none was given twice." in sentences(app)
    assert [metric.value for metric in app.metric] == [f"INV-{year}-00001", f"INV-{year}-00001", "1", "0", "0", "0"]
    with owner_work("test.arrange", clinic.organization_id) as session:
        update = text("update number_series set last = 4 where organization_id = :org and series = 'RCT'")
        session.execute(update, {"org": clinic.organization_id})
    app.selectbox(key=f"numbers_series_{year}").set_value("RCT").run()
    assert [error.value for error in app.error] == ["Missing: 2 to 4."]
    assert [link.proto.url for link in app.get("link_button")] == [
        f"/docs/numbers.csv?series=RCT&year={year}",
        f"/docs/numbers.xlsx?series=RCT&year={year}",
    ]
