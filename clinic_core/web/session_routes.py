"""Signing in and out without JavaScript, the exchange of a ticket for the cookie, and the links that set a password."""

import hmac
from dataclasses import dataclass
from urllib.parse import parse_qs

from anyio.to_thread import run_sync
from pydantic import SecretStr
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from clinic_core.access import load_actor
from clinic_core.auth.schemas import SetPassword, SignIn
from clinic_core.auth.sessions import end_session, find_session, new_token, session_name, start_session
from clinic_core.auth.sign_in import authenticate, find_link, redeem_ticket, set_password
from clinic_core.errors import ClinicError, InvalidInput, NotFound, SignInRefused, Unavailable
from clinic_core.vocabulary import LinkPurpose
from clinic_core.web import html
from clinic_core.web.addresses import address_group
from clinic_core.web.cookies import FORM, NONCE, SESSION, drop_cookie, read_cookie, set_cookie
from clinic_core.web.metrics import SIGN_INS

FORM_BYTES = 16_384
MESSAGES = {
    "expired": "Your session ended. Please sign in again.",
    "out": "You are signed out.",
    "password": "Your password is set. Please sign in.",
}


@dataclass(frozen=True)
class Said:
    """What a page tells above its form, and its status."""

    message: str = ""
    error: str = ""
    status: int = 200


OLD_FORM = Said(error="This form is too old; please send it again.", status=403)
TYPED_DIFFERENTLY = Said(error="The two passwords differ; please type them again.", status=400)
TITLES = {LinkPurpose.INVITATION: "Choose your password", LinkPurpose.PASSWORD_RESET: "Choose a new password"}


async def show_login(request: Request) -> Response:
    """`GET /session/login`: the form, or straight on for who is signed in."""
    try:
        if await _is_signed_in(request):
            return RedirectResponse("/", 303)
    except Unavailable:
        return html.unavailable_page()
    response = _login_page(request, Said(message=MESSAGES.get(request.query_params.get("r", ""), "")))
    if read_cookie(SESSION, request.scope):
        drop_cookie(response, SESSION, request.scope)
    return response


async def log_in(request: Request) -> Response:
    """`POST /session/login`: checks e-mail and password and gives the browser its session."""
    typed = await _form(request)
    if not _is_own_form(request, typed):
        return _login_page(request, OLD_FORM)
    attempt = SignIn(
        email=typed.get("email", ""),
        password=SecretStr(typed.get("password", "")),
        address=address_group(request.client.host if request.client else ""),
    )
    try:
        token = await run_sync(_authenticate, attempt, request.headers.get("user-agent", ""))
    except SignInRefused as refused:
        return _login_page(request, Said(error=refused.message, status=401))
    except Unavailable:
        return html.unavailable_page()
    return await _signed_in(request, token)


async def exchange(request: Request) -> Response:
    """`GET /session/exchange?t=`: turns the ticket of the sign-in widget into the session's cookie, once."""
    ticket, nonce = request.query_params.get("t", ""), read_cookie(NONCE, request.scope)
    try:
        if not nonce:
            raise SignInRefused("Your browser did not keep a cookie; please allow cookies for this site and try again.")
        token = await run_sync(_redeem, ticket, nonce, request.headers.get("user-agent", ""))
    except SignInRefused as refused:
        return _login_page(request, Said(error=refused.message, status=403))
    except Unavailable:
        return html.unavailable_page()
    response = await _signed_in(request, token)
    drop_cookie(response, NONCE, request.scope)
    return response


async def show_logout(request: Request) -> Response:
    """`GET /session/logout`: asks; only the button signs out, as other sites can open an address."""
    return _logout_page(request, Said())


async def log_out(request: Request) -> Response:
    """`POST /session/logout`: ends the session in every tab and takes its cookie back."""
    if not _is_own_form(request, await _form(request)):
        return _logout_page(request, OLD_FORM)
    try:
        await _end_present(request)
    except Unavailable:
        return html.unavailable_page()
    response = _redirect("/session/login?r=out")
    drop_cookie(response, SESSION, request.scope)
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


async def show_link(request: Request) -> Response:
    """`GET /session/invitation?token=` and `/session/reset?token=`: shows the form to choose a password, never acts."""
    return await _link_page(request, request.query_params.get("token", ""), Said())


