"""Writes the patients and the calendar of the demo plan, series and fees included.

Patients are registered through the app's use case. Months of calendar cannot be, as nobody books in the past: they are
written as the owner of the database in sets, in the name of the desk; the triggers guard and audit them all the same.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import bindparam, insert, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from clinic_core.access import owner_work, unit_of_work
from clinic_core.kit.calendar import day_bounds
from clinic_core.kit.formats import person_name
from clinic_core.kit.ids import new_id
from clinic_core.models import (
    Appointment,
    AppointmentFee,
    AppointmentResource,
    AppointmentSeries,
    AppointmentSeriesResource,
    AppUser,
    ClinicalCase,
    Patient,
)
from clinic_core.patients.schemas import Address, ConsentDecision, EmergencyContact, Insurance, RegisterPatient
from clinic_core.patients.service import register_patient
from clinic_core.scheduling.fees import fee_amount
from clinic_core.seed.demo_appointment import PlannedAppointment, place
from clinic_core.seed.demo_base import PORTAL_SIGN_IN, SETTINGS, USE_CASE, DemoClinic
from clinic_core.seed.demo_people import PlannedPatient
from clinic_core.seed.demo_plan import DemoPlan
from clinic_core.vocabulary import AppointmentStatus, CaseStatus, ConsentKind, FeeKind

Item = TypeVar("Item")

ROWS_AT_ONCE = 60
FEES_SINCE = timedelta(days=21)
DESKS = {"berlin": "desk.berlin", "lisbon": "desk.lisbon"}

_ACTOR = text("select set_config('clinic.actor_id', :actor, true)")
_OUTCOMES = text(
    """
    update appointment a set status = o.status, status_at = o.status_at
    from jsonb_to_recordset(:rows) as o (id uuid, status text, status_at timestamptz)
    where a.organization_id = :organization and a.id = o.id
    """
).bindparams(bindparam("rows", type_=JSONB))


@dataclass
class DemoRecords:
    """The ids of what was written: patients and appointments by index, series by key, cases by who met."""

    patients: list[UUID] = field(default_factory=list)
    appointments: dict[int, UUID] = field(default_factory=dict)
    cases: dict[tuple[int, str], UUID] = field(default_factory=dict)
    visits: dict[int, UUID] = field(default_factory=dict)
    series: dict[str, UUID] = field(default_factory=dict)


def register_patients(clinic: DemoClinic, patients: Sequence[PlannedPatient], records: DemoRecords) -> None:
    """Registers everybody; the first one gets portal access."""
    with unit_of_work(clinic.actor("admin")) as work:
        records.patients = [register_patient(work, _registration(clinic, patient)).id for patient in patients]
    with owner_work(USE_CASE, clinic.organization_id) as session:
        session.get_one(Patient, records.patients[0]).user_id = clinic.users[PORTAL_SIGN_IN]
        portal = session.get_one(AppUser, clinic.users[PORTAL_SIGN_IN])
        portal.display_name = person_name(patients[0].first_name, patients[0].last_name)


def write_calendar(clinic: DemoClinic, plan: DemoPlan, records: DemoRecords) -> None:
    """Cases and appointments: first what was called off, then everything else as booked, then what came of it."""
    records.appointments = {one.index: new_id() for one in plan.appointments}
    with owner_work(USE_CASE, clinic.organization_id) as session:
        _write_cases(session, clinic, plan, records)
        _write_series(session, clinic, plan, records)
        for location, desk in DESKS.items():
            write_in_the_name_of(session, clinic, desk)
            here = [one for one in plan.appointments if one.location == location]
            cancelled = [one for one in here if one.status is AppointmentStatus.CANCELLED]
            kept = [one for one in here if one.status is not AppointmentStatus.CANCELLED]
            for some in (*in_batches(cancelled), *in_batches(kept)):
                session.execute(insert(Appointment).values([_appointment(clinic, plan, records, one) for one in some]))
            for rows in in_batches([row for one in here for row in _resources(clinic, records, one)]):
                session.execute(insert(AppointmentResource).values(rows))
            outcomes = [_outcome(records, one) for one in kept if one.status_at]
            session.execute(_OUTCOMES, {"rows": outcomes, "organization": clinic.organization_id})
            session.add_all(_fees(clinic, plan, records, here))


def write_in_the_name_of(session: Session, clinic: DemoClinic, sign_in: str) -> None:
    """Lets stamps and audit name the person who would have done what follows."""
    session.execute(_ACTOR, {"actor": str(clinic.users[sign_in])})


def in_batches(items: Sequence[Item]) -> Iterator[list[Item]]:
    """The items in lists that fit one statement."""
    for start in range(0, len(items), ROWS_AT_ONCE):
        yield list(items[start : start + ROWS_AT_ONCE])


def _registration(clinic: DemoClinic, patient: PlannedPatient) -> RegisterPatient:
    number = f"DEMO-{patient.index + 1:04}"
    return RegisterPatient(
        first_name=patient.first_name,
        last_name=patient.last_name,
        preferred_name=patient.preferred_name,
        dob=patient.dob,
        sex=patient.sex,
        phone=patient.phone,
        email=patient.email,
        address=Address(street=patient.street, postal_code="00000", city="Demo City", country="Demo Country"),
        emergency_contact=EmergencyContact(name="Erika Example", relation="Friend", phone="+49 30 23125 999"),
        insurance=Insurance(payer=patient.payer, plan="Standard", number=number) if patient.payer else Insurance(),
        alerts=patient.alerts,
        referral_source=patient.referral,
        clinic_location_id=clinic.locations[patient.location],
        consents=tuple(
            ConsentDecision(kind=kind, granted=kind is not ConsentKind.MARKETING, text_version="demo")
            for kind in ConsentKind
        ),
    )


def _write_cases(session: Session, clinic: DemoClinic, plan: DemoPlan, records: DemoRecords) -> None:
    """One case for each patient and practitioner who met; closed for patients who left."""
    met: dict[tuple[int, str], list[PlannedAppointment]] = {}
    for one in plan.appointments:
        if one.attended:
            met.setdefault((one.patient, one.practitioner), []).append(one)
    for (index, practitioner), appointments in met.items():
        patient = plan.patients[index]
        is_over = patient.leaves_on < plan.as_of.date()
        complaint = patient.complaint
        case_id = records.cases[index, practitioner] = new_id()
        session.add(
            ClinicalCase(
                id=case_id,
                organization_id=clinic.organization_id,
                patient_id=records.patients[index],
                practitioner_user_id=clinic.users[practitioner],
                title=complaint.text,
                diagnosis_json=[{"system": "ICD-10", "code": complaint.code, "text": complaint.text}],
                status=CaseStatus.CLOSED if is_over else CaseStatus.OPEN,
                opened_at=appointments[0].starts_at,
                closed_at=appointments[-1].ends_at if is_over else None,
            )
        )
    session.flush()


def _write_series(session: Session, clinic: DemoClinic, plan: DemoPlan, records: DemoRecords) -> None:
    """The rules, booked up to the end of the day of the plan; the horizon job goes on from there."""
    for one in plan.series:
        rule = one.rule
        series_id = records.series[rule.key] = new_id()
        session.add(
            AppointmentSeries(
                id=series_id,
                organization_id=clinic.organization_id,
                patient_id=records.patients[one.patient],
                practitioner_user_id=clinic.users[rule.practitioner],
                clinic_location_id=clinic.locations[rule.location],
                product_service_id=clinic.items[rule.service],
                case_id=records.cases.get((one.patient, rule.practitioner)),
                note=rule.note,
                rrule=rule.rrule,
                starts_at_wall=one.starts_at_wall,
                timezone=place(rule.location).key,
                duration_minutes=one.service.minutes or 0,
                materialised_until=day_bounds(plan.today, place(rule.location)).end,
            )
        )
        session.flush()
        session.add(
            AppointmentSeriesResource(
                organization_id=clinic.organization_id,
                series_id=series_id,
                resource_id=clinic.resources[rule.location, rule.room],
            )
        )
    session.flush()


def _fees(
    clinic: DemoClinic, plan: DemoPlan, records: DemoRecords, appointments: Sequence[PlannedAppointment]
) -> Iterator[AppointmentFee]:
    """What the rules of the clinic propose for the no-shows and late cancellations of the last weeks."""
    rules = {FeeKind.NO_SHOW: SETTINGS.no_show_fee, FeeKind.LATE_CANCELLATION: SETTINGS.late_cancellation_fee}
    for one in appointments:
        if one.starts_at < plan.as_of - FEES_SINCE:
            continue
        kind = FeeKind.NO_SHOW if one.status is AppointmentStatus.NO_SHOW else None
        kind = FeeKind.LATE_CANCELLATION if one.cancelled_late else kind
        if kind:
            yield AppointmentFee(
                organization_id=clinic.organization_id,
                appointment_id=records.appointments[one.index],
                patient_id=records.patients[one.patient],
                kind=kind,
                amount=fee_amount(rules[kind], one.service.price),
            )


def _appointment(clinic: DemoClinic, plan: DemoPlan, records: DemoRecords, one: PlannedAppointment) -> dict[str, Any]:
    booked_at = min(one.starts_at - timedelta(days=3 + one.index * 7 % 25), plan.as_of - timedelta(hours=1))
    is_cancelled = one.status is AppointmentStatus.CANCELLED
    return {
        "id": records.appointments[one.index],
        "organization_id": clinic.organization_id,
        "patient_id": records.patients[one.patient],
        "practitioner_user_id": clinic.users[one.practitioner],
        "clinic_location_id": clinic.locations[one.location],
        "product_service_id": clinic.items[one.service.code],
        "case_id": records.cases.get((one.patient, one.practitioner)),
        "series_id": records.series.get(one.series),
        "original_starts_at": one.starts_at if one.series else None,
        "starts_at": one.starts_at,
        "ends_at": one.ends_at,
        "buffer_minutes": one.service.buffer,
        "status": one.status if is_cancelled else AppointmentStatus.BOOKED,
        "status_at": one.status_at if is_cancelled else booked_at,
        "cancelled_by": one.cancelled_by,
        "cancelled_late": one.cancelled_late,
        "cancel_reason": one.cancel_reason or None,
        "note": one.note,
    }


def _resources(clinic: DemoClinic, records: DemoRecords, one: PlannedAppointment) -> list[dict[str, Any]]:
    return [
        {
            "id": new_id(),
            "organization_id": clinic.organization_id,
            "appointment_id": records.appointments[one.index],
            "resource_id": clinic.resources[one.location, name],
        }
        for name in (one.room, one.equipment)
        if name
    ]


def _outcome(records: DemoRecords, one: PlannedAppointment) -> dict[str, str | None]:
    return {
        "id": str(records.appointments[one.index]),
        "status": one.status.value,
        "status_at": one.status_at.isoformat() if one.status_at else None,
    }
