"""Statements of account: `GET /docs/statement/<patient>.pdf`, and the movements as `/docs/statement.csv` and `.xlsx`.

`?from=` and `?to=` say the period; without them it begins with the first movement and ends today.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from clinic_core.access import Actor, perform
from clinic_core.billing.queries import export_statement, print_statement
from clinic_core.billing.schemas import StatementRequest
from clinic_core.billing.statement_paper import statement_pdf
from clinic_core.web.answers import answer_person
from clinic_core.web.documents import Document, id_in, logo_of, pdf_response
from clinic_core.web.exports import export_route, request_in

PERIOD = {"from": "first_day", "to": "last_day"}


def show_statement(request: Request) -> Response:
    """The PDF for the person of the session; the printing is audited by the use case."""

    def paper(actor: Actor) -> Response:
        wanted = request_in(request, StatementRequest, PERIOD, patient_id=id_in(request, "patient"))
        found = perform(actor, print_statement, wanted)
        content = statement_pdf(found, actor.settings.locale, logo_of(actor))
        return pdf_response(Document(content, f"statement-{found.patient_code}-{found.last_day}"))

    return answer_person(request, paper)


STATEMENT_ROUTES = [
    Route("/docs/statement/{id}.pdf", show_statement, methods=["GET"], name="statement.pdf"),
    export_route("statement", export_statement, StatementRequest, {"patient": "patient_id", **PERIOD}),
]
