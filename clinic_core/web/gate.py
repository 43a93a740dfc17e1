"""The session gate: nothing of Streamlit is reached, and no script runs, without a live session.

A pure ASGI middleware in front of HTML, websocket, media, uploads and component assets. It alone says who asks: it
strips what a client sends as `X-Clinic-*` and sets `X-Clinic-Session` to the name of the session or to `anonymous`.
"""

from collections import Counter
from functools import partial

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clinic_core.auth.schemas import LiveSession
from clinic_core.auth.sessions import ANONYMOUS, find_session, new_token, session_name, touch_session
from clinic_core.errors import Unavailable
from clinic_core.web.addresses import address_group, client_address, client_scheme, is_allowed_host, is_own_origin
from clinic_core.web.cookies import NONCE, SESSION, drop_cookie, header, read_cookie, set_cookie
from clinic_core.web.html import unavailable_page
from clinic_core.web.metrics import WEBSOCKETS
from clinic_core.web.socket_guard import EXPIRED, SocketGuard, bounce

IDENTITY = b"x-clinic-session"
SHELL = "/"
STREAM = "/_stcore/stream"
OPEN_PATHS = frozenset(
    {"/healthz", "/readyz", "/metrics", "/_stcore/health", "/_stcore/host-config", "/favicon.png", "/favicon.ico",
     "/robots.txt"}
)  # fmt: skip
OPEN_FOLDERS = ("/session/", "/link/", "/ics/", "/static/", "/app/static/", "/component/")
ANONYMOUS_SOCKETS = 20
LOOK_UPS_AT_ONCE = 8
WATCH_SECONDS = 15.0
CLOSE_TRY_AGAIN = 1013
CLOSE_POLICY = 1008


class SessionGate:
    """Lets through what is open to everybody, and the rest to live sessions only."""

    def __init__(
        self, app: ASGIApp, *, watch_seconds: float = WATCH_SECONDS, anonymous_sockets: int = ANONYMOUS_SOCKETS
    ) -> None:
        self._app = app
        self._watch_seconds = watch_seconds
        self._anonymous_sockets = anonymous_sockets
        self._anonymous: Counter[str] = Counter()
        self._limiter: CapacityLimiter | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request or serves one websocket."""
        if scope["type"] == "http":
            await self._http(_admitted(scope), receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(_admitted(scope), receive, send)
        else:
            await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if path not in OPEN_PATHS and not is_allowed_host(scope):
            await PlainTextResponse("This host is not served here.", 400)(scope, receive, send)
            return
        if path in OPEN_PATHS or path.startswith(OPEN_FOLDERS):
            await self._app(_identified(scope, ANONYMOUS), receive, send)
            return
        name = _cookie_name_of_session(scope)
        try:
            found = await self._find(name)
        except Unavailable:
            answer = unavailable_page() if _wants_html(scope) else PlainTextResponse("The database is away.", 503)
            await answer(scope, receive, send)
            return
        if found is not None:
            await self._app(_identified(scope, name), receive, send)
        elif path == SHELL:
            await self._app(_identified(scope, ANONYMOUS), receive, partial(_send_shell, scope, send))
        else:
            await _refusal(scope)(scope, receive, send)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Origins are compared here: Streamlit lets other ports in, and asks the internet for its own address."""
        if scope["path"] != STREAM or not is_allowed_host(scope) or not is_own_origin(scope):
            await send({"type": "websocket.close", "code": CLOSE_POLICY})
            return
        scope = {**scope, "headers": [(key, value) for key, value in scope["headers"] if key.lower() != b"origin"]}
        name = _cookie_name_of_session(scope)
        try:
            found = await self._find(name)
        except Unavailable:
            await send({"type": "websocket.close", "code": CLOSE_TRY_AGAIN})
            return
        if found is not None:
            guard = SocketGuard(lambda: self._find(name), self._touch, self._watch_seconds)
            with WEBSOCKETS.labels("signed in").track_inprogress():
                await guard.serve(self._app, _identified(scope, name), receive, send)
        elif name:
            await bounce(scope, receive, send, EXPIRED)
        else:
            await self._anonymous_socket(_identified(scope, ANONYMOUS), receive, send)

    async def _anonymous_socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The sign-in page, for a limited number of tabs of one address."""
        address = address_group(scope["client"][0])
        if self._anonymous[address] >= self._anonymous_sockets:
            await send({"type": "websocket.close", "code": CLOSE_TRY_AGAIN})
            return
        self._anonymous[address] += 1
        try:
            with WEBSOCKETS.labels("anonymous").track_inprogress():
                await self._app(scope, receive, send)
        finally:
            self._anonymous[address] -= 1
            if not self._anonymous[address]:
                del self._anonymous[address]

    async def _find(self, name: str) -> LiveSession | None:
        return await run_sync(find_session, name, limiter=self._threads()) if name else None

    async def _touch(self, found: LiveSession) -> None:
        await run_sync(touch_session, found, limiter=self._threads())

    def _threads(self) -> CapacityLimiter:
        """Threads of the gate's own, so that running pages cannot keep it waiting; made within the event loop."""
        if self._limiter is None:
            self._limiter = CapacityLimiter(LOOK_UPS_AT_ONCE)
        return self._limiter


def _admitted(scope: Scope) -> Scope:
    """The scope with the client's real address and scheme, and without what only the gate may say."""
    address = client_address(scope)
    port = scope["client"][1] if scope.get("client") else 0
    headers = [(key, value) for key, value in scope["headers"] if not key.lower().startswith(b"x-clinic-")]
    return {**scope, "client": (address, port), "scheme": client_scheme(scope), "headers": headers}


def _identified(scope: Scope, name: str) -> Scope:
    return {**scope, "headers": [*scope["headers"], (IDENTITY, name.encode("ascii"))]}


def _cookie_name_of_session(scope: Scope) -> str:
    """The name of the session whose token the browser sent, or nothing."""
    token = read_cookie(SESSION, scope)
    return session_name(token) if token else ""


def _wants_html(scope: Scope) -> bool:
    return scope["method"] in {"GET", "HEAD"} and "text/html" in header(scope, "accept")


def _refusal(scope: Scope) -> Response:
    answer: Response
    answer = RedirectResponse(SHELL, 303) if _wants_html(scope) else PlainTextResponse("Please sign in.", 401)
    answer.headers["Cache-Control"] = "no-store"
    return answer


async def _send_shell(scope: Scope, send: Send, message: Message) -> None:
    """The sign-in page of an anonymous browser: gives it the nonce of its ticket, takes a dead session back."""
    if message["type"] == "http.response.start":
        cookies = Response()
        if read_cookie(SESSION, scope):
            drop_cookie(cookies, SESSION, scope)
        if not read_cookie(NONCE, scope):
            set_cookie(cookies, NONCE, new_token(), scope)
        added = [(key, value) for key, value in cookies.raw_headers if key == b"set-cookie"]
        message = {**message, "headers": [*message.get("headers", []), *added]}
    await send(message)
