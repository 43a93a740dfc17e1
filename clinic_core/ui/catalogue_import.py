"""Taking a price list into the catalogue: the file, which column is what, a look at what would happen, the result."""

from collections.abc import Callable, Sequence
from typing import TypeVar
from uuid import UUID

import streamlit as st

from clinic_core.billing.schemas import CatalogueImported, ImportCatalogue, ImportedItem, RefusedItem
from clinic_core.billing.service import import_catalogue, preview_catalogue_import
from clinic_core.errors import ClinicError
from clinic_core.interchange.catalogue import (
    CatalogueColumn,
    CatalogueReading,
    checked_mapping,
    guess_mapping,
    read_catalogue,
)
from clinic_core.interchange.catalogue_file import SourceTable, read_table
from clinic_core.kit.formats import rate_text, unit_price
from clinic_core.ui.export import Export, draw_forms
from clinic_core.ui.forms import number_field, percent_of
from clinic_core.ui.page import Page
from clinic_core.ui.states import draw_refusal
from clinic_core.ui.tables import Column, Wording, show_table
from clinic_core.ui.tiles import counted

KEY = "catalogue_import"

Found = TypeVar("Found")

_SHOWN = 5
_MINUTES = 30
_TABLE, _READ, _RESULT = f"{KEY}_table", f"{KEY}_read", f"{KEY}_result"


def close_import() -> None:
    """Callback: close the dialog with nothing left in it."""
    for key in [key for key in st.session_state if str(key).startswith(KEY)]:
        del st.session_state[key]


def open_import() -> None:
    """Callback: open the dialog anew."""
    close_import()
    st.session_state[KEY] = True


@st.dialog("Import a price list", width="large", dismissible=False, icon=":material/upload_file:")
def draw_import(page: Page) -> None:
    """The whole way of one file; drawn while `KEY` stands in the session."""
    result: tuple[CatalogueImported, UUID] | None = st.session_state.get(_RESULT)
    if result is not None:
        _draw_result(*result)
        return
    file = st.file_uploader("Price list", type=["csv", "tsv", "txt", "xlsx"], key=f"{KEY}_file")
    if file is None:
        st.caption(
            "CSV or XLSX, its first line names the columns. Items are created, or changed where their code is known;"
            " lines already written keep their price."
        )
        st.button("Cancel", key=f"{KEY}_cancel", on_click=close_import)
        return
    try:
        table = _kept(_TABLE, file.file_id, lambda: read_table(file.getvalue()))
        request = _draw_mapping(table, file.file_id, page.request_id("import"))
    except ClinicError as error:
        draw_refusal(error)
        st.button("Cancel", key=f"{KEY}_cancel", on_click=close_import)
        return
    told = page.read(preview_catalogue_import, request)
    _draw_preview(page, request.items, told)
    with st.container(horizontal=True, horizontal_alignment="right"):
        st.button("Cancel", key=f"{KEY}_cancel", on_click=close_import)
        pressed = st.button("Import", type="primary", key=f"{KEY}_import", disabled=not told.created + told.updated)
    if pressed:
        done = page.run(import_catalogue, request)
        if done is not None:
            st.session_state[_RESULT] = (done, request.request_id)
            st.rerun()


def _draw_mapping(table: SourceTable, file_id: str, request_id: UUID) -> ImportCatalogue:
    """Which heading is what, at first as guessed. Raises: InvalidInput where a required column is not chosen."""
    guess = guess_mapping(table.headers)
    headers = ["", *dict.fromkeys(header for header in table.headers if header)]
    chosen: dict[str, str] = {}
    with st.container(horizontal=True, gap="small"):
        for column in CatalogueColumn:
            chosen[column.value] = st.selectbox(
                column.label,
                headers,
                index=headers.index(guess.get(column, "")),
                format_func=lambda header: header or "No column",
                key=f"{KEY}_{column}_{file_id}",
                width=150,
            )
    with st.container(horizontal=True, gap="small"):
        tax = number_field("Tax % of new items without", key=f"{KEY}_usual_tax", value="0")
        minutes = st.number_input("Minutes of new services without", 1, 1440, _MINUTES, 5, key=f"{KEY}_usual_minutes")
    mapping = checked_mapping(table.headers, chosen)
    reading: CatalogueReading = _kept(_READ, (file_id, tuple(chosen.items())), lambda: read_catalogue(table, mapping))
    return ImportCatalogue(
        items=reading.items,
        refused=reading.refused,
        tax_rate=percent_of(tax, field="tax_rate"),
        duration_minutes=int(minutes),
        request_id=request_id,
    )


def _draw_preview(page: Page, items: Sequence[ImportedItem], told: CatalogueImported) -> None:
    settings = page.actor.settings
    wording = Wording(settings.locale)
    st.caption(f"{_summary(told, 'to create', 'to change')}; the first {min(_SHOWN, len(items))} rows:")
    show_table(
        items[:_SHOWN],
        [
            Column[ImportedItem]("line", "Line"),
            Column[ImportedItem]("code", "Code"),
            Column[ImportedItem]("name", "Name", width="medium"),
            Column[ImportedItem]("type", "Type"),
            Column[ImportedItem](
                lambda row: unit_price(row.unit_price, settings.currency, settings.locale), "Unit price", right=True
            ),
            Column[ImportedItem](
                lambda row: rate_text(row.tax_rate, settings.locale) if row.tax_rate is not None else "",
                "Tax",
                right=True,
            ),
            Column[ImportedItem]("duration_minutes", "Minutes"),
            Column[ImportedItem]("buffer_minutes", "Buffer"),
        ],
        key=f"{KEY}_rows",
        wording=wording,
        empty="No row of the file can be taken in.",
    )
    _draw_refused(told.refused)


def _draw_refused(refused: Sequence[RefusedItem]) -> None:
    if not refused:
        return
    st.caption(f"{counted(len(refused), 'row')} left out:")
    show_table(
        refused[:_SHOWN],
        [
            Column[RefusedItem]("line", "Line"),
            Column[RefusedItem]("code", "Code"),
            Column[RefusedItem]("sentence", "Why", width="large"),
        ],
        key=f"{KEY}_refused",
    )


def _draw_result(done: CatalogueImported, import_id: UUID) -> None:
    st.success(f"The price list is taken in: {_summary(done, 'created', 'changed')}.")
    _draw_refused(done.refused)
    if done.refused:
        draw_forms(Export("rows-left-out", {"import": import_id}, "All rows left out"))
    st.button("Close", type="primary", key=f"{KEY}_close", on_click=close_import)


def _summary(found: CatalogueImported, created: str, changed: str) -> str:
    return (
        f"{found.created:,} {created}, {found.updated:,} {changed} ({found.repriced:,} with a new price),"
        f" {found.unchanged:,} unchanged, {len(found.refused):,} left out"
    )


def _kept(key: str, mark: object, make: Callable[[], Found]) -> Found:
    """What was made of this file and these choices before, else made now: reading is not repeated at every rerun."""
    known = st.session_state.get(key)
    if known is None or known[0] != mark:
        known = st.session_state[key] = (mark, make())
    found: Found = known[1]
    return found
