"""What manager and desk of the demo clinic have arranged in the calendar: all of it through the use cases of the app.

Closed days and absences, series booked ahead and changed by hand, a practitioner who called in sick for one of the
next days, a waived fee, reminders. Who waits is in `demo_waiting`, what was booked against the rules in
`demo_overrides`.
"""

from collections import Counter
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from clinic_core.access import Work, owner_work, unit_of_work
from clinic_core.access.actor import system_actor_of
from clinic_core.kit.calendar import day_bounds
from clinic_core.kit.clock import frozen_at
from clinic_core.models import Appointment, Patient
from clinic_core.notifications.addressee import choose_channel
from clinic_core.notifications.schemas import PlanReminder
from clinic_core.notifications.service import (
    cancel_with_reminders,
    extend_series_with_reminders,
    move_with_reminders,
    plan_reminder,
)
from clinic_core.scheduling.queries import find_slots, get_appointment, get_series, list_fees
from clinic_core.scheduling.schemas import (
    AddAbsence,
    AddClosure,
    AddOutage,
    CancelAppointment,
    ExtendSeries,
    FindSlots,
    GetAppointment,
    GetSeries,
    ListFees,
    MoveAppointment,
    WaiveFee,
)
from clinic_core.scheduling.service import add_absence, add_closure, add_outage, waive_fee
from clinic_core.scheduling.transitions import EXPECTED
from clinic_core.seed.demo_appointment import place
from clinic_core.seed.demo_base import USE_CASE, DemoClinic
from clinic_core.seed.demo_calendar import DESKS, FEES_SINCE, DemoRecords
from clinic_core.seed.demo_clinic import LOCATIONS
from clinic_core.seed.demo_overrides import book_against_rules
from clinic_core.seed.demo_plan import DemoPlan
from clinic_core.seed.demo_series import SERIES, TO_BE_CHANGED
from clinic_core.seed.demo_waiting import keep_waiting_list
from clinic_core.vocabulary import AbsenceKind, CancelledBy, FeeKind

SICK_WITHIN_DAYS = 4
REMINDED_BEFORE = timedelta(hours=24)


def arrange_calendar(clinic: DemoClinic, plan: DemoPlan, records: DemoRecords) -> None:
    """Everything about the calendar that a plan cannot know, in the order in which it comes about."""
    with frozen_at(plan.as_of):
        with unit_of_work(clinic.actor("manager")) as work:
            _announce(work, clinic, plan)
        _book_series_ahead(clinic)
        with unit_of_work(clinic.actor(DESKS["lisbon"])) as work:
            _change_series(work, clinic, plan, records)
    book_against_rules(clinic, plan, records)
    keep_waiting_list(clinic, plan, records)
    with frozen_at(plan.as_of), unit_of_work(clinic.actor("manager")) as work:
        _remind(work, clinic, plan)
        _call_in_sick(work, clinic, plan)
        _waive_one(work, plan)


def _announce(work: Work, clinic: DemoClinic, plan: DemoPlan) -> None:
    for closed in plan.away.closures:
        location_id = clinic.locations[closed.location] if closed.location else None
        add_closure(
            work,
            AddClosure(clinic_location_id=location_id, starts_on=closed.day, ends_on=closed.day, name=closed.name),
        )
    for away in plan.away.absences:
        add_absence(
            work,
            AddAbsence(
                user_id=clinic.users[away.practitioner],
                starts_at=away.during.start,
                ends_at=away.during.end,
                kind=away.kind,
                reason=away.reason,
            ),
        )
    for outage in plan.away.outages:
        add_outage(
            work,
            AddOutage(
                resource_id=clinic.resources[outage.location, outage.resource],
                starts_at=outage.during.start,
                ends_at=outage.during.end,
                reason=outage.reason,
            ),
        )


def _book_series_ahead(clinic: DemoClinic) -> None:
    """What the nightly job does, until no series is left behind the horizon."""
    with unit_of_work(system_actor_of(clinic.organization_id)) as work:
        while extend_series_with_reminders(work, ExtendSeries()).series_id is not None:
            pass


