"""What the rows of Synthea's files say, read one by one into typed records; whatever is odd becomes a flag.

Columns by https://github.com/synthetichealth/synthea/wiki/CSV-File-Data-Dictionary, with the older names of cost,
payer and speciality. Columns that a clinic does not need (social security number, race, income) are not read.
"""

import hashlib
import unicodedata
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from clinic_core.errors import InvalidInput
from clinic_core.interchange.csv_source import CsvRow
from clinic_core.interchange.synthea.report import Flag, Rounding
from clinic_core.interchange.synthea.rows import (
    ClaimRow,
    ConditionRow,
    EncounterRow,
    OrganizationRow,
    PatientRow,
    ProviderRow,
    Read,
)
from clinic_core.kit.calendar import as_utc, from_wall
from clinic_core.kit.clock import now
from clinic_core.kit.money import ZERO, exact, round_money
from clinic_core.patients.schemas import OLDEST_BIRTH
from clinic_core.vocabulary import Sex

FALLBACK_LENGTH = timedelta(minutes=15)
DAY = timedelta(days=1)
NAME_LIMIT = 200
TEXT_LIMIT = 500
ID_LIMIT = 200
PLACE_LIMIT = 100
# The highest unit price that an invoice line can hold.
HIGHEST_COST = Decimal("9999999999.00")
SNOMED_CT = "http://snomed.info/sct"
_SEXES = {"M": Sex.MALE, "F": Sex.FEMALE}


def read_organization(row: CsvRow) -> OrganizationRow:
    """One row of organizations.csv."""
    read = OrganizationRow(*_identity(row, "ID", "NAME", "ADDRESS", "CITY", "STATE", "ZIP", "PHONE"))
    read.city = _tidy(row, read, PLACE_LIMIT, "CITY")
    read.name = _tidy(row, read, NAME_LIMIT, "NAME") or _nameless(read, "Location")
    street, state, postcode = (_tidy(row, read, NAME_LIMIT, column) for column in ("ADDRESS", "STATE", "ZIP"))
    read.address = ", ".join(part for part in (street, read.city, f"{state} {postcode}".strip()) if part)
    read.phone = _tidy(row, read, 40, "PHONE")
    return read


def read_provider(row: CsvRow) -> ProviderRow:
    """One row of providers.csv."""
    read = ProviderRow(*_identity(row, "ID", "ORGANIZATION", "NAME", "SPECIALITY", "SPECIALTY"))
    read.name = _tidy(row, read, NAME_LIMIT, "NAME") or _nameless(read, "Practitioner")
    read.speciality = _tidy(row, read, PLACE_LIMIT, "SPECIALITY", "SPECIALTY").capitalize()
    read.organization = _external_id(row, read, "ORGANIZATION")
    return read


def read_patient(row: CsvRow) -> PatientRow:
    """One row of patients.csv."""
    names = ("FIRST", "MIDDLE", "LAST", "BIRTHDATE", "DEATHDATE", "GENDER")
    places = ("ADDRESS", "CITY", "STATE", "COUNTY", "ZIP")
    read = PatientRow(*_identity(row, "ID", *names, *places))
    given = (_tidy(row, read, PLACE_LIMIT, column) for column in ("FIRST", "MIDDLE"))
    read.first_name = " ".join(name for name in given if name)[:NAME_LIMIT]
    read.last_name = _tidy(row, read, NAME_LIMIT, "LAST")
    if not read.first_name and not read.last_name:
        read.last_name = _nameless(read, "Patient")
    read.dob = _past_day(row, read, "BIRTHDATE", Flag.BIRTH_UNUSABLE)
    read.deceased_on = _past_day(row, read, "DEATHDATE", Flag.DEATH_UNUSABLE)
    if read.dob and read.deceased_on and read.deceased_on < read.dob:
        read.deceased_on = None
        read.flags.append(Flag.DEATH_UNUSABLE)
    gender = row.text("GENDER").upper()[:1]
    read.sex = _SEXES.get(gender, Sex.UNKNOWN)
    if gender and gender not in _SEXES:
        read.flags.append(Flag.SEX_UNKNOWN)
    parts = {"street": "ADDRESS", "city": "CITY", "region": "STATE", "postal_code": "ZIP"}
    limits = {"street": NAME_LIMIT, "postal_code": 20}
    address = {key: _tidy(row, read, limits.get(key, PLACE_LIMIT), column) for key, column in parts.items()}
    read.address = {key: text for key, text in address.items() if text}
    return read


def read_encounter(row: CsvRow, place: ZoneInfo, rounded: Rounding) -> EncounterRow:
    """One row of encounters.csv; times without a zone are wall time of `place`."""
    who = ("PATIENT", "PROVIDER", "ORGANIZATION", "PAYER", "PAYER_ID", "START", "STOP")
    what = ("CODE", "DESCRIPTION", "REASONCODE", "REASONDESCRIPTION", "ENCOUNTERCLASS")
    money = ("TOTAL_CLAIM_COST", "COST", "PAYER_COVERAGE")
    read = EncounterRow(*_identity(row, "ID", *who, *what, *money))
    read.patient = _external_id(row, read, "PATIENT")
    read.provider = _external_id(row, read, "PROVIDER")
    read.organization = _external_id(row, read, "ORGANIZATION")
    read.payer = _external_id(row, read, "PAYER", "PAYER_ID")
    kind = _tidy(row, read, PLACE_LIMIT, "ENCOUNTERCLASS").capitalize()
    read.description = _tidy(row, read, TEXT_LIMIT, "DESCRIPTION") or kind or "Encounter"
    read.reason = _tidy(row, read, TEXT_LIMIT, "REASONDESCRIPTION")
    _read_times(row, read, place)
    _read_amounts(row, read, rounded)
    return read


