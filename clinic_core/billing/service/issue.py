"""Issuing: the number, the dates and the snapshots; from here on PostgreSQL keeps the paper as it is."""

from clinic_core.access import Permission, Work, use_case
from clinic_core.access.scope import invoices_in_scope
from clinic_core.billing.allocation import guards
from clinic_core.billing.issuing import issue, locked_document
from clinic_core.billing.schemas import InvoiceHead, IssueInvoice
from clinic_core.billing.status import check_transition
from clinic_core.kit.clock import now
from clinic_core.models import Invoice
from clinic_core.vocabulary import InvoiceStatus


@use_case(Permission.BILLING_MANAGE, name="invoice.issue")
def issue_invoice(work: Work, request: IssueInvoice) -> InvoiceHead:
    """Give a draft the next number of the year of its issue date, by the date at its location, and freeze it.

    Due at the end of the day that is `due_days` after the issue date. Seller and payer are written down as they are
    today.

    Raises:
        IllegalTransition: it is issued already.
        StaleEdit: somebody changed it after the page was drawn.
    """
    session, actor = work.session, work.actor
    draft = locked_document(session, request.invoice_id, invoices_in_scope(actor, Permission.BILLING_MANAGE))
    if request.version not in {None, draft.version}:
        work.lock(Invoice, draft.id, called="invoice", version=request.version)  # refuses it, naming who changed it
    check_transition(draft, InvoiceStatus.ISSUED)
    with work.constraints(guards()):
        return issue(session, actor, draft, at=now())
