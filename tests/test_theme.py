"""The colours of .streamlit/config.toml are readable, and the fonts it names are in the repository."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from streamlit import config as streamlit_config

ROOT = Path(__file__).resolve().parents[1]
CONFIG: dict[str, Any] = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
THEME: dict[str, Any] = CONFIG["theme"]
READABLE = 4.5
VISIBLE = 3.0
WHITE = "#ffffff"


def luminance(colour: str) -> float:
    """Relative luminance of an sRGB colour as WCAG 2.2 defines it."""
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours as WCAG 2.2 defines it, 1 to 21."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_agrees_with_the_known_extremes() -> None:
    assert contrast("#000000", WHITE) == pytest.approx(21)
    assert contrast("#777777", WHITE) == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize(("mode", "expected"), [("light", 5.86), ("dark", 4.62)])
def test_white_text_on_the_accent_colour_is_readable(mode: str, expected: float) -> None:
    ratio = contrast(THEME[mode]["primaryColor"], WHITE)
    assert ratio >= READABLE
    assert ratio == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("ink", ["textColor", "linkColor"])
def test_text_and_links_are_readable_on_every_background(mode: str, ink: str) -> None:
    theme = THEME[mode]
    surfaces = [theme[key] for key in ("backgroundColor", "secondaryBackgroundColor")]
    surfaces += [theme["sidebar"][key] for key in ("backgroundColor", "secondaryBackgroundColor")]
    assert min(contrast(theme[ink], surface) for surface in surfaces) >= READABLE


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_table_heads_are_readable_and_charts_and_accents_are_seen(mode: str) -> None:
    theme = THEME[mode]
    assert contrast(theme["dataframeHeaderTextColor"], theme["dataframeHeaderBackgroundColor"]) >= READABLE
    marks = [theme["primaryColor"], *theme["chartCategoricalColors"]]
    assert min(contrast(mark, theme["backgroundColor"]) for mark in marks) >= VISIBLE


def test_every_font_is_served_from_the_repository_with_its_licence() -> None:
    assert CONFIG["server"]["enableStaticServing"] is True
    fonts = [ROOT / face["url"].removeprefix("app/") for face in THEME["fontFaces"]]
    assert {font.parent for font in fonts} == {ROOT / "static" / "fonts"}
    assert all(font.read_bytes()[:4] == b"wOF2" for font in fonts)
    assert sorted(fonts) == sorted((ROOT / "static" / "fonts").glob("*.woff2"))
    for folder in (ROOT / "static" / "fonts", ROOT / "clinic_core" / "assets" / "fonts"):
        assert "SIL OPEN FONT LICENSE" in (folder / "OFL.txt").read_text(encoding="utf-8")


def test_streamlit_knows_every_option_of_the_file() -> None:
    known = set(streamlit_config.get_config_options())
    tables = {"server.trustedUserHeaders"}

    def names(table: dict[str, Any], prefix: str) -> set[str]:
        found: set[str] = set()
        for key, value in table.items():
            name = f"{prefix}{key}"
            nested = isinstance(value, dict) and name not in tables
            found |= names(value, f"{name}.") if nested else {name}
        return found

    assert names(CONFIG, "") - known == set()


def test_the_session_reaches_pages_only_by_the_header_of_the_gate() -> None:
    assert CONFIG["server"]["trustedUserHeaders"] == {"X-Clinic-Session": "sid"}
