"""Rules that hold for every use case and query of the core: rows of another organisation do not exist, whatever field
names them, and nothing that can be typed is an unexpected error.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from importlib import import_module
from typing import Any, get_args, get_origin, get_type_hints
from uuid import UUID

import pytest
from pydantic import BaseModel, SecretStr, ValidationError
from sqlalchemy import text

from clinic_core.access import Actor, Permission, Work, perform, registered, unit_of_work
from clinic_core.access.use_case import Registered
from clinic_core.billing.schemas import ImportCatalogue
from clinic_core.billing.service import import_catalogue
from clinic_core.errors import ClinicError, NotFound
from clinic_core.kit.copied import CopiedTable
from clinic_core.kit.ids import new_id
from clinic_core.kit.tables import Table
from clinic_core.vocabulary import Scope
from tests.access.test_registry import modules
from tests.db.full_clinic import make_full_clinic
from tests.factories import Clinic, slot
from tests.harness import Database

# Which table's row a field names, where the field is not called after it.
TABLES = {
    "practitioner": "app_user", "user": "app_user", "actor_user": "app_user", "practitioner_user": "app_user",
    "moved_appointment": "appointment", "batch": "document_batch",
    "location": "clinic_location", "resource": "location_resource", "item": "product_service",
    "entry": "waiting_list_entry", "offer": "waiting_list_offer", "outage": "resource_outage",
    "series": "appointment_series", "exception": "appointment", "gap": "appointment_series_gap",
    "case": "clinical_case", "copy_of": "role", "closure": "location_closure", "except_patient": "patient",
    "allocations": "invoice", "line": "invoice_line", "entity": "patient",
    "id": "audit_log", "import": "request", "feed": "ics_feed", "overridden_by_user": "app_user",
}  # fmt: skip
TEXTS = ("\0", "x\0y", "x" * 10_001, "\ud800", "'; drop table patient; --", "<script>alert(1)</script>", "${jndi:ldap://x}",
         "=1+1", "\u202e\u2066", "🏳️‍🌈" * 50, "%s%n{0}\\", " ", "\r\n")  # fmt: skip
EXTREMES: Mapping[type, tuple[Any, ...]] = {
    Decimal: tuple(map(Decimal, ("NaN", "sNaN", "Infinity", "-Infinity", "-1", "0", "1e30", "1e-30", "1e999"))),
    int: (-1, 0, 2**31, 2**63, 10**40),
    date: (date.min, date.max),
    datetime: tuple(map(datetime.fromisoformat, ("0001-01-01T00:00Z", "9999-12-31T23:59:59Z", "2031-03-30T02:30"))),
    str: TEXTS,
}  # fmt: skip
Path = tuple[str | int, ...]


class Undone(Exception):
    """Ends a unit of work without keeping it."""


def requested() -> Iterator[tuple[Registered, type[BaseModel]]]:
    """Every guarded function that takes a request, with its schema."""
    list(modules())
    for key, entry in sorted(registered().items()):
        if key.startswith("clinic_core."):
            kind = get_type_hints(guarded(entry)).get("request")
            if kind is not None:
                yield entry, kind


def guarded(entry: Registered) -> Callable[..., object]:
    module, _, name = entry.function.rpartition(".")
    found: Callable[..., object] = getattr(import_module(module), name)
    return found


REQUESTED = list(requested())
EACH = pytest.mark.parametrize(("entry", "kind"), REQUESTED, ids=[entry.function[12:] for entry, _ in REQUESTED])


def leaves(kind: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every single value in a request of that schema, optional ones too, with where it stands."""
    options = [one for one in get_args(kind) if one is not type(None)]
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        for name, field in kind.model_fields.items():
            if name != "request_id":
                yield from leaves(field.annotation, (*path, name))
    elif get_origin(kind) is tuple:
        for place, part in enumerate(one for one in options if one is not ...):
            yield from leaves(part, (*path, 0, place) if len(options) > 1 and options[-1] is not ... else (*path, 0))
    elif options:
        yield from leaves(options[0], path)
    else:
        yield path, kind


class Builder:
    """Requests for rows of one clinic, in which one value may be another."""

    def __init__(self, ids: Mapping[str, UUID]) -> None:
        self._ids = ids

    def request(self, kind: type[BaseModel], path: Path = (), value: object = None) -> BaseModel:
        """The smallest request that has `value` at `path`; optional fields off the path are left out."""
        fields: dict[str, object] = {}
        for name, field in kind.model_fields.items():
            if path and path[0] == name:
                fields[name] = self._with(field.annotation, name, path[1:], value)
            elif field.is_required():
                fields[name] = self._plain(field.annotation, name)
        return kind(**fields)

    def id_of(self, name: str) -> UUID:
        """The clinic's row that a field of that name means."""
        word = name.removesuffix("s").removesuffix("_id")
        return self._ids[TABLES.get(name, TABLES.get(word, word))]

    def _with(self, kind: Any, name: str, path: Path, value: object) -> object:
        options = [one for one in get_args(kind) if one is not type(None)]
        if not path:
            return value
        if get_origin(kind) is tuple:
            if len(options) > 1 and options[-1] is not ...:
                return tuple(value if at == path[1] else self._plain(one, name) for at, one in enumerate(options))
            return (self._with(options[0], name, path[1:], value),)
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return self.request(kind, path, value)
        return self._with(options[0], name, path, value)

    def _plain(self, kind: Any, name: str) -> object:
        options = get_args(kind)
        if type(None) in options or name == "diagnoses":
            return () if name == "diagnoses" else None
        if get_origin(kind) is tuple:
            return (
                (self._plain(options[0], name),)
                if options[-1] is ...
                else tuple(self._plain(one, name) for one in options)
            )
        if options:
            return self._plain(options[0], name)
        if issubclass(kind, Enum):
            return next(iter(kind))
        if issubclass(kind, BaseModel):
            return self.request(kind)
        is_later = name in {"ends", "ends_at", "closes", "starts_before", "last_day", "last"}
        values: dict[type, object] = {
            UUID: None, str: "x@example.org" if name == "email" else "UTC" if name == "timezone" else "Text", int: 1,
            bool: False, Decimal: Decimal(1), SecretStr: SecretStr("a long secret"), time: time(17 if is_later else 9),
            datetime: slot(24 * 30)[is_later], date: date(2031, 4, 2), bytes: b"Text",
        }  # fmt: skip
        return self.id_of(name) if kind is UUID else values[kind]


