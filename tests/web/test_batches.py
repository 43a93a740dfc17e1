"""`/docs/batch/<id>`: whose file it is, that it leaves whole, and that nothing on the way keeps it or names anybody."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from httpx2 import Response
from starlette.applications import Starlette
from starlette.testclient import TestClient

from clinic_core.auth.sessions import session_name, start_session
from clinic_core.kit.clock import frozen_at, now
from clinic_core.kit.ids import new_id
from clinic_core.web.batches import BATCH_ROUTES
from tests.billing.arrange import audited
from tests.billing.batches import fetched, folder, invoices, purge, start, work_off
from tests.factories import Clinic, make_clinic

pytestmark = pytest.mark.usefixtures("data_dir")


def get(clinic: Clinic, role: str | None, batch_id: UUID | str) -> Response:
    """As the gate hands a request on: with the name of the session."""
    name = session_name(start_session(clinic.actor(role))) if role else "anonymous"
    with TestClient(Starlette(routes=BATCH_ROUTES)) as client:
        return client.get(f"/docs/batch/{batch_id}", headers={"X-Clinic-Session": name})


def made(clinic: Clinic, role: str = "manager") -> UUID:
    invoices(clinic, 2)
    batch = start(clinic, role=role)
    work_off(clinic, batch.id)
    return batch.id


def test_the_file_leaves_whole_is_kept_nowhere_and_is_audited(clinic: Clinic) -> None:
    batch_id = made(clinic)
    response = get(clinic, "manager", batch_id)
    assert response.status_code == 200
    assert response.content == fetched(clinic, batch_id)
    assert response.headers["content-length"] == str(len(response.content))
    assert response.headers["content-type"] == "application/pdf"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"
    disposition = response.headers["content-disposition"]
    assert disposition.startswith('attachment; filename="invoices-20')
    assert disposition.endswith('.pdf"')
    assert ("document_batch", "fetch", clinic.users["manager"]) in audited(clinic, "batch.fetch")


def test_nobody_else_gets_the_file_nor_learns_that_it_exists(clinic: Clinic) -> None:
    batch_id, other = made(clinic), make_clinic()
    assert get(clinic, None, batch_id).status_code == 401
    assert get(clinic, "owner", batch_id).status_code == 200
    answers = [
        get(clinic, "practitioner", batch_id),
        get(clinic, "assistant", batch_id),
        get(clinic, "patient", batch_id),
        get(other, "owner", batch_id),
        get(clinic, "owner", new_id()),
        get(clinic, "owner", "no-id"),
        get(clinic, "owner", "..%2F..%2Fetc%2Fpasswd"),
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers[:6]}) == 1


def test_what_has_no_file_yet_or_any_more_is_a_sentence(clinic: Clinic) -> None:
    batch_id = made(clinic)
    waiting = start(clinic)
    assert (get(clinic, "manager", waiting.id).status_code, get(clinic, "manager", waiting.id).text) == (
        409,
        "This print run has no file to fetch.",
    )
    with frozen_at(now() + timedelta(minutes=5)):
        assert get(clinic, "manager", batch_id).status_code == 200
    next(path for path in folder(clinic, batch_id).iterdir() if path.name == "invoices.pdf").unlink()
    gone = get(clinic, "manager", batch_id)
    assert (gone.status_code, gone.headers["cache-control"]) == (404, "no-store")
    assert "no longer kept" in gone.text


def test_a_purge_leaves_what_is_none_of_its_business(clinic: Clinic, data_dir: Path) -> None:
    batch_id, other = made(clinic), make_clinic()
    theirs = made(other)
    purge(clinic)
    purge(other)
    assert folder(clinic, batch_id).is_dir()
    assert folder(other, theirs).is_dir()
    assert {path.name for path in data_dir.iterdir()} == {"batches"}
