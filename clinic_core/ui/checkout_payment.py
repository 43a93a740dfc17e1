"""The lower half of checking out: older invoices paid along, credit, the methods as buttons, and the change."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

import streamlit as st

from clinic_core.access import Permission
from clinic_core.billing.queries import open_invoices, patient_balance
from clinic_core.billing.schemas import HandedOver, InvoiceRow, OfPatient
from clinic_core.errors import InvalidInput
from clinic_core.kit.formats import amount, date_text, money, plain_amount
from clinic_core.kit.money import ZERO
from clinic_core.ui.forms import amount_of, number_field, text_field
from clinic_core.ui.page import Page
from clinic_core.ui.wording import plain
from clinic_core.vocabulary import PaymentMethod

_ICONS = {
    PaymentMethod.CASH: ":material/payments:",
    PaymentMethod.CARD: ":material/credit_card:",
    PaymentMethod.TRANSFER: ":material/account_balance:",
    PaymentMethod.INSURANCE: ":material/health_and_safety:",
    PaymentMethod.OTHER: ":material/more_horiz:",
}
_METHODS = "checkout_methods"
_AMOUNT_WIDTH, _REFERENCE_WIDTH = 130, 240


@dataclass(frozen=True)
class Paying:
    """How it is paid: the older invoices, the use of credit, and the money, read when the button is pressed."""

    invoice_ids: tuple[UUID, ...] = ()
    uses_credit: bool = False
    methods: tuple[PaymentMethod, ...] = ()
    payments: Callable[[], tuple[HandedOver, ...]] = tuple

    @property
    def pays(self) -> bool:
        """Whether anything is put on an invoice."""
        return self.uses_credit or bool(self.methods)


@dataclass(frozen=True)
class _Typed:
    """The fields of one method as they are typed."""

    method: PaymentMethod
    amount: str
    reference: str

    def value(self) -> Decimal:
        """The amount, or nothing while it cannot be right."""
        try:
            return amount_of(self.amount)
        except InvalidInput:
            return ZERO


def draw_paying(page: Page, patient_id: UUID, total: Decimal | None) -> Paying:
    """The fields; `total` is that of the new invoice, None while its lines cannot be right."""
    if not page.actor.can(Permission.BILLING_COLLECT):
        return Paying()
    ticked = _draw_open(page, patient_id, alone=not page.actor.can(Permission.BILLING_MANAGE))
    owed = (total or ZERO) + sum((row.balance for row in ticked), ZERO)
    credit = min(_draw_credit(page, patient_id) if owed else ZERO, owed)
    to_pay = owed - credit
    if ticked or credit:
        st.markdown(f"To pay: **{_said(page, to_pay)}**", text_alignment="right")
    invoice_ids = tuple(row.id for row in ticked)
    if not to_pay:
        return Paying(invoice_ids, bool(credit))
    methods = _draw_methods()
    typed = _draw_amounts(methods, to_pay)
    _draw_change(page, typed, to_pay)
    return Paying(invoice_ids, bool(credit), methods, lambda: tuple(_handed(one) for one in typed))


def _draw_methods() -> tuple[PaymentMethod, ...]:
    """A button for each method, pressed once to choose it; the buttons keep their contrast in the dark."""
    chosen: list[PaymentMethod] = st.session_state.setdefault(_METHODS, [])
    st.markdown("Paid by")
    with st.container(horizontal=True, gap="xsmall"):
        for method, icon in _ICONS.items():
            st.button(
                method.label,
                icon=":material/check_circle:" if method in chosen else icon,
                key=f"checkout_method_{method}",
                on_click=_toggle,
                args=(method,),
            )
    return tuple(chosen)


def _toggle(method: PaymentMethod) -> None:
    """Callback: choose the method, or leave it out again."""
    chosen: list[PaymentMethod] = st.session_state[_METHODS]
    st.session_state[_METHODS] = [one for one in chosen if one is not method] + [method] * (method not in chosen)


def _draw_open(page: Page, patient_id: UUID, *, alone: bool) -> list[InvoiceRow]:
    """The open invoices with a tick for each that is paid now: all of them where nothing else is paid."""
    invoices = page.read(open_invoices, OfPatient(patient_id=patient_id))
    if invoices:
        st.markdown("Still open")
    elif alone:
        st.caption("No invoice is open. Who writes invoices can check this patient out.")
    return [row for row in invoices if st.checkbox(_line(row, page), value=alone, key=f"checkout_tick_{row.id}")]


def _draw_credit(page: Page, patient_id: UUID) -> Decimal:
    """The credit that is to be used."""
    found = page.read(patient_balance, OfPatient(patient_id=patient_id))
    if found.credit <= 0:
        return ZERO
    return (
        found.credit if st.checkbox(f"Use credit of {_said(page, found.credit)}", True, key="checkout_credit") else ZERO
    )


def _draw_amounts(methods: Sequence[PaymentMethod], to_pay: Decimal) -> list[_Typed]:
    """A row for each method, cash last; the last one is filled with what the others leave."""
    typed: list[_Typed] = []
    order = sorted(methods, key=lambda method: method is PaymentMethod.CASH)
    for method in order:
        rest = to_pay - sum((one.value() for one in typed), ZERO)
        value = plain_amount(rest) if method is order[-1] and rest > 0 else ""
        is_cash = method is PaymentMethod.CASH
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            with st.container(width=_AMOUNT_WIDTH):
                label = "Cash given" if is_cash else method.label
                # A key of its own for every amount that is left, so that the field follows until it is typed in.
                given = number_field(label, key=f"checkout_amount_{method}_{value}", value=value)
            with st.container(width=_REFERENCE_WIDTH):
                reference = "" if is_cash else text_field("Reference", key=f"checkout_reference_{method}")
        typed.append(_Typed(method, given, reference))
    return typed


def _draw_change(page: Page, typed: Sequence[_Typed], to_pay: Decimal) -> None:
    given = sum((one.value() for one in typed), ZERO)
    has_cash = any(one.method is PaymentMethod.CASH for one in typed)
    if has_cash and given > to_pay:
        st.markdown(f"Change: :green[**{_said(page, given - to_pay)}**]")
    elif typed and given < to_pay:
        st.markdown(f"Stays open: **{_said(page, to_pay - given)}**")


def _handed(typed: _Typed) -> HandedOver:
    return HandedOver(method=typed.method, amount=amount_of(typed.amount), reference=typed.reference)


def _line(row: InvoiceRow, page: Page) -> str:
    due = f", due {date_text(row.due_on, page.actor.settings.locale)}" if row.due_on else ""
    return f"{row.number}: {amount(row.balance, page.actor.settings.locale)}{due} · {row.display_status.label.lower()}"


def _said(page: Page, value: Decimal) -> str:
    return plain(money(value, page.actor.settings.currency, page.actor.settings.locale))
