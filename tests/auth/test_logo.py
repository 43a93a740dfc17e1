"""The logo: who may set it, what is kept of it, and that papers print the one of now."""

from io import BytesIO
from uuid import uuid4

import pytest
from PIL import Image
from pypdf import PdfReader

from clinic_core.access import perform
from clinic_core.auth.logo import find_logo
from clinic_core.auth.schemas import RemoveLogo, SetLogo
from clinic_core.auth.service import remove_logo, set_logo
from clinic_core.billing.documents import invoice_pdf, receipt_pdf
from clinic_core.billing.statement_paper import statement_pdf
from clinic_core.errors import InvalidInput, NotFound, PermissionDenied
from clinic_core.kit.formats import Locale
from tests.billing.papers import invoice, receipt
from tests.billing.statement_papers import statement
from tests.factories import Clinic
from tests.scheduling.arrange import audited


def picture(color: str = "navy", kind: str = "PNG") -> bytes:
    out = BytesIO()
    Image.new("RGB", (320, 80), color).save(out, kind)
    return out.getvalue()


def test_a_logo_is_set_replaced_and_removed_and_each_is_audited(clinic: Clinic) -> None:
    admin, desk = clinic.actor("admin"), clinic.actor("assistant")
    assert perform(desk, find_logo) is None
    first = perform(admin, set_logo, SetLogo(content=picture()))
    seen = perform(desk, find_logo)
    assert seen is not None
    assert (seen.id, seen.media_type, seen.width_px, seen.height_px) == (first.id, "image/png", 320, 80)
    second = perform(admin, set_logo, SetLogo(content=picture("red", "JPEG")))
    seen = perform(desk, find_logo)
    assert seen is not None
    assert (second.id, second.version) == (first.id, first.version + 1)
    assert (seen.version, seen.media_type) == (second.version, "image/jpeg")
    assert perform(desk, find_logo) is seen
    perform(admin, remove_logo, RemoveLogo())
    assert perform(desk, find_logo) is None
    with pytest.raises(NotFound, match="no logo to remove"):
        perform(admin, remove_logo, RemoveLogo())
    assert [(table, action) for table, action, _, _ in audited(clinic, "logo.set")] == [
        ("organization_logo", "insert"),
        ("organization_logo", "update"),
    ]
    (removed,) = audited(clinic, "logo.remove")
    assert removed[:2] == ("organization_logo", "delete")
    assert "content" not in removed[3] or "PNG" not in str(removed[3]["content"])


def test_a_repeated_upload_is_one(clinic: Clinic) -> None:
    request = SetLogo(content=picture(), request_id=uuid4())
    assert perform(clinic.actor("admin"), set_logo, request) == perform(clinic.actor("admin"), set_logo, request)


def test_only_who_keeps_the_settings_sets_a_logo(clinic: Clinic) -> None:
    for role in ("assistant", "practitioner"):
        with pytest.raises(PermissionDenied):
            perform(clinic.actor(role), set_logo, SetLogo(content=picture()))
        with pytest.raises(PermissionDenied):
            perform(clinic.actor(role), remove_logo, RemoveLogo())


def test_what_is_no_picture_is_refused(clinic: Clinic) -> None:
    with pytest.raises(InvalidInput, match="use a PNG or a JPEG"):
        perform(clinic.actor("admin"), set_logo, SetLogo(content=b"%PDF-1.7"))
    assert perform(clinic.actor("admin"), find_logo) is None


def test_papers_print_the_logo_and_say_whose_it_is() -> None:
    for pdf in (
        invoice_pdf(invoice(2), Locale.EN, picture()),
        receipt_pdf(receipt(), Locale.EN, picture(kind="JPEG")),
        statement_pdf(statement(2), Locale.EN, picture()),
    ):
        (page,) = PdfReader(BytesIO(pdf)).pages
        assert [found.image.size for found in page.images if found.image] == [(320, 80)]
        assert b"Logo of Clinic on the hill" in pdf or "Logo of Clinic on the hill".encode("utf-16-be") in pdf
    (page,) = PdfReader(BytesIO(invoice_pdf(invoice(2), Locale.EN))).pages
    assert list(page.images) == []
