"""Components of our own: scripts of this package that Streamlit serves, as scripts in pages would break the CSP."""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer


def own_component(folder: Path, name: str, *, has_css: bool = False) -> "ComponentRenderer":
    """The component whose `<name>.js`, and `<name>.css` where it has one, lie in `assets` of that folder.

    Streamlit finds such files by itself only in packages named like their distribution, so they are told here.
    """
    package = f"clinicboard_{name}"
    full_name = f"{package}.{name}"
    manager = get_bidi_component_manager()
    if manager.get_component_asset_root(full_name) is None:
        manifest = ComponentManifest(package, "1", [ComponentConfig(name, asset_dir="assets")])
        manager.register_from_manifest(manifest, folder)
    return _declared(full_name, f"{name}.js", f"{name}.css" if has_css else None)


@lru_cache
def _declared(full_name: str, script: str, style: str | None) -> "ComponentRenderer":
    return st.components.v2.component(full_name, js=script, css=style)