def read_condition(row: CsvRow) -> ConditionRow:
    """One row of conditions.csv, which has no id: it is known by encounter, code and start."""
    text = row.text("DESCRIPTION")
    parts = (row.text("ENCOUNTER"), row.text("CODE") or text, row.text("START"))
    read = ConditionRow(_shortened(" ".join(parts)), _digest(row, "SYSTEM", "DESCRIPTION"))
    read.encounter = _external_id(row, read, "ENCOUNTER")
    read.code = _tidy(row, read, 40, "CODE")
    read.text = _tidy(row, read, TEXT_LIMIT, "DESCRIPTION")
    read.system = (_tidy(row, read, 60, "SYSTEM") or SNOMED_CT) if read.code else ""
    return read


def read_claim(row: CsvRow) -> ClaimRow:
    """One row of claims.csv; only the encounter it claims for counts."""
    read = ClaimRow(*_identity(row, "ID", "APPOINTMENTID", "ENCOUNTER"))
    read.encounter = _external_id(row, read, "APPOINTMENTID", "ENCOUNTER")
    return read


def _read_times(row: CsvRow, read: EncounterRow, place: ZoneInfo) -> None:
    read.starts_at = _instant(row.text("START", "DATE"), place)
    if read.starts_at is None:
        return
    ends_at = _instant(row.text("STOP"), place)
    if ends_at is None or not read.starts_at < ends_at <= now():
        ends_at = read.starts_at + FALLBACK_LENGTH
        read.flags.append(Flag.STOP_UNUSABLE)
    read.ends_at = ends_at
    if ends_at - read.starts_at > DAY:
        read.flags.append(Flag.LONGER_THAN_A_DAY)


def _read_amounts(row: CsvRow, read: EncounterRow, rounded: Rounding) -> None:
    cost = _amount(row.text("TOTAL_CLAIM_COST", "COST"), rounded)
    if cost is None:
        read.flags.append(Flag.COST_UNUSABLE)
    read.cost = cost or ZERO
    covered = row.text("PAYER_COVERAGE")
    coverage = _amount(covered, rounded) if covered else ZERO
    if coverage is None:
        read.flags.append(Flag.COVERAGE_UNUSABLE)
    elif coverage > read.cost:
        read.flags.append(Flag.COVERAGE_ABOVE_COST)
    read.covered = min(coverage or ZERO, read.cost)
    if read.covered and not read.payer:
        read.flags.append(Flag.NO_PAYER)


def _amount(text: str, rounded: Rounding) -> Decimal | None:
    """The amount in whole cents, half up; None for what is no amount of zero or more that a line can hold."""
    try:
        amount = exact(Decimal(text))
        cents = round_money(amount)
    except (InvalidOperation, InvalidInput):
        return None
    if amount < 0 or cents > HIGHEST_COST:
        return None
    rounded.note(amount, cents)
    return cents


def _instant(text: str, place: ZoneInfo) -> datetime | None:
    try:
        stated = datetime.fromisoformat(text)
        return as_utc(stated) if stated.tzinfo is not None else from_wall(stated, place).instant.astimezone(UTC)
    except (ValueError, InvalidInput):
        return None


def _past_day(row: CsvRow, read: Read, column: str, flag: Flag) -> date | None:
    text = row.text(column)
    if not text:
        return None
    try:
        day = date.fromisoformat(text[:10])
    except ValueError:
        day = date.max
    if OLDEST_BIRTH <= day <= now().date():
        return day
    read.flags.append(flag)
    return None


def _identity(row: CsvRow, id_column: str, *columns: str) -> tuple[str, str, list[Flag]]:
    digest = _digest(row, *columns)
    external_id = _shortened(row.text(id_column))
    return (external_id, digest, []) if external_id else (f"row {digest[:32]}", digest, [Flag.NO_ID])


def _digest(row: CsvRow, *columns: str) -> str:
    content = "\x1f".join(f"{column}={row.text(column)}" for column in columns)
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()


def _external_id(row: CsvRow, read: Read, *columns: str) -> str:
    """The id of another row; '' where none of the columns names one."""
    text = row.text(*columns)
    if text and text != _printable(text):
        read.flags.append(Flag.TEXT_CLEANED)
    return _shortened(text)


def _shortened(text: str) -> str:
    """An id as it is kept: printable, and a digest in place of one that is absurdly long."""
    printable = _printable(text)
    return printable if len(printable) <= ID_LIMIT else hashlib.sha256(printable.encode()).hexdigest()


def _nameless(read: Read, noun: str) -> str:
    read.flags.append(Flag.NO_NAME)
    return placeholder_name(noun, read.external_id)


def placeholder_name(noun: str, external_id: str) -> str:
    """What somebody or some place is called of whom only the id is known: "Practitioner 2d85c411"."""
    return f"{noun} {external_id[:8]}"


def _tidy(row: CsvRow, read: Read, limit: int, *columns: str) -> str:
    """One line of text as it is stored; cleaned and cut rather than refused, and flagged then."""
    text = unicodedata.normalize("NFC", row.text(*columns))
    cleaned = _printable(text)[:limit].rstrip()
    if cleaned != text and Flag.TEXT_CLEANED not in read.flags:
        read.flags.append(Flag.TEXT_CLEANED)
    return cleaned


def _printable(text: str) -> str:
    if text.isprintable() and not any("\ud800" <= character <= "\udfff" for character in text):
        return text
    kept = (" " if unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} else character for character in text)
    return " ".join("".join(kept).split())
