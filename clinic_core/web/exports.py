"""Lists, reports and the audit log as CSV and XLSX: permission checked, audited by the use case, stored nowhere."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from clinic_core.access import Actor, Work, perform
from clinic_core.analytics.schemas import OutstandingRowsRequest, OverridesRequest, PeriodRowsRequest
from clinic_core.analytics.service import (
    export_collected,
    export_credit,
    export_debtors,
    export_invoiced,
    export_no_show,
    export_outstanding,
    export_overrides,
)
from clinic_core.audit.schemas import AuditFilter
from clinic_core.audit.service import export_audit
from clinic_core.billing.queries import (
    export_closed_days,
    export_closed_months,
    export_due_reminders,
    export_numbers,
    export_refund_requests,
    export_roll_forward,
    export_takings,
    export_unreminded,
)
from clinic_core.billing.schemas import (
    ClosingFilter,
    MonthToClose,
    ProveNumbers,
    RefundFilter,
    ReminderFilter,
    TakingsRequest,
)
from clinic_core.errors import InvalidInput, NotFound
from clinic_core.kit.tables import AnyTable
from clinic_core.scheduling.schemas import ListRecall
from clinic_core.scheduling.service import export_recall
from clinic_core.web.answers import answer_person

Wanted = TypeVar("Wanted", bound=BaseModel)

FORMS: Mapping[str, tuple[str, Callable[[AnyTable], bytes]]] = {
    "csv": ("text/csv; charset=utf-8", lambda made: made.csv()),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", lambda made: made.xlsx()),
}
# What an address may carry (ids, dates, codes), and the field of the request that it fills.
RECEIVABLES = {
    "as_of": "as_of",
    "location": "clinic_location_id",
    "practitioner": "practitioner_user_id",
    "basis": "basis",
    "bucket": "bucket",
    "patient": "patient_id",
}
PERIOD = {
    "from": "first_day",
    "to": "last_day",
    "location": "clinic_location_id",
    "practitioner": "practitioner_user_id",
}
RECALL = {
    "from": "seen_from",
    "to": "seen_to",
    "location": "clinic_location_id",
    "practitioner": "practitioner_user_id",
    "service": "product_service_id",
}
TAKINGS = {"from": "first_day", "to": "last_day", "location": "clinic_location_id"}
OVERRIDES = {**PERIOD, "kind": "kind", "by": "overridden_by_user_id"}
CLOSINGS = {"location": "clinic_location_id", "from": "first_day", "to": "last_day"}
MONTH = {"year": "year", "month": "month"}
REFUNDS = {"receipt": "receipt_id"}
REMINDERS = {"location": "clinic_location_id", "step": "step"}
NUMBERS = {"series": "series", "year": "year"}
AUDIT = {
    "person": "actor_user_id",
    "system": "by_system",
    "kind": "entity_type",
    "id": "entity_id",
    "action": "action",
    "use_case": "use_case",
    "from": "first_day",
    "to": "last_day",
    "zone": "timezone",
}


def export_route(
    name: str, export: Callable[[Work, Wanted], AnyTable], wanted: type[Wanted], fields: Mapping[str, str]
) -> Route:
    """`GET /docs/<name>.csv` and `.xlsx`: the table of that export, with the filters that the address carries."""

    def answer(request: Request) -> Response:
        def file(actor: Actor) -> Response:
            form = request.path_params["form"]
            if form not in FORMS:
                raise NotFound("A list leaves as CSV or XLSX; this address names another form.")
            media_type, write = FORMS[form]
            content = write(perform(actor, export, request_in(request, wanted, fields)))
            headers = {
                "Content-Disposition": f'attachment; filename="{name}.{form}"',
                "Cache-Control": "no-store",
                "X-Content-Type-Options": "nosniff",
            }
            return Response(content, media_type=media_type, headers=headers)

        return answer_person(request, file)

    return Route(f"/docs/{name}.{{form}}", answer, methods=["GET"], name=name)


def request_in(request: Request, wanted: type[Wanted], fields: Mapping[str, str], **known: object) -> Wanted:
    """The request in the question part of an address, with what is known already.

    Raises: InvalidInput that names the part which cannot be right.
    """
    given = request.query_params
    unknown = sorted(given.keys() - fields.keys())
    if unknown:
        raise InvalidInput(f"This address has a part that does not belong there: {unknown[0][:40]}.")
    try:
        asked = {field: given[name] for name, field in fields.items() if given.get(name)}
        return wanted.model_validate({**known, **asked})
    except ValidationError as error:
        field = str(error.errors(include_url=False, include_input=False)[0]["loc"][0])
        name = next(name for name, found in fields.items() if found == field)
        raise InvalidInput(
            f"“{name}” in this address is missing or is not a date, id or word that it may be."
        ) from None


EXPORT_ROUTES = [
    export_route("outstanding", export_outstanding, OutstandingRowsRequest, RECEIVABLES),
    export_route("debtors", export_debtors, OutstandingRowsRequest, RECEIVABLES),
    export_route("credit", export_credit, OutstandingRowsRequest, RECEIVABLES),
    export_route("invoiced", export_invoiced, PeriodRowsRequest, PERIOD),
    export_route("collected", export_collected, PeriodRowsRequest, PERIOD),
    export_route("takings", export_takings, TakingsRequest, TAKINGS),
    export_route("numbers", export_numbers, ProveNumbers, NUMBERS),
    export_route("closed-days", export_closed_days, ClosingFilter, CLOSINGS),
    export_route("closed-months", export_closed_months, ClosingFilter, CLOSINGS),
    export_route("roll-forward", export_roll_forward, MonthToClose, MONTH),
    export_route("refund-requests", export_refund_requests, RefundFilter, REFUNDS),
    export_route("due-reminders", export_due_reminders, ReminderFilter, REMINDERS),
    export_route("not-reminded", export_unreminded, ReminderFilter, REMINDERS),
    export_route("no-show", export_no_show, PeriodRowsRequest, PERIOD),
    export_route("overrides", export_overrides, OverridesRequest, OVERRIDES),
    export_route("recall", export_recall, ListRecall, RECALL),
    export_route("audit", export_audit, AuditFilter, AUDIT),
]
