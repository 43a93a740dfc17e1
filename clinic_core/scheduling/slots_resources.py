"""Which rooms and equipment are free at a time, and which of them a service would take."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session
from sqlmodel import col

from clinic_core.models import LocationResource
from clinic_core.scheduling.bookable import Thing as BookableThing
from clinic_core.scheduling.bookable import find_bookable
from clinic_core.scheduling.conflict_facts import LONGEST_REACH
from clinic_core.scheduling.schemas import FindFreeResources, FreeResources
from clinic_core.scheduling.slots_known import Thing, choose, needs_of, needs_of_each, things_of
from clinic_core.vocabulary import ResourceType

_FREE = text(
    """
    with w as materialized (
      select * from jsonb_to_recordset(cast(:spans as jsonb)) as w(n int, starts_at timestamptz, until timestamptz)),
    taken as materialized (
      select w.n, r.resource_id
      from w join appointment a on a.clinic_location_id = :location
        and a.starts_at > w.starts_at - :reach and a.starts_at < w.until and a.deleted_at is null
      join appointment_resource r on r.organization_id = a.organization_id and r.appointment_id = a.id
      where a.status <> 'cancelled' and a.id is distinct from cast(:besides as uuid)
        and a.ends_at + a.buffer_minutes * interval '1 minute' > w.starts_at
      union
      select w.n, o.resource_id from w join resource_outage o on o.starts_at < w.until and o.ends_at > w.starts_at)
    select w.n, l.id, l.name, l.type, l.category
    from w cross join location_resource l
    where l.clinic_location_id = :location and l.active
      and not exists (select from taken t where t.n = w.n and t.resource_id = l.id)
    """
)


def find_free_resources(session: Session, request: FindFreeResources) -> FreeResources:
    """What is free at the location from the start to the end of the service's buffer, rooms first.

    Raises:
        NotFound, InvalidInput: as for booking, where the place or the service cannot be booked.
    """
    bookable = find_bookable(session, request.clinic_location_id, service_id=request.product_service_id)
    buffer = bookable.service.buffer_minutes if bookable.service else 0
    during = (request.starts_at, request.ends_at + timedelta(minutes=buffer))
    free = free_things(session, bookable.location.id, during, besides=request.appointment_id)
    chosen, missing = choose(needs_of(session, request.product_service_id), free)
    return FreeResources(
        free=tuple(thing.ref for thing in free),
        chosen=tuple(thing.ref for thing in chosen),
        missing=tuple(missing),
    )


def free_things(
    session: Session, location_id: UUID, during: tuple[datetime, datetime], *, besides: UUID | None = None
) -> tuple[Thing, ...]:
    """The rooms and equipment of a location that nothing but the appointment `besides` takes then, rooms first."""
    return free_things_of_each(session, location_id, [during], besides=besides)[0]


def free_things_of_each(
    session: Session, location_id: UUID, spans: Sequence[tuple[datetime, datetime]], *, besides: UUID | None = None
) -> list[tuple[Thing, ...]]:
    """As `free_things` for each of the spans, which are not compared with each other; one query."""
    asked = [{"n": n, "starts_at": str(span[0]), "until": str(span[1])} for n, span in enumerate(spans)]
    found = session.execute(
        _FREE, {"spans": json.dumps(asked), "location": location_id, "reach": LONGEST_REACH, "besides": besides}
    )
    free: list[list[BookableThing]] = [[] for _ in spans]
    for n, id_, name, kind, category in found:
        free[n].append(BookableThing(id_, name, ResourceType(kind), category, location_id, active=True))
    return [things_of(things) for things in free]


def are_served(
    session: Session, location_id: UUID, wanted: Sequence[tuple[UUID | None, tuple[datetime, datetime]]]
) -> list[bool]:
    """Whether what each service needs of rooms and equipment is free at its time; two queries for all of them.

    The times reach to the end of the buffer. They are not compared with each other.
    """
    needs = needs_of_each(session, {service_id for service_id, _ in wanted if service_id is not None})
    asking = [(n, needs[service_id], during) for n, (service_id, during) in enumerate(wanted) if service_id in needs]
    served = [True] * len(wanted)
    if asking:
        free = free_things_of_each(session, location_id, [during for _, _, during in asking])
        for (n, needed, _), things in zip(asking, free, strict=True):
            served[n] = not choose(needed, things)[1]
    return served


def things_at(session: Session, location_id: UUID) -> tuple[Thing, ...]:
    """The rooms and equipment of a location that are in use, free or not, rooms first."""
    working = select(LocationResource).where(
        col(LocationResource.clinic_location_id) == location_id, col(LocationResource.active).is_(True)
    )
    return things_of(session.scalars(working))
