"""Booking rules: lateness, fees, notice for patients, offers, and how far ahead series are booked."""

import streamlit as st

from clinic_core.access import Permission
from clinic_core.access.organization import FeeRule
from clinic_core.kit.formats import plain_amount, plain_number
from clinic_core.scheduling.queries import get_booking_rules
from clinic_core.scheduling.schemas import SetBookingRules
from clinic_core.scheduling.service import set_booking_rules
from clinic_core.ui.forms import amount_of, number_field, percent_of
from clinic_core.ui.page import open_page
from clinic_core.ui.tiles import counted

KINDS = {"none": "No fee", "flat": "An amount", "percent": "A share of the price"}
HOUR, DAY = 60, 24 * 60

page = open_page("Booking rules", Permission.SETTINGS_MANAGE)
rules = page.read(get_booking_rules)
currency = page.actor.settings.currency


def whole_number(label: str, key: str, value: int, limits: tuple[int, int], step: int = 1) -> int:
    """A field for a whole number within its limits."""
    return int(st.number_input(label, value=value, min_value=limits[0], max_value=limits[1], step=step, key=key))


def length_text(minutes: int) -> str:
    """A length of time as people say it: 45 minutes, 3 hours 30 minutes, 1 day."""
    parts = (minutes // DAY, "day"), (minutes % DAY // HOUR, "hour"), (minutes % HOUR, "minute")
    return " ".join(counted(count, word) for count, word in parts if count)


def fee_fields(label: str, key: str, rule: FeeRule) -> dict[str, str]:
    """How a fee is reckoned, as typed; only what the chosen kind needs is asked for, the rest is kept."""
    kind = st.selectbox(
        label,
        list(KINDS),
        index=list(KINDS).index(rule.kind),
        format_func=lambda found: KINDS[found],
        key=f"{key}_kind",
    )
    typed, percent = plain_amount(rule.amount), plain_number(rule.rate * 100)
    if kind == "flat":
        typed = number_field(f"Amount ({currency})", key=f"{key}_amount", value=typed)
    elif kind == "percent":
        percent = number_field("Share of the price (%)", key=f"{key}_rate", value=percent)
    return {"kind": kind, "amount": typed, "rate": percent}


def fee_of(fields: dict[str, str], name: str) -> dict[str, object]:
    """The rule that was typed."""
    amount, rate = amount_of(fields["amount"] or "0", field=name), percent_of(fields["rate"], field=name)
    return {"kind": fields["kind"], "amount": amount, "rate": rate}


st.caption("They hold for the whole organisation from now on; what was decided by the old rules stays.")
late, missed = st.columns(2, gap="large")
with late, st.container(border=True, height="stretch"):
    st.markdown("**Late cancellation**")
    late_hours = whole_number("Hours before the start", "rules_late", rules.late_cancellation_hours, (0, 336))
    ahead = f"Late is what a patient cancels less than {length_text(late_hours * HOUR)} ahead."
    st.caption(ahead if late_hours else "No cancellation is late.")
    late_fee = fee_fields("Fee", "rules_late_fee", rules.late_cancellation_fee)
with missed, st.container(border=True, height="stretch"):
    st.markdown("**No-show**")
    suggested = whole_number("Minutes after the start", "rules_no_show", rules.no_show_after_minutes, (5, 240), 5)
    st.caption(f"Suggested to the desk after {length_text(suggested)}, never set by itself.")
    missed_fee = fee_fields("Fee", "rules_no_show_fee", rules.no_show_fee)
notice, offered, series = st.columns(3, gap="large")
with notice:
    notice_minutes = whole_number(
        "Patients book this many minutes ahead", "rules_notice", rules.online_notice_minutes, (0, 20160), 15
    )
    st.caption(f"At least {length_text(notice_minutes)} before the start." if notice_minutes else "Up to the start.")
with offered:
    offer_minutes = whole_number("Offers stay open for minutes", "rules_offer", rules.offer_minutes, (5, 10080), 5)
    st.caption(f"A time offered from the waiting list is open for {length_text(offer_minutes)}.")
with series:
    horizon = whole_number("Series are booked days ahead", "rules_horizon", rules.series_horizon_days, (30, 730))
    st.caption(f"About {counted(round(horizon / 30.4), 'month')}; the rest follows by itself.")
pressed = st.button("Save", type="primary")


def request() -> SetBookingRules:
    """What was typed."""
    return SetBookingRules.model_validate(
        {
            "late_cancellation_hours": late_hours,
            "no_show_fee": fee_of(missed_fee, "no_show_fee"),
            "late_cancellation_fee": fee_of(late_fee, "late_cancellation_fee"),
            "no_show_after_minutes": suggested,
            "online_notice_minutes": notice_minutes,
            "offer_minutes": offer_minutes,
            "series_horizon_days": horizon,
            "version": rules.version,
            "request_id": page.request_id("rules"),
        }
    )


if pressed and page.run(set_booking_rules, request, done="The booking rules are saved.") is not None:
    st.rerun()
