"""The file of a print run: `GET /docs/batch/<id>`, read from the disk piece by piece, kept by nobody on the way."""

from pathlib import Path
from uuid import UUID

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from clinic_core.access import Actor, perform
from clinic_core.billing.schemas import GetBatch
from clinic_core.billing.service import fetch_batch
from clinic_core.billing.service.batch_control import EXPIRED
from clinic_core.errors import NotFound
from clinic_core.web.answers import answer_person


def send_batch(request: Request) -> Response:
    """The zip or PDF for the person of the session, to be saved; the fetching is audited by the use case."""

    def file(actor: Actor) -> Response:
        found = perform(actor, fetch_batch, GetBatch(batch_id=_id(request)))
        try:
            stat = Path(found.path).stat()
        except FileNotFoundError:
            raise NotFound(EXPIRED) from None
        return FileResponse(
            found.path,
            media_type=found.media_type,
            filename=found.name,
            stat_result=stat,
            headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"},
        )

    return answer_person(request, file)


BATCH_ROUTES = [Route("/docs/batch/{id}", send_batch, methods=["GET"], name="batch")]


def _id(request: Request) -> UUID:
    try:
        return UUID(request.path_params["id"])
    except ValueError:
        raise NotFound("This print run does not exist.") from None
