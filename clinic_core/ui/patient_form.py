"""The fields of a patient, for registering and for changing."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

import streamlit as st

from clinic_core.patients.schemas import (
    Address,
    EmergencyContact,
    Insurance,
    PatientRow,
    RegisterPatient,
    UpdatePatient,
)
from clinic_core.ui.forms import choice_field, date_field, long_text_field, text_field
from clinic_core.vocabulary import Sex


@dataclass(frozen=True)
class TypedPatient:
    """What the form holds, as typed; the schemas judge it when a request is made."""

    first_name: str
    last_name: str
    preferred_name: str
    dob: date | None
    sex: Sex
    gender: str
    pronouns: str
    phone: str
    email: str
    address: dict[str, str]
    emergency_contact: dict[str, str]
    insurance: dict[str, str]
    alerts: str
    referral_source: str
    clinic_location_id: UUID | None

    def registration(self, request_id: UUID) -> RegisterPatient:
        """The request to register. Raises: InvalidInput with a sentence."""
        return RegisterPatient.model_validate({**self._values(), "request_id": request_id})

    def change_of(self, patient_id: UUID, version: int, request_id: UUID) -> UpdatePatient:
        """The request to change the patient from that version. Raises: InvalidInput with a sentence."""
        identity = {"patient_id": patient_id, "version": version, "request_id": request_id}
        return UpdatePatient.model_validate({**self._values(), **identity})

    def _values(self) -> dict[str, object]:
        lines = tuple(line for line in self.alerts.splitlines() if line.strip())
        return {**vars(self), "alerts": lines}


def draw_patient_form(patient: PatientRow | None, *, key: str, location_id: UUID | None) -> TypedPatient:
    """The form, filled with the patient's present details or empty; `location_id` is where a new one belongs."""
    left, middle, right = st.columns(3)
    with left:
        first_name = text_field("First name", key=f"{key}_first", value=patient.first_name if patient else "")
        last_name = text_field("Last name", key=f"{key}_last", value=patient.last_name if patient else "")
        preferred = text_field(
            "Preferred name", key=f"{key}_preferred", value=patient.preferred_name if patient else ""
        )
    with middle:
        dob = date_field("Date of birth", key=f"{key}_dob", value=patient.dob if patient else None)
        sex = choice_field("Sex", Sex, key=f"{key}_sex", value=patient.sex if patient else Sex.UNKNOWN)
        pronouns = text_field("Pronouns", key=f"{key}_pronouns", value=patient.pronouns if patient else "", limit=60)
    with right:
        phone = text_field("Phone", key=f"{key}_phone", value=patient.phone if patient else "", limit=40)
        email = text_field("E-mail", key=f"{key}_email", value=patient.email if patient else "", limit=254)
        gender = text_field("Gender", key=f"{key}_gender", value=patient.gender if patient else "", limit=60)
    with st.expander("Address, emergency contact, insurance, alerts", expanded=patient is not None):
        left, middle, right = st.columns(3)
        with left:
            address = _draw_address(patient.address if patient else Address(), key)
        with middle:
            contact = _draw_contact(patient.emergency_contact if patient else EmergencyContact(), key)
        with right:
            insurance = _draw_insurance(patient.insurance if patient else Insurance(), key)
        shown = "\n".join(patient.alerts) if patient else ""
        alerts = long_text_field("Alerts, one a line", key=f"{key}_alerts", value=shown, height=80)
        referral = text_field(
            "How they came to us", key=f"{key}_referral", value=patient.referral_source if patient else ""
        )
    return TypedPatient(
        first_name=first_name,
        last_name=last_name,
        preferred_name=preferred,
        dob=dob,
        sex=sex,
        gender=gender,
        pronouns=pronouns,
        phone=phone,
        email=email,
        address=address,
        emergency_contact=contact,
        insurance=insurance,
        alerts=alerts,
        referral_source=referral,
        clinic_location_id=patient.clinic_location_id if patient else location_id,
    )


def _draw_address(address: Address, key: str) -> dict[str, str]:
    labels = {
        "street": "Street",
        "postal_code": "Postal code",
        "city": "City",
        "region": "Region",
        "country": "Country",
    }
    return _draw_texts(labels, address.model_dump(), f"{key}_address")


def _draw_contact(contact: EmergencyContact, key: str) -> dict[str, str]:
    labels = {"name": "Emergency contact", "relation": "Relation", "phone": "Their phone"}
    return _draw_texts(labels, contact.model_dump(), f"{key}_contact")


def _draw_insurance(insurance: Insurance, key: str) -> dict[str, str]:
    labels = {"payer": "Insurance", "plan": "Plan", "number": "Insurance number"}
    return _draw_texts(labels, insurance.model_dump(), f"{key}_insurance")


def _draw_texts(labels: dict[str, str], values: dict[str, str], key: str) -> dict[str, str]:
    return {name: text_field(label, key=f"{key}_{name}", value=values[name]) for name, label in labels.items()}
