"""Who can be written to, by which way; the answer when a message is planned is asked again when it is sent."""

from clinic_core.models import Patient
from clinic_core.vocabulary import NotificationChannel, WithdrawnReason

_FIELDS = {NotificationChannel.EMAIL: "email", NotificationChannel.SMS: "phone"}


def address(patient: Patient, channel: NotificationChannel) -> str:
    """The e-mail address or phone number of a patient; empty where there is none."""
    return str(patient.contact_json.get(_FIELDS[channel]) or "").strip()


def obstacle(patient: Patient, channel: NotificationChannel) -> WithdrawnReason | None:
    """Why nothing may be sent to this patient by that channel; None when it may."""
    if (
        patient.archived_at is not None
        or patient.deceased_on is not None
        or patient.deleted_at is not None
        or patient.merged_into_id is not None
    ):
        return WithdrawnReason.PATIENT_INACTIVE
    if not address(patient, channel):
        return WithdrawnReason.NO_ADDRESS
    consent = patient.consents_json.get(channel.value)
    if consent is not None and not consent.get("granted"):
        return WithdrawnReason.CONSENT_REFUSED
    return None


def choose_channel(patient: Patient) -> tuple[NotificationChannel, WithdrawnReason | None]:
    """E-mail where there is an address and no refusal, else SMS; else the way that was refused or missing, and why."""
    found = {channel: obstacle(patient, channel) for channel in (NotificationChannel.EMAIL, NotificationChannel.SMS)}
    for wanted in (None, WithdrawnReason.CONSENT_REFUSED):
        for channel, reason in found.items():
            if reason is wanted:
                return channel, reason
    return NotificationChannel.EMAIL, found[NotificationChannel.EMAIL]
