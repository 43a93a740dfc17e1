"""Encounters that overlap: of two at one time the later one is flagged, whichever of them was imported first."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from clinic_core.interchange.synthea.references import SOURCE, UNKNOWN
from clinic_core.interchange.synthea.report import FLAGS, Entity, Flag, Outcome

# A neighbour starts at most a day before and ends after the start, or it is one of the few that last longer than a
# day; so the btree indexes on patient and practitioner with starts_at bound what is looked at.
_PAIRS = """
    with fresh as (
      select id, patient_id, practitioner_user_id, starts_at, ends_at from appointment where id = any(:ids)
    ), lengthy as materialized (
      select a.id, a.patient_id, a.practitioner_user_id, a.starts_at, a.ends_at
      from external_reference r join appointment a on a.id = r.entity_id
      where r.source = :source and r.entity_type = 'appointment' and r.flags_json @> :lengthy
    ), pairs as (
      {pairs}
    ), later as (
      select distinct
        case when (starts_at, id) > (other_starts_at, other_id) then id else other_id end as appointment_id, flag
      from pairs
    ), said as (
      select appointment_id, jsonb_agg(flag order by flag desc) as flags from later group by 1
    )
    update external_reference r set flags_json = r.flags_json || s.flags
    from (
      select r.id, r.flags_json as before,
        (select coalesce(jsonb_agg(f), '[]') from jsonb_array_elements(s.flags) f where not r.flags_json @> f) as flags
      from said s join external_reference r on r.entity_id = s.appointment_id
        and r.source = :source and r.entity_type = 'appointment'
    ) s
    where s.id = r.id and s.flags <> '[]'
    returning r.external_id, s.flags, s.before <> '[]' as was_flagged
"""
_PAIR = """
      select f.id, f.starts_at, o.id as other_id, o.starts_at as other_starts_at, '{flag}' as flag
      from fresh f join {others} o on o.{subject} = f.{subject} and o.id <> f.id
        and o.starts_at < f.ends_at and o.ends_at > f.starts_at {bound}
      {condition}
"""
_NEAR = "and o.starts_at > f.starts_at - interval '1 day' and o.imported"
_NOT_UNKNOWN = (
    "where f.practitioner_user_id not in (select entity_id from external_reference"
    " where source = :source and entity_type = 'app_user' and external_id = :unknown)"
)
_UPDATE = text(
    _PAIRS.format(
        pairs=" union ".join(
            _PAIR.format(flag=flag.value, subject=subject, condition=condition, others=others, bound=bound)
            for flag, subject, condition in (
                (Flag.OVERLAPS_PATIENT, "patient_id", ""),
                (Flag.OVERLAPS_PRACTITIONER, "practitioner_user_id", _NOT_UNKNOWN),
            )
            for others, bound in (("appointment", _NEAR), ("lengthy", ""))
        )
    )
)


def flag_overlaps(session: Session, appointment_ids: Sequence[UUID], outcome: Outcome) -> None:
    """Flags what overlaps among these appointments and those imported before; the unknown practitioner never does."""
    found = session.execute(
        _UPDATE,
        {
            "ids": list(appointment_ids),
            "source": SOURCE,
            "unknown": UNKNOWN,
            "lengthy": f'["{Flag.LONGER_THAN_A_DAY.value}"]',
        },
    )
    for external_id, flags, was_flagged in found:
        outcome.flag(Entity.ENCOUNTERS, external_id, [FLAGS[key] for key in flags], again=was_flagged)
