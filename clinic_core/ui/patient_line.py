"""The one line that names a patient in context, the same on every page."""

from datetime import date
from decimal import Decimal

import streamlit as st

from clinic_core.access import Actor
from clinic_core.kit.formats import date_text, money
from clinic_core.patients.schemas import PatientRow
from clinic_core.ui.wording import plain
from clinic_core.vocabulary import Sex


def draw_patient_line(patient: PatientRow, actor: Actor) -> None:
    """Name, age and sex, code, alerts in amber, and the balance for who may see it."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**{plain(patient.name)}**", width="content")
        st.caption(" · ".join(_facts(patient, actor)), width="content")
        for alert in patient.alerts:
            st.badge(plain(alert), icon=":material/warning:", color="orange")
        if patient.deceased_on:
            st.badge(f"Deceased {date_text(patient.deceased_on, actor.settings.locale)}", color="gray")
        if patient.is_archived:
            st.badge("Archived", color="gray")
        if patient.balance:
            owed = money(patient.balance, actor.settings.currency, actor.settings.locale)
            st.badge(plain(f"Balance {owed}"), color="red" if patient.balance > Decimal(0) else "green")


def born_text(dob: date | None, actor: Actor) -> str:
    """The date of birth as the organisation writes it."""
    return date_text(dob, actor.settings.locale) if dob else "Date of birth unknown"


def _facts(patient: PatientRow, actor: Actor) -> list[str]:
    facts = [born_text(patient.dob, actor)]
    if patient.age is not None:
        facts.append(f"{patient.age} years")
    if patient.sex is not Sex.UNKNOWN:
        facts.append(patient.sex.label)
    if patient.pronouns:
        facts.append(plain(patient.pronouns))
    return [*facts, patient.code]
