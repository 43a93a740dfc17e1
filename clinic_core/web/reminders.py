"""Letters of payment reminders before they are sent: `GET /docs/reminder/<invoice>.pdf?location=` as on the page."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from clinic_core.access import Actor, perform
from clinic_core.billing.queries import preview_letter
from clinic_core.billing.reminder_paper import reminder_pdf
from clinic_core.billing.schemas import PreviewLetter
from clinic_core.web.answers import answer_person
from clinic_core.web.documents import Document, id_in, logo_of, pdf_response
from clinic_core.web.exports import request_in


def show_letter(request: Request) -> Response:
    """The letter that is due and lists the invoice, for the person of the session; the look is audited."""

    def paper(actor: Actor) -> Response:
        wanted = request_in(
            request, PreviewLetter, {"location": "clinic_location_id"}, invoice_id=id_in(request, "invoice")
        )
        letter = perform(actor, preview_letter, wanted)
        content = reminder_pdf(letter, actor.settings.locale, logo_of(actor))
        return pdf_response(Document(content, f"reminder-{letter.patient_code}"))

    return answer_person(request, paper)


REMINDER_ROUTES = [Route("/docs/reminder/{id}.pdf", show_letter, methods=["GET"], name="reminder.pdf")]
