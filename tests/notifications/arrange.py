"""Messages for tests: patients who can be written to, what was planned for them, and what lies in the file drop."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import event

from clinic_core.access import owner_work, perform, system_actor_of, unit_of_work
from clinic_core.db.engine import app_engine
from clinic_core.kit.clock import now
from clinic_core.kit.ids import new_id
from clinic_core.models import WaitingListEntry, WaitingListOffer
from clinic_core.notifications.queries import list_messages
from clinic_core.notifications.schemas import DeliverDue, Delivered, ListMessages, NotificationRow
from clinic_core.notifications.service import deliver_due
from tests.factories import Clinic, make_patient, slot

REACHABLE = {"email": "ada@example.org", "phone": "+49 30 123456"}


def cost(act: Callable[[], object]) -> int:
    """How many statements the app sends for something; each set of values of a repeated one counts."""
    sent: list[int] = []

    def note(*arguments: Any) -> None:
        _, _, _, parameters, _, is_repeated = arguments
        sent.append(len(parameters) if is_repeated and not isinstance(parameters, dict) else 1)

    event.listen(app_engine(), "before_cursor_execute", note)
    act()
    event.remove(app_engine(), "before_cursor_execute", note)
    return sum(sent)


def reachable(clinic: Clinic, **columns: Any) -> UUID:
    """A patient with an e-mail address and a phone number, unless `columns` say otherwise."""
    columns.setdefault("contact_json", REACHABLE)
    return make_patient(clinic, **columns)


def deliver(clinic: Clinic, limit: int = 100) -> Delivered:
    """One delivery, as the worker does it."""
    return perform(system_actor_of(clinic.organization_id), deliver_due, DeliverDue(limit=limit))


def messages_of(clinic: Clinic, patient_id: UUID) -> list[NotificationRow]:
    """The messages of a patient, oldest first."""
    with unit_of_work(clinic.actor("admin")) as work:
        return list_messages(work, ListMessages(patient_id=patient_id))[::-1]


def dropped(outbox: Path, clinic: Clinic) -> dict[str, dict[str, Any]]:
    """The files of an organisation in the file drop, by name."""
    folder = outbox / "outbox" / str(clinic.organization_id)
    return {path.name: json.loads(path.read_bytes()) for path in folder.glob("*")} if folder.exists() else {}


def offer(clinic: Clinic, patient_id: UUID, *, minutes: int = 60) -> UUID:
    """A time at Main street offered to somebody on the waiting list, for that many minutes."""
    starts_at, ends_at = slot()
    entry_id, offer_id = new_id(), new_id()
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.add(
            WaitingListEntry(
                id=entry_id,
                organization_id=clinic.organization_id,
                patient_id=patient_id,
                duration_minutes=30,
                clinic_location_id=clinic.main,
            )
        )
        session.flush()
        session.add(
            WaitingListOffer(
                id=offer_id,
                organization_id=clinic.organization_id,
                entry_id=entry_id,
                practitioner_user_id=clinic.users["practitioner"],
                clinic_location_id=clinic.main,
                starts_at=starts_at,
                ends_at=ends_at,
                expires_at=now() + timedelta(minutes=minutes),
            )
        )
    return offer_id
