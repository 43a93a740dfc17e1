"""Who sells and who pays, as printed: live while a document is a draft, its snapshot once it is issued."""

from collections.abc import Mapping
from typing import Any, Protocol

from clinic_core.access import Actor
from clinic_core.billing.schemas import Party
from clinic_core.kit.formats import person_name
from clinic_core.vocabulary import InvoiceStatus

_ADDRESS_LINES = (("street",), ("postal_code", "city"), ("region",), ("country",))


class Place(Protocol):
    """A location as it is printed."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def address(self) -> str:
        """Its address in lines."""

    @property
    def phone(self) -> str:
        """Its number, or nothing."""


class Billed(Protocol):
    """A document, as far as it says who pays."""

    @property
    def status(self) -> InvoiceStatus:
        """Where it stands."""

    @property
    def bill_to_json(self) -> Mapping[str, Any]:
        """Another payer, or the snapshot."""


class Person(Protocol):
    """A patient as they are printed."""

    @property
    def first_name(self) -> str:
        """The given name."""

    @property
    def last_name(self) -> str:
        """The family name."""

    @property
    def code(self) -> str:
        """The number of the record."""

    @property
    def contact_json(self) -> Mapping[str, Any]:
        """With the address."""


def seller(actor: Actor, location: Place | None) -> Party:
    """The organisation at that location, or as a whole."""
    return Party(
        name=actor.organization_name,
        address=location.address if location else "",
        location=location.name if location else "",
        phone=location.phone if location else "",
        letterhead=actor.settings.letterhead,
        tax_number=actor.settings.tax_number,
    )


def letterhead_lines(seller: Party) -> list[str]:
    """What stands at the head of a paper below the seller's name."""
    lines = [*seller.letterhead.splitlines(), seller.location, *seller.address.splitlines(), seller.phone]
    return [*lines, f"Tax number {seller.tax_number}" if seller.tax_number else ""]


def payer(invoice: Billed, patient: Person) -> Party:
    """Who pays the document: the snapshot, the other payer of a draft, or the patient as known today."""
    if invoice.bill_to_json:
        return Party(**{name: invoice.bill_to_json.get(name, "") for name in ("name", "address", "reference")})
    return paying_patient(patient)


def paying_patient(patient: Person) -> Party:
    """The patient as known today, as who pays."""
    return Party(
        name=person_name(patient.first_name, patient.last_name),
        address=address_text(patient.contact_json.get("address")),
        reference=patient.code,
    )


def is_billed_to_patient(invoice: Billed) -> bool:
    """True unless somebody other than the patient pays."""
    if invoice.status is InvoiceStatus.DRAFT:
        return not invoice.bill_to_json
    return bool(invoice.bill_to_json.get("is_patient"))


def address_text(address: object) -> str:
    """An address of the patient's record in the lines of an envelope."""
    if isinstance(address, str):
        return address
    if not isinstance(address, Mapping):
        return ""
    lines = (" ".join(str(address.get(part) or "").strip() for part in parts).strip() for parts in _ADDRESS_LINES)
    return "\n".join(line for line in lines if line)