@pytest.fixture(scope="module")
def ours(database: Database) -> Clinic:
    return make_full_clinic(database)


@pytest.fixture(scope="module")
def theirs(database: Database) -> Clinic:
    return make_full_clinic(database)


def builder(database: Database, clinic: Clinic) -> Builder:
    with database.connect_owner() as owner:
        tables = owner.execute(
            "select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'id'"
            " where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition"
        ).fetchall()
        ids: dict[str, UUID] = {}
        for (table,) in tables:
            query = f'select id from "{table}" where organization_id = %s order by id desc limit 1'
            if table not in {"organization", "permission", "sign_in_attempt"}:
                found = owner.execute(query.encode(), (clinic.organization_id,)).fetchone()
                ids |= {table: found[0]} if found else {}
    imported = ImportCatalogue(items=(), request_id=new_id())
    perform(clinic.actor("owner"), import_catalogue, imported)
    ids["request"] = imported.request_id or new_id()
    return Builder({**ids, "app_user": clinic.users["practitioner"], "clinic_location": clinic.main,
                    "location_resource": clinic.room, "product_service": clinic.service})  # fmt: skip


@pytest.fixture(scope="module")
def build(database: Database, ours: Clinic) -> Builder:
    return builder(database, ours)


@pytest.fixture
def mighty(ours: Clinic) -> Actor:
    """Somebody of ours who may do everything everywhere."""
    everything = dict.fromkeys(Permission, Scope.ORGANISATION)
    return replace(ours.actor("practitioner"), permissions=everything, role_keys=frozenset({"owner"}))


def attempt(actor: Actor, entry: Registered, make: Callable[[], BaseModel]) -> object:
    """What the function answers, or the refusal; nothing is kept."""
    answer: object = None
    try:
        with unit_of_work(actor) as work:
            answer = guarded(entry)(work, make())
            _settle(work)
            raise Undone
    except Undone:
        return answer
    except (ClinicError, ValidationError) as refused:
        return refused


def _settle(work: Work) -> None:
    work.session.flush()
    work.session.execute(text("set constraints all immediate"))


def rows_of(database: Database, clinic: Clinic) -> dict[str, tuple[int, str]]:
    """How many rows the clinic has in each table, and a digest of them."""
    with database.connect_owner() as owner:
        tables = owner.execute(
            "select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid"
            " where a.attname = 'organization_id' and not c.relispartition and c.relkind in ('r', 'p')"
            " and c.relnamespace = 'public'::regnamespace"
        ).fetchall()
        query = (
            "select count(*), coalesce(md5(string_agg(t::text, '' order by t::text)), '')"
            ' from "{}" t where organization_id = %s'
        )
        return {
            table: owner.execute(query.format(table).encode(), (clinic.organization_id,)).fetchone() or (0, "")
            for (table,) in tables
        }


@EACH
def test_a_row_of_another_organisation_does_not_exist_whatever_field_names_it(
    entry: Registered, kind: type[BaseModel], mighty: Actor, build: Builder, theirs: Clinic, database: Database
) -> None:
    """A use case refuses; what only filters may answer, and then nothing of theirs is in it."""
    build_theirs = builder(database, theirs)
    before = rows_of(database, theirs)
    for path, leaf in leaves(kind):
        if leaf is UUID:
            named = next(str(part) for part in reversed(path) if isinstance(part, str))
            foreign = build_theirs.id_of(named)
            answer = attempt(mighty, entry, lambda: build.request(kind, path, foreign))  # noqa: B023
            own = attempt(mighty, entry, lambda: build.request(kind, path, build.id_of(named)))  # noqa: B023
            assert not isinstance(own, NotFound), path
            if not isinstance(answer, ClinicError | ValidationError):
                assert is_filter(entry, kind, path), path
                assert str(foreign) not in repr(answer), path
                assert not isinstance(answer, Table | CopiedTable) or "Demo" not in repr(list(answer.rows)), path
    assert rows_of(database, theirs) == before


def is_filter(entry: Registered, kind: type[BaseModel], path: Path) -> bool:
    """True where the field narrows what is read, so that an unknown row means an empty answer."""
    return not entry.writes or entry.name.endswith((".export", ".search")) or entry.name.startswith("report.export")


@EACH
def test_nothing_that_can_be_typed_is_an_unexpected_error(
    entry: Registered, kind: type[BaseModel], mighty: Actor, build: Builder
) -> None:
    failed = []
    for path, leaf in leaves(kind):
        for value in EXTREMES.get(leaf, ()):
            try:
                attempt(mighty, entry, lambda: build.request(kind, path, value))  # noqa: B023
            except Exception as error:  # noqa: BLE001
                failed.append((path, str(value)[:30], type(error).__name__, str(error)[:120]))
    assert failed == []