def _change_series(work: Work, clinic: DemoClinic, plan: DemoPlan, records: DemoRecords) -> None:
    """Of one series the next date is moved by hand, and the one after it called off by the patient."""
    rule = next(one for one in SERIES if one.key == TO_BE_CHANGED)
    series = get_series(work, GetSeries(series_id=records.series[rule.key]))
    ahead = [
        one for one in series.occurrences if one.status in EXPECTED and one.starts_at > plan.as_of + timedelta(days=1)
    ]
    moved, called_off = sorted(ahead, key=lambda one: one.starts_at)[:2]
    resource_ids = (clinic.resources[rule.location, rule.room],)
    slot = find_slots(
        work,
        FindSlots(
            clinic_location_id=clinic.locations[rule.location],
            product_service_id=clinic.items[rule.service],
            practitioner_ids=(clinic.users[rule.practitioner],),
            resource_ids=resource_ids,
            starts_from=moved.starts_at + timedelta(hours=12),
            patient_id=series.patient_id,
            moved_appointment_id=moved.id,
            limit=1,
        ),
    )[0]
    version = get_appointment(work, GetAppointment(appointment_id=moved.id)).version
    move_with_reminders(
        work,
        MoveAppointment(appointment_id=moved.id, starts_at=slot.starts_at, ends_at=slot.ends_at, version=version),
    )
    cancel_with_reminders(
        work,
        CancelAppointment(
            appointment_id=called_off.id, cancelled_by=CancelledBy.PATIENT, reason="Is on holiday that week."
        ),
    )


def _remind(work: Work, clinic: DemoClinic, plan: DemoPlan) -> None:
    """A reminder the day before, for everybody who is expected and can be written to."""
    for appointment_id, patient, starts_at in _expected(clinic, plan):
        channel, obstacle = choose_channel(patient)
        if obstacle is None:
            reminder = PlanReminder(
                appointment_id=appointment_id, channel=channel, scheduled_at=starts_at - REMINDED_BEFORE
            )
            plan_reminder(work, reminder)


def _expected(clinic: DemoClinic, plan: DemoPlan) -> list[tuple[UUID, Patient, datetime]]:
    statement = (
        select(col(Appointment.id), Patient, col(Appointment.starts_at))
        .join(Patient, col(Patient.id) == col(Appointment.patient_id))
        .where(
            col(Appointment.organization_id) == clinic.organization_id,
            col(Appointment.status).in_(EXPECTED),
            col(Appointment.starts_at) > plan.as_of + REMINDED_BEFORE,
        )
        .order_by(col(Appointment.starts_at), col(Appointment.id))
    )
    with owner_work(USE_CASE, clinic.organization_id) as session:
        found = [(row[0], row[1], row[2]) for row in session.execute(statement).all()]
        session.expunge_all()
    return found


def _call_in_sick(work: Work, clinic: DemoClinic, plan: DemoPlan) -> None:
    """The busiest practitioner at the main location on the next day on which anybody works there cannot come."""
    main = LOCATIONS[0].key
    for offset in range(1, SICK_WITHIN_DAYS):
        during = day_bounds(plan.today + timedelta(days=offset), place(main))
        busy = Counter(
            one.practitioner
            for one in plan.appointments
            if one.location == main and one.status in EXPECTED and during.start <= one.starts_at < during.end
        )
        if busy:
            add_absence(
                work,
                AddAbsence(
                    user_id=clinic.users[min(busy, key=lambda one: (-busy[one], one))],
                    starts_at=during.start,
                    ends_at=during.end,
                    kind=AbsenceKind.SICK,
                    reason="Called in sick",
                ),
            )
            return


def _waive_one(work: Work, plan: DemoPlan) -> None:
    """The oldest of the no-shows whose fee is proposed had a good reason."""
    fees = list_fees(work, ListFees(starts_from=plan.as_of - FEES_SINCE, starts_before=plan.as_of))
    missed = [fee for fee in fees if fee.kind is FeeKind.NO_SHOW] or fees
    if missed:
        fee = min(missed, key=lambda one: (one.starts_at, one.patient_code))
        waive_fee(
            work, WaiveFee(appointment_fee_id=fee.id, reason="Was taken to hospital that morning.", version=fee.version)
        )