async def use_link(request: Request) -> Response:
    """`POST /session/invitation` and `/session/reset`: sets the password and uses the link up."""
    typed = await _form(request)
    token, password = typed.get("token", ""), typed.get("password", "")
    if not _is_own_form(request, typed):
        return await _link_page(request, token, OLD_FORM)
    if password != typed.get("again", ""):
        return await _link_page(request, token, TYPED_DIFFERENTLY)
    try:
        await run_sync(set_password, SetPassword(token=SecretStr(token), password=SecretStr(password)))
    except InvalidInput as refused:
        return await _link_page(request, token, Said(error=refused.message, status=400))
    except NotFound as dead:
        return html.page("This link does not work", html.paragraph(dead.message), status=404)
    except Unavailable:
        return html.unavailable_page()
    return _redirect("/session/login?r=password")


SESSION_ROUTES = [
    Route("/session/login", show_login, methods=["GET"]),
    Route("/session/login", log_in, methods=["POST"]),
    Route("/session/exchange", exchange, methods=["GET"]),
    Route("/session/logout", show_logout, methods=["GET"]),
    Route("/session/logout", log_out, methods=["POST"]),
    Route("/session/invitation", show_link, methods=["GET"]),
    Route("/session/invitation", use_link, methods=["POST"]),
    Route("/session/reset", show_link, methods=["GET"]),
    Route("/session/reset", use_link, methods=["POST"]),
]


def _authenticate(attempt: SignIn, user_agent: str) -> str:
    try:
        found = authenticate(attempt)
    except SignInRefused:
        SIGN_INS.labels("refused").inc()
        raise
    SIGN_INS.labels("signed in").inc()
    return start_session(load_actor(found.organization_id, found.user_id), user_agent)


def _redeem(ticket: str, nonce: str, user_agent: str) -> str:
    return start_session(redeem_ticket(ticket, nonce), user_agent)


async def _signed_in(request: Request, token: str) -> Response:
    """On to the app with the new session; one that the browser had before ends."""
    await _end_present(request)
    response = _redirect("/")
    set_cookie(response, SESSION, token, request.scope)
    drop_cookie(response, FORM, request.scope)
    return response


async def _end_present(request: Request) -> None:
    present = read_cookie(SESSION, request.scope)
    if present:
        await run_sync(end_session, session_name(present))


async def _is_signed_in(request: Request) -> bool:
    present = read_cookie(SESSION, request.scope)
    return bool(present) and await run_sync(find_session, session_name(present)) is not None


def _redirect(address: str) -> Response:
    return RedirectResponse(address, 303, {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})


async def _form(request: Request) -> dict[str, str]:
    """The fields of a small form; a repeated field counts once."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_BYTES:
            raise HTTPException(413, "This form is too large.")
    fields = parse_qs(body.decode("utf-8", errors="replace"), keep_blank_values=True, max_num_fields=20)
    return {name: values[0] for name, values in fields.items()}


def _is_own_form(request: Request, typed: dict[str, str]) -> bool:
    """The form came from a page of ours in this browser: its secret is that of a cookie that other sites can't read."""
    kept = read_cookie(FORM, request.scope)
    return bool(kept) and hmac.compare_digest(kept.encode(), typed.get("form", "").encode())


def _login_page(request: Request, said: Said) -> Response:
    fields = html.field("E-mail", "email", kind="email", autocomplete="username", focus=True)
    fields += html.field("Password", "password", kind="password", autocomplete="current-password")
    return _with_form(request, "Sign in", html.Form("/session/login", fields, "Sign in"), said)


def _logout_page(request: Request, said: Said) -> Response:
    return _with_form(request, "Sign out", html.Form("/session/logout", "", "Sign out"), said)


async def _link_page(request: Request, token: str, said: Said) -> Response:
    try:
        link = await run_sync(find_link, token)
    except NotFound as dead:
        return html.page("This link does not work", html.paragraph(dead.message), status=404)
    except ClinicError:
        return html.unavailable_page()
    fields = html.hidden_field("token", token)
    fields += html.field("New password", "password", kind="password", autocomplete="new-password", focus=True)
    fields += html.field("The same again", "again", kind="password", autocomplete="new-password")
    fields += html.paragraph("At least 8 characters. A few words that belong together only for you are best.")
    form = html.Form(request.url.path, fields, "Set password")
    return _with_form(request, TITLES[link.purpose], form, said)


def _with_form(request: Request, title: str, form: html.Form, said: Said) -> Response:
    """A page with a form; the form's secret stays the same in all tabs of the browser."""
    secret = read_cookie(FORM, request.scope) or new_token()
    response = html.page(title, form.markup(secret), message=said.message, error=said.error, status=said.status)
    set_cookie(response, FORM, secret, request.scope)
    return response
