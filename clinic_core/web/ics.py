"""Calendar files: the secret address that a calendar program asks, open to whoever has it, and one appointment."""

import hashlib
from uuid import UUID

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from clinic_core.access import Actor, Permission, load_actor, perform
from clinic_core.errors import NotFound, NotSignedIn
from clinic_core.interchange.ics import CONTENT_TYPE, appointment_ics, feed_ics
from clinic_core.scheduling.queries import find_feed
from clinic_core.scheduling.schemas import GetAppointment, ReadFeed
from clinic_core.scheduling.service import open_appointment_file, read_feed
from clinic_core.web.answers import answer_person

PRIVATE = "private, no-store"
TOKEN_CHARACTERS = 100


def show_feed(request: Request) -> Response:
    """`GET /ics/{token}.ics`: the practitioner's calendar; all that opens nothing answers the same 404."""
    content = _feed(request.path_params["token"])
    if content is None:
        return PlainTextResponse("There is no such calendar.", 404, headers={"Cache-Control": PRIVATE})
    tag = f'"{hashlib.sha256(content).hexdigest()}"'
    headers = {"Cache-Control": PRIVATE, "ETag": tag, "Referrer-Policy": "no-referrer"}
    if tag in {known.strip().removeprefix("W/") for known in request.headers.get("if-none-match", "").split(",")}:
        return Response(status_code=304, headers=headers)
    return _calendar(content, headers | {"Content-Disposition": 'inline; filename="calendar.ics"'})


def show_appointment(request: Request) -> Response:
    """`GET /docs/appointment/{id}.ics`: one appointment, for staff in reach and for the patient whose it is."""

    def file(actor: Actor) -> Response:
        found = perform(actor, open_appointment_file, GetAppointment(appointment_id=_id(request)))
        headers = {"Cache-Control": "no-store", "Content-Disposition": 'attachment; filename="appointment.ics"'}
        return _calendar(appointment_ics(found, actor.settings.locale), headers)

    return answer_person(request, file)


ICS_ROUTES = [
    Route("/ics/{token}.ics", show_feed, methods=["GET"]),
    Route("/docs/appointment/{id}.ics", show_appointment, methods=["GET"], name="appointment.ics"),
]


def _feed(token: str) -> bytes | None:
    """The feed's calendar; None when the address opens nothing, or its person may no longer see appointments.

    That is asked before: the audit log would fill up with the refusals of a program that nobody looks at.
    """
    found = find_feed(token) if len(token) <= TOKEN_CHARACTERS else None
    if found is None:
        return None
    try:
        actor = load_actor(found.organization_id, found.user_id)
        if not actor.can(Permission.APPOINTMENT_READ):
            return None
        return feed_ics(perform(actor, read_feed, ReadFeed(feed_id=found.feed_id)), actor.settings.locale)
    except (NotSignedIn, NotFound):
        return None


def _calendar(content: bytes, headers: dict[str, str]) -> Response:
    return Response(content, headers={**headers, "Content-Type": CONTENT_TYPE, "X-Content-Type-Options": "nosniff"})


def _id(request: Request) -> UUID:
    try:
        return UUID(request.path_params["id"])
    except ValueError:
        raise NotFound("This appointment does not exist.") from None
