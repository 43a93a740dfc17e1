"""What a credit note would come to, before it is issued."""

from sqlmodel import col, select

from clinic_core.access import Permission, Work, query
from clinic_core.access.scope import invoices_in_scope
from clinic_core.billing.crediting import credit_of
from clinic_core.billing.schemas import CreditPreview, PreviewCredit, TaxRow
from clinic_core.errors import NotFound
from clinic_core.kit.money import ZERO
from clinic_core.models import Invoice


@query(Permission.BILLING_MANAGE, name="invoice.preview_credit")
def preview_credit(work: Work, request: PreviewCredit) -> CreditPreview:
    """Net, tax and total of the credit note, and what it does to what was paid and to what is owed.

    Raises:
        Conflict, IllegalTransition, InvalidInput, NotFound: as `credit_invoice`.
    """
    actor = work.actor
    invoice = work.session.scalars(
        select(Invoice)
        .where(col(Invoice.id) == request.invoice_id, invoices_in_scope(actor, Permission.BILLING_MANAGE))
        .execution_options(populate_existing=True)
    ).one_or_none()
    if invoice is None:
        raise NotFound("This invoice does not exist.")
    credit = credit_of(work.session, actor, invoice, request.lines)
    totals = credit.totals
    return CreditPreview(
        id=invoice.id,
        net=totals.net,
        tax=totals.tax,
        total=totals.total,
        taxes=tuple(
            TaxRow(rate=rate, net=totals.net_by_rate[rate], tax=tax) for rate, tax in totals.tax_by_rate.items()
        ),
        released=credit.released,
        balance=(invoice.balance or ZERO) - totals.total + credit.released,
        currency=invoice.currency or actor.settings.currency,
    )
