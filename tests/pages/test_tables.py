"""How tables write their cells."""

import pytest

from clinic_core.ui.tables import Wording

LEFT_TO_RIGHT_MARK = "\N{LEFT-TO-RIGHT MARK}"


@pytest.mark.parametrize("name", ["ليلى مثال", "נועה דוגמה"])
def test_a_name_written_from_the_right_stays_inside_its_cell(name: str) -> None:
    assert Wording().cell(name, None) == LEFT_TO_RIGHT_MARK + name


@pytest.mark.parametrize("name", ["Ada Demo", "P-000048", "+49 30 23125 061", "例 示", ""])
def test_other_text_stands_as_it_is(name: str) -> None:
    assert Wording().cell(name, None) == name
