"""Print runs in the browser: started where the papers are listed, seen moving, stopped, tried again, fetched."""

from pathlib import Path

import pytest
from sqlalchemy import update
from sqlmodel import col
from streamlit.testing.v1 import AppTest

from clinic_core.access import owner_work, perform
from clinic_core.billing.queries import list_batches
from clinic_core.billing.schemas import ListBatches, ListedBatch
from clinic_core.jobs.batches import UNWRITABLE
from clinic_core.models import Patient
from clinic_core.vocabulary import BatchKind, BatchStatus, WithdrawnReason
from tests.billing.batches import invoices, look, move_away, start, step, work_off
from tests.factories import Clinic
from tests.notifications.arrange import deliver, messages_of, reachable
from tests.notifications.papers import make_all, make_step, overdue, start_statements
from tests.pages.conftest import Open, sentences

pytestmark = pytest.mark.usefixtures("data_dir")

INVOICES, OUTSTANDING, BATCHES = (
    "pages/billing/invoices.py",
    "pages/analytics/outstanding.py",
    "pages/billing/batches.py",
)


def listed(clinic: Clinic, role: str = "manager") -> tuple[ListedBatch, ...]:
    return perform(clinic.actor(role), list_batches, ListBatches())


def links(app: AppTest) -> list[str]:
    return [link.proto.url for link in app.get("link_button")]


def keys(app: AppTest) -> set[str]:
    return {str(button.key) for button in app.button}


def test_the_invoices_of_the_list_are_printed_and_the_person_sees_them_coming(clinic: Clinic, open_app: Open) -> None:
    invoices(clinic, 2)
    app = open_app("manager").switch_page(INVOICES).run()
    app.button(key="invoices_print").click().run()
    assert "**2 issued documents**" in sentences(app)
    app.button(key="printing_start").click().run()
    assert not app.exception
    [batch] = listed(clinic)
    assert (batch.kind, batch.status, batch.total) == (BatchKind.DOCUMENTS, BatchStatus.QUEUED, 2)
    assert [title.value for title in app.title] == ["Print runs"]
    assert "begins in a moment" in sentences(app)
    assert links(app) == []
    work_off(clinic, batch.id)
    app = open_app("manager", BATCHES)
    assert links(app) == [f"/docs/batch/{batch.id}"]
    assert "kept until" in sentences(app)


def test_a_click_on_print_without_documents_starts_nothing(clinic: Clinic, open_app: Open) -> None:
    app = open_app("manager", INVOICES)
    app.button(key="invoices_print").click().run()
    assert app.button(key="printing_start").disabled
    app.button(key="printing_cancel").click().run()
    assert "printing_start" not in keys(app)
    assert listed(clinic) == ()


def test_statements_are_started_for_all_who_owe_by_who_may(clinic: Clinic, open_app: Open) -> None:
    invoices(clinic, 3)
    app = open_app("manager").switch_page(OUTSTANDING).run()
    app.button(key="outstanding_statements").click().run()
    assert "**3 statements**" in sentences(app)
    app.button(key="statements_start").click().run()
    assert not app.exception
    assert [title.value for title in app.title] == ["Print runs"]
    [batch] = listed(clinic)
    assert (batch.kind, batch.total) == (BatchKind.STATEMENTS, 3)
    assert work_off(clinic, batch.id).status is BatchStatus.DONE


def test_a_print_run_is_cancelled_and_one_that_failed_is_tried_again(
    clinic: Clinic, open_app: Open, data_dir: Path
) -> None:
    invoices(clinic, 1)
    batch = start(clinic)
    app = open_app("manager", BATCHES)
    app.button(key=f"batch_cancel_{batch.id}").click().run()
    assert look(clinic, batch.id).status is BatchStatus.CANCELLED
    assert "cancelled" in sentences(app)

    again = start(clinic)
    (data_dir / "batches").write_text("in the way")
    work_off(clinic, again.id)
    app = open_app("manager", BATCHES)
    assert [error.value for error in app.error] == [UNWRITABLE]
    app.button(key=f"batch_retry_{again.id}").click().run()
    assert not app.exception
    assert look(clinic, again.id).status is BatchStatus.QUEUED


def test_what_was_not_printed_is_shown_with_its_patient(clinic: Clinic, open_app: Open) -> None:
    [invoice] = invoices(clinic, 1)
    batch = start(clinic, role="assistant")
    move_away(clinic, invoice.id)
    work_off(clinic, batch.id)
    app = open_app("assistant", BATCHES)
    app.toggle(key=f"batch_problems_{batch.id}").set_value(True).run()
    [problem] = look(clinic, batch.id).without_paper
    assert f"batch_patient_{problem.id}" in keys(app)
    assert "no longer within the reach" in sentences(app)


def test_others_see_their_own_and_a_manager_may_see_only_theirs(clinic: Clinic, open_app: Open) -> None:
    invoices(clinic, 1)
    start(clinic, role="assistant")
    assert "waits" not in sentences(open_app("practitioner", BATCHES))
    assert "Nothing was printed" in sentences(open_app("practitioner", BATCHES))
    app = open_app("manager", BATCHES)
    assert "Assistant, " in sentences(app)
    app.toggle(key="batches_own").set_value(True).run()
    assert "Nothing was printed" in sentences(app)
    assert perform(clinic.actor("manager"), list_batches, ListBatches(own_only=True)) == ()


def test_a_running_print_run_shows_how_far_it_is(clinic: Clinic, open_app: Open) -> None:
    invoices(clinic, 26)
    batch = start(clinic)
    step(clinic, batch.id)
    app = open_app("manager", BATCHES)
    assert not app.exception
    assert [bar.proto.value for bar in app.get("progress")] == [96]


def test_a_print_run_says_what_was_not_e_mailed_and_is_cancelled_with_its_e_mails(
    clinic: Clinic, open_app: Open
) -> None:
    refusing, waiting = reachable(clinic, last_name="Refusing"), reachable(clinic)
    done, stopped = (start_statements(clinic, overdue(clinic, patient)) for patient in (refusing, waiting))
    make_all(clinic, done)
    make_step(clinic, stopped)
    with owner_work("test.arrange", clinic.organization_id) as session:
        values = {"consents_json": {"email": {"granted": False}}}
        session.execute(update(Patient).where(col(Patient.id) == refusing).values(**values))
    app = open_app("manager", BATCHES)
    assert "1 waiting" in sentences(app)
    app.button(key=f"batch_cancel_{stopped}").click().run()
    deliver(clinic)
    app = open_app("manager", BATCHES)
    assert "1 e-mail not sent" in sentences(app)
    app.toggle(key=f"batch_unsent_{done}").set_value(True).run()
    assert not app.exception
    [message] = messages_of(clinic, waiting)
    assert message.withdrawn_reason is WithdrawnReason.BATCH_CANCELLED
