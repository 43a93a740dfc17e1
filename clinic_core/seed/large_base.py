"""The places, people and services of the large clinic, and the ids behind the numbers of its plan."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from clinic_core.auth.baseline import role_id
from clinic_core.kit.ids import new_id
from clinic_core.models import (
    AppUser,
    ClinicLocation,
    LocationHours,
    LocationResource,
    PractitionerProfile,
    ProductService,
    UserLocation,
    UserRole,
)
from clinic_core.scheduling.schemas import AvailabilityRule, WeeklyAvailability
from clinic_core.seed.large_plan import (
    CLOSES,
    MACHINES,
    OPENS,
    PRACTITIONERS,
    SERVICES,
    WORKDAYS,
    ZONE,
)
from clinic_core.vocabulary import BaselineRole, ProductType, ResourceType, UserStatus


@dataclass
class LargeClinic:
    """The ids behind the numbers of the plan."""

    organization_id: UUID
    desk: UUID = field(default_factory=new_id)
    sites: list[UUID] = field(default_factory=list)
    practitioners: list[list[UUID]] = field(default_factory=list)
    rooms: list[list[UUID]] = field(default_factory=list)
    machines: list[list[UUID]] = field(default_factory=list)
    services: list[UUID] = field(default_factory=list)
    patients: list[UUID] = field(default_factory=list)
    appointments: int = 0
    appointment_resources: int = 0
    invoices: int = 0

    def counts(self) -> dict[str, int]:
        """How many rows of each kind were made."""
        return {
            "clinic_location": len(self.sites),
            "location_resource": sum(map(len, self.rooms)) + sum(map(len, self.machines)),
            "app_user": 1 + sum(map(len, self.practitioners)),
            "product_service": len(self.services),
            "patient": len(self.patients),
            "appointment": self.appointments,
            "appointment_resource": self.appointment_resources,
            "invoice": self.invoices,
        }


def add_places(session: Session, clinic: LargeClinic, sites: int) -> None:
    """Services, sites, rooms, machines and people; their ids are kept in the clinic."""
    org: dict[str, Any] = {"organization_id": clinic.organization_id}
    session.add(AppUser(id=clinic.desk, display_name="Front desk", status=UserStatus.ACTIVE, **org))
    for service in SERVICES:
        made = ProductService(
            code=service.code,
            name=service.name,
            type=ProductType.SERVICE,
            unit_price=Decimal(service.price),
            duration_minutes=service.minutes,
            buffer_minutes=service.buffer,
            **org,
        )
        clinic.services.append(made.id)
        session.add(made)
    session.flush()
    desk_role = role_id(session, clinic.organization_id, BaselineRole.MANAGER)
    session.add(UserRole(user_id=clinic.desk, role_id=desk_role, **org))
    practitioner_role = role_id(session, clinic.organization_id, BaselineRole.PRACTITIONER)
    for site in range(sites):
        _add_site(session, clinic, site, practitioner_role)


def _add_site(session: Session, clinic: LargeClinic, site: int, practitioner_role: UUID) -> None:
    org: dict[str, Any] = {"organization_id": clinic.organization_id}
    location = ClinicLocation(name=f"Site {site + 1}", timezone=ZONE, **org)
    session.add(location)
    session.flush()
    here: dict[str, Any] = {"clinic_location_id": location.id, **org}
    clinic.sites.append(location.id)
    days = range(1, WORKDAYS + 1)
    session.add_all(LocationHours(weekday=day, opens=OPENS, closes=CLOSES, **here) for day in days)
    session.add(UserLocation(user_id=clinic.desk, **here))
    people = [
        AppUser(display_name=f"Practitioner {site + 1}-{number + 1:02}", status=UserStatus.ACTIVE, **org)
        for number in range(PRACTITIONERS)
    ]
    rooms = [
        LocationResource(type=ResourceType.ROOM, name=f"Room {number + 1:02}", category="consultation", **here)
        for number in range(PRACTITIONERS)
    ]
    machines = [
        LocationResource(type=ResourceType.EQUIPMENT, name=f"Machine {number + 1}", category="machine", **here)
        for number in range(MACHINES)
    ]
    session.add_all([*people, *rooms, *machines])
    session.flush()
    clinic.practitioners.append([one.id for one in people])
    clinic.rooms.append([one.id for one in rooms])
    clinic.machines.append([one.id for one in machines])
    rules = tuple(
        AvailabilityRule(clinic_location_id=location.id, weekday=day, starts=OPENS, ends=CLOSES) for day in days
    )
    for person in people:
        session.add(UserLocation(user_id=person.id, **here))
        session.add(UserRole(user_id=person.id, role_id=practitioner_role, **org))
        session.add(
            PractitionerProfile(user_id=person.id, availability_json=WeeklyAvailability(rules=rules).to_json(), **org)
        )
