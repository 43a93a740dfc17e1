"""Numbers in blocks: consecutive, shared with those given out one by one, and never given back."""

from sqlalchemy import text

from clinic_core.access import unit_of_work
from tests.factories import Clinic


def test_a_block_and_single_numbers_come_from_one_series_without_a_gap(clinic: Clinic) -> None:
    with unit_of_work(clinic.actor("owner")) as work:
        given = [
            work.session.execute(text(f"select {call}")).scalar()
            for call in ("next_number('X', 2020)", "next_numbers('X', 2020, 5)", "next_number('X', 2020)")
        ]
    assert given == [1, 2, 7]


def test_a_block_of_none_or_less_gives_nothing_out(clinic: Clinic) -> None:
    with unit_of_work(clinic.actor("owner")) as work:
        work.session.execute(text("select next_numbers('X', 2020, 3)"))
        for count in (0, -2):
            assert work.session.execute(text(f"select next_numbers('X', 2020, {count})")).scalar() is None
        assert work.session.execute(text("select next_number('X', 2020)")).scalar() == 4
