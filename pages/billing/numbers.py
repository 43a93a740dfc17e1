"""Numbers: the proof that no number of a series was left out or given twice, and which papers have them."""

import streamlit as st

from clinic_core.access import Permission
from clinic_core.billing.queries import list_number_series, number_proof
from clinic_core.billing.schemas import ProveNumbers
from clinic_core.kit.formats import document_number
from clinic_core.ui.export import Export, draw_export
from clinic_core.ui.number_words import numbers_text
from clinic_core.ui.page import open_page
from clinic_core.ui.states import draw_empty
from clinic_core.ui.wording import plain

page = open_page("Numbers", Permission.BILLING_MANAGE)

found = page.read(list_number_series)
if not found:
    draw_empty("No number was given yet.", "The first invoice, receipt or credit note begins its series.")
    st.stop()

labels = {row.series: row.label for row in found}
with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
    year = st.selectbox("Year", sorted({row.year for row in found}, reverse=True), key="numbers_year", width=120)
    here = [row.series for row in found if row.year == year]
    series = st.selectbox(
        "Series",
        here,
        index=here.index(page.actor.settings.invoice_prefix) if page.actor.settings.invoice_prefix in here else 0,
        format_func=lambda prefix: f"{prefix} · {labels[prefix]}",
        key=f"numbers_series_{year}",
        width=280,
    )

proof = page.read(number_proof, ProveNumbers(series=series, year=year))
with page.actions:
    draw_export(Export("numbers", {"series": series, "year": year}))

if proof.missing or proof.duplicates:
    sentences = [f"Missing: {numbers_text(proof.missing)}."] if proof.missing else []
    sentences += [f"Given twice: {numbers_text(proof.duplicates)}."] if proof.duplicates else []
    st.error(plain(" ".join(sentences)), icon=":material/error:")
else:
    st.success("No number is missing, and none was given twice.", icon=":material/verified:")
with st.container(horizontal=True, gap="medium"):
    for label, value in (
        ("First", document_number(series, year, proof.first) if proof.first else "None"),
        ("Last", document_number(series, year, proof.last) if proof.last else "None"),
        ("Given", f"{proof.count:d}"),
        ("Missing", f"{len(proof.missing):d}"),
        ("Given twice", f"{len(proof.duplicates):d}"),
        ("Void", f"{proof.voids:d}"),
    ):
        st.metric(label, value, width="content")
st.caption("A void invoice keeps its number. The file lists every number with the paper that has it.")
