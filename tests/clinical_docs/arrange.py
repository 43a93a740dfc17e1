"""Charts to test with: appointments at any time, visits begun and written through the use cases."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import text

from clinic_core.access import owner_work, perform, unit_of_work
from clinic_core.clinical_docs.schemas import SaveVisit, SignVisit, SoapNotes, StartVisit, VisitRow
from clinic_core.clinical_docs.service import save_visit, sign_visit, start_visit
from clinic_core.kit.clock import now
from clinic_core.kit.ids import new_id
from clinic_core.models import Appointment
from clinic_core.vocabulary import AppointmentStatus, CancelledBy
from tests.factories import Clinic, make_patient

SECRET = "Quokkafieber"
NOTE = SoapNotes(subjective=f"Tired since Monday, fears {SECRET}.", plan="Rest.\nCome back in a week.")


def make_appointment(
    clinic: Clinic,
    patient_id: UUID,
    *,
    days: float = -1,
    practitioner: str = "practitioner",
    status: AppointmentStatus = AppointmentStatus.COMPLETED,
    case_id: UUID | None = None,
) -> UUID:
    """An appointment that many days from now (the past by default), straight into the table."""
    appointment_id = new_id()
    starts_at = now() + timedelta(days=days)
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.add(
            Appointment(
                id=appointment_id,
                organization_id=clinic.organization_id,
                patient_id=patient_id,
                practitioner_user_id=clinic.users[practitioner],
                clinic_location_id=clinic.main,
                product_service_id=clinic.service,
                starts_at=starts_at,
                ends_at=starts_at + timedelta(minutes=30),
                status=status,
                cancelled_by=CancelledBy.CLINIC if status is AppointmentStatus.CANCELLED else None,
                case_id=case_id,
            )
        )
    return appointment_id


@dataclass(frozen=True)
class Chart:
    """A patient with one visit by the practitioner."""

    clinic: Clinic
    patient_id: UUID
    appointment_id: UUID
    visit: VisitRow

    def saved(self, notes: SoapNotes = NOTE, *, version: int | None = None, role: str = "practitioner") -> VisitRow:
        """The note saved on top of the newest version, or of the one given."""
        request = SaveVisit(visit_id=self.visit.id, notes=notes, version=version or self.version())
        return perform(self.clinic.actor(role), save_visit, request)

    def signed(self) -> VisitRow:
        """The note signed as it stands."""
        request = SignVisit(visit_id=self.visit.id, version=self.version())
        return perform(self.clinic.actor("practitioner"), sign_visit, request)

    def version(self) -> int:
        """The version of the visit's row."""
        with unit_of_work(self.clinic.actor("practitioner")) as work:
            found = work.session.execute(text("select version from visit where id = :id"), {"id": self.visit.id})
            return int(found.scalar_one())


def make_chart(clinic: Clinic) -> Chart:
    """A visit just begun from yesterday's appointment."""
    patient_id = make_patient(clinic)
    appointment_id = make_appointment(clinic, patient_id)
    visit = perform(clinic.actor("practitioner"), start_visit, StartVisit(appointment_id=appointment_id))
    return Chart(clinic, patient_id, appointment_id, visit)


def in_care_team(clinic: Clinic, patient_id: UUID, role: str = "second_practitioner") -> None:
    """Let a colleague treat the patient too, by an appointment next week."""
    make_appointment(clinic, patient_id, days=7, practitioner=role, status=AppointmentStatus.BOOKED)


def audit_log(clinic: Clinic, use_case: str) -> list[tuple[str, str, UUID | None, dict[str, object]]]:
    """What a use case left in the audit log: entity type, action, entity, diff; oldest first."""
    with unit_of_work(clinic.actor("admin")) as work:
        rows = work.session.execute(
            text(
                "select entity_type, action, entity_id, diff_json from audit_log where use_case = :name"
                " order by created_at, entity_type"
            ),
            {"name": use_case},
        )
        return [(row.entity_type, row.action, row.entity_id, row.diff_json) for row in rows]
