"""An invoice as it stands: its facts, lines, totals by tax rate, payments and corrections, as on the PDF."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

import streamlit as st

from clinic_core.access import Actor
from clinic_core.billing.schemas import (
    CorrectionRow,
    DisplayStatus,
    InvoiceDetail,
    InvoiceLineRow,
    InvoiceRow,
    PaymentRow,
    TaxRow,
)
from clinic_core.kit.formats import amount, date_text, money, quantity, rate_text, unit_price
from clinic_core.ui.page import Page
from clinic_core.ui.tables import Column, Wording, show_table
from clinic_core.ui.wording import plain

BadgeColor = Literal["gray", "blue", "orange", "green", "red", "violet"]
COLORS: dict[DisplayStatus, BadgeColor] = {
    DisplayStatus.DRAFT: "gray",
    DisplayStatus.ISSUED: "blue",
    DisplayStatus.PART_PAID: "orange",
    DisplayStatus.PAID: "green",
    DisplayStatus.OVERDUE: "red",
    DisplayStatus.CREDITED: "violet",
    DisplayStatus.WRITTEN_OFF: "gray",
    DisplayStatus.VOID: "gray",
}


def draw_head(invoice: InvoiceDetail, actor: Actor) -> None:
    """Number, status, patient, payer and dates in one line."""
    locale = actor.settings.locale
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if invoice.number:
            st.markdown(f"**{plain(invoice.number)}**", width="content")
        st.badge(invoice.display_status.label, color=COLORS[invoice.display_status])
        facts = [f"{invoice.patient_name}, {invoice.patient_code}", invoice.location_name]
        if not invoice.billed_to_patient:
            facts.append(f"billed to {invoice.bill_to.name}")
        if invoice.issued_on and invoice.due_on:
            facts += [
                f"issued {date_text(invoice.issued_on, locale)}",
                f"due {date_text(invoice.due_on, locale)}",
            ]
        st.caption(plain(" · ".join(facts)), width="content")


def draw_paper(page: Page, invoice: InvoiceDetail) -> None:
    """Lines, totals, payments and corrections."""
    locale = page.actor.settings.locale
    show_table(
        invoice.lines,
        [
            Column[InvoiceLineRow]("description", "Description", width="large"),
            Column[InvoiceLineRow]("practitioner_name", "Practitioner"),
            Column[InvoiceLineRow](lambda row: quantity(row.quantity, locale), "Quantity", right=True),
            Column[InvoiceLineRow](
                lambda row: unit_price(row.unit_price, invoice.currency, locale), "Unit price", right=True
            ),
            Column[InvoiceLineRow](lambda row: _rate(page, row.discount_rate), "Discount", right=True),
            Column[InvoiceLineRow](lambda row: rate_text(row.tax_rate, locale), "Tax", right=True),
            Column[InvoiceLineRow]("net", "Net"),
        ],
        key="invoice_lines",
        wording=Wording(locale),
    )
    draw_totals(page, invoice.taxes, net=invoice.net, total=invoice.total, currency=invoice.currency)
    if invoice.payments:
        st.subheader("Payments", anchor=False)
        show_table(
            invoice.payments,
            [
                Column[PaymentRow]("received_on", "Received"),
                Column[PaymentRow]("receipt_number", "Receipt"),
                Column[PaymentRow]("method", "Method"),
                Column[PaymentRow]("reference", "Reference"),
                Column[PaymentRow]("amount", "Amount"),
            ],
            key="invoice_payments",
            wording=Wording(locale),
        )
    if invoice.corrections:
        st.subheader("Corrections", anchor=False)
        show_table(
            invoice.corrections,
            [
                Column[CorrectionRow]("corrected_on", "Date"),
                Column[CorrectionRow]("label", "What"),
                Column[CorrectionRow]("reason", "Reason", width="large"),
                Column[CorrectionRow]("amount", "Amount"),
            ],
            key="invoice_corrections",
            wording=Wording(locale),
        )
    if invoice.number:
        st.metric("Balance due", money(invoice.balance, invoice.currency, locale))


def draw_receipt_links(invoice: InvoiceDetail) -> None:
    """The receipts of the invoice, to be printed."""
    receipts = {payment.receipt_id: payment.receipt_number for payment in invoice.payments}
    with st.container(horizontal=True, gap="small"):
        for receipt_id, number in receipts.items():
            st.link_button(
                f"Receipt {number}", f"/docs/receipt/{receipt_id}.pdf", icon=":material/receipt:", type="tertiary"
            )


def draw_totals(page: Page, taxes: Sequence[TaxRow], *, net: Decimal, total: Decimal, currency: str) -> None:
    """Net, the tax of each rate, total."""
    locale = page.actor.settings.locale
    sums = [f"Net {amount(net, locale)}"]
    sums += [
        f"Tax {rate_text(tax.rate, locale)} on {amount(tax.net, locale)}: {amount(tax.tax, locale)}" for tax in taxes
    ]
    sums.append(f"**Total {plain(money(total, currency, locale))}**")
    st.markdown("  \n".join(sums), text_alignment="right")


def invoice_columns() -> list[Column[InvoiceRow]]:
    """The columns of the list of invoices."""
    return [
        Column[InvoiceRow](lambda row: row.number or "Draft", "Number"),
        Column[InvoiceRow]("display_status", "Status"),
        Column[InvoiceRow]("patient_name", "Patient", width="medium"),
        Column[InvoiceRow]("patient_code", "Code"),
        Column[InvoiceRow]("location_name", "Location"),
        Column[InvoiceRow]("issued_on", "Issued"),
        Column[InvoiceRow]("due_on", "Due"),
        Column[InvoiceRow]("total", "Total"),
        Column[InvoiceRow]("balance", "Balance"),
    ]


def _rate(page: Page, rate: Decimal) -> str:
    return rate_text(rate, page.actor.settings.locale) if rate else ""
