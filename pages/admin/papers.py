"""Papers: what every invoice, receipt, statement and letter shows, the numbers they get, and a sample."""

import streamlit as st

from clinic_core.access import Permission
from clinic_core.billing.queries import get_paper_settings
from clinic_core.billing.schemas import PAPER_LIMITS, GetPaperSettings, SetPaperSettings
from clinic_core.billing.service import set_paper_settings
from clinic_core.ui.forms import text_field
from clinic_core.ui.location import current_location, today_at
from clinic_core.ui.logo import draw_logo
from clinic_core.ui.number_words import series_text
from clinic_core.ui.page import open_page
from clinic_core.ui.wording import plain

SERIES = {
    "invoice_prefix": "Invoices begin with",
    "credit_note_prefix": "Credit notes begin with",
    "receipt_prefix": "Receipts and refunds begin with",
}

page = open_page("Papers", Permission.SETTINGS_MANAGE)
place = current_location()
year = today_at(place).year
settings = page.read(get_paper_settings, GetPaperSettings(year=year))

with page.actions:
    st.link_button(
        "Sample invoice",
        f"/docs/sample-invoice/{place.id}.pdf",
        icon=":material/visibility:",
        help="A PDF as it would be printed now; what is typed below shows once it is saved",
    )
st.caption("Invoices keep the number and letterhead that they were issued with; changes hold for papers from now on.")

words, picture = st.columns([3, 2], gap="large")
with words:
    st.subheader("Letterhead and numbers", anchor=False)
    letterhead = st.text_area(
        "Lines below the clinic's name",
        value=settings.letterhead,
        key="papers_letterhead",
        max_chars=PAPER_LIMITS.letterhead,
        height=130,
        help=f"At most {PAPER_LIMITS.letterhead_lines} lines. Address and phone of the location follow by themselves.",
    )
    tax_number = text_field(
        "Tax number", key="papers_tax_number", value=settings.tax_number, limit=PAPER_LIMITS.tax_number
    )
    due_days = st.number_input(
        "Days until an invoice is due",
        value=settings.due_days,
        min_value=0,
        max_value=PAPER_LIMITS.due_days,
        step=1,
        key="papers_due_days",
    )
    prefixes: dict[str, str] = {}
    for name, label in SERIES.items():
        prefixes[name] = text_field(label, key=f"papers_{name}", value=getattr(settings, name), limit=8)
        st.caption(plain(series_text(settings, year, getattr(settings, name), prefixes[name])))
    pressed = st.button("Save", type="primary", key="papers_save")
with picture:
    draw_logo(page)


def request() -> SetPaperSettings:
    """What was typed."""
    return SetPaperSettings(
        letterhead=letterhead,
        tax_number=tax_number,
        due_days=int(due_days),
        version=settings.version,
        request_id=page.request_id("papers"),
        **prefixes,
    )


if pressed and page.run(set_paper_settings, request, done="Papers are printed like this from now on.") is not None:
    st.rerun()
