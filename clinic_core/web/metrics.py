"""What the app counts for Prometheus, and who may read it."""

import hmac
import time
from ipaddress import ip_address

from anyio.to_thread import run_sync
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clinic_core.errors import Unavailable
from clinic_core.queue import count_jobs
from clinic_core.settings import settings
from clinic_core.web.cookies import was_forwarded

REQUESTS = Counter("clinic_http_requests", "HTTP requests answered.", ["method", "status"])
SECONDS = Histogram("clinic_http_request_seconds", "Time until an HTTP request was answered.")
WEBSOCKETS = Gauge("clinic_websockets_open", "Browser tabs connected at the moment.", ["kind"])
SIGN_INS = Counter("clinic_sign_ins", "Sign-ins tried.", ["outcome"])
JOBS = Gauge("clinic_jobs", "Background jobs that wait (todo), run (doing) or failed for good (failed).", ["status"])

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"})


class RequestMetrics:
    """Counts requests and how long they took; never which address or person."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes everything on and counts HTTP answers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        method = scope["method"] if scope["method"] in _METHODS else "other"
        began = time.perf_counter()
        status = 500

        async def counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, counted)
        finally:
            REQUESTS.labels(method, status).inc()
            SECONDS.observe(time.perf_counter() - began)


async def metrics(request: Request) -> Response:
    """`GET /metrics` in Prometheus text, with the token, or outside production from this machine itself."""
    if not _may_read(request):
        return PlainTextResponse("This needs the token of CLINIC_METRICS_TOKEN.", 401, {"WWW-Authenticate": "Bearer"})
    await run_sync(_count_jobs)
    return Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"})


def _count_jobs() -> None:
    """While the database is away there is no figure rather than an old one."""
    try:
        found = count_jobs()
    except Unavailable:
        JOBS.clear()
        return
    for status, jobs in found.items():
        JOBS.labels(status).set(jobs)


def _may_read(request: Request) -> bool:
    token = settings().metrics_token
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    if token is not None and hmac.compare_digest(given.encode(), token.encode()):
        return True
    if settings().is_production or was_forwarded(request.scope) or request.client is None:
        return False
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:
        return False
