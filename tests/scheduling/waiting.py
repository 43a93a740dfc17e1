"""Waiting lists for tests, kept through the use cases."""

from typing import Any

from clinic_core.access import perform
from clinic_core.scheduling.schemas import (
    AddToWaitingList,
    OfferRow,
    OfferSlot,
    WaitingRow,
)
from clinic_core.scheduling.service import add_to_waiting_list, offer_slot
from tests.factories import Clinic, make_patient, slot


def wait(clinic: Clinic, *, by: str = "assistant", **fields: Any) -> WaitingRow:
    """A new patient waits at Main street for a follow-up of half an hour with anybody."""
    values = {"clinic_location_id": clinic.main, "product_service_id": clinic.service, **fields}
    if "patient_id" not in values:
        values["patient_id"] = make_patient(clinic)
    return perform(clinic.actor(by), add_to_waiting_list, AddToWaitingList.model_validate(values))


def offer(clinic: Clinic, entry: WaitingRow, hours: float = 0, *, by: str = "assistant", **fields: Any) -> OfferRow:
    """Half an hour with the practitioner, offered to somebody who waits."""
    starts_at, ends_at = slot(hours)
    values = {
        "entry_id": entry.id,
        "practitioner_user_id": clinic.users["practitioner"],
        "starts_at": starts_at,
        "ends_at": ends_at,
        **fields,
    }
    return perform(clinic.actor(by), offer_slot, OfferSlot.model_validate(values))
