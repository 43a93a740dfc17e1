"""The day sheet: `GET /docs/day-sheet/<location>/<date>.pdf`, with `?practitioner=` for one of them."""

from datetime import date
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from clinic_core.access import Actor, perform
from clinic_core.errors import InvalidInput
from clinic_core.scheduling.day_sheet import day_sheet_pdf
from clinic_core.scheduling.schemas import PrintDaySheet
from clinic_core.scheduling.service import print_day_sheet
from clinic_core.web.answers import answer_person
from clinic_core.web.documents import Document, logo_of, pdf_response


def show_day_sheet(request: Request) -> Response:
    """The PDF for the person of the session; the printing is audited by the use case."""

    def paper(actor: Actor) -> Response:
        wanted = _wanted(request)
        sheet = perform(actor, print_day_sheet, wanted)
        return pdf_response(
            Document(day_sheet_pdf(sheet, actor.settings.locale, logo_of(actor)), f"day-sheet-{wanted.day}")
        )

    return answer_person(request, paper)


DAY_SHEET_ROUTES = [
    Route("/docs/day-sheet/{location}/{day}.pdf", show_day_sheet, methods=["GET"], name="day-sheet.pdf")
]


def _wanted(request: Request) -> PrintDaySheet:
    practitioner = request.query_params.get("practitioner")
    try:
        return PrintDaySheet(
            clinic_location_id=UUID(request.path_params["location"]),
            day=date.fromisoformat(request.path_params["day"]),
            practitioner_user_id=UUID(practitioner) if practitioner else None,
        )
    except ValueError:
        raise InvalidInput(
            "This address is damaged: it needs a location, a date such as 2031-03-03, and ids."
        ) from None
