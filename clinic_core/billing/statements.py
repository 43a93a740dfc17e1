"""Statements of account, read for any number of patients with the same few statements of SQL.

Movements add up to what is owed; open items and credit are today's, rolled back by what is dated later. So each is
the other's proof.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import RowMapping, Subquery, func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from clinic_core.access import Actor, Permission, Work, query
from clinic_core.access.scope import patients_in_scope
from clinic_core.billing.account import AnySelect, changes, open_items, unused_credit
from clinic_core.billing.parties import paying_patient, seller
from clinic_core.billing.schemas import AgeBucket, AgedSum, Movement, MovementKind, OpenItem, StatementDetail
from clinic_core.kit.formats import person_name
from clinic_core.kit.money import ZERO
from clinic_core.models import ClinicLocation, Patient

_ORDER = {kind: place for place, kind in enumerate(MovementKind)}


class _Account(NamedTuple):
    opening: Decimal
    changes: Sequence[RowMapping]
    owed: Sequence[RowMapping]
    credit: Decimal


@query(Permission.BILLING_VIEW, name="statement.read")
def read_statements(
    work: Work, patient_ids: Sequence[UUID], *, first_day: date | None, last_day: date
) -> dict[UUID, StatementDetail]:
    """The statements of those of the patients whom the reader reaches, with the papers and money that they reach.

    `first_day` None begins with the first movement; nothing later than `last_day` is in them. Five statements of SQL,
    however many patients.
    """
    session, actor = work.session, work.actor
    patients = _patients(session, actor, patient_ids)
    ids = tuple(patients)
    opening = _opening(session, actor, ids, first_day)
    changed = _by_patient(session, _within(changes(actor, ids), first_day, last_day))
    owed = _by_patient(session, open_items(actor, ids, last_day))
    credit = _amounts(session, unused_credit(actor, ids, last_day))
    return {
        of: _statement(
            actor,
            patient,
            place,
            _Account(opening.get(of, ZERO), changed[of], owed[of], credit.get(of, ZERO)),
            first_day=first_day,
            last_day=last_day,
        )
        for of, (patient, place) in patients.items()
    }


def _patients(
    session: Session, actor: Actor, patient_ids: Sequence[UUID]
) -> dict[UUID, tuple[Patient, ClinicLocation | None]]:
    found = session.execute(
        select(Patient, ClinicLocation)
        .join(ClinicLocation, col(ClinicLocation.id) == col(Patient.clinic_location_id), isouter=True)
        .where(
            col(Patient.id).in_(patient_ids),
            col(Patient.deleted_at).is_(None),
            patients_in_scope(actor, Permission.BILLING_VIEW),
        )
    )
    return {patient.id: (patient, place) for patient, place in found}


def _opening(session: Session, actor: Actor, ids: Sequence[UUID], first_day: date | None) -> Mapping[UUID, Decimal]:
    if first_day is None:
        return {}
    before = changes(actor, ids).c
    summed = select(before.patient_id, func.sum(before.amount)).where(before.dated_on < first_day)
    return _amounts(session, summed.group_by(before.patient_id))


def _within(found: Subquery, first_day: date | None, last_day: date) -> AnySelect:
    wanted = select(found).where(found.c.dated_on <= last_day)
    return wanted if first_day is None else wanted.where(found.c.dated_on >= first_day)


def _by_patient(session: Session, wanted: AnySelect) -> Mapping[UUID, Sequence[RowMapping]]:
    rows: defaultdict[UUID, list[RowMapping]] = defaultdict(list)
    for row in session.execute(wanted).mappings():
        rows[row["patient_id"]].append(row)
    return rows


def _amounts(session: Session, wanted: AnySelect) -> Mapping[UUID, Decimal]:
    return {row[0]: row[1] for row in session.execute(wanted)}


def _statement(
    actor: Actor,
    patient: Patient,
    place: ClinicLocation | None,
    account: _Account,
    *,
    first_day: date | None,
    last_day: date,
) -> StatementDetail:
    movements = _movements(account)
    items = tuple(_open_item(row, last_day) for row in account.owed)
    own = [item for item in items if not item.payer_name]
    gross = sum((item.balance for item in items), ZERO)
    asked = sum((item.balance for item in own), ZERO)
    return StatementDetail(
        patient_id=patient.id,
        patient_name=person_name(patient.first_name, patient.last_name, patient.preferred_name),
        patient_code=patient.code,
        bill_to=paying_patient(patient),
        seller=seller(actor, place),
        currency=actor.settings.currency,
        first_day=first_day,
        last_day=last_day,
        opening=account.opening,
        movements=movements,
        closing=movements[-1].balance if movements else account.opening,
        open_items=items,
        aged=tuple(
            AgedSum(bucket=each, amount=sum((item.balance for item in items if item.bucket is each), ZERO))
            for each in AgeBucket
        ),
        gross=gross,
        credit=account.credit,
        others_pay=gross - asked,
        overdue=max(ZERO, sum((item.balance for item in own if item.days > 0), ZERO) - account.credit),
        to_pay=max(ZERO, asked - account.credit),
    )


def _movements(account: _Account) -> tuple[Movement, ...]:
    """By day, those of a day in the order of their kinds and then of their numbers, each with what is owed after it."""
    made, balance = [], account.opening
    for row in sorted(account.changes, key=_place):
        balance += row["amount"]
        known = {name: row[name] for name in Movement.model_fields if name != "balance"}
        made.append(Movement(**known, balance=balance))
    return tuple(made)


def _place(row: RowMapping) -> tuple[date, int, str, str, UUID]:
    return row["dated_on"], _ORDER[MovementKind(row["kind"])], row["number"], row["of_number"], row["id"]


def _open_item(row: RowMapping, day: date) -> OpenItem:
    days = (day - row["due_on"]).days
    known = {name: row[name] for name in OpenItem.model_fields if name not in {"days", "bucket"}}
    return OpenItem(**known, days=days, bucket=AgeBucket.of(days))
