"""What imported appointments lie over, in the words of the one validator (S5): it is flagged, nothing past is refused.

Of two at one time the later one is flagged, whichever of them was imported first; of one here and one that the clinic
made itself always the imported one.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from clinic_core.access import Actor
from clinic_core.interchange.synthea.records import Treatment
from clinic_core.interchange.synthea.references import SOURCE, UNKNOWN, Kind, known_rows
from clinic_core.interchange.synthea.report import FLAGS, Entity, Flag, Outcome
from clinic_core.scheduling.conflicts import LONGEST_REACH, WantedTime, find_obstacles
from clinic_core.vocabulary import ConflictKind

_FLAG_OF: Mapping[ConflictKind, Flag] = MappingProxyType(
    {
        ConflictKind.PATIENT: Flag.OVERLAPS_PATIENT,
        ConflictKind.PRACTITIONER: Flag.OVERLAPS_PRACTITIONER,
        ConflictKind.BUFFER: Flag.WITHIN_BUFFER,
        ConflictKind.OUTSIDE_HOURS: Flag.OUTSIDE_HOURS,
        ConflictKind.ABSENCE: Flag.DURING_ABSENCE,
        ConflictKind.CLOSED: Flag.ON_CLOSED_DAY,
    }
)
"""That it lies in the past is no news here; rooms and equipment are not in the files."""

# The validator looks for what began a day before at most. What lasts longer, and was imported before, is asked about
# again where a new appointment lies in its later part.
_LENGTHY = text(
    """
    with fresh as (
      select patient_id, practitioner_user_id, starts_at from appointment where id = any(:ids)
    ), lengthy as materialized (
      select a.id as appointment_id, a.patient_id, a.practitioner_user_id, a.clinic_location_id, a.starts_at, a.ends_at
      from external_reference r join appointment a on a.id = r.entity_id
      where r.source = :source and r.entity_type = 'appointment' and r.flags_json @> :lengthy
        and a.id <> all(:ids)
    )
    select l.* from lengthy l join fresh f on f.patient_id = l.patient_id
      and f.starts_at >= l.starts_at + :reach and f.starts_at < l.ends_at
    union
    select l.* from lengthy l join fresh f on f.practitioner_user_id = l.practitioner_user_id
      and f.starts_at >= l.starts_at + :reach and f.starts_at < l.ends_at
    """
)
_UPDATE = text(
    """
    with later as (
      select distinct case when (o.starts_at, o.id) > (a.starts_at, a.id) then o.id else a.id end as id, s.flag
      from jsonb_to_recordset(cast(:said as jsonb)) as s(id uuid, other uuid, flag text)
      join appointment a on a.id = s.id left join appointment o on o.id = s.other and o.imported
    ), added as (
      select r.id, r.flags_json as before, jsonb_agg(l.flag order by l.flag desc) as flags
      from later l join external_reference r on r.entity_id = l.id
        and r.source = :source and r.entity_type = 'appointment'
      where not r.flags_json @> to_jsonb(l.flag) group by r.id
    )
    update external_reference r set flags_json = r.flags_json || s.flags
    from added s where s.id = r.id
    returning r.external_id, s.flags, s.before <> '[]' as was_flagged
    """
)


def flag_obstacles(session: Session, actor: Actor, treatments: Sequence[Treatment], outcome: Outcome) -> None:
    """Flags what is in the way of these appointments, and those imported before that lie over them.

    The queries are the same few however many there are.
    """
    fresh = {one.appointment_id for one in treatments}
    asked = [*map(_wanted, treatments), *_lengthy(session, fresh)]
    unknown = {row.entity_id for row in known_rows(session, Kind.PRACTITIONER, [UNKNOWN]).values()}
    said = set(_said(session, actor, asked, fresh, unknown))
    if not said:
        return
    rows = json.dumps([{"id": str(one), "other": other and str(other), "flag": flag} for one, other, flag in said])
    for external_id, flags, was_flagged in session.execute(_UPDATE, {"said": rows, "source": SOURCE}):
        outcome.flag(Entity.ENCOUNTERS, external_id, [FLAGS[key] for key in flags], again=was_flagged)


def _said(
    session: Session, actor: Actor, asked: Sequence[WantedTime], fresh: set[UUID], unknown: set[UUID]
) -> Iterator[tuple[UUID, UUID | None, str]]:
    """Which appointment, with which other one, and the flag; the unknown practitioner stands for many at once."""
    for wanted, obstacles in zip(asked, find_obstacles(session, actor, asked), strict=True):
        for one in obstacles:
            is_new = wanted.appointment_id in fresh or one.appointment_id in fresh
            if is_new and one.kind in _FLAG_OF and one.subject_id not in unknown:
                yield wanted.appointment_id, one.appointment_id, _FLAG_OF[one.kind].value


def _wanted(treatment: Treatment) -> WantedTime:
    return WantedTime(
        appointment_id=treatment.appointment_id,
        patient_id=treatment.patient_id,
        practitioner_user_id=treatment.practitioner_user_id,
        clinic_location_id=treatment.clinic_location_id,
        starts_at=treatment.starts_at,
        ends_at=treatment.ends_at,
        buffer_minutes=0,
        resource_ids=(),
    )


def _lengthy(session: Session, fresh: set[UUID]) -> list[WantedTime]:
    found = session.execute(
        _LENGTHY,
        {
            "ids": list(fresh),
            "source": SOURCE,
            "lengthy": json.dumps([Flag.LONGER_THAN_A_DAY.value]),
            "reach": LONGEST_REACH,
        },
    )
    return [WantedTime(**row, buffer_minutes=0, resource_ids=()) for row in found.mappings()]
