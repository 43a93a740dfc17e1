"""The lines of an invoice while it is a draft: added from the catalogue or from what was attended, priced as typed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

import streamlit as st

from clinic_core.billing.pricing import Line, Totals, price_document
from clinic_core.billing.schemas import CatalogueRow, DraftLine, InvoiceLineRow, TaxRow, UninvoicedRow
from clinic_core.billing.schemas.base import DESCRIPTION_LIMIT
from clinic_core.errors import ClinicError
from clinic_core.kit.formats import amount, plain_number, unit_price
from clinic_core.kit.ids import new_id
from clinic_core.ui.forms import percent_of, price_of, quantity_of
from clinic_core.ui.invoice_paper import draw_totals
from clinic_core.ui.page import Page
from clinic_core.ui.wording import plain
from clinic_core.vocabulary import ItemType, ProductType

# Each field with its heading and its width in pixels: one row on a desk, two under each other on a phone.
_FIELDS = {
    "description": ("Description", 495),
    "quantity": ("Quantity", 76),
    "unit_price": ("Unit price", 96),
    "discount": ("Discount %", 88),
    "tax": ("Tax %", 70),
}
_NET_WIDTH = 110
_FIXED = frozenset({"quantity", "unit_price"})
_PERCENT = Decimal(100)


@dataclass
class EditorLine:
    """One line as it is typed; what it points at is not shown. A fixed one is charged once, at its price."""

    item_type: ItemType
    description: str = ""
    quantity: str = "1"
    unit_price: str = ""
    discount: str = ""
    tax: str = ""
    product_service_id: UUID | None = None
    visit_id: UUID | None = None
    appointment_id: UUID | None = None
    practitioner_user_id: UUID | None = None
    is_fixed: bool = False
    key: str = field(default_factory=lambda: new_id().hex)

    def to_draft(self) -> DraftLine:
        """The line as the use case takes it. Raises: InvalidInput for a number that cannot be right."""
        return DraftLine(
            item_type=self.item_type,
            product_service_id=self.product_service_id,
            visit_id=self.visit_id,
            appointment_id=self.appointment_id,
            practitioner_user_id=self.practitioner_user_id,
            description=self.description,
            quantity=quantity_of(self.quantity),
            unit_price=price_of(self.unit_price),
            discount_rate=percent_of(self.discount, field="discount_rate"),
            tax_rate=percent_of(self.tax, field="tax_rate"),
        )


def line_of_item(item: CatalogueRow) -> EditorLine:
    """A line for an item of the catalogue, at its price of today."""
    return EditorLine(
        item_type=ItemType.SERVICE if item.type is ProductType.SERVICE else ItemType.PRODUCT,
        description=item.name,
        unit_price=plain_number(item.unit_price),
        tax=_percent(item.tax_rate),
        product_service_id=item.id,
    )


def line_of_attended(row: UninvoicedRow) -> EditorLine:
    """A line for an appointment, visit or fee that no invoice charges for."""
    return EditorLine(
        item_type=row.item_type,
        description=row.description,
        unit_price=plain_number(row.unit_price),
        tax=_percent(row.tax_rate),
        product_service_id=row.product_service_id,
        visit_id=row.visit_id,
        appointment_id=row.appointment_id,
        practitioner_user_id=row.practitioner_user_id,
        is_fixed=row.is_fixed,
    )


def line_of_draft(row: InvoiceLineRow) -> EditorLine:
    """A line as it was saved."""
    return EditorLine(
        item_type=row.item_type,
        description=row.description,
        quantity=plain_number(row.quantity),
        unit_price=plain_number(row.unit_price),
        discount=_percent(row.discount_rate),
        tax=_percent(row.tax_rate),
        product_service_id=row.product_service_id,
        visit_id=row.visit_id,
        appointment_id=row.appointment_id,
        practitioner_user_id=row.practitioner_user_id,
        is_fixed=row.item_type is ItemType.FEE and row.appointment_id is not None,
    )


def total_of(lines: Sequence[EditorLine]) -> Decimal | None:
    """What the lines come to as typed; None while one of them cannot be right, or there is none."""
    totals = _priced(lines)
    return totals.total if totals is not None else None


def draw_lines(page: Page, lines: list[EditorLine], catalogue: Sequence[CatalogueRow], *, key: str) -> None:
    """The lines as fields, the picker that adds one, and the totals; `lines` follow what is typed."""
    settings = page.actor.settings
    for place, line in enumerate(lines):
        with st.container(horizontal=True, vertical_alignment="center" if place else "bottom", gap="xsmall"):
            _draw_line(page, lines, line, headed=place == 0)
    if not lines:
        st.caption("No line yet: add an item of the catalogue, or a fee in your own words.")
    if any(line.is_fixed for line in lines):
        st.caption("The fee for a missed appointment is charged as it was fixed; give a discount, or waive it there.")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.selectbox(
            "Add from the catalogue",
            list(catalogue),
            index=None,
            format_func=lambda item: (
                f"{item.code} · {item.name} · {unit_price(item.unit_price, settings.currency, settings.locale)}"
            ),
            placeholder="Type a part of code or name",
            key=f"{key}_add",
            on_change=_add_item,
            args=(lines, f"{key}_add"),
        )
        st.button(
            "Add a fee",
            icon=":material/add:",
            key=f"{key}_fee",
            on_click=lines.append,
            args=(EditorLine(ItemType.FEE),),
        )
    _draw_totals(page, lines)


def _draw_line(page: Page, lines: list[EditorLine], line: EditorLine, *, headed: bool) -> None:
    for name, (label, width) in _FIELDS.items():
        typed = st.text_input(
            label,
            value=getattr(line, name),
            key=f"line_{line.key}_{name}",
            max_chars=DESCRIPTION_LIMIT if name == "description" else 24,
            label_visibility="visible" if headed else "collapsed",
            width=width,
            disabled=line.is_fixed and name in _FIXED,
        )
        setattr(line, name, typed)
    try:
        text = amount(_as_line(line.to_draft()).net, page.actor.settings.locale)
    except ClinicError as error:
        text = f":red[{plain(error.message)}]"
    st.markdown(text, text_alignment="right", width=_NET_WIDTH)
    st.button(
        "",
        icon=":material/delete:",
        key=f"line_{line.key}_remove",
        help="Remove the line",
        on_click=_remove,
        args=(lines, line),
        type="tertiary",
    )


def _draw_totals(page: Page, lines: Sequence[EditorLine]) -> None:
    """What the lines add up to as typed; nothing while one of them cannot be right."""
    totals = _priced(lines)
    if totals is not None:
        rows = [TaxRow(rate=rate, net=totals.net_by_rate[rate], tax=tax) for rate, tax in totals.tax_by_rate.items()]
        draw_totals(page, rows, net=totals.net, total=totals.total, currency=page.actor.settings.currency)


def _priced(lines: Sequence[EditorLine]) -> Totals | None:
    try:
        return price_document(_as_line(line.to_draft()) for line in lines) if lines else None
    except ClinicError:
        return None


def _as_line(line: DraftLine) -> Line:
    return Line(line.quantity, line.unit_price or Decimal(0), line.discount_rate, line.tax_rate or Decimal(0))


def _percent(rate: Decimal) -> str:
    return plain_number(rate * _PERCENT) if rate else ""


def _add_item(lines: list[EditorLine], key: str) -> None:
    chosen: CatalogueRow | None = st.session_state.get(key)
    if chosen is not None:
        lines.append(line_of_item(chosen))
        st.session_state[key] = None


def _remove(lines: list[EditorLine], line: EditorLine) -> None:
    lines.remove(line)
