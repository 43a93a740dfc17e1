"""The page of missed charges: three lists, each with its way on and its file."""

from decimal import Decimal

from clinic_core.kit.clock import now
from tests.billing.arrange import attended, issued, line
from tests.factories import Clinic, make_patient
from tests.pages.conftest import Open, sentences

PAGE = "pages/billing/radar.py"


def test_the_lists_of_the_month_with_their_amounts_and_files(clinic: Clinic, open_app: Open) -> None:
    patient = make_patient(clinic)
    attended(clinic, patient, service=clinic.service, visited_at=now().replace(day=1, hour=10, minute=0))
    issued(clinic, patient, line(clinic, unit_price=Decimal("90.00")))
    app = open_app("manager", PAGE)
    assert not app.exception
    assert [(metric.label, metric.value, metric.delta) for metric in app.metric] == [
        ("Attended without invoice", "€80.00", "1 finding"),
        ("Invoiced without visit", "€90.00", "1 finding"),
        ("Price not of catalogue", "€10.00", "1 finding"),
    ]
    assert {link.proto.url.split("?")[0] for link in app.get("link_button")} == {
        "/docs/missed-charges.csv", "/docs/missed-charges.xlsx",
    }  # fmt: skip
    for kind in ("invoiced_without_visit", "price_not_of_catalogue"):
        app.radio(key="radar_kind").set_value(kind).run()
        assert not app.exception
        assert len(app.dataframe[0].value) == 1


def test_a_period_without_findings_says_so(clinic: Clinic, open_app: Open) -> None:
    app = open_app("manager", PAGE)
    assert "Nothing of this kind in the period." in sentences(app)
