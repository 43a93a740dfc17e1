"""Text of people inside the markdown that Streamlit draws: shown as typed, never as markup."""

import re

# A colon before a letter begins a colour or another directive: ":red[…]", and ":red" alone would vanish.
_MARKUP = re.compile(r"([\\`*_\[\]<>$~|#]|:(?=[A-Za-z]))")


def plain(text: str) -> str:
    """The text with everything escaped that markdown would take for markup, a link, a formula or a colour."""
    return _MARKUP.sub(r"\\\1", text).replace("\n", "  \n")
