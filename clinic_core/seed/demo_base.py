"""The demo clinic before its first patient: organisation, places, people and catalogue, and signing it over to people.

Written as the owner of the database, like every organisation made from the shell.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from clinic_core.access import Actor, load_actor, owner_work
from clinic_core.access.organization import FeeRule, OrganizationSettings
from clinic_core.auth.baseline import create_organization, role_id
from clinic_core.auth.passwords import hash_password
from clinic_core.errors import Conflict
from clinic_core.kit.ids import new_id
from clinic_core.kit.text import fold
from clinic_core.models import (
    AppUser,
    AssistantProfile,
    ClinicLocation,
    LocationHours,
    LocationResource,
    PractitionerProfile,
    ProductService,
    ServiceRequirement,
    UserLocation,
    UserRole,
)
from clinic_core.scheduling.schemas import AvailabilityRule, WeeklyAvailability
from clinic_core.seed.demo_clinic import CATALOGUE, LOCATIONS, STAFF, DemoItem, DemoLocation, DemoStaff
from clinic_core.vocabulary import BaselineRole, ProductType, ResourceType, UserStatus

USE_CASE = "seed.demo"
DEMO_PASSWORD = "try-the-demo-clinic"  # noqa: S105 (printed for everybody who starts the demo)
PORTAL_SIGN_IN = "patient"
SETTINGS = OrganizationSettings(
    due_days=14,
    letterhead="Demo Clinic\nAll people, contacts and amounts are invented.",
    tax_number="DEMO 00/000/00000",
    no_show_fee=FeeRule(kind="flat", amount=Decimal("40.00")),
    late_cancellation_fee=FeeRule(kind="percent", rate=Decimal("0.5")),
    offer_minutes=24 * 60,
)

# A run that was interrupted leaves its mark in the settings; the next one sets that clinic aside.
_SET_ASIDE = text(
    "update organization set name = name || :suffix"
    " where lower(name) = lower(:name) and settings_json ->> 'unfinished_demo' = 'true'"
)
_BEGUN = text(
    "update organization set settings_json = settings_json || jsonb_build_object('unfinished_demo', true)"
    " where id = :id"
)
_FINISHED = text("update organization set settings_json = settings_json - 'unfinished_demo' where id = :id")


@dataclass(frozen=True)
class DemoClinic:
    """The ids behind the keys of the plan."""

    organization_id: UUID
    locations: dict[str, UUID] = field(default_factory=dict)
    resources: dict[tuple[str, str], UUID] = field(default_factory=dict)
    users: dict[str, UUID] = field(default_factory=dict)
    items: dict[str, UUID] = field(default_factory=dict)

    def actor(self, sign_in: str) -> Actor:
        """The person as the door knows them."""
        return load_actor(self.organization_id, self.users[sign_in])


def demo_email(organization: str, sign_in: str) -> str:
    """The address with which a person of a demo clinic signs in; `.test` is reserved, nothing is ever delivered."""
    slug = "-".join("".join(sign if sign.isascii() and sign.isalnum() else " " for sign in fold(organization)).split())
    return f"{sign_in}@{slug or 'demo'}.test"


def is_demo_ready(organization: str) -> bool:
    """Whether a demo clinic of that name was made to the end: then its owner can sign in."""
    with owner_work(USE_CASE) as session:
        found = session.scalar(
            text("select 1 from auth_find_user(:email)"), {"email": demo_email(organization, "owner")}
        )
    return found is not None


def make_base(organization: str) -> DemoClinic:
    """The organisation with everything but patients; nobody can sign in before `hand_over`.

    One that an interrupted run left unfinished under that name is set aside under another.

    Raises:
        Conflict: an organisation of that name exists, or somebody signs in with an address of it.
    """
    with owner_work(USE_CASE) as session:
        for sign_in in _sign_ins():
            email = demo_email(organization, sign_in)
            if session.scalar(text("select 1 from auth_find_user(:email)"), {"email": email}):
                raise Conflict(f"A demo clinic with the sign-in {email} exists already; choose another name.")
        session.execute(_SET_ASIDE, {"name": organization.strip(), "suffix": f" (unfinished {new_id().hex[-8:]})"})
    clinic = DemoClinic(create_organization(organization, SETTINGS))
    with owner_work(USE_CASE, clinic.organization_id) as session:
        session.execute(_BEGUN, {"id": clinic.organization_id})
        for location in LOCATIONS:
            _add_location(session, clinic, location)
        _add_people(session, clinic)
        _add_catalogue(session, clinic)
    return clinic


def hand_over(clinic: DemoClinic, organization: str) -> dict[str, str]:
    """Gives everybody address and password; returns the addresses by role and part before the domain."""
    emails = {sign_in: demo_email(organization, sign_in) for sign_in in _sign_ins()}
    hashes = {sign_in: hash_password(DEMO_PASSWORD) for sign_in in emails}
    with owner_work(USE_CASE, clinic.organization_id) as session:
        for sign_in, email in emails.items():
            user = session.get_one(AppUser, clinic.users[sign_in])
            user.email, user.password_hash = email, hashes[sign_in]
        session.execute(_FINISHED, {"id": clinic.organization_id})
    return emails


def tell_planner(clinic: DemoClinic) -> None:
    """Lets PostgreSQL count the rows just written; plans made for empty tables cost ten times as much."""
    with owner_work(USE_CASE, clinic.organization_id) as session:
        session.execute(text("analyze"))


def _sign_ins() -> list[str]:
    return [*(person.sign_in for person in STAFF), PORTAL_SIGN_IN]


def _add_location(session: Session, clinic: DemoClinic, location: DemoLocation) -> None:
    organization_id = clinic.organization_id
    location_id = clinic.locations[location.key] = new_id()
    session.add(
        ClinicLocation(
            id=location_id,
            name=location.name,
            address=location.address,
            timezone=location.timezone,
            phone=location.phone,
            organization_id=organization_id,
        )
    )
    session.flush()
    for span in location.hours:
        session.add_all(
            LocationHours(
                clinic_location_id=location_id,
                weekday=weekday,
                opens=span.opens,
                closes=span.closes,
                organization_id=organization_id,
            )
            for weekday in span.weekdays
        )
    for kind, names in ((ResourceType.ROOM, location.rooms), (ResourceType.EQUIPMENT, location.equipment)):
        for name, category in names:
            resource_id = clinic.resources[location.key, name] = new_id()
            session.add(
                LocationResource(
                    id=resource_id,
                    clinic_location_id=location_id,
                    type=kind,
                    name=name,
                    category=category,
                    organization_id=organization_id,
                )
            )


def _add_people(session: Session, clinic: DemoClinic) -> None:
    organization_id = clinic.organization_id
    roles = {role: role_id(session, clinic.organization_id, role) for role in BaselineRole}
    people = [(person.sign_in, person.name, person.role) for person in STAFF]
    for sign_in, name, role in [*people, (PORTAL_SIGN_IN, "Portal patient", BaselineRole.PATIENT)]:
        user_id = clinic.users[sign_in] = new_id()
        session.add(AppUser(id=user_id, display_name=name, status=UserStatus.ACTIVE, organization_id=organization_id))
        session.flush()
        session.add(UserRole(user_id=user_id, role_id=roles[role], organization_id=organization_id))
    for person in STAFF:
        user_id = clinic.users[person.sign_in]
        session.add_all(
            UserLocation(user_id=user_id, clinic_location_id=clinic.locations[key], organization_id=organization_id)
            for key in person.locations
        )
        if person.role is BaselineRole.PRACTITIONER:
            session.add(
                PractitionerProfile(
                    user_id=user_id,
                    specialties_json=list(person.specialties),
                    license_number=person.license_number,
                    availability_json=_availability(clinic, person).to_json(),
                    organization_id=organization_id,
                )
            )
        if person.role is BaselineRole.ASSISTANT:
            session.add(
                AssistantProfile(
                    user_id=user_id,
                    department=person.department,
                    duties_json=list(person.duties),
                    organization_id=organization_id,
                )
            )


def _availability(clinic: DemoClinic, person: DemoStaff) -> WeeklyAvailability:
    rules = tuple(
        AvailabilityRule(
            clinic_location_id=clinic.locations[shift.location],
            weekday=weekday,
            starts=shift.span.opens,
            ends=shift.span.closes,
        )
        for shift in person.shifts
        for weekday in shift.span.weekdays
    )
    return WeeklyAvailability(rules=rules)


def _add_catalogue(session: Session, clinic: DemoClinic) -> None:
    for item in CATALOGUE:
        item_id = clinic.items[item.code] = new_id()
        session.add(
            ProductService(
                id=item_id,
                organization_id=clinic.organization_id,
                code=item.code,
                name=item.name,
                type=item.type,
                unit_price=item.price,
                tax_rate=item.tax_rate,
                duration_minutes=item.minutes,
                buffer_minutes=item.buffer,
                color=item.color,
                bookable_online=item.online,
            )
        )
    session.flush()
    session.add_all(
        ServiceRequirement(
            organization_id=clinic.organization_id,
            product_service_id=clinic.items[item.code],
            resource_type=kind,
            category=category,
        )
        for item in CATALOGUE
        for kind, category in _needs(item)
    )


def _needs(item: DemoItem) -> list[tuple[ResourceType, str]]:
    """A room for every service, a treatment room for most, and the device that some are named after."""
    if item.type is not ProductType.SERVICE:
        return []
    device = [(ResourceType.EQUIPMENT, item.equipment)] if item.equipment else []
    return [(ResourceType.ROOM, item.room), *device]
