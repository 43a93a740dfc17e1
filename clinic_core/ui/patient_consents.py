"""What a patient allows and refuses, with the switch to record a new decision."""

import streamlit as st

from clinic_core.access import Permission
from clinic_core.kit.formats import date_text
from clinic_core.patients.schemas import Consent, ConsentDecision, PatientRow, UpdatePatient
from clinic_core.patients.service import update_patient
from clinic_core.ui.page import Page
from clinic_core.ui.wording import plain
from clinic_core.vocabulary import ConsentKind

_LABELS = {
    ConsentKind.SMS: "Text messages",
    ConsentKind.EMAIL: "E-mail",
    ConsentKind.MARKETING: "Marketing",
    ConsentKind.PRIVACY: "Privacy notice",
}


def draw_consents(page: Page, patient: PatientRow) -> None:
    """One line for every kind: the decision, its date, and the button that turns it round."""
    decided = {consent.kind: consent for consent in patient.consents}
    with st.container(gap=None):
        for kind, label in _LABELS.items():
            _draw_consent(page, patient, label, kind, decided.get(kind))


def _draw_consent(page: Page, patient: PatientRow, label: str, kind: ConsentKind, consent: Consent | None) -> None:
    granted = consent is not None and consent.granted
    said = "not asked"
    if consent is not None:
        day = date_text(consent.decided_at.date(), page.actor.settings.locale)
        said = f"{'granted' if consent.granted else 'refused'} on {day}"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(plain(f"{label}: {said}"), width="stretch")
        if page.actor.can(Permission.PATIENT_WRITE) and st.button(
            "Withdraw" if granted else "Grant", key=f"consent_{kind}", type="tertiary"
        ):
            _record(page, patient, ConsentDecision(kind=kind, granted=not granted))


def _record(page: Page, patient: PatientRow, decision: ConsentDecision) -> None:
    request = UpdatePatient(
        patient_id=patient.id,
        version=patient.version,
        consents=(decision,),
        request_id=page.request_id(f"consent/{decision.kind}"),
    )
    if page.run(update_patient, request, done="The consent is recorded.") is not None:
        st.rerun()
