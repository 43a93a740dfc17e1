"""The catalogue of services and products: code, price, tax and duration; a new price never touches written lines."""

from functools import partial

import streamlit as st

from clinic_core.access import Permission
from clinic_core.billing.queries import list_catalogue
from clinic_core.billing.schemas import CatalogueRow, ListCatalogue, SetCatalogueItemActive
from clinic_core.billing.service import create_catalogue_item, set_catalogue_item_active, update_catalogue_item
from clinic_core.kit.formats import rate_text, unit_price
from clinic_core.scheduling.schemas import SetRequirements
from clinic_core.scheduling.service import set_requirements
from clinic_core.ui.catalogue_form import draw_item_form, draw_needs, draw_price_history
from clinic_core.ui.catalogue_import import KEY as IMPORT
from clinic_core.ui.catalogue_import import draw_import, open_import
from clinic_core.ui.export import Export, draw_export
from clinic_core.ui.page import open_page
from clinic_core.ui.tables import Column, Wording, show_table
from clinic_core.vocabulary import ProductType

page = open_page("Catalogue", Permission.BILLING_VIEW)

FORM = "catalogue_form"
SHOWN = 200
SEES_ROOMS = (Permission.APPOINTMENT_READ, Permission.SETTINGS_MANAGE)

settings = page.actor.settings
may_manage = page.actor.can(Permission.BILLING_MANAGE)


def set_form(item: CatalogueRow | None, is_open: bool) -> None:
    """Callback: open the form for an item or a new one, or close it, with nothing left in it."""
    for key in [key for key in st.session_state if str(key).startswith(FORM)]:
        del st.session_state[key]
    if is_open:
        st.session_state[FORM] = item


@st.dialog("Catalogue item", width="large", dismissible=False, icon=":material/sell:")
def edit(item: CatalogueRow | None) -> None:
    """The form of one item, drawn with the version that was shown."""
    typed = draw_item_form(item, key=FORM)
    sets_needs = typed.type is ProductType.SERVICE and page.actor.can(*SEES_ROOMS)
    needs = draw_needs(page, item, key=FORM) if sets_needs else ()
    if item is not None:
        draw_price_history(page, item, key=FORM)
    with st.container(horizontal=True, horizontal_alignment="right"):
        if item is not None:
            word = "Deactivate" if item.active else "Activate"
            turn = SetCatalogueItemActive(
                item_id=item.id, active=not item.active, version=item.version, request_id=page.request_id("turn")
            )
            pressed = st.button(word, key=f"{FORM}_turn")
            if pressed and page.run(set_catalogue_item_active, turn, done="{code} is changed.") is not None:
                set_form(None, False)
                st.rerun()
        if st.button("Cancel", key=f"{FORM}_cancel"):
            set_form(None, False)
            st.rerun()
        save = st.button("Save", type="primary", key=f"{FORM}_save")
    if not save:
        return
    request_id = page.request_id("save")
    if item is None:
        saved = page.run(create_catalogue_item, lambda: typed.creation(request_id), done="{code} is added.")
    else:
        saved = page.run(update_catalogue_item, lambda: typed.change_of(item, request_id), done="{code} is changed.")
    if saved is None:
        return
    require = partial(SetRequirements, product_service_id=saved.id, needs=needs, request_id=page.request_id("needs"))
    if not sets_needs or page.run(set_requirements, require) is not None:
        set_form(None, False)
        st.rerun()


with page.actions:
    if may_manage:
        st.button("Import", icon=":material/upload_file:", on_click=open_import)
        st.button("New item", type="primary", icon=":material/add:", on_click=set_form, args=(None, True))
with st.container(horizontal=True, vertical_alignment="center", gap="small"):
    search = st.text_input(
        "Search",
        key="catalogue_search",
        type="search",
        max_chars=200,
        placeholder="Part of code or name",
        label_visibility="collapsed",
        icon=":material/search:",
    )
    kind = st.radio(
        "Type",
        [None, *ProductType],
        format_func=lambda found: found.label if found else "All",
        horizontal=True,
        key="catalogue_type",
        label_visibility="collapsed",
        width="content",
    )
    inactive_too = st.toggle("Inactive too", key="catalogue_inactive")
with page.actions:
    draw_export(Export("catalogue", {"search": search, "type": kind, "active": "false" if inactive_too else ""}))
rows = page.read(list_catalogue, ListCatalogue(search=search, type=kind, active_only=not inactive_too, limit=SHOWN))
chosen = show_table(
    rows,
    [
        Column[CatalogueRow]("code", "Code"),
        Column[CatalogueRow]("name", "Name", width="large"),
        Column[CatalogueRow]("type", "Type"),
        Column[CatalogueRow](
            lambda row: unit_price(row.unit_price, settings.currency, settings.locale), "Unit price", right=True
        ),
        Column[CatalogueRow](lambda row: rate_text(row.tax_rate, settings.locale), "Tax", right=True),
        Column[CatalogueRow]("duration_minutes", "Minutes"),
        Column[CatalogueRow]("buffer_minutes", "Buffer"),
        Column[CatalogueRow]("active", "Active"),
    ],
    key=f"catalogue_{st.session_state.get('catalogue_drawn', 0)}",
    select=may_manage,
    wording=Wording(settings.locale),
    empty="Nothing in the catalogue passes these filters.",
)
if len(rows) == SHOWN:
    st.caption(f"The first {SHOWN} by code are shown; search to see others.")
if chosen is not None:
    # A table of another key forgets the click, so that the dialog opens once.
    st.session_state["catalogue_drawn"] = st.session_state.get("catalogue_drawn", 0) + 1
    set_form(chosen, True)
    st.rerun()
if FORM in st.session_state:
    edit(st.session_state[FORM])
elif IMPORT in st.session_state:
    draw_import(page)
