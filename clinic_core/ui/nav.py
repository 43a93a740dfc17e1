"""The one list of pages: where each stands in the menu and which permissions open it."""

from dataclasses import dataclass
from typing import Literal

import streamlit as st
from streamlit.navigation.page import Page as StreamlitPage

from clinic_core.access import Actor, Permission
from clinic_core.vocabulary import Scope

Section = Literal["Account", "Front desk", "Clinical", "Billing", "Analytics", "Admin"]


@dataclass(frozen=True)
class NavPage:
    """A page of the menu; any one of `permissions` opens it, none means everybody signed in.

    `listed` is false for pages about one thing (a patient, an invoice), which are reached from lists.
    """

    section: Section
    path: str
    title: str
    icon: str
    permissions: tuple[Permission, ...] = ()
    listed: bool = True

    @property
    def address(self) -> str:
        """The last part of the page's address: the file's name."""
        return self.path.rpartition("/")[2].removesuffix(".py").replace("_", "-")


# The first page that a person may open is the one they see after signing in.
NAV_PAGES: tuple[NavPage, ...] = (
    NavPage("Front desk", "pages/front_desk/today.py", "Today", "today", (Permission.APPOINTMENT_READ,)),
    NavPage("Front desk", "pages/front_desk/calendar.py", "Calendar", "calendar_month", (Permission.APPOINTMENT_READ,)),
    NavPage(
        "Front desk",
        "pages/front_desk/waiting_list.py",
        "Waiting list",
        "hourglass_top",
        (Permission.APPOINTMENT_READ,),
    ),
    NavPage("Front desk", "pages/front_desk/rebook.py", "To rebook", "event_repeat", (Permission.APPOINTMENT_MANAGE,)),
    NavPage("Front desk", "pages/front_desk/absences.py", "Absences", "event_busy", (Permission.SCHEDULE_MANAGE,)),
    NavPage("Front desk", "pages/front_desk/patients.py", "Patients", "group", (Permission.PATIENT_READ,)),
    NavPage("Front desk", "pages/front_desk/patient.py", "Patient", "person", (Permission.PATIENT_READ,), listed=False),
    NavPage("Front desk", "pages/front_desk/recall.py", "Recall", "phone_callback", (Permission.APPOINTMENT_READ,)),
    NavPage("Clinical", "pages/clinical/worklist.py", "Notes to write", "edit_note", (Permission.CLINICAL_READ,)),
    NavPage(
        "Clinical", "pages/clinical/visit.py", "Visit", "clinical_notes", (Permission.CLINICAL_READ,), listed=False
    ),
    NavPage("Clinical", "pages/clinical/case.py", "Case", "folder_open", (Permission.CLINICAL_READ,), listed=False),
    NavPage("Billing", "pages/billing/invoices.py", "Invoices", "receipt_long", (Permission.BILLING_VIEW,)),
    NavPage("Billing", "pages/billing/invoice.py", "Invoice", "receipt", (Permission.BILLING_VIEW,), listed=False),
    NavPage(
        "Billing",
        "pages/billing/statement.py",
        "Statement",
        "account_balance",
        (Permission.BILLING_VIEW,),
        listed=False,
    ),
    NavPage("Billing", "pages/billing/receipts.py", "Receipts", "payments", (Permission.BILLING_VIEW,)),
    NavPage(
        "Billing",
        "pages/billing/refunds.py",
        "Refunds",
        "currency_exchange",
        (Permission.BILLING_REFUND, Permission.BILLING_APPROVE, Permission.BILLING_COLLECT),
    ),
    NavPage(
        "Billing",
        "pages/billing/reminders.py",
        "Payment reminders",
        "notification_important",
        (Permission.BILLING_MANAGE,),
    ),
    NavPage("Billing", "pages/billing/batches.py", "Print runs", "print", (Permission.BILLING_VIEW,)),
    NavPage("Billing", "pages/billing/closing.py", "Close day", "lock_clock", (Permission.BILLING_COLLECT,)),
    NavPage("Billing", "pages/billing/numbers.py", "Numbers", "format_list_numbered", (Permission.BILLING_MANAGE,)),
    NavPage("Billing", "pages/billing/radar.py", "Missed charges", "radar", (Permission.BILLING_MANAGE,)),
    NavPage("Billing", "pages/billing/catalogue.py", "Catalogue", "sell", (Permission.BILLING_VIEW,)),
    NavPage("Analytics", "pages/analytics/overview.py", "Overview", "monitoring", (Permission.REPORT_VIEW,)),
    NavPage(
        "Analytics",
        "pages/analytics/outstanding.py",
        "Outstanding",
        "account_balance_wallet",
        (Permission.REPORT_FINANCIAL,),
    ),
    NavPage("Analytics", "pages/analytics/overrides.py", "Overrides", "rule", (Permission.REPORT_VIEW,)),
    NavPage("Admin", "pages/admin/users.py", "Users", "manage_accounts", (Permission.USER_MANAGE,)),
    NavPage("Admin", "pages/admin/user.py", "User", "person_edit", (Permission.USER_MANAGE,), listed=False),
    NavPage("Admin", "pages/admin/roles.py", "Roles", "admin_panel_settings", (Permission.ROLE_MANAGE,)),
    NavPage(
        "Admin",
        "pages/admin/locations.py",
        "Locations",
        "location_city",
        (Permission.SETTINGS_MANAGE, Permission.SCHEDULE_MANAGE),
    ),
    NavPage("Admin", "pages/admin/availability.py", "Working hours", "schedule", (Permission.SCHEDULE_MANAGE,)),
    NavPage("Admin", "pages/admin/booking_rules.py", "Booking rules", "rule", (Permission.SETTINGS_MANAGE,)),
    NavPage("Admin", "pages/admin/papers.py", "Papers", "description", (Permission.SETTINGS_MANAGE,)),
    NavPage("Admin", "pages/admin/audit_log.py", "Audit log", "policy", (Permission.AUDIT_VIEW,)),
    NavPage("Account", "pages/account/profile.py", "My account", "account_circle"),
)


def allowed_pages(actor: Actor) -> list[NavPage]:
    """The pages that the person may open, in the order of the menu."""
    return [page for page in NAV_PAGES if may_open(actor, *page.permissions)]


def may_open(actor: Actor, *permissions: Permission) -> bool:
    """Whether a page with these permissions is the person's: any one opens it, none means everybody signed in.

    Who reaches only themselves is a patient; the pages of the clinic are not made for them.
    """
    is_patient = actor.scope(Permission.PATIENT_READ) is Scope.OWN
    return not permissions or (actor.can(*permissions) and not is_patient)


def menu(actor: Actor) -> dict[NavPage, StreamlitPage]:
    """The pages that the person may open, as Streamlit knows them; the first one is where they begin."""
    return {
        page: StreamlitPage(page.path, title=page.title, icon=f":material/{page.icon}:", url_path=page.address)
        for page in allowed_pages(actor)
    }


def entrance(first: StreamlitPage) -> StreamlitPage:
    """The bare address of the app, which leads on to the person's first page.

    Streamlit serves its default page there and nowhere else, so no page of ours may be it: each has its own address.
    """
    return StreamlitPage(lambda: _lead_on(first), title=first.title, url_path="entrance", default=True)


def _lead_on(first: StreamlitPage) -> None:
    st.switch_page(first, query_params=st.query_params.to_dict())
