"""What all reports share: the locations and people they are about, their days as instants, and how they explain it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    DateTime,
    RowMapping,
    Select,
    SQLColumnExpression,
    String,
    Values,
    and_,
    case,
    column,
    func,
    true,
    values,
)
from sqlalchemy.orm import Session
from sqlmodel import col, select

from clinic_core.access import Actor, Permission
from clinic_core.access.scope import appointments_in_scope, patients_in_scope
from clinic_core.analytics.schemas import Explanation, PeriodFilter
from clinic_core.errors import InvalidInput, NotFound
from clinic_core.kit.calendar import local_date, range_bounds, zone
from clinic_core.kit.clock import now
from clinic_core.kit.formats import person_name
from clinic_core.models import Appointment, AppUser, ClinicLocation, Patient
from clinic_core.vocabulary import Scope

AnySelect = Select[*tuple[Any, ...]]

LONGEST_PERIOD = timedelta(days=3660)


@dataclass(frozen=True)
class Place:
    """A location as reports need it."""

    id: UUID
    name: str
    timezone: str


@dataclass(frozen=True)
class Filters:
    """The locations a report is about (the chosen one, or all that the reader reaches) and the chosen person."""

    places: tuple[Place, ...]
    one_location: bool
    practitioner: str | None

    @property
    def zones(self) -> tuple[str, ...]:
        """The time zones of the locations, each once."""
        return tuple(sorted({place.timezone for place in self.places}))

    @property
    def today(self) -> date:
        """The date at the locations; where they disagree, the later one, so that no paper issued today is left out."""
        return max((local_date(now(), zone(name)) for name in self.zones), default=now().date())

    def explain(self, definition: str, date_basis: str) -> Explanation:
        """The explanation of a figure made with these filters."""
        chosen = [f"Location: {self.places[0].name}"] if self.one_location else []
        chosen += [f"Practitioner: {self.practitioner}"] if self.practitioner else []
        return Explanation(
            definition=definition, date_basis=date_basis, zones=self.zones, filters=tuple(chosen), computed_at=now()
        )


def read_filters(
    session: Session,
    actor: Actor,
    permission: Permission,
    *,
    clinic_location_id: UUID | None,
    practitioner_user_id: UUID | None,
) -> Filters:
    """Look up what the filters name.

    Raises: NotFound for a location or practitioner that does not exist, or that the reader's scope leaves out.
    """
    statement = select(col(ClinicLocation.id), col(ClinicLocation.name), col(ClinicLocation.timezone)).where(
        col(ClinicLocation.organization_id) == actor.organization_id
    )
    if clinic_location_id is not None:
        statement = statement.where(col(ClinicLocation.id) == clinic_location_id)
    if actor.scope(permission) is Scope.LOCATION:
        statement = statement.where(col(ClinicLocation.id).in_(actor.location_ids))
    places = tuple(Place(*row) for row in session.execute(statement.order_by(col(ClinicLocation.name))))
    if clinic_location_id is not None and not places:
        raise NotFound("This location does not exist.")
    practitioner = None
    if practitioner_user_id is not None:
        found = session.get(AppUser, practitioner_user_id)
        if found is None or (actor.scope(permission) is Scope.OWN and found.id != actor.user_id):
            raise NotFound("This practitioner does not exist.")
        practitioner = found.display_name
    return Filters(places, clinic_location_id is not None, practitioner)


def check_period(request: PeriodFilter) -> None:
    """Refuse a period that ends before it begins or is longer than ten years."""
    if request.last_day < request.first_day:
        raise InvalidInput(f"The period ends ({request.last_day}) before it begins ({request.first_day}).")
    if request.last_day - request.first_day > LONGEST_PERIOD:
        raise InvalidInput("A report covers at most ten years; choose a shorter period.")


def period_filters(session: Session, actor: Actor, permission: Permission, request: PeriodFilter) -> Filters:
    """The filters of a report over a period, after a look at the period.

    Raises:
        InvalidInput: the period ends before it begins or is too long.
        NotFound: as `read_filters`.
    """
    check_period(request)
    return read_filters(
        session,
        actor,
        permission,
        clinic_location_id=request.clinic_location_id,
        practitioner_user_id=request.practitioner_user_id,
    )


def period_values(zones: Sequence[str], first_day: date, last_day: date) -> Values:
    """The period as instants for each zone, to be joined by `timezone`: columns timezone, begins_at, ends_at."""
    rows = [(name, *range_bounds(first_day, last_day, zone(name))) for name in zones]
    return values(
        column("timezone", String),
        column("begins_at", DateTime(timezone=True)),
        column("ends_at", DateTime(timezone=True)),
        name="period",
    ).data(rows)


def share(part: int, whole: int) -> Decimal | None:
    """A rate as a fraction with six decimals; None where there is nothing to divide by."""
    return (Decimal(part) / Decimal(whole)).quantize(Decimal("0.000001")) if whole else None


def at_places(location_id: SQLColumnExpression[UUID], filters: Filters) -> ColumnElement[bool]:
    """The rows of the chosen location; all rows when none is chosen."""
    return location_id == filters.places[0].id if filters.one_location else true()


def appointments_in_period(statement: AnySelect, actor: Actor, request: PeriodFilter, filters: Filters) -> AnySelect:
    """The appointments of the period in reach, each location by its own days, by the index on location and start."""
    period = period_values(filters.zones, request.first_day, request.last_day)
    found = (
        statement.join(ClinicLocation, col(ClinicLocation.id) == col(Appointment.clinic_location_id))
        .join(
            period,
            and_(
                period.c.timezone == col(ClinicLocation.timezone),
                col(Appointment.starts_at) >= period.c.begins_at,
                col(Appointment.starts_at) < period.c.ends_at,
            ),
        )
        .where(
            col(Appointment.organization_id) == actor.organization_id,
            col(Appointment.deleted_at).is_(None),
            appointments_in_scope(actor, Permission.REPORT_VIEW),
            at_places(col(Appointment.clinic_location_id), filters),
        )
    )
    if request.practitioner_user_id is not None:
        found = found.where(col(Appointment.practitioner_user_id) == request.practitioner_user_id)
    return found


def patient_columns(actor: Actor) -> tuple[ColumnElement[str], ...]:
    """The code and the parts of the name of the joined patient, for `name_of`; the name only for who may see it."""
    seen = patients_in_scope(actor, Permission.PATIENT_READ)
    return (
        col(Patient.code).label("patient_code"),
        case((seen, col(Patient.first_name)), else_="").label("first"),
        case((seen, col(Patient.last_name)), else_="").label("last"),
        case((seen, col(Patient.preferred_name)), else_=None).label("preferred"),
    )


def with_name(row: RowMapping) -> Mapping[str, object]:
    """The columns of a row with `patient_name` made of those of `patient_columns`."""
    return {**row, "patient_name": person_name(row["first"], row["last"], row["preferred"])}


def amount_of(total: SQLColumnExpression[Decimal]) -> ColumnElement[Decimal]:
    """The sum of a column of amounts, zero when there are no rows."""
    return func.coalesce(func.sum(total), 0)
