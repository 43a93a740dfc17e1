"""Payment reminders in the browser: what is due, making letters of all or of some, holding back, setting the steps."""

from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest

from clinic_core.access import Permission, load_actor, perform
from clinic_core.billing.queries import list_reminder_runs
from clinic_core.billing.schemas import (
    HoldReminders,
    InvoiceHead,
    ListReminderRuns,
    SetReminderSteps,
    StartReminders,
)
from clinic_core.billing.service import hold_reminders, set_reminder_steps, start_reminders
from clinic_core.kit.calendar import local_date, zone
from clinic_core.kit.clock import now
from clinic_core.kit.formats import date_text
from tests.billing.reminding import late, pay, reminders_of
from tests.factories import Clinic, make_patient
from tests.pages.conftest import Open, sentences

REMINDERS, INVOICE, BATCHES = "pages/billing/reminders.py", "pages/billing/invoice.py", "pages/billing/batches.py"


def remind_now(clinic: Clinic, invoice: InvoiceHead, role: str = "manager") -> None:
    perform(clinic.actor(role), start_reminders, StartReminders(invoice_ids=(invoice.id,)))


def hold_now(clinic: Clinic, invoice: InvoiceHead) -> None:
    perform(clinic.actor("manager"), hold_reminders, HoldReminders(invoice_id=invoice.id, reason="Disputed"))


def in_words(days: int) -> str:
    """The date so many days from today at the main location."""
    return date_text(local_date(now(), zone("Europe/Berlin")) + timedelta(days=days))


