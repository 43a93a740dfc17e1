"""The filters of the audit viewer, its pages, and the address of its export."""

from uuid import UUID
from zoneinfo import ZoneInfo

import streamlit as st

from clinic_core.audit.schemas import AuditChoices, AuditCursor, AuditFilter
from clinic_core.errors import InvalidInput
from clinic_core.ui.export import Export

EVERYBODY, SYSTEM, ANY = "Everybody", "System", "Any"
ACTIONS = (
    "insert",
    "update",
    "delete",
    "refused",
    "exported",
    "searched",
    "chart_opened",
    "break_glass",
    "signed_in",
    "sign_in_failed",
    "signed_out",
    "password_set",
)
ADDRESS = {
    "actor_user_id": "person",
    "by_system": "system",
    "entity_type": "kind",
    "entity_id": "id",
    "action": "action",
    "use_case": "use_case",
    "first_day": "from",
    "last_day": "to",
    "timezone": "zone",
}
_CURSORS = "audit_cursors"


def draw_audit_filters(choices: AuditChoices, place: ZoneInfo) -> AuditFilter:
    """The row of filters.

    Raises: InvalidInput for an id that is none.
    """
    people: dict[UUID | str, str] = {"": EVERYBODY, SYSTEM: SYSTEM, **{one.id: one.name for one in choices.actors}}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        person = st.selectbox(
            "Person", list(people), format_func=lambda one: people[one], key="audit_person", on_change=_show, args=([],)
        )
        kind = st.selectbox(
            "Kind", ["", *choices.entity_types], format_func=_or_any, key="audit_kind", on_change=_show, args=([],)
        )
        action = st.selectbox(
            "Action", ["", *ACTIONS], format_func=_or_any, key="audit_action", on_change=_show, args=([],)
        )
        use_case = st.text_input(
            "Use case begins with", max_chars=100, key="audit_use_case", on_change=_show, args=([],)
        )
        entity_id = st.text_input("Id", max_chars=36, key="audit_id", on_change=_show, args=([],))
        first_day = st.date_input("From", None, key="audit_from", format="YYYY-MM-DD", on_change=_show, args=([],))
        last_day = st.date_input("To", None, key="audit_to", format="YYYY-MM-DD", on_change=_show, args=([],))
    return AuditFilter(
        actor_user_id=person if isinstance(person, UUID) else None,
        by_system=person == SYSTEM,
        entity_type=kind,
        entity_id=_id_of(entity_id),
        action=action,
        use_case=use_case,
        first_day=first_day,
        last_day=last_day,
        timezone=place.key,
    )


def audit_export(wanted: AuditFilter) -> Export:
    """The file with the same filters."""
    values = wanted.model_dump(mode="json", exclude_defaults=True)
    return Export("audit", {ADDRESS[name]: value for name, value in values.items()})


def in_words(name: str) -> str:
    """A name of the log as words: One time link, Signed in."""
    return name.replace("_", " ").capitalize()


def shown_after() -> AuditCursor | None:
    """Where the shown page begins; None for the newest."""
    cursors: list[AuditCursor] = st.session_state.get(_CURSORS, [])
    return cursors[-1] if cursors else None


def draw_audit_pager(following: AuditCursor | None) -> None:
    """The buttons to newer and older entries."""
    cursors: list[AuditCursor] = st.session_state.get(_CURSORS, [])
    with st.container(horizontal=True, gap="small"):
        st.button(
            "Newer",
            icon=":material/chevron_left:",
            disabled=not cursors,
            key="audit_newer",
            on_click=_show,
            args=(cursors[:-1],),
        )
        older = [*cursors, following] if following else cursors
        st.button(
            "Older",
            icon=":material/chevron_right:",
            disabled=following is None,
            key="audit_older",
            on_click=_show,
            args=(older,),
        )


def _show(cursors: list[AuditCursor]) -> None:
    st.session_state[_CURSORS] = cursors


def _or_any(word: str) -> str:
    return in_words(word) or ANY


def _id_of(typed: str) -> UUID | None:
    if not typed.strip():
        return None
    try:
        return UUID(typed.strip())
    except ValueError:
        raise InvalidInput("Id: this is not the id of a row.") from None
