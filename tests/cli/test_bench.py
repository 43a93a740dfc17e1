"""`clinic bench`: a figure beside its floor, from a server of its own."""

import json

import pytest

from clinic_core.db.engine import libpq_url
from clinic_core.db.roles import DatabaseRole
from clinic_core.settings import settings
from tests.cli.shell import clinic
from tests.harness import Database


@pytest.mark.durability
def test_a_measurement_says_figure_floor_and_ratio_and_touches_nobodys_data(own_database: Database) -> None:
    before = libpq_url(DatabaseRole.APP)
    result = clinic("bench", "booking", "--scale", "3", "--json")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert set(report) == {"name", "figure", "unit", "floor", "ratio", "scale"}
    assert (report["name"], report["unit"], report["scale"]) == ("booking", "ms", 3)
    assert report["figure"] > report["floor"] > 0
    assert report["ratio"] == pytest.approx(report["figure"] / report["floor"], abs=0.01)
    assert libpq_url(DatabaseRole.APP) == before
    with own_database.connect_owner() as owner:
        assert owner.execute("select count(*) from organization").fetchone() == (0,)


def test_an_unknown_measurement_is_wrong_usage() -> None:
    assert clinic("bench", "painting").exit_code == 2
    assert clinic("bench", "booking", "--scale", "0").exit_code == 2


def test_production_has_no_demo(own_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLINIC_ENVIRONMENT", "production")
    monkeypatch.setenv("CLINIC_SECRET_KEY", "x1" * 20)
    settings.cache_clear()
    try:
        refused = clinic("demo")
    finally:
        monkeypatch.undo()
        settings.cache_clear()
    assert (refused.exit_code, refused.stderr) == (
        1,
        "In production there is no demo; start the app with clinic serve.\n",
    )


@pytest.mark.durability
def test_a_race_has_one_winner_a_round_and_no_deadlock(own_database: Database) -> None:
    report = json.loads(clinic("bench", "race", "--scale", "1", "--json").stdout)
    assert (report["wins"], report["conflicts"], report["deadlocks"]) == (1, 63, 0)
    assert report["with_alternatives"] == 63


@pytest.mark.durability
def test_the_day_view_is_measured_at_three_sizes_and_free_times_with_their_worst_case(own_database: Database) -> None:
    day = json.loads(clinic("bench", "day-view", "--scale", "1200", "--json").stdout)
    assert list(day["ratios"]) == ["12", "120", "1200"]
    assert (day["name"], day["growth"] > 0, day["rows"]["1200"] > 0) == ("day-view", True, True)
    slots = json.loads(clinic("bench", "slots", "--scale", "1200", "--json").stdout)
    assert (slots["name"], slots["scale"]) == ("slots", 1200)
    assert slots["nothing_free"] > slots["figure"] > slots["floor"] > 0


@pytest.mark.durability
def test_papers_are_measured_one_by_one_and_as_a_batch(own_database: Database) -> None:
    report = json.loads(clinic("bench", "pdf", "--scale", "10", "--json").stdout)
    assert (report["name"], report["unit"], report["scale"]) == ("pdf", "ms", 10)
    assert all(report[key] > 0 for key in ("figure", "floor", "single", "any_script", "batch_mean"))
    assert report["memory_mb"] >= 0


@pytest.mark.durability
def test_statements_are_measured_through_the_whole_job(own_database: Database) -> None:
    report = json.loads(clinic("bench", "statements", "--scale", "20", "--json").stdout)
    assert (report["name"], report["unit"], report["scale"]) == ("statements", "ms", 20)
    assert all(report[key] > 0 for key in ("figure", "floor", "archive_mb"))
    assert report["memory_mb"] >= 0
