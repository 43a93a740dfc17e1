"""What is asked of invoices: drafting, changing, issuing."""

from decimal import Decimal
from typing import TypeVar
from uuid import UUID

from pydantic import field_validator

from clinic_core.billing.schemas.base import DESCRIPTION_LIMIT, NAME_LIMIT, Frozen
from clinic_core.billing.schemas.numbers import DiscountRate, Quantity, TaxRate, UnitPrice
from clinic_core.errors import InvalidInput
from clinic_core.kit.text import clean, clean_multiline, clean_required
from clinic_core.vocabulary import ItemType

Part = TypeVar("Part")

ADDRESS_LIMIT = 1000
LINE_LIMIT = 200


def not_too_many(lines: tuple[Part, ...]) -> tuple[Part, ...]:
    """What becomes lines of one document, no more of it than fits. Raises: InvalidInput."""
    if len(lines) > LINE_LIMIT:
        raise InvalidInput(f"A document has at most {LINE_LIMIT} lines; this one has {len(lines)}.")
    return lines


class BillTo(Frozen):
    """Who pays, when it is not the patient: an employer, a parent, an insurer."""

    name: str
    address: str = ""
    reference: str = ""

    @field_validator("name")
    @classmethod
    def _name(cls, value: str) -> str:
        return clean_required(value, limit=NAME_LIMIT, field="bill_to")

    @field_validator("address")
    @classmethod
    def _address(cls, value: str) -> str:
        return clean_multiline(value, limit=ADDRESS_LIMIT, field="address")

    @field_validator("reference")
    @classmethod
    def _reference(cls, value: str) -> str:
        return clean(value, limit=NAME_LIMIT, field="reference")


class DraftLine(Frozen):
    """One line; description, price and tax rate come from the catalogue item where they are left out.

    A negative quantity is a return. `unit_price` may carry six decimals, `quantity` four.
    """

    item_type: ItemType
    product_service_id: UUID | None = None
    visit_id: UUID | None = None
    appointment_id: UUID | None = None
    description: str | None = None
    quantity: Quantity = Decimal(1)
    unit_price: UnitPrice | None = None
    discount_rate: DiscountRate = Decimal(0)
    tax_rate: TaxRate | None = None
    practitioner_user_id: UUID | None = None

    @field_validator("description")
    @classmethod
    def _description(cls, value: str | None) -> str | None:
        return clean(value, limit=DESCRIPTION_LIMIT, field="description") or None if value is not None else None


class DraftInvoice(Frozen):
    """A new draft: the lines given, and one for each appointment and visit that no line charges for.

    `clinic_location_id` left out is that of the first visit or appointment, else the actor's only location.
    """

    patient_id: UUID
    lines: tuple[DraftLine, ...] = ()
    appointment_ids: tuple[UUID, ...] = ()
    visit_ids: tuple[UUID, ...] = ()
    clinic_location_id: UUID | None = None
    bill_to: BillTo | None = None
    request_id: UUID | None = None

    @field_validator("lines", "appointment_ids", "visit_ids")
    @classmethod
    def _lines(cls, value: tuple[DraftLine | UUID, ...]) -> tuple[DraftLine | UUID, ...]:
        return not_too_many(value)


class UpdateDraft(Frozen):
    """The draft as it shall be: all its lines in order, and who pays."""

    invoice_id: UUID
    lines: tuple[DraftLine, ...]
    bill_to: BillTo | None = None
    version: int | None = None
    request_id: UUID | None = None

    @field_validator("lines")
    @classmethod
    def _lines(cls, value: tuple[DraftLine, ...]) -> tuple[DraftLine, ...]:
        return not_too_many(value)


class DeleteDraft(Frozen):
    """Throw a draft away; it never had a number."""

    invoice_id: UUID
    version: int | None = None
    request_id: UUID | None = None


class DeletedDraft(Frozen):
    """The draft that is gone."""

    id: UUID


class IssueInvoice(Frozen):
    """Give a draft its number and freeze it."""

    invoice_id: UUID
    version: int | None = None
    request_id: UUID | None = None
