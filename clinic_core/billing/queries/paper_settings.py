"""What papers show beside their document, and a sample of it."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from clinic_core.access import Permission, Work, query
from clinic_core.access.organization import OrganizationSettings
from clinic_core.billing.parties import seller
from clinic_core.billing.pricing import Line, price_document
from clinic_core.billing.schemas import (
    DisplayStatus,
    GetPaperSettings,
    GetSampleInvoice,
    InvoiceDetail,
    InvoiceLineRow,
    PaperSettings,
    Party,
    SeriesEnd,
    TaxRow,
)
from clinic_core.kit.calendar import local_date, zone
from clinic_core.kit.clock import now
from clinic_core.kit.money import ZERO
from clinic_core.models import ClinicLocation, NumberSeries, Organization
from clinic_core.vocabulary import InvoiceKind, InvoiceStatus, ItemType

# No row has this id: a sample is of nobody.
_NOBODY = UUID(int=0)
_LINES = (
    ("Sample of a service", Line(Decimal(1), Decimal(80))),
    ("Sample of goods, with discount and tax", Line(Decimal(2), Decimal("24.90"), Decimal("0.1"), Decimal("0.19"))),
)


@query(Permission.SETTINGS_MANAGE, name="paper_settings.get")
def get_paper_settings(work: Work, request: GetPaperSettings) -> PaperSettings:
    """The settings as they are now, with the version that a form is drawn with."""
    statement = select(Organization).where(col(Organization.id) == work.actor.organization_id)
    organization = work.session.execute(statement.execution_options(populate_existing=True)).scalar_one()
    settings = OrganizationSettings.model_validate(organization.settings_json)
    ends = (
        select(col(NumberSeries.series), col(NumberSeries.last))
        .where(col(NumberSeries.year) == request.year, col(NumberSeries.last) > 0)
        .order_by(col(NumberSeries.series))
    )
    return PaperSettings(
        **settings.model_dump(include=set(PaperSettings.model_fields) - {"ends", "version"}),
        ends=tuple(SeriesEnd(series=series, last=last) for series, last in work.session.execute(ends)),
        version=organization.version,
    )


@query(Permission.SETTINGS_MANAGE, name="paper_settings.sample")
def sample_invoice(work: Work, request: GetSampleInvoice) -> InvoiceDetail:
    """An invoice about nothing, of nobody, as that location would print it today; its number is never given.

    Raises:
        NotFound: no such location.
    """
    location = work.get(ClinicLocation, request.clinic_location_id, called="location")
    settings = work.actor.settings
    totals = price_document(line for _, line in _LINES)
    issued_on = local_date(now(), zone(location.timezone))
    return InvoiceDetail(
        id=_NOBODY,
        number=f"{settings.invoice_prefix}-{issued_on.year}-SAMPLE",
        kind=InvoiceKind.INVOICE,
        status=InvoiceStatus.ISSUED,
        display_status=DisplayStatus.ISSUED,
        patient_id=_NOBODY,
        clinic_location_id=location.id,
        issued_on=issued_on,
        due_on=issued_on + timedelta(days=settings.due_days),
        currency=settings.currency,
        net=totals.net,
        tax=totals.tax,
        total=totals.total,
        paid=ZERO,
        credited=ZERO,
        written_off=ZERO,
        balance=totals.total,
        version=1,
        patient_name="Sample",
        patient_code="no patient",
        location_name=location.name,
        bill_to=Party(name="Sample: nothing is owed", address="Street and number\nPostal code and town"),
        billed_to_patient=True,
        seller=seller(work.actor, location),
        timezone=location.timezone,
        corrects_number=None,
        reason="",
        lines=tuple(_line(at, *found) for at, found in enumerate(_LINES, start=1)),
        taxes=tuple(
            TaxRow(rate=rate, net=totals.net_by_rate[rate], tax=tax) for rate, tax in totals.tax_by_rate.items()
        ),
        payments=(),
        corrections=(),
    )


def _line(position: int, description: str, line: Line) -> InvoiceLineRow:
    return InvoiceLineRow(
        id=_NOBODY,
        position=position,
        item_type=ItemType.SERVICE,
        product_service_id=None,
        visit_id=None,
        appointment_id=None,
        practitioner_user_id=None,
        practitioner_name="",
        description=description,
        quantity=line.quantity,
        unit_price=line.unit_price,
        discount_rate=line.discount_rate,
        tax_rate=line.tax_rate,
        net=line.net,
        credited_quantity=ZERO,
    )
