"""Papers: the PDF of an invoice or credit note, and of a receipt. What they say comes from the rows, to the cent."""

from collections.abc import Sequence
from decimal import Decimal

from clinic_core.billing.parties import letterhead_lines
from clinic_core.billing.schemas import (
    DisplayStatus,
    InvoiceDetail,
    Party,
    ReceiptDetail,
)
from clinic_core.kit import formats
from clinic_core.kit.formats import Locale
from clinic_core.kit.money import ZERO
from clinic_core.kit.paper import Paper, PaperColumn, PaperRow
from clinic_core.kit.paper_stack import PaperStack
from clinic_core.kit.paper_text import isolated
from clinic_core.vocabulary import InvoiceKind, ReceiptKind

_DESCRIPTION = 1
_COLUMNS = (
    PaperColumn("", 8, "L"),
    PaperColumn("Description", 67, "L"),
    PaperColumn("Quantity", 18),
    PaperColumn("Unit price", 25),
    PaperColumn("Discount", 18),
    PaperColumn("Tax", 14),
    PaperColumn("Net", 24),
)


def invoice_pdf(invoice: InvoiceDetail, locale: Locale, logo: bytes | None = None) -> bytes:
    """An invoice or credit note on A4: parties, lines with sums carried over pages, tax by rate, payments, balance."""
    paper = PaperStack(title=_title(invoice), author=invoice.seller.name)
    _draw(paper, invoice, locale, logo)
    return paper.to_bytes()


def invoices_pdf(invoices: Sequence[InvoiceDetail], locale: Locale, logo: bytes | None = None) -> bytes:
    """Invoices and credit notes one after the other, each as `invoice_pdf` and with page numbers of its own."""
    paper = PaperStack(title="Invoices", author=invoices[0].seller.name)
    for invoice in invoices:
        _draw(paper, invoice, locale, logo)
    return paper.to_bytes()


def _title(invoice: InvoiceDetail) -> str:
    kind = "Credit note" if invoice.kind is InvoiceKind.CREDIT_NOTE else "Invoice"
    return f"{kind} {invoice.number}" if invoice.number else f"{kind} draft"


def _draw(paper: PaperStack, invoice: InvoiceDetail, locale: Locale, logo: bytes | None) -> None:
    _begin(paper, _title(invoice), invoice.seller, logo)
    paper.address_and_facts(_address(invoice.bill_to), _facts(invoice, locale))
    paper.ruled_table(_COLUMNS, _rows(invoice, locale), wide=_DESCRIPTION)
    _totals(paper, invoice, locale)
    if invoice.payments or invoice.corrections:
        _settlement(paper, invoice, locale)
    if invoice.display_status is DisplayStatus.DRAFT:
        paper.note("This is a draft: it has no number and asks for no payment.")


def receipt_pdf(receipt: ReceiptDetail, locale: Locale, logo: bytes | None = None) -> bytes:
    """A receipt on A4: what was received, how, and the invoices that got it."""
    refund = receipt.kind is ReceiptKind.REFUND
    title = f"{'Refund' if refund else 'Receipt'} {receipt.number}"
    paper = PaperStack(title=title, author=receipt.seller.name)
    _begin(paper, title, receipt.seller, logo)
    facts = (
        ("Date", formats.date_text(receipt.received_on, locale)),
        ("Method", receipt.method.label),
        ("Reference", receipt.reference),
        ("Refund of", receipt.refunds_number or ""),
    )
    paper.address_and_facts((receipt.patient_name, receipt.patient_code), facts)

    def money(value: Decimal) -> str:
        return formats.money(value, receipt.currency, locale)

    paper.sum_line("Paid back" if refund else "Received", money(receipt.amount), strong=True)
    for payment in receipt.payments:
        paper.sum_line(f"Invoice {payment.invoice_number}", money(payment.amount))
    if receipt.refunded:
        paper.sum_line("Paid back later", money(receipt.refunded))
    if receipt.credit:
        paper.sum_line("Kept as credit", money(receipt.credit))
    return paper.to_bytes()


def _begin(paper: PaperStack, title: str, seller: Party, logo: bytes | None) -> None:
    paper.next_document(f"{isolated(seller.name)} · {title}")
    paper.letterhead(seller.name, title, letterhead_lines(seller), logo)


def _address(party: Party) -> list[str]:
    return [party.name, *party.address.splitlines(), party.reference]


def _facts(invoice: InvoiceDetail, locale: Locale) -> list[tuple[str, str]]:
    due_on = invoice.due_on if invoice.kind is InvoiceKind.INVOICE else None
    return [
        ("Issued", formats.date_text(invoice.issued_on, locale) if invoice.issued_on else ""),
        ("Due", formats.date_text(due_on, locale) if due_on else ""),
        ("Corrects", invoice.corrects_number or ""),
        ("Reason", invoice.reason),
        ("Patient", f"{isolated(invoice.patient_name)}, {invoice.patient_code}"),
        ("Status", invoice.display_status.label),
        ("Amounts", f"in {invoice.currency}"),
    ]


def _rows(invoice: InvoiceDetail, locale: Locale) -> list[PaperRow]:
    rows = []
    sum_so_far = ZERO
    for line in invoice.lines:
        sum_so_far += line.net
        cells = (
            str(line.position),
            line.description,
            formats.quantity(line.quantity, locale),
            formats.unit_price(line.unit_price, invoice.currency, locale),
            formats.rate_text(line.discount_rate, locale) if line.discount_rate else "",
            formats.rate_text(line.tax_rate, locale),
            formats.amount(line.net, locale),
        )
        rows.append(PaperRow(cells, line.practitioner_name, formats.amount(sum_so_far, locale)))
    return rows


def _totals(paper: Paper, invoice: InvoiceDetail, locale: Locale) -> None:
    paper.sum_line("Net", formats.amount(invoice.net, locale))
    for tax in invoice.taxes:
        rate, net = formats.rate_text(tax.rate, locale), formats.amount(tax.net, locale)
        paper.sum_line(f"Tax {rate} on {net}", formats.amount(tax.tax, locale))
    paper.sum_line("Total", formats.money(invoice.total, invoice.currency, locale), strong=True)


def _settlement(paper: Paper, invoice: InvoiceDetail, locale: Locale) -> None:
    paper.heading("Payments and corrections")
    for payment in invoice.payments:
        day = formats.date_text(payment.received_on, locale)
        paper.sum_line(
            f"{day}, {payment.method.label.lower()}, {payment.receipt_number}", formats.amount(-payment.amount, locale)
        )
    for one in invoice.corrections:
        paper.sum_line(
            f"{formats.date_text(one.corrected_on, locale)}, {one.label}", formats.amount(-one.amount, locale)
        )
    paper.sum_line("Balance due", formats.money(invoice.balance, invoice.currency, locale), strong=True)
