"""What a fresh clone must carry: licence, locked dependencies, working commands, and nothing of our machines."""

import os
import re
import tomllib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")

NOT_OURS = {name.strip("/\n") for name in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()} | {".git"}
MAKE_TARGETS = ("install", "demo", "test", "check", "serve", "screenshots")
ADR_LINES = 45
# In pieces, so that this file does not find itself.
REGISTRIES = re.compile(
    "|".join(("pypi" + r"\.org", "python" + r"hosted\.org", "npm" + r"js\.(org|com)", "index" + "-url +http"))
)
MACHINE_PATHS = re.compile(
    r"(?<![\w.~/-])/(" + "|".join(("work", "root", "tmp")) + r")/|(?<![\w.~/-])/home/(?!user\b)\w"
)


@cache
def texts() -> dict[str, str]:
    """Every text file of the repository by its path from the root."""
    found: dict[str, str] = {}
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in NOT_OURS and not name.endswith(".egg-info")]
        for path in (
            Path(folder, name) for name in names if not name.endswith((".gz", ".png", ".pyc", ".ttf", ".woff2"))
        ):
            found[path.relative_to(ROOT).as_posix()] = path.read_text(encoding="utf-8")
    return found


@pytest.mark.parametrize("pattern", [REGISTRIES, MACHINE_PATHS], ids=["registry hosts", "machine paths"])
def test_no_file_names_a_registry_or_a_path_of_one_machine(pattern: re.Pattern[str]) -> None:
    found = [
        f"{name}:{number}: {line.strip()[:120]}"
        for name, text in texts().items()
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]
    assert found == []


def test_the_patterns_find_what_they_look_for() -> None:
    assert MACHINE_PATHS.search('open("' + "/tm" + 'p/x")')
    assert MACHINE_PATHS.search("/ho" + "me/ada/clinic")
    assert not MACHINE_PATHS.search("/var/lib/clinic and ~/tmp/x and docs/work/plan")
    assert REGISTRIES.search("https://" + "pypi" + ".org/simple")


def test_every_locked_dependency_has_hashes_and_no_address() -> None:
    requirements = re.sub(r"\\\n", " ", LOCK).splitlines()
    pinned = [line for line in requirements if line and not line.lstrip().startswith("#")]
    assert len(pinned) > len(PYPROJECT["project"]["dependencies"])
    assert [line for line in pinned if "==" not in line or "--hash=sha256:" not in line] == []
    assert re.search(r"://|@ |^-|find-links", LOCK, flags=re.MULTILINE) is None
    assert not (ROOT / "uv.lock").exists()


def test_every_declared_dependency_is_locked() -> None:
    project = PYPROJECT["project"]
    declared = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {re.split(r"[^\w.-]", requirement, maxsplit=1)[0].lower() for requirement in declared}
    locked = set(re.findall(r"^([\w.-]+)==", re.sub(r"\[[\w,]+\]==", "==", LOCK), flags=re.MULTILINE))
    assert names - locked == set()


def test_the_licence_is_the_whole_gpl_version_3() -> None:
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert licence.lstrip().startswith("GNU GENERAL PUBLIC LICENSE\n                       Version 3, 29 June 2007")
    assert "END OF TERMS AND CONDITIONS" in licence
    assert PYPROJECT["project"]["license"] == "GPL-3.0-or-later"
    assert "GPL-3.0-or-later" in README


def test_the_readme_starts_people_with_two_commands() -> None:
    assert "make demo" in README
    assert "make test" in README


def test_every_stable_make_target_exists() -> None:
    assert [target for target in MAKE_TARGETS if not re.search(rf"^{target}:", MAKEFILE, flags=re.MULTILINE)] == []


def test_the_links_of_the_documents_lead_somewhere() -> None:
    documents = {name: text for name, text in texts().items() if name.endswith(".md")}
    broken = [
        f"{name}: {target}"
        for name, text in documents.items()
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text)
        if not (ROOT / name).parent.joinpath(target).exists() and not target.startswith("docs/screenshots/")
    ]
    assert broken == []


def test_decision_records_are_numbered_and_short() -> None:
    records = sorted((ROOT / "docs" / "adr").glob("*.md"))
    assert [record.name[:4] for record in records] == [f"{number:04}" for number in range(1, len(records) + 1)]
    assert [record.name for record in records if len(record.read_text(encoding="utf-8").splitlines()) > ADR_LINES] == []


def test_the_proof_of_a_bare_machine_is_executable() -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
