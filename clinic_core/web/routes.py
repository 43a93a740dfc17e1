"""All routes of the app beside Streamlit's own."""

from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Route

from clinic_core.web.batches import BATCH_ROUTES
from clinic_core.web.day_sheet import DAY_SHEET_ROUTES
from clinic_core.web.documents import DOCUMENT_ROUTES
from clinic_core.web.exports import EXPORT_ROUTES
from clinic_core.web.health import healthz, readyz
from clinic_core.web.ics import ICS_ROUTES
from clinic_core.web.metrics import metrics
from clinic_core.web.reminders import REMINDER_ROUTES
from clinic_core.web.session_routes import SESSION_ROUTES
from clinic_core.web.statements import STATEMENT_ROUTES

ROBOTS = "User-agent: *\nDisallow: /\n"


async def robots(_request: object) -> PlainTextResponse:
    """`GET /robots.txt`: nothing here is for search engines."""
    return PlainTextResponse(ROBOTS)


ROUTES: list[BaseRoute] = [
    *SESSION_ROUTES,
    *DOCUMENT_ROUTES,
    *STATEMENT_ROUTES,
    *BATCH_ROUTES,
    *REMINDER_ROUTES,
    *DAY_SHEET_ROUTES,
    *EXPORT_ROUTES,
    *ICS_ROUTES,
    Route("/healthz", healthz, methods=["GET"]),
    Route("/readyz", readyz, methods=["GET"]),
    Route("/metrics", metrics, methods=["GET"]),
    Route("/robots.txt", robots, methods=["GET"]),
]
