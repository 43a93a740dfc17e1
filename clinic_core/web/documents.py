"""Papers as PDF: session and permission checked, the reading audited by the use case, never stored on the way."""

from collections.abc import Callable
from typing import NamedTuple
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from clinic_core.access import Actor, perform
from clinic_core.auth.logo import find_logo
from clinic_core.billing.documents import invoice_pdf, receipt_pdf
from clinic_core.billing.queries import (
    export_catalogue,
    export_invoices,
    export_open_items,
    export_radar,
    export_receipts,
    export_uninvoiced,
    print_invoice,
    print_receipt,
    sample_invoice,
)
from clinic_core.billing.schemas import (
    CatalogueFilter,
    GetImport,
    GetInvoice,
    GetReceipt,
    GetSampleInvoice,
    InvoiceFilter,
    OfPatient,
    RadarList,
    ReceiptFilter,
)
from clinic_core.billing.service import export_refused
from clinic_core.errors import NotFound
from clinic_core.web.answers import answer_person
from clinic_core.web.exports import export_route

# What the address of the list may carry: ids, dates and words of a closed list.
INVOICES = {
    "status": "status",
    "patient": "patient_id",
    "location": "clinic_location_id",
    "from": "issued_from",
    "to": "issued_to",
    "open": "open_only",
}
RECEIPTS = {
    "patient": "patient_id",
    "location": "clinic_location_id",
    "method": "method",
    "from": "received_from",
    "to": "received_to",
    "credit": "with_credit_only",
}
CATALOGUE = {"type": "type", "active": "active_only", "search": "search"}
RADAR = {"kind": "kind", "from": "first_day", "to": "last_day", "location": "clinic_location_id"}
IMPORT = {"import": "import_id"}
PATIENT = {"patient": "patient_id"}


class Document(NamedTuple):
    """A PDF and the name under which a person saves it; the name tells no more than the number."""

    content: bytes
    name: str


def pdf_response(document: Document) -> Response:
    """The PDF, shown in the browser and stored by nobody."""
    headers = {
        "Content-Disposition": f'inline; filename="{document.name}.pdf"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(document.content, media_type="application/pdf", headers=headers)


def document_route(kind: str, make: Callable[[Actor, UUID], Document]) -> Route:
    """`GET /docs/<kind>/<id>.pdf`: what `make` prints for the person of the session, shown in the browser."""

    def answer(request: Request) -> Response:
        return answer_person(request, lambda actor: pdf_response(make(actor, id_in(request, kind))))

    return Route(f"/docs/{kind}/{{id}}.pdf", answer, methods=["GET"], name=f"{kind}.pdf")


def id_in(request: Request, kind: str) -> UUID:
    """The id in the path. Raises: NotFound where there is none."""
    try:
        return UUID(request.path_params["id"])
    except ValueError:
        raise NotFound(f"This {kind} does not exist.") from None


def logo_of(actor: Actor) -> bytes | None:
    """The picture at the head of the papers of the person's organisation."""
    logo = perform(actor, find_logo)
    return logo.content if logo is not None else None


def _invoice(actor: Actor, invoice_id: UUID) -> Document:
    invoice = perform(actor, print_invoice, GetInvoice(invoice_id=invoice_id))
    return Document(invoice_pdf(invoice, actor.settings.locale, logo_of(actor)), invoice.number or "draft")


def _receipt(actor: Actor, receipt_id: UUID) -> Document:
    receipt = perform(actor, print_receipt, GetReceipt(receipt_id=receipt_id))
    return Document(receipt_pdf(receipt, actor.settings.locale, logo_of(actor)), receipt.number)


def _sample(actor: Actor, location_id: UUID) -> Document:
    invoice = perform(actor, sample_invoice, GetSampleInvoice(clinic_location_id=location_id))
    return Document(invoice_pdf(invoice, actor.settings.locale, logo_of(actor)), "sample-invoice")


DOCUMENT_ROUTES = [
    document_route("invoice", _invoice),
    document_route("receipt", _receipt),
    document_route("sample-invoice", _sample),
    export_route("invoices", export_invoices, InvoiceFilter, INVOICES),
    export_route("receipts", export_receipts, ReceiptFilter, RECEIPTS),
    export_route("catalogue", export_catalogue, CatalogueFilter, CATALOGUE),
    export_route("missed-charges", export_radar, RadarList, RADAR),
    export_route("rows-left-out", export_refused, GetImport, IMPORT),
    export_route("open-items", export_open_items, OfPatient, PATIENT),
    export_route("uninvoiced", export_uninvoiced, OfPatient, PATIENT),
]
