"""What all exports of billing share: how many rows are read at once, and what the audit log says of them."""

from pydantic import BaseModel

from clinic_core.kit.tables import Table

EXPORT_CHUNK = 1000


def export_detail(made: Table, request: BaseModel) -> dict[str, object]:
    """What the audit log says of a list that left the clinic: how long it was, and its filters."""
    return {"rows": len(made.rows), "filters": request.model_dump(mode="json", exclude_defaults=True)}
