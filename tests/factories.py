"""A clinic of its own for every test: an organisation with two locations, rooms, and a person of every role."""

import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session
from sqlmodel import col, select

from clinic_core.access import Actor, load_actor, owner_work
from clinic_core.access.organization import OrganizationSettings
from clinic_core.auth.baseline import create_organization
from clinic_core.kit.ids import new_id
from clinic_core.models import (
    AppUser,
    ClinicLocation,
    LocationResource,
    Patient,
    PractitionerProfile,
    ProductService,
    Role,
    UserLocation,
    UserRole,
)
from clinic_core.vocabulary import BaselineRole, ProductType, ResourceType, UserStatus

_count = itertools.count(1)

# A Monday far enough ahead that nothing booked from here on lies in the past.
MONDAY = datetime(2031, 3, 3, 9, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Clinic:
    """The ids of one test organisation."""

    name: str
    organization_id: UUID
    main: UUID
    branch: UUID
    room: UUID
    second_room: UUID
    laser: UUID
    service: UUID
    product: UUID
    users: dict[str, UUID] = field(default_factory=dict)

    def actor(self, role: BaselineRole | str) -> Actor:
        """The person of that role (or `second_practitioner`), read anew from the database."""
        return load_actor(self.organization_id, self.users[str(role)])

    def email(self, role: BaselineRole | str) -> str:
        """The address with which the person of that role signs in."""
        return f"{role}@{self.organization_id.hex}.test"


def make_clinic(settings: OrganizationSettings | None = None) -> Clinic:
    """A fresh organisation: Main street (Europe/Berlin, everybody's) and Harbour (America/New_York, nobody's)."""
    name = f"Clinic {os.getpid()}-{next(_count)}-{new_id().hex[-6:]}"
    organization_id = create_organization(name, settings)
    ids: dict[str, UUID] = {
        key: new_id() for key in ("main", "branch", "room", "second_room", "laser", "service", "product")
    }
    users = {key: new_id() for key in (*[r.value for r in BaselineRole], "second_practitioner")}
    clinic = Clinic(name, organization_id, **ids, users=users)
    with owner_work("test.arrange", organization_id) as session:
        # Nearly every test makes a clinic: written in bulk it takes half as long.
        session.bulk_save_objects([*_places(clinic), *_people(session, clinic), *_things(clinic)])
    return clinic


def _places(clinic: Clinic) -> Iterator[object]:
    org: dict[str, Any] = {"organization_id": clinic.organization_id}
    yield ClinicLocation(id=clinic.main, name="Main street", timezone="Europe/Berlin", **org)
    yield ClinicLocation(id=clinic.branch, name="Harbour", timezone="America/New_York", **org)


def _people(session: Session, clinic: Clinic) -> Iterator[object]:
    org: dict[str, Any] = {"organization_id": clinic.organization_id}
    here = col(Role.organization_id) == clinic.organization_id
    role_ids = dict(session.execute(select(col(Role.key), col(Role.id)).where(here)).all())
    roles = {
        key: BaselineRole.PRACTITIONER if key == "second_practitioner" else BaselineRole(key) for key in clinic.users
    }
    for key, user_id in clinic.users.items():
        name = key.replace("_", " ").title()
        yield AppUser(id=user_id, email=clinic.email(key), display_name=name, status=UserStatus.ACTIVE, **org)
    for key, user_id in clinic.users.items():
        yield UserRole(user_id=user_id, role_id=role_ids[roles[key].value], **org)
    for key, user_id in clinic.users.items():
        if roles[key] is not BaselineRole.PATIENT:
            yield UserLocation(user_id=user_id, clinic_location_id=clinic.main, **org)
    for key, user_id in clinic.users.items():
        if roles[key] is BaselineRole.PRACTITIONER:
            yield PractitionerProfile(user_id=user_id, **org)


def _things(clinic: Clinic) -> Iterator[object]:
    org: dict[str, Any] = {"organization_id": clinic.organization_id}
    here: dict[str, Any] = {"clinic_location_id": clinic.main, **org}
    yield LocationResource(id=clinic.room, type=ResourceType.ROOM, name="Room 1", **here)
    yield LocationResource(id=clinic.second_room, type=ResourceType.ROOM, name="Room 2", **here)
    yield LocationResource(id=clinic.laser, type=ResourceType.EQUIPMENT, name="Laser", **here)
    yield ProductService(
        id=clinic.service,
        code="FU30",
        name="Follow-up",
        type=ProductType.SERVICE,
        unit_price=Decimal("80.00"),
        tax_rate=Decimal(0),
        duration_minutes=30,
        bookable_online=True,
        **org,
    )
    yield ProductService(
        id=clinic.product,
        code="BAND",
        name="Bandage",
        type=ProductType.PRODUCT,
        unit_price=Decimal("11.90"),
        tax_rate=Decimal("0.19"),
        **org,
    )


def make_patient(clinic: Clinic, *, first_name: str = "Ada", last_name: str = "Demo", **columns: Any) -> UUID:
    """A patient registered at the main location, straight into the table."""
    patient_id = new_id()
    values: dict[str, Any] = {"clinic_location_id": clinic.main, "code": f"P-{next(_count):06d}", **columns}
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.add(
            Patient(
                id=patient_id,
                organization_id=clinic.organization_id,
                first_name=first_name,
                last_name=last_name,
                **values,
            )
        )
    return patient_id


def slot(hours: float = 0, *, minutes: int = 30) -> tuple[datetime, datetime]:
    """A span that begins `hours` after Monday 9:00 UTC."""
    starts_at = MONDAY + timedelta(hours=hours)
    return starts_at, starts_at + timedelta(minutes=minutes)
