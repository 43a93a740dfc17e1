"""What people typed is drawn as typed."""

import pytest

from clinic_core.ui.wording import plain


@pytest.mark.parametrize(
    ("typed", "drawn"),
    [
        ("Ada :red Demo", r"Ada \:red Demo"),
        (":material/delete:", r"\:material/delete:"),
        ("at 10:30, then: home", "at 10:30, then: home"),
        ("[a](javascript:b)", r"\[a\](javascript\:b)"),
        ("<b>*x*</b> $1 $2", r"\<b\>\*x\*\</b\> \$1 \$2"),
        ("two\nlines", "two  \nlines"),
    ],
)
def test_typed_text_is_never_markup(typed: str, drawn: str) -> None:
    assert plain(typed) == drawn
