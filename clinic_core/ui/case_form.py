"""The form of a case: title, diagnoses, and how many sessions it may have."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import pandas as pd
import streamlit as st

from clinic_core.clinical_docs.schemas import CaseRow, Diagnosis, OpenCase, UpdateCase
from clinic_core.kit.text import field_error
from clinic_core.ui.forms import number_field, text_field

USUAL_SYSTEM = "ICD-10"


@dataclass(frozen=True)
class TypedCase:
    """The form as typed; making a request of it may raise InvalidInput."""

    title: str
    rows: tuple[tuple[str, str, str], ...]
    sessions: str

    def opening(self, patient_id: UUID, request_id: UUID) -> OpenCase:
        """The request that opens the case."""
        return OpenCase(
            patient_id=patient_id,
            title=self.title,
            diagnoses=self._diagnoses(),
            session_limit=self._session_limit(),
            request_id=request_id,
        )

    def change_of(self, case: CaseRow, request_id: UUID) -> UpdateCase:
        """The request that replaces what the case says."""
        return UpdateCase(
            case_id=case.id,
            title=self.title,
            diagnoses=self._diagnoses(),
            session_limit=self._session_limit(),
            version=case.version,
            request_id=request_id,
        )

    def _diagnoses(self) -> tuple[Diagnosis, ...]:
        return tuple(Diagnosis(system=system, code=code, text=text) for system, code, text in self.rows)

    def _session_limit(self) -> int | None:
        typed = self.sessions.strip()
        if not typed:
            return None
        if not (typed.isascii() and typed.isdigit()):
            raise field_error("session_limit", "must be a whole number")
        return int(typed)


def draw_case_form(case: CaseRow | None, *, key: str) -> TypedCase:
    """The fields, with what the case says now."""
    title = text_field("Title", key=f"{key}_title", value=case.title if case else "")
    rows = _draw_diagnoses(case.diagnoses if case else (), key=f"{key}_diagnoses")
    limit = case.session_limit if case else None
    sessions = number_field(
        "Sessions at most", key=f"{key}_sessions", value="" if limit is None else str(limit), help="Empty: no limit"
    )
    return TypedCase(title, rows, sessions)


def _draw_diagnoses(diagnoses: Sequence[Diagnosis], *, key: str) -> tuple[tuple[str, str, str], ...]:
    frame = pd.DataFrame([(found.system, found.code, found.text) for found in diagnoses], columns=["0", "1", "2"])
    st.caption("Diagnoses: one a line, with its code where there is one")
    edited = st.data_editor(
        frame.astype("string"),
        key=key,
        num_rows="dynamic",
        hide_index=True,
        column_config={
            "0": st.column_config.TextColumn("System", default=USUAL_SYSTEM, max_chars=60, width="small"),
            "1": st.column_config.TextColumn("Code", max_chars=40, width="small"),
            "2": st.column_config.TextColumn("Diagnosis", max_chars=500, width="large"),
        },
    )
    lines = [tuple(str(cell) for cell in line) for line in edited.fillna("").itertuples(index=False)]
    return tuple((system, code, text) for system, code, text in lines if code.strip() or text.strip())
