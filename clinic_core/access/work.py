"""The unit of work: one transaction for one actor, the only place where a session is made."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlmodel import select

from clinic_core.access.actor import Actor
from clinic_core.access.permissions import Permission
from clinic_core.access.session import app_session, owner_session
from clinic_core.db.base import TenantRow, VersionedRow
from clinic_core.errors import ClinicError, NotFound, PermissionDenied, StaleEdit
from clinic_core.models import Organization
from clinic_core.vocabulary import Scope

Row = TypeVar("Row", bound=TenantRow)

NOTHING = ("", "", "")
_SETTINGS = text(
    "select set_config('clinic.organization_id', :organization, true), set_config('clinic.actor_id', :actor, true),"
    " set_config('clinic.use_case', :use_case, true), set_config('clinic.request_id', :request, true),"
    " set_config('clinic.scope', :scope, true)"
)
_STEP = text(
    "select set_config('clinic.use_case', :use_case, true), set_config('clinic.request_id', :request, true),"
    " set_config('clinic.scope', :scope, true)"
)
_BEGIN = text("select use_case_begin(:organization, :actor, :use_case, :request, :scope, :claimed, :digest, :calendar)")
_EVENT = text("select audit_event(:entity_type, :entity_id, :action, cast(:detail as jsonb))")


@dataclass(frozen=True)
class Claim:
    """The request id of a form, and what it says: the first to claim an id does the work."""

    request_id: UUID
    digest: bytes


class Work:
    """What a use case works with: the actor, and the session of the one transaction."""

    def __init__(self, actor: Actor, session: Session) -> None:
        self.actor = actor
        self._session = session
        self._open = False
        self._step = NOTHING
        self._is_told = False

    @property
    def session(self) -> Session:
        """The session; its use tells PostgreSQL who is asking, and in which use case, if any."""
        if not self._open or not self._is_told:
            self._tell()
        return self._session

    def _tell(self, claim: Claim | None = None, *, calendar: bool = False) -> bool:
        """Tells PostgreSQL who asks and in which step; with a claim in the same round trip claims it.

        Answers whether the claim is the first one; True without a claim.
        """
        self._is_told = True
        use_case, request, scope = self._step
        step = {"use_case": use_case, "request": request, "scope": scope}
        who = {"organization": str(self.actor.organization_id), "actor": str(self.actor.user_id or "")}
        if claim is not None:
            self._open = True
            keys = {"claimed": claim.request_id, "digest": claim.digest, "calendar": calendar}
            return bool(self._session.execute(_BEGIN, {**who, **step, **keys}).scalar())
        if self._open:
            self._session.execute(_STEP, step)
        else:
            self._open = True
            self._session.execute(_SETTINGS, {**who, **step})
        if calendar:
            self.lock_calendar()
        return True

    @contextmanager
    def _in_use_case(
        self,
        name: str,
        request_id: UUID | None,
        scope: Scope | None,
        claim: Claim | None = None,
        *,
        calendar: bool = False,
    ) -> Iterator[bool]:
        """Names the use case to PostgreSQL for the block; nested ones keep the outer request id.

        Gives whether the claim is the first one; True without a claim.
        """
        before = self._step
        self._step = (name, before[1] or str(request_id or ""), scope.value if scope else "")
        yield self._tell(claim, calendar=calendar)
        self._session.flush()
        self._step = before
        if before == NOTHING:
            self._is_told = False  # whatever comes next tells it; mostly that is the commit, which needs not
        else:
            self._tell()

    def _close(self) -> None:
        """Leaves changes made after the last use case to the database's refusal."""
        if self._session.new or self._session.dirty or self._session.deleted:
            self.session.flush()

    def start_over(self) -> None:
        """Gives up what was done so far and its connection; what follows runs in a new transaction of the actor."""
        self._session.rollback()
        self._open = False

    def find(self, kind: type[Row], row_id: UUID) -> Row | None:
        """The row of this organisation with that id, or None."""
        return self.session.get(kind, row_id)

    def get(self, kind: type[Row], row_id: UUID, *, called: str) -> Row:
        """The row of this organisation with that id; `called` is its word in the sentence of the error.

        Raises:
            NotFound: there is none, or it belongs to somebody else.
        """
        row = self.find(kind, row_id)
        if row is None:
            raise NotFound(f"This {called} does not exist.")
        return row

    def lock(self, kind: type[Row], row_id: UUID, *, called: str, version: int | None = None) -> Row:
        """The row, locked until the end of the transaction, as `get`; refuses a stale form.

        Raises:
            NotFound: there is none, or it belongs to somebody else.
            StaleEdit: the row is no longer at `version`, the one the form was drawn with.
        """
        statement = (
            select(kind)
            .where(kind.id == row_id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
        row = self.session.execute(statement).scalar_one_or_none()
        if row is None:
            raise NotFound(f"This {called} does not exist.")
        if version is not None and row.version != version:
            raise self._stale(row, f"This {called} was")
        return row

    def lock_organization(self, *, version: int | None = None) -> Organization:
        """The row of the actor's organisation with its settings, locked until the end of the transaction.

        Raises:
            StaleEdit: the settings are no longer at `version`, the one the form was drawn with.
        """
        statement = (
            select(Organization)
            .where(Organization.id == self.actor.organization_id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
        organization = self.session.execute(statement).scalar_one()
        if version is not None and organization.version != version:
            raise self._stale(organization, "The settings were")
        return organization

    def _stale(self, row: VersionedRow, what_was: str) -> StaleEdit:
        name = self.session.execute(
            text("select display_name from app_user where id = :id"), {"id": row.updated_by}
        ).scalar()
        changed_by = str(name) if name else "somebody else"
        return StaleEdit(
            f"{what_was} changed by {changed_by} in the meantime; reload and look again.",
            changed_by=changed_by,
            changed_at=row.updated_at,
        )

    def lock_calendar(self) -> None:
        """Takes the organisation's calendar lock, before any row lock of a scheduling change."""
        self.session.execute(text("select calendar_lock(:id)"), {"id": self.actor.organization_id})

    def audit(self, entity_type: str, entity_id: UUID | None, action: str, **detail: object) -> None:
        """Writes a business event (chart opened, export, print) to the audit log; no personal data in `detail`."""
        self.session.execute(
            _EVENT,
            {
                "entity_type": entity_type,
                "entity_id": entity_id,
                "action": action,
                "detail": json.dumps(detail, default=str),
            },
        )

    def refused(self, use_case: str, permission: Permission, sentence: str) -> PermissionDenied:
        """The error for a row that the permission does not reach; the refusal is audited.

        The transaction is given up first: while it held a lock, those who wait for it could hold every other
        connection, and the refusal needs one.
        """
        self.start_over()
        record_refusal(self.actor, use_case, permission, "scope")
        return PermissionDenied(sentence)

    @contextmanager
    def constraints(self, owned: Mapping[str, Callable[[Mapping[str, Any]], ClinicError]]) -> Iterator[None]:
        """Turns violations of named constraints into domain errors; the handler gets the DETAIL if it is JSON.

        The transaction is given up before the handler runs, so it may look things up. Changes are flushed at the
        end of the block.
        """
        try:
            yield
            self.session.flush()
        except DBAPIError as error:
            diagnostic = getattr(error.orig, "diag", None)
            handler = owned.get(diagnostic.constraint_name or "") if diagnostic else None
            if handler is None:
                raise
            detail = diagnostic.message_detail or "" if diagnostic else ""
            self.start_over()
            raise handler(json.loads(detail) if detail.startswith("{") else {}) from error


@contextmanager
def unit_of_work(actor: Actor) -> Iterator[Work]:
    """One transaction as the app's role for `actor`: commit on clean exit, roll back on any error.

    Raises:
        Unavailable: the database does not answer; nothing was saved.
        ClinicError: whatever the use cases raise, and the general sentence for a constraint nobody claimed.
    """
    with app_session() as session:
        work = Work(actor, session)
        yield work
        work._close()


def record_refusal(actor: Actor, use_case: str, permission: Permission | None, reason: str) -> None:
    """Writes a refusal to the audit log in a transaction of its own."""
    with unit_of_work(actor) as work, work._in_use_case(use_case, None, None):
        work.audit("use_case", None, "refused", permission=permission, reason=reason)


@contextmanager
def owner_work(name: str, organization_id: UUID | None = None) -> Iterator[Session]:
    """One transaction as the owner of the database, for what is done to an organisation as a whole from the shell.

    Row-level security does not bind the owner; the audit triggers do, under `name`. Nothing that a page can reach
    uses this.

    Raises:
        Unavailable: the database does not answer; nothing was saved.
    """
    settings = {"organization": str(organization_id or ""), "actor": "", "use_case": name, "request": "", "scope": ""}
    with owner_session() as session:
        session.execute(_SETTINGS, settings)
        yield session
