"""The form of a catalogue item, for a new one and for a change."""

from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from uuid import UUID

import streamlit as st

from clinic_core.billing.queries import price_history
from clinic_core.billing.schemas import (
    CatalogueRow,
    CreateCatalogueItem,
    GetCatalogueItem,
    PriceHistoryRow,
    UpdateCatalogueItem,
)
from clinic_core.billing.schemas.base import ITEM_NAME_LIMIT
from clinic_core.kit.formats import plain_number, rate_text, unit_price
from clinic_core.scheduling.queries import list_requirements, list_resources
from clinic_core.scheduling.schemas import ListRequirements, ListResources, ResourceNeed
from clinic_core.ui.forms import choice_field, number_field, percent_of, price_of, text_field
from clinic_core.ui.location import reader_zone
from clinic_core.ui.page import Page
from clinic_core.ui.tables import Column, Wording, show_table
from clinic_core.vocabulary import ProductType, ResourceType

_PERCENT = Decimal(100)
_MINUTES = 30


@dataclass(frozen=True)
class TypedItem:
    """What was typed; the requests are made from it, and refused in a sentence where it cannot be right."""

    type: ProductType
    code: str
    name: str
    unit_price: str
    tax: str
    duration_minutes: int | None
    buffer_minutes: int
    color: str
    bookable_online: bool

    def _fields(self) -> dict[str, object]:
        return {
            "code": self.code,
            "name": self.name,
            "unit_price": price_of(self.unit_price),
            "tax_rate": percent_of(self.tax, field="tax_rate"),
            "duration_minutes": self.duration_minutes,
            "buffer_minutes": self.buffer_minutes,
            "color": self.color,
            "bookable_online": self.bookable_online,
        }

    def creation(self, request_id: UUID) -> CreateCatalogueItem:
        """The request for a new item. Raises: InvalidInput with a sentence."""
        return CreateCatalogueItem.model_validate({**self._fields(), "type": self.type, "request_id": request_id})

    def change_of(self, item: CatalogueRow, request_id: UUID) -> UpdateCatalogueItem:
        """The request for a change of the item as it was shown. Raises: InvalidInput with a sentence."""
        return UpdateCatalogueItem.model_validate(
            {**self._fields(), "item_id": item.id, "version": item.version, "request_id": request_id}
        )


def draw_item_form(item: CatalogueRow | None, *, key: str) -> TypedItem:
    """The fields, filled from the item when there is one; its type stays."""
    kind = item.type if item else choice_field("Type", ProductType, key=f"{key}_type")
    is_service = kind is ProductType.SERVICE
    with st.container(horizontal=True):
        code = text_field("Code", key=f"{key}_code", value=item.code if item else "", limit=40)
        name = text_field("Name", key=f"{key}_name", value=item.name if item else "", limit=ITEM_NAME_LIMIT)
    with st.container(horizontal=True):
        price = number_field("Unit price", key=f"{key}_price", value=plain_number(item.unit_price) if item else "")
        tax = number_field("Tax %", key=f"{key}_tax", value=plain_number(item.tax_rate * _PERCENT) if item else "")
    duration, buffer, color, online = _MINUTES, 0, "", False
    if is_service:
        with st.container(horizontal=True):
            known = item.duration_minutes if item else None
            duration = int(st.number_input("Minutes", 1, 1440, known or _MINUTES, 5, key=f"{key}_minutes"))
            buffer = int(
                st.number_input("Buffer after", 0, 240, item.buffer_minutes if item else 0, 5, key=f"{key}_buffer")
            )
            color = text_field(
                "Colour",
                key=f"{key}_color",
                value=item.color if item else "",
                limit=7,
                help="On the calendar, written like #1f6feb",
            )
        online = st.toggle(
            "Patients may book it online", value=item.bookable_online if item else False, key=f"{key}_online"
        )
    return TypedItem(kind, code, name, price, tax, duration if is_service else None, buffer, color, online)


def draw_needs(page: Page, item: CatalogueRow | None, *, key: str) -> tuple[ResourceNeed, ...]:
    """What a service needs besides a practitioner: rooms and equipment of the categories that the clinic has."""
    known: tuple[ResourceNeed, ...] = ()
    if item is not None:
        for row in page.read(list_requirements, ListRequirements(product_service_ids=(item.id,))):
            known = row.needs
    resources = page.read(list_resources, ListResources())
    chosen: list[ResourceNeed] = []
    with st.container(horizontal=True):
        for kind, label, any_word in (
            (ResourceType.ROOM, "Needs a room", "Any room"),
            (ResourceType.EQUIPMENT, "Needs equipment", "Any equipment"),
        ):
            present = [need for need in known if need.type is kind]
            offered = {one.category for one in resources if one.type is kind} | {need.category for need in present}
            categories = st.multiselect(
                label,
                sorted({"", *offered}, key=str.casefold),
                default=[need.category for need in present],
                format_func=partial(_category_word, any_word),
                key=f"{key}_needs_{kind}",
                placeholder="None",
                help="Booking chooses the first that is free. Categories are given to rooms in Admin, Locations.",
            )
            chosen += [ResourceNeed(type=kind, category=category) for category in categories]
    return tuple(chosen)


def draw_price_history(page: Page, item: CatalogueRow, *, key: str) -> None:
    """What the item cost from when on, and who changed it."""
    settings = page.actor.settings
    rows = page.read(price_history, GetCatalogueItem(item_id=item.id))
    with st.expander(f"Price history ({len(rows)})", icon=":material/history:", key=f"{key}_history"):
        show_table(
            rows,
            [
                Column[PriceHistoryRow]("valid_from", "From", zone=reader_zone()),
                Column[PriceHistoryRow](
                    lambda row: unit_price(row.unit_price, settings.currency, settings.locale), "Unit price", right=True
                ),
                Column[PriceHistoryRow](lambda row: rate_text(row.tax_rate, settings.locale), "Tax", right=True),
                Column[PriceHistoryRow](lambda row: row.changed_by or "Import or job", "Changed by"),
            ],
            key=f"{key}_prices",
            wording=Wording(settings.locale),
            empty="No price is on record.",
        )


def _category_word(any_word: str, category: str) -> str:
    return category or any_word
