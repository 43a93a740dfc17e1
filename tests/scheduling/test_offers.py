"""Offers: one open for each who waits, they reserve nothing, end by themselves, and are booked like any other time."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from clinic_core.access import owner_work, perform
from clinic_core.access.organization import OrganizationSettings
from clinic_core.errors import BookingConflict, ClinicError, Conflict, InvalidInput, NotFound, PermissionDenied
from clinic_core.kit.clock import frozen_at, now
from clinic_core.kit.ids import new_id
from clinic_core.models import WaitingListOffer
from clinic_core.scheduling.queries import get_waiting, list_appointments
from clinic_core.scheduling.schemas import (
    AcceptOffer,
    BookFromWaitingList,
    CloseOffer,
    ExpireOffers,
    GetWaiting,
    ListAppointments,
    OfferRow,
    RemoveFromWaitingList,
    ResourceNeed,
    SetRequirements,
    WaitingBooked,
    WaitingRow,
)
from clinic_core.scheduling.service import (
    accept_offer,
    book_from_waiting_list,
    decline_offer,
    expire_offers,
    remove_from_waiting_list,
    set_requirements,
    withdraw_offer,
)
from clinic_core.vocabulary import OfferStatus, ResourceType, WaitingStatus
from tests.factories import MONDAY, Clinic, make_clinic, make_patient, slot
from tests.scheduling.arrange import audited, book, drift
from tests.scheduling.waiting import offer, wait


def accept(clinic: Clinic, made: OfferRow, *, by: str = "assistant", **fields: Any) -> WaitingBooked:
    return perform(clinic.actor(by), accept_offer, AcceptOffer(offer_id=made.id, **fields))


def close(clinic: Clinic, made: OfferRow, how: Callable[..., OfferRow], *, by: str = "assistant") -> OfferRow:
    return perform(clinic.actor(by), how, CloseOffer(offer_id=made.id))


def entry_of(clinic: Clinic, row: WaitingRow) -> WaitingRow:
    return perform(clinic.actor("manager"), get_waiting, GetWaiting(entry_id=row.id))


def test_an_offer_is_open_as_long_as_the_settings_say_and_not_beyond_its_start() -> None:
    clinic = make_clinic(OrganizationSettings(offer_minutes=60))
    row = wait(clinic)
    with frozen_at(MONDAY - timedelta(hours=5)):
        made = offer(clinic, row)
        assert (made.status, made.expires_at, made.is_free) == (OfferStatus.OPEN, now() + timedelta(hours=1), True)
        assert entry_of(clinic, row).offer == made
    with frozen_at(MONDAY - timedelta(minutes=20)):
        assert offer(clinic, wait(clinic)).expires_at == MONDAY
    assert ("waiting_list_offer", "insert") in {found[:2] for found in audited(clinic, "offer.make")}


def test_the_database_keeps_no_offer_beyond_its_start(clinic: Clinic) -> None:
    made = offer(clinic, wait(clinic))
    with (
        pytest.raises(Conflict, match="ck_waiting_list_offer_expiry"),
        owner_work("test.arrange", clinic.organization_id) as session,
    ):
        session.get_one(WaitingListOffer, made.id).expires_at = made.starts_at + timedelta(seconds=1)


def test_an_offer_reserves_nothing(clinic: Clinic) -> None:
    row = wait(clinic)
    offer(clinic, row)
    book(clinic)
    found = entry_of(clinic, row).offer
    assert found is not None
    assert not found.is_free


def test_only_one_offer_is_open_for_each_who_waits(clinic: Clinic) -> None:
    row = wait(clinic)
    made = offer(clinic, row)
    with pytest.raises(Conflict, match="has an open offer"):
        offer(clinic, row, 1)
    close(clinic, made, decline_offer)
    again = offer(clinic, row, 1)
    with frozen_at(again.expires_at):
        assert offer(clinic, row, 2).id != again.id


def test_only_a_free_time_ahead_is_offered(clinic: Clinic) -> None:
    row = wait(clinic)
    book(clinic)
    with pytest.raises(BookingConflict):
        offer(clinic, row)
    with frozen_at(MONDAY + timedelta(hours=3)), pytest.raises(InvalidInput, match="must lie ahead"):
        offer(clinic, row, 1)


def test_a_time_is_offered_only_while_what_the_service_needs_is_free(clinic: Clinic) -> None:
    laser = ResourceNeed(type=ResourceType.EQUIPMENT)
    needed = SetRequirements(product_service_id=clinic.service, needs=(laser,))
    perform(clinic.actor("admin"), set_requirements, needed)
    row = wait(clinic)
    other = clinic.users["second_practitioner"]
    book(clinic, practitioner_user_id=other, resource_ids=(clinic.laser,))
    with pytest.raises(Conflict, match="No equipment is free at that time"):
        offer(clinic, row)
    assert accept(clinic, offer(clinic, row, 1)).appointment.resource_ids == (clinic.laser,)


def test_accepting_books_and_ends_the_wait(clinic: Clinic) -> None:
    row = wait(clinic)
    made = offer(clinic, row)
    booked = accept(clinic, made, resource_ids=(clinic.room,))
    assert (booked.appointment.starts_at, booked.appointment.resource_ids) == (made.starts_at, (clinic.room,))
    entry = entry_of(clinic, row)
    assert (entry.status, entry.appointment_id, entry.offer) == (WaitingStatus.BOOKED, booked.appointment.id, None)
    with pytest.raises(Conflict, match="accepted already"):
        accept(clinic, made)
    assert drift(clinic) == 0


def test_a_double_click_accepts_once(clinic: Clinic) -> None:
    made, request_id = offer(clinic, wait(clinic)), new_id()
    assert accept(clinic, made, request_id=request_id) == accept(clinic, made, request_id=request_id)


def test_two_desks_accept_offers_for_one_time_and_one_wins(clinic: Clinic) -> None:
    rows = [wait(clinic) for _ in range(4)]
    offers = [offer(clinic, row) for row in rows]

    def attempt(made: OfferRow) -> str:
        try:
            accept(clinic, made)
        except ClinicError as error:
            return error.code
        return "booked"

    with ThreadPoolExecutor(max_workers=4) as desks:
        assert sorted(desks.map(attempt, offers)) == ["booked", *["booking_conflict"] * 3]
    entries = [entry_of(clinic, row) for row in rows]
    assert sorted(entry.status for entry in entries) == ["booked", "waiting", "waiting", "waiting"]
    waiting = [entry.offer for entry in entries if entry.status is WaitingStatus.WAITING]
    assert [found is not None and not found.is_free for found in waiting] == [True] * 3
    day = ListAppointments(starts_from=slot(-1)[0], starts_before=slot(1)[0])
    assert len(perform(clinic.actor("manager"), list_appointments, day)) == 1
    assert drift(clinic) == 0


def test_booking_the_offered_time_accepts_the_offer_another_withdraws_it(clinic: Clinic) -> None:
    for hours, expected in ((0, OfferStatus.ACCEPTED), (2, OfferStatus.WITHDRAWN)):
        row = wait(clinic)
        made = offer(clinic, row, hours)
        starts_at, ends_at = slot(hours if expected is OfferStatus.ACCEPTED else hours + 1)
        request = BookFromWaitingList(
            entry_id=row.id, practitioner_user_id=made.practitioner_user_id, starts_at=starts_at, ends_at=ends_at
        )
        perform(clinic.actor("assistant"), book_from_waiting_list, request)
        with pytest.raises(Conflict, match=f"{expected.value} already"):
            close(clinic, made, decline_offer)


def test_who_declines_keeps_waiting_and_who_is_removed_has_no_offer(clinic: Clinic) -> None:
    row = wait(clinic)
    assert close(clinic, offer(clinic, row), decline_offer).status is OfferStatus.DECLINED
    assert close(clinic, offer(clinic, row), withdraw_offer).status is OfferStatus.WITHDRAWN
    assert entry_of(clinic, row).status is WaitingStatus.WAITING
    made = offer(clinic, row)
    perform(clinic.actor("assistant"), remove_from_waiting_list, RemoveFromWaitingList(entry_id=row.id))
    with pytest.raises(Conflict):
        accept(clinic, made)
    with pytest.raises(Conflict, match="removed already"):
        offer(clinic, row)


def test_an_expired_offer_is_not_accepted_and_the_job_ends_it(clinic: Clinic) -> None:
    row = wait(clinic)
    made = offer(clinic, row)
    with frozen_at(made.expires_at):
        assert entry_of(clinic, row).offer is None
        with pytest.raises(Conflict, match="has expired"):
            accept(clinic, made)
        ended = perform(clinic.actor("manager"), expire_offers, ExpireOffers())
        assert (ended.expired, ended.withdrawn, ended.has_more) == (1, 0, False)
        assert perform(clinic.actor("manager"), expire_offers, ExpireOffers()).expired == 0
    with pytest.raises(Conflict, match="expired already"):
        accept(clinic, made)


def test_the_job_withdraws_offers_whose_time_somebody_else_has(clinic: Clinic) -> None:
    made, other = offer(clinic, wait(clinic)), offer(clinic, wait(clinic), 2)
    book(clinic)
    ended = perform(clinic.actor("manager"), expire_offers, ExpireOffers(limit=1))
    assert (ended.expired, ended.withdrawn, ended.has_more) == (0, 1, True)
    with pytest.raises(Conflict, match="withdrawn already"):
        accept(clinic, made)
    assert accept(clinic, other).appointment.starts_at == other.starts_at


def test_patients_answer_their_own_offers_and_make_none(clinic: Clinic) -> None:
    row = wait(clinic, patient_id=make_patient(clinic, user_id=clinic.users["patient"]))
    with pytest.raises(PermissionDenied):
        offer(clinic, row, by="patient")
    close(clinic, offer(clinic, row), decline_offer, by="patient")
    booked = accept(clinic, offer(clinic, row), by="patient")
    assert booked.appointment.patient_id == row.patient_id


def test_offers_follow_the_scope(clinic: Clinic) -> None:
    row = wait(clinic)
    made = offer(clinic, row)
    for actor in (clinic.actor("practitioner"), clinic.actor("patient"), make_clinic().actor("owner")):
        with pytest.raises(NotFound, match="This offer does not exist"):
            perform(actor, accept_offer, AcceptOffer(offer_id=made.id))
        with pytest.raises(NotFound, match="This offer does not exist"):
            perform(actor, decline_offer, CloseOffer(offer_id=made.id))
    own = wait(clinic, practitioner_user_id=clinic.users["practitioner"])
    with pytest.raises(PermissionDenied):
        offer(clinic, own, by="practitioner", practitioner_user_id=clinic.users["second_practitioner"])
    assert offer(clinic, own, 1, by="practitioner").status is OfferStatus.OPEN