@pytest.fixture
def left_for(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Where the page led: AppTest on a file alone has no other pages to go to."""
    gone: list[str] = []
    monkeypatch.setattr("streamlit.switch_page", lambda path, **_: gone.append(str(path)))
    return gone


def tick(app: AppTest, clinic: Clinic, *rows: int) -> AppTest:
    app.session_state["reminders_None_None_0"] = {"selection": {"rows": list(rows), "columns": [], "cells": []}}
    return app.run()


def labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


def test_all_letters_that_are_due_are_made_with_one_press(clinic: Clinic, open_app: Open, left_for: list[str]) -> None:
    with_mail = make_patient(clinic, contact_json={"email": "ada@example.org"})
    invoices = [late(clinic, with_mail), late(clinic, price="20.00")]
    app = open_app("manager", REMINDERS)
    assert [metric.label for metric in app.metric] == ["Payment reminder"]
    assert app.metric[0].value == "€100.00"
    app.button(key="reminders_make").click().run()
    assert "**2 letters** over €100.00" in sentences(app)
    assert "0 by e-mail, 2 by post" in sentences(app)
    app.toggle(key="reminders_start_email").set_value(True).run()
    assert "1 by e-mail, 1 by post" in sentences(app)
    app.button(key="reminders_start_do").click().run()
    assert not app.exception
    assert left_for == [BATCHES]
    assert [len(reminders_of(clinic, one)) for one in invoices] == [1, 1]
    (run,) = perform(clinic.actor("manager"), list_reminder_runs, ListReminderRuns())
    assert (run.letters, run.invoices, str(run.amount), run.started_by) == (2, 2, "100.00", "Manager")


def test_only_the_ticked_letters_are_made(clinic: Clinic, open_app: Open, left_for: list[str]) -> None:
    first, second = late(clinic), late(clinic, price="20.00", days_later=0)
    app = tick(open_app("manager", REMINDERS), clinic, 1)
    assert "Payment reminder to Ada Demo" in sentences(app)
    links = [link.proto.url for link in app.get("link_button")]
    assert f"/docs/reminder/{second.id}.pdf" in links
    app.button(key="reminders_make").click().run()
    app.button(key="reminders_start_do").click().run()
    assert not app.exception
    assert left_for == [BATCHES]
    assert [len(reminders_of(clinic, one)) for one in (first, second)] == [0, 1]


def test_what_was_paid_while_the_dialog_was_open_is_left_out_and_said(clinic: Clinic, open_app: Open) -> None:
    paid, owed = late(clinic), late(clinic, price="20.00", days_later=0)
    app = tick(open_app("manager", REMINDERS), clinic, 0, 1)
    app.button(key="reminders_make").click().run()
    pay(clinic, paid, "80.00")
    app.button(key="reminders_start_do").click().run()
    assert not app.exception
    (warning,) = app.warning
    assert "1 invoice left out" in warning.value
    assert "It owes nothing any more." in warning.value
    app.button(key="reminders_read").click().run()
    assert not app.warning
    assert [len(reminders_of(clinic, one)) for one in (paid, owed)] == [0, 1]


def test_what_somebody_else_made_first_is_a_sentence(clinic: Clinic, open_app: Open) -> None:
    invoice = late(clinic)
    app = open_app("manager", REMINDERS)
    app.button(key="reminders_make").click().run()
    remind_now(clinic, invoice, role="owner")
    app.button(key="reminders_start_do").click().run()
    assert [error.value for error in app.error] == ["No payment reminder is due."]
    assert len(reminders_of(clinic, invoice)) == 1


def test_what_is_not_reminded_of_is_listed_and_an_empty_page_says_so(clinic: Clinic, open_app: Open) -> None:
    assert "No payment reminder is due." in sentences(open_app("manager", REMINDERS))
    hold_now(clinic, late(clinic))
    app = open_app("manager", REMINDERS)
    assert [expander.label for expander in app.expander] == ["Not reminded of: 1 invoice, €80.00"]
    assert "reminders_make" not in {str(button.key) for button in app.button}
    perform(clinic.actor("owner"), set_reminder_steps, SetReminderSteps(steps=()))
    assert "No reminder goes out, because there is no step." in sentences(open_app("manager", REMINDERS))


def test_the_steps_are_set_in_their_dialog(clinic: Clinic, open_app: Open) -> None:
    assert "Steps" in labels(open_app("owner", REMINDERS))
    app = open_app("owner", REMINDERS)
    next(button for button in app.button if button.label == "Steps").click().run()
    next(button for button in app.button if button.label == "Remove the last").click().run()
    app.text_input(key="reminder_steps_title_1").set_value(" ").run()
    app.button(key="reminder_steps_save").click().run()
    assert [error.value for error in app.error] == ["Title is missing."]
    app.text_input(key="reminder_steps_title_1").set_value("Final notice").run()
    app.text_input(key="reminder_steps_minimum").set_value("5,00").run()
    app.button(key="reminder_steps_save").click().run()
    assert not app.error
    saved = load_actor(clinic.organization_id, clinic.users["owner"]).settings
    assert [step.title for step in saved.reminder_steps] == ["Payment reminder", "Final notice"]
    assert str(saved.reminder_minimum) == "5.00"


def test_only_who_manages_settings_sets_the_steps(clinic: Clinic, open_app: Open) -> None:
    for role in ("manager", "owner"):
        may = clinic.actor(role).can(Permission.SETTINGS_MANAGE)
        assert ("Steps" in labels(open_app(role, REMINDERS))) == may


def test_an_invoice_tells_its_reminders_and_is_held_and_released_on_its_page(clinic: Clinic, open_app: Open) -> None:
    invoice = late(clinic)
    remind_now(clinic, invoice)
    app = open_app("manager", INVOICE, invoice=invoice.id)
    assert f"Payment reminder on {in_words(0)}, by Manager, by post: €80.00, pay by {in_words(10)}" in sentences(app)
    assert f"Next: Second payment reminder from {in_words(17)}" in sentences(app)
    app.button(key="reminder_hold_do").click().run()
    assert [error.value for error in app.error] == ["Reason is missing."]
    app.text_input(key="reminder_hold_reason").set_value("Disputed").run()
    app.button(key="reminder_hold_do").click().run()
    assert "Held back, Manager: Disputed" in sentences(app)
    assert "Next:" not in sentences(app)
    app.text_input(key="reminder_release_reason").set_value("Agreed").run()
    app.button(key="reminder_release_do").click().run()
    assert f"Was held back until {in_words(-1)}, Manager: Agreed" in sentences(app)
    reader = open_app("assistant", INVOICE, invoice=invoice.id)
    assert f"Payment reminder on {in_words(0)}" in sentences(reader)
    assert "reminder_hold_do" not in {str(button.key) for button in reader.button}
