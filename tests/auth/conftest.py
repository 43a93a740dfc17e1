"""What the tests of sign-in, users and roles share."""

from collections.abc import Callable
from uuid import UUID

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from clinic_core.access import owner_work
from clinic_core.auth.passwords import hash_password
from clinic_core.auth.schemas import SignedInUser, SignIn
from clinic_core.auth.sign_in import authenticate
from clinic_core.kit.ids import new_id
from tests.factories import Clinic

PASSWORD = "correct horse battery"


@pytest.fixture(scope="session")
def stored_password() -> str:
    """The hash of PASSWORD, computed once."""
    return hash_password(PASSWORD)


@pytest.fixture
def with_password(clinic: Clinic, stored_password: str) -> Clinic:
    """The test's clinic, everybody in it with the same password."""
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.execute(
            text("update app_user set password_hash = :hash where organization_id = :id"),
            {"hash": stored_password, "id": clinic.organization_id},
        )
    return clinic


@pytest.fixture
def address() -> str:
    """An address of the test's own, so that failures of other tests do not count."""
    return f"address-{new_id()}"


@pytest.fixture
def sign_in(address: str) -> Callable[[str, str], SignedInUser]:
    """Signs in from the test's address."""

    def sign_in(email: str, password: str = PASSWORD) -> SignedInUser:
        return authenticate(SignIn(email=email, password=SecretStr(password), address=address))

    return sign_in


def audited(clinic: Clinic, action: str, entity_id: UUID | None = None) -> list[tuple[UUID | None, dict[str, object]]]:
    """Who did that, and with which detail, oldest first."""
    with owner_work("test.look") as session:
        rows = session.execute(
            text(
                "select actor_user_id, diff_json from audit_log where organization_id = :organization"
                " and action = :action and entity_id is not distinct from coalesce(:id, entity_id) order by created_at"
            ),
            {"organization": clinic.organization_id, "action": action, "id": entity_id},
        )
        return [(row[0], row[1]) for row in rows]
