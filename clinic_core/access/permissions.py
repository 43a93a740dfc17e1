"""The permissions, and what the baseline roles are granted (product specification I3). This enum is the truth."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from clinic_core.vocabulary import BaselineRole, Scope


class Permission(StrEnum):
    """Who may do what, as `noun.verb`; `description` is the sentence people read in the permission matrix."""

    description: str

    def __new__(cls, key: str, description: str) -> "Permission":
        """A member that is its key and carries its sentence."""
        member = str.__new__(cls, key)
        member._value_ = key
        member.description = description
        return member

    PATIENT_READ = "patient.read", "See patients' names, contacts and insurance."
    PATIENT_WRITE = "patient.write", "Register patients and change their details."
    PATIENT_MERGE = "patient.merge", "Merge two records of one patient."
    APPOINTMENT_READ = "appointment.read", "See appointments."
    APPOINTMENT_MANAGE = "appointment.manage", "Book, move and cancel appointments and record arrivals."
    APPOINTMENT_OVERRIDE = "appointment.override", "Book outside hours, over an absence or a buffer, with a reason."
    APPOINTMENT_DOUBLE_BOOK = "appointment.double_book", "Book a practitioner twice at once, with a reason."
    SCHEDULE_MANAGE = "schedule.manage", "Change working hours, absences and closures."
    CLINICAL_READ = "clinical.read", "Read cases, visits and notes."
    CLINICAL_WRITE = "clinical.write", "Write cases, visits and notes."
    CLINICAL_SIGN = "clinical.sign", "Sign and amend one's own notes."
    CLINICAL_BREAK_GLASS = "clinical.break_glass", "Open a chart outside the care team for a stated reason."
    CLINICAL_EXPORT = "clinical.export", "Export clinical content."
    BILLING_VIEW = "billing.view", "See invoices, receipts and balances."
    BILLING_COLLECT = "billing.collect", "Take payments and close the day."
    BILLING_MANAGE = "billing.manage", "Write, issue and credit invoices and change the catalogue."
    BILLING_REFUND = "billing.refund", "Pay money back."
    BILLING_WRITE_OFF = "billing.write_off", "Write off what will not be paid."
    BILLING_APPROVE = "billing.approve", "Approve what a colleague asked for."
    BILLING_CLOSE_PERIOD = "billing.close_period", "Close and reopen a month, reopen a day."
    REPORT_VIEW = "report.view", "See operational reports."
    REPORT_FINANCIAL = "report.financial", "See financial reports."
    AUDIT_VIEW = "audit.view", "Read the audit log."
    DATA_IMPORT = "data.import", "Import patients and clinical data."
    DATA_EXPORT = "data.export", "Export a patient or the organisation."
    USER_MANAGE = "user.manage", "Invite, change and deactivate users."
    ROLE_MANAGE = "role.manage", "Change roles and their permissions."
    SETTINGS_MANAGE = "settings.manage", "Change locations, rooms and settings."
    RETENTION_MANAGE = "retention.manage", "Decide how long records are kept."

    @property
    def is_clinical(self) -> bool:
        """True for permissions that open clinical content; granting one needs a reason (I2)."""
        return self.value.startswith("clinical.")


PERMISSIONS: Mapping[str, Permission] = MappingProxyType({permission.value: permission for permission in Permission})

_O, _L, _C, _W = Scope.ORGANISATION, Scope.LOCATION, Scope.CARE_TEAM, Scope.OWN
_P = Permission

_MANAGER: Mapping[Permission, Scope] = {
    _P.PATIENT_READ: _O,
    _P.APPOINTMENT_READ: _O,
    _P.APPOINTMENT_MANAGE: _O,
    _P.APPOINTMENT_OVERRIDE: _O,
    _P.APPOINTMENT_DOUBLE_BOOK: _O,
    _P.SCHEDULE_MANAGE: _O,
    _P.BILLING_VIEW: _O,
    _P.BILLING_COLLECT: _O,
    _P.BILLING_MANAGE: _O,
    _P.BILLING_REFUND: _O,
    _P.BILLING_WRITE_OFF: _O,
    _P.BILLING_APPROVE: _O,
    _P.BILLING_CLOSE_PERIOD: _O,
    _P.REPORT_VIEW: _O,
    _P.REPORT_FINANCIAL: _O,
}
_ADMIN: Mapping[Permission, Scope] = {
    **_MANAGER,
    _P.PATIENT_WRITE: _O,
    _P.PATIENT_MERGE: _O,
    _P.AUDIT_VIEW: _O,
    _P.DATA_IMPORT: _O,
    _P.DATA_EXPORT: _O,
    _P.USER_MANAGE: _O,
    _P.ROLE_MANAGE: _O,
    _P.SETTINGS_MANAGE: _O,
    _P.RETENTION_MANAGE: _O,
}

BASELINE_GRANTS: Mapping[BaselineRole, Mapping[Permission, Scope]] = MappingProxyType(
    {
        BaselineRole.OWNER: _ADMIN,
        BaselineRole.ADMIN: _ADMIN,
        BaselineRole.MANAGER: _MANAGER,
        BaselineRole.PRACTITIONER: {
            _P.PATIENT_READ: _O,
            _P.PATIENT_WRITE: _O,
            _P.APPOINTMENT_READ: _L,
            _P.APPOINTMENT_MANAGE: _W,
            _P.APPOINTMENT_OVERRIDE: _W,
            _P.APPOINTMENT_DOUBLE_BOOK: _W,
            _P.SCHEDULE_MANAGE: _W,
            _P.CLINICAL_READ: _C,
            _P.CLINICAL_WRITE: _C,
            _P.CLINICAL_SIGN: _W,
            _P.CLINICAL_BREAK_GLASS: _O,
            _P.CLINICAL_EXPORT: _C,
            _P.BILLING_VIEW: _W,
            _P.REPORT_VIEW: _W,
        },
        BaselineRole.ASSISTANT: {
            _P.PATIENT_READ: _L,
            _P.PATIENT_WRITE: _L,
            _P.APPOINTMENT_READ: _L,
            _P.APPOINTMENT_MANAGE: _L,
            _P.BILLING_VIEW: _L,
            _P.BILLING_COLLECT: _L,
            _P.REPORT_VIEW: _L,
        },
        BaselineRole.PATIENT: {
            _P.PATIENT_READ: _W,
            _P.PATIENT_WRITE: _W,
            _P.APPOINTMENT_READ: _W,
            _P.APPOINTMENT_MANAGE: _W,
            _P.BILLING_VIEW: _W,
        },
    }
)

SCOPE_ORDER = (Scope.OWN, Scope.CARE_TEAM, Scope.LOCATION, Scope.ORGANISATION)


def widest(scopes: list[Scope]) -> Scope:
    """The scope that reaches furthest: own < care team < location < organisation."""
    return max(scopes, key=SCOPE_ORDER.index)
