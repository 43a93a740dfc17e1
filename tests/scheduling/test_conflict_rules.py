"""The table of what is in the way: the page of rules, the code, and who may lift what say the same."""

from pathlib import Path

from clinic_core.access import Permission
from clinic_core.errors import Obstacle
from clinic_core.scheduling.conflicts import WantedTime, can_lift
from clinic_core.vocabulary import ConflictKind, Severity
from tests.factories import MONDAY, Clinic, slot

_RULES = Path(__file__).resolve().parents[2] / "docs/rules/scheduling.md"


def table() -> dict[ConflictKind, tuple[Severity, str]]:
    lines = _RULES.read_text(encoding="utf-8").splitlines()
    first = lines.index("| in the way | severity | lifted by |") + 2
    cells = []
    for line in lines[first:]:
        if not line.startswith("|"):
            break
        cells.append([cell.strip() for cell in line.strip("|").split("|")])
    return {ConflictKind(kind.replace(" ", "_")): (Severity(severity), by) for kind, severity, by in cells}


def lifts(clinic: Clinic, role: str, kind: ConflictKind, severity: Severity) -> bool:
    """Whether the person of a role lifts one obstacle of that kind on the practitioner's calendar."""
    wanted = WantedTime(
        appointment_id=clinic.room,
        patient_id=clinic.room,
        practitioner_user_id=clinic.users["practitioner"],
        clinic_location_id=clinic.main,
        starts_at=MONDAY,
        ends_at=slot()[1],
        buffer_minutes=0,
        resource_ids=(),
    )
    obstacle = Obstacle(kind, severity, None, "", None, "In the way.")
    return can_lift(clinic.actor(role), wanted, [obstacle])


def test_every_kind_of_conflict_stands_in_the_table_once() -> None:
    assert set(table()) == set(ConflictKind)


def test_who_lifts_what_is_what_the_table_says(clinic: Clinic) -> None:
    for role in ("owner", "admin", "manager", "practitioner", "second_practitioner", "assistant", "patient"):
        actor = clinic.actor(role)
        for kind, (severity, by) in table().items():
            may = by != "nobody" and actor.can(next(one for one in Permission if one.value == by))
            reaches = may and role != "second_practitioner"  # somebody else's calendar
            assert lifts(clinic, role, kind, severity) is reaches, (role, kind)
