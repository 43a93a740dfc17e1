"""What every route about the clinic's data does first: whose session it is, and a refusal as a sentence."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from clinic_core.access import Actor
from clinic_core.auth.sessions import ANONYMOUS, actor_for_session
from clinic_core.errors import Conflict, InvalidInput, NotFound, PermissionDenied


def answer_person(request: Request, make: Callable[[Actor], Response]) -> Response:
    """What `make` answers to the person of the session, or the sentence with which it refuses; nobody stores it."""
    actor = actor_for_session(request.headers.get("x-clinic-session", ANONYMOUS))
    if actor is None:
        return refused("Please sign in.", 401)
    try:
        return make(actor)
    except PermissionDenied as error:
        return refused(error.message, 403)
    except NotFound as error:
        return refused(error.message, 404)
    except Conflict as error:
        return refused(error.message, 409)
    except InvalidInput as error:
        return refused(error.message, 400)


def refused(sentence: str, status: int) -> Response:
    """A sentence instead of what was asked for."""
    return PlainTextResponse(sentence, status, headers={"Cache-Control": "no-store"})
