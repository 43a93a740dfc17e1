"""Giving money of a receipt back (B4): at once, or asked for by one person and agreed to by another.

A request is locked first, the number taken after it. The receipt is locked by the triggers alone, which count what
was used of it: whoever comes second is refused there.
"""

from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from clinic_core.access import Permission, Work, use_case
from clinic_core.billing.allocation import guards
from clinic_core.billing.numbering import next_number
from clinic_core.billing.reach import ASK_FOR_REFUND, receipts_reached, today_at
from clinic_core.billing.rows import refreshed_receipt
from clinic_core.billing.schemas import (
    DecideRefund,
    FourEyes,
    ReceiptHead,
    RefundReceipt,
    RefundRequestHead,
    RequestRefund,
    SetFourEyes,
    WithdrawRefund,
)
from clinic_core.errors import Conflict, NotFound
from clinic_core.kit import formats
from clinic_core.kit.clock import now
from clinic_core.models import Receipt, RefundRequest
from clinic_core.vocabulary import ReceiptKind, RefundStatus

_ASKED_ALREADY = "A refund of this receipt is asked for already; it must be decided or withdrawn first."


@use_case(Permission.BILLING_REFUND, name="receipt.refund")
def refund_receipt(work: Work, request: RefundReceipt) -> ReceiptHead:
    """Give back money of a receipt that no invoice has: a refund with a number of its own. Returns the refund.

    Money that is on an invoice becomes credit by `credit_invoice` first.

    Raises:
        Conflict: more than the receipt has left, it is a refund itself, or the clinic wants two people for it.
        NotFound: no such receipt, or out of scope.
    """
    receipt = _receipt(work, request.receipt_id, Permission.BILLING_REFUND)
    if work.actor.settings.four_eyes_refunds:
        raise Conflict("A refund needs the consent of a second person here; ask for it instead.")
    return _give_back(work, receipt, request)


@use_case(*ASK_FOR_REFUND, name="refund.request")
def request_refund(work: Work, request: RequestRefund) -> RefundRequestHead:
    """Ask that money of a receipt be given back; nothing moves until somebody else agrees.

    Raises:
        Conflict: more than the receipt has left, it is a refund itself, or one is asked for already.
        NotFound: no such receipt, or out of scope.
    """
    session, actor = work.session, work.actor
    receipt = _receipt(work, request.receipt_id, *ASK_FOR_REFUND)
    _check_left(work, receipt, request)
    row = RefundRequest(
        organization_id=actor.organization_id,
        receipt_id=receipt.id,
        amount=request.amount,
        method=request.method,
        reference=request.reference,
        reason=request.reason,
    )
    with work.constraints({"uq_refund_request_open": lambda _: Conflict(_ASKED_ALREADY)}):
        session.add(row)
    return _head(work, row)


@use_case(Permission.BILLING_APPROVE, name="refund.decide")
def decide_refund(work: Work, request: DecideRefund) -> RefundRequestHead:
    """Agree to a refund, which gives the money back in the same transaction, or decline it.

    Raises:
        Conflict: it is decided or withdrawn already, or the receipt has less left than was asked for.
        NotFound: no such request, or out of scope.
        PermissionDenied: the actor asked for it.
        StaleEdit: somebody changed it after the page was drawn.
    """
    row = _open_request(work, request.refund_request_id, request.version, Permission.BILLING_APPROVE)
    if row.created_by == work.actor.user_id:
        raise work.refused(
            "refund.decide",
            Permission.BILLING_APPROVE,
            "You asked for this refund yourself; somebody else must approve or decline it.",
        )
    row.status = RefundStatus.APPROVED if request.approve else RefundStatus.DECLINED
    row.decision_note = request.note
    work.session.flush()
    if request.approve:
        receipt = _receipt(work, row.receipt_id, Permission.BILLING_APPROVE)
        given = RefundReceipt(receipt_id=receipt.id, amount=row.amount, method=row.method, reference=row.reference)
        _give_back(work, receipt, given)
    return _head(work, row)


