"""Closing days: what is signed, and what is refused at the location from then on (B10)."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from clinic_core.access import perform
from clinic_core.billing.queries import day_to_close, list_closings
from clinic_core.billing.schemas import (
    CloseDay,
    DayToClose,
    ListClosings,
    OpenPointKind,
    RefundReceipt,
    ReopenClosing,
)
from clinic_core.billing.service import (
    record_receipt,
    refund_receipt,
    reopen_closing,
)
from clinic_core.errors import Conflict, InvalidInput, NotFound, PermissionDenied, StaleEdit
from clinic_core.kit.calendar import local_date, zone
from clinic_core.kit.clock import frozen_at, now
from clinic_core.kit.ids import new_id
from clinic_core.scheduling.schemas import BookAppointment
from clinic_core.scheduling.service import book_appointment
from clinic_core.vocabulary import AppointmentStatus, ClosingKind, PaymentMethod
from tests.billing.arrange import attended, audited, draft, issued, line, priced, read, receipt
from tests.billing.closings import CARD, CASH, DAY, NOVEMBER, OCTOBER, of_day, opened, said, signed
from tests.factories import Clinic, make_patient


@pytest.fixture
def in_october() -> Iterator[None]:
    with frozen_at(OCTOBER):
        yield


def test_a_closed_day_keeps_what_was_expected_and_counted(clinic: Clinic, in_october: None) -> None:
    patient, assistant = make_patient(clinic), clinic.actor("assistant")
    perform(assistant, record_receipt, receipt(patient, "50"))
    perform(assistant, record_receipt, receipt(patient, "20.50", method=CARD))
    perform(assistant, record_receipt, receipt(patient, "9", method=PaymentMethod.TRANSFER))
    figures = of_day(signed(clinic, (CASH, "49.00"), (CARD, "20.50"), note="One euro fell behind the desk"))
    assert {each.method: (each.expected, each.counted, each.difference) for each in figures.methods} == {
        CASH: (Decimal("50.00"), Decimal("49.00"), Decimal("-1.00")),
        CARD: (Decimal("20.50"), Decimal("20.50"), Decimal("0.00")),
        PaymentMethod.TRANSFER: (Decimal("9.00"), None, None),
    }
    assert (figures.expected, figures.counted, figures.difference) == (
        Decimal("79.50"),
        Decimal("69.50"),
        Decimal("-1.00"),
    )
    (row,) = perform(assistant, list_closings, ListClosings())
    assert (row.closed_by, row.location_name, row.figures) == ("Assistant", "Main street", figures)
    assert ("closing", "insert", clinic.users["assistant"]) in audited(clinic, "day.close")


def test_a_difference_needs_a_note_also_where_differences_cancel(clinic: Clinic, in_october: None) -> None:
    patient = make_patient(clinic)
    perform(clinic.actor("assistant"), record_receipt, receipt(patient, "50", method=CARD))
    with pytest.raises(InvalidInput, match="note"):
        signed(clinic, (CASH, "50"), (CARD, "0"))
    assert signed(clinic, (CASH, "50"), (CARD, "0"), note="Typed as card").version == 1


def test_cash_is_always_counted_and_each_method_once(clinic: Clinic) -> None:
    with pytest.raises(InvalidInput, match="cash"):
        CloseDay(clinic_location_id=clinic.main, day=DAY, counted=((CARD, Decimal(0)),))
    with pytest.raises(InvalidInput, match="twice"):
        CloseDay(clinic_location_id=clinic.main, day=DAY, counted=((CASH, Decimal(0)), (CASH, Decimal(1))))


def test_a_day_is_closed_once_and_not_before_it_has_come_at_its_place(clinic: Clinic) -> None:
    with frozen_at(datetime(2026, 10, 13, 23, 0, tzinfo=UTC)):  # the 14th in Berlin, still the 13th in New York
        with pytest.raises(Conflict, match="has not come at Harbour"):
            signed(clinic, role="manager", clinic_location_id=clinic.branch)
        signed(clinic)
        with pytest.raises(Conflict, match="14 Oct 2026 is closed at Main street already"):
            signed(clinic)
        signed(clinic, role="manager", clinic_location_id=clinic.branch, day=DAY - timedelta(days=1))


def test_a_form_sent_twice_closes_once(clinic: Clinic, in_october: None) -> None:
    request_id = new_id()
    assert signed(clinic, request_id=request_id) == signed(clinic, request_id=request_id)
    assert len(perform(clinic.actor("assistant"), list_closings, ListClosings())) == 1


def test_what_a_day_leaves_open_is_listed_and_counted(clinic: Clinic) -> None:
    patient, assistant = make_patient(clinic), clinic.actor("assistant")
    booking = BookAppointment(
        patient_id=patient,
        practitioner_user_id=clinic.users["practitioner"],
        clinic_location_id=clinic.main,
        starts_at=OCTOBER + timedelta(hours=1),
        ends_at=OCTOBER + timedelta(hours=2),
    )
    with frozen_at(OCTOBER):
        booked = perform(assistant, book_appointment, booking)
    with frozen_at(NOVEMBER):
        attended(clinic, patient, service=clinic.service, visited_at=OCTOBER)
        other = make_patient(clinic, first_name="Bo")
        charged = attended(clinic, other, service=clinic.service, visited_at=OCTOBER + timedelta(hours=4))
        issued(clinic, other, line(clinic, visit_id=charged))
        attended(clinic, patient, service=clinic.service, visited_at=OCTOBER + timedelta(days=1))
        wanted = DayToClose(clinic_location_id=clinic.main, day=DAY)
        found = perform(assistant, day_to_close, wanted)
        assert [(point.kind, point.at, point.status) for point in found.points] == [
            (OpenPointKind.UNFINISHED, booking.starts_at, AppointmentStatus.BOOKED),
            (OpenPointKind.UNINVOICED, OCTOBER, AppointmentStatus.COMPLETED),
        ]
        assert (found.points[0].id, found.points[0].patient_id) == (booked.id, patient)
        assert (found.figures.unfinished, found.figures.uninvoiced, found.closing) == (1, 1, None)
        closing = signed(clinic)
        assert (of_day(closing).unfinished, of_day(closing).uninvoiced) == (1, 1)
        again = perform(assistant, day_to_close, wanted)
    assert again.closing is not None
    assert again.closing.id == closing.id


def test_a_draft_is_open_on_the_day_it_was_begun_and_later(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    made = draft(clinic, patient)
    today = local_date(now(), zone("Europe/Berlin"))
    wanted = [DayToClose(clinic_location_id=clinic.main, day=today + timedelta(days=days)) for days in (-2, 0, 1)]
    found = [perform(clinic.actor("assistant"), day_to_close, request) for request in wanted]
    assert [[point.id for point in each.points] for each in found] == [[], [made.id], [made.id]]
    assert [each.has_come for each in found] == [True, True, False]


def test_who_works_elsewhere_neither_sees_nor_closes_the_day(clinic: Clinic, in_october: None) -> None:
    signed(clinic, role="manager", clinic_location_id=clinic.branch)
    wanted = DayToClose(clinic_location_id=clinic.branch, day=DAY)
    with pytest.raises(NotFound, match="location"):
        perform(clinic.actor("assistant"), day_to_close, wanted)
    with pytest.raises(NotFound, match="location"):
        signed(clinic, clinic_location_id=clinic.branch)
    assert perform(clinic.actor("assistant"), list_closings, ListClosings()) == ()
    with pytest.raises(PermissionDenied):
        signed(clinic, role="practitioner")


def test_a_closed_day_takes_no_money_until_it_is_opened_again(clinic: Clinic, in_october: None) -> None:
    patient, assistant = make_patient(clinic), clinic.actor("assistant")
    before = perform(assistant, record_receipt, receipt(patient, "50"))
    closing = signed(clinic, (CASH, "50"))
    with said("14 Oct 2026"):
        perform(assistant, record_receipt, receipt(patient, "5"))
    with said("14 Oct 2026"):
        back = RefundReceipt(receipt_id=before.id, amount=Decimal(5), method=CASH)
        perform(clinic.actor("manager"), refund_receipt, back)
    perform(clinic.actor("manager"), record_receipt, receipt(patient, "5", clinic_location_id=clinic.branch))
    invoice = priced(clinic, patient, "20.00")
    assert read(clinic, invoice.id).issued_on == DAY
    with pytest.raises(PermissionDenied):
        opened(clinic, closing, "assistant")
    again = opened(clinic, closing)
    perform(assistant, record_receipt, receipt(patient, "5"))
    with pytest.raises(Conflict, match="opened again already"):
        perform(clinic.actor("manager"), reopen_closing, ReopenClosing(closing_id=again.id, reason="Twice"))
    signed(clinic, (CASH, "55"))
    last, first = perform(assistant, list_closings, ListClosings(kind=ClosingKind.DAY))
    assert (first.reopened_by, first.reopen_reason, last.reopened_at) == ("Manager", "A receipt was forgotten", None)
    assert of_day(first).expected == Decimal("50.00")


def test_opening_again_needs_a_reason_and_the_row_as_it_was_drawn(clinic: Clinic, in_october: None) -> None:
    closing = signed(clinic)
    with pytest.raises(InvalidInput, match="missing"):
        ReopenClosing(closing_id=closing.id, reason=" ")
    stale = ReopenClosing(closing_id=closing.id, reason="Late", version=7)
    with pytest.raises(StaleEdit):
        perform(clinic.actor("manager"), reopen_closing, stale)
    with pytest.raises(NotFound):
        perform(clinic.actor("manager"), reopen_closing, ReopenClosing(closing_id=new_id(), reason="Late"))
