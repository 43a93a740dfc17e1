"""What nobody foresaw: a reference code for the person, a log line without their data for the operator."""

import logging
import secrets

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clinic_core.errors import ClinicError, Unavailable
from clinic_core.kit.faults import describe_fault
from clinic_core.web import html

CLOSE_BROKEN = 1011

_LOG = logging.getLogger("clinic_core.web")


def log_unexpected(error: BaseException) -> str:
    """Logs where an error came from, never its message, which may quote personal data; returns the reference code."""
    reference = secrets.token_hex(4)
    _LOG.error("%s %s", reference, describe_fault(error))
    return reference


async def answer_refused(_request: Request, error: Exception) -> Response:
    """The answer of a route that a rule of the clinic refused."""
    if isinstance(error, Unavailable):
        return html.unavailable_page()
    message = error.message if isinstance(error, ClinicError) else ""
    return html.page("This did not work", html.paragraph(message), status=400)


ERROR_ANSWERS = {ClinicError: answer_refused}


class CatchUnexpected:
    """The outermost belt: the web server would log an error with its message, which may quote personal data."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes everything on; what fails is logged under a reference code that the person is told."""
        has_begun = False

        async def watched(message: Message) -> None:
            nonlocal has_begun
            has_begun = has_begun or message["type"] in {"http.response.start", "websocket.close"}
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:
            if scope["type"] == "lifespan":
                raise
            reference = log_unexpected(error)
            if scope["type"] == "http" and not has_begun:
                await _unexpected_page(reference)(scope, receive, send)
            elif scope["type"] == "websocket" and not has_begun:
                await send({"type": "websocket.close", "code": CLOSE_BROKEN})


def _unexpected_page(reference: str) -> Response:
    body = html.paragraph(
        "Something went wrong. What was saved before is safe; please try again. If it happens again, tell your"
        f" administrator the reference code {reference}."
    )
    return html.page("Something went wrong", body, status=500)
