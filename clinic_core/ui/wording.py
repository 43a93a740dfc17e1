"""Text of people inside the markdown that Streamlit draws: shown as typed, never as markup."""

import re

_MARKUP = re.compile(r"([\\`*_\[\]<>$~|#])")


def plain(text: str) -> str:
    """The text with everything escaped that markdown would take for markup, a link, a formula or a colour."""
    return _MARKUP.sub(r"\\\1", text).replace("\n", "  \n")