@use_case(*ASK_FOR_REFUND, name="refund.withdraw")
def withdraw_refund(work: Work, request: WithdrawRefund) -> RefundRequestHead:
    """Take back what one asked for oneself.

    Raises:
        Conflict: it is decided or withdrawn already.
        NotFound: no such request, or out of scope.
        PermissionDenied: somebody else asked for it.
        StaleEdit: somebody changed it after the page was drawn.
    """
    row = _open_request(work, request.refund_request_id, request.version, *ASK_FOR_REFUND)
    if row.created_by != work.actor.user_id:
        raise work.refused(
            "refund.withdraw", ASK_FOR_REFUND[0], "Only who asked for a refund withdraws it; others decline it."
        )
    row.status = RefundStatus.WITHDRAWN
    return _head(work, row)


@use_case(Permission.SETTINGS_MANAGE, name="refund.set_four_eyes")
def set_four_eyes(work: Work, request: SetFourEyes) -> FourEyes:
    """Whether every refund needs the consent of a second person from now on; the change is audited."""
    organization = work.lock_organization()
    was = bool(organization.settings_json.get("four_eyes_refunds", False))
    if was != request.required:
        organization.settings_json = {**organization.settings_json, "four_eyes_refunds": request.required}
        work.session.flush()
        work.audit("organization", organization.id, "refund_rule", four_eyes_refunds=[was, request.required])
    return FourEyes(id=organization.id, required=request.required)


def _receipt(work: Work, receipt_id: UUID, *permissions: Permission) -> Receipt:
    """The receipt as it is now, if the actor reaches it with one of the permissions."""
    receipt = work.session.scalars(
        select(Receipt)
        .where(col(Receipt.id) == receipt_id, receipts_reached(work.actor, *permissions))
        .execution_options(populate_existing=True)
    ).one_or_none()
    if receipt is None:
        raise NotFound("This receipt does not exist.")
    return receipt


def _check_left(work: Work, receipt: Receipt, request: RefundReceipt | RequestRefund) -> None:
    """Refuses more than no invoice has of the receipt."""
    if receipt.kind is ReceiptKind.REFUND:
        raise Conflict(f"{receipt.number} is a refund itself.")
    left = receipt.amount - receipt.allocated - receipt.refunded
    if request.amount > left:
        settings = work.actor.settings
        has, wanted = (formats.money(value, settings.currency, settings.locale) for value in (left, request.amount))
        raise Conflict(
            f"Receipt {receipt.number} has {has} left; {wanted} cannot be given back."
            " Money on an invoice becomes free when the invoice is credited."
        )


def _give_back(work: Work, receipt: Receipt, request: RefundReceipt) -> ReceiptHead:
    """The refund, dated today at the place of the receipt."""
    session, actor = work.session, work.actor
    _check_left(work, receipt, request)
    refunded_on = today_at(session, receipt.clinic_location_id)
    refund = Receipt(
        organization_id=actor.organization_id,
        patient_id=receipt.patient_id,
        clinic_location_id=receipt.clinic_location_id,
        number=next_number(session, actor.settings.receipt_prefix, refunded_on.year).text,
        kind=ReceiptKind.REFUND,
        refunds_receipt_id=receipt.id,
        amount=request.amount,
        method=request.method,
        received_at=now(),
        received_on=refunded_on,
        reference=request.reference,
    )
    with work.constraints(guards()):
        session.add(refund)
    return refreshed_receipt(session, actor, refund.id)


def _open_request(work: Work, refund_request_id: UUID, version: int | None, *permissions: Permission) -> RefundRequest:
    """The request under lock, if the actor reaches its receipt and nobody has decided."""
    reached = work.session.scalar(
        select(col(RefundRequest.id))
        .join(Receipt, col(Receipt.id) == col(RefundRequest.receipt_id))
        .where(col(RefundRequest.id) == refund_request_id, receipts_reached(work.actor, *permissions))
    )
    if reached is None:
        raise NotFound("This request for a refund does not exist.")
    row = work.lock(RefundRequest, refund_request_id, called="request for a refund", version=version)
    if row.status is not RefundStatus.REQUESTED:
        raise Conflict(f"This refund is {row.status.label.lower()} already.")
    return row


def _head(work: Work, row: RefundRequest) -> RefundRequestHead:
    work.session.flush()
    work.session.refresh(row)
    return RefundRequestHead.model_validate(row, from_attributes=True)
