"""The door: every function that takes a `Work` is a use case or a query, and is refused without its permission."""

import functools
import hashlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Concatenate, ParamSpec, TypeVar, get_type_hints
from uuid import UUID

from pydantic import BaseModel, TypeAdapter
from sqlalchemy import text

from clinic_core.access.actor import Actor
from clinic_core.access.permissions import Permission, widest
from clinic_core.access.session import Deadlock
from clinic_core.access.work import Claim, Work, record_refusal, unit_of_work
from clinic_core.errors import Conflict, PermissionDenied
from clinic_core.vocabulary import Scope

P = ParamSpec("P")
R = TypeVar("R")
Guarded = Callable[Concatenate[Work, P], R]

ATTEMPTS = 3


@dataclass(frozen=True)
class Registered:
    """One guarded function: its name in the audit log, and the permissions of which any one opens it."""

    name: str
    permissions: tuple[Permission, ...]
    function: str
    writes: bool


_REGISTRY: dict[str, Registered] = {}

_STORED = text(
    "select content_digest, result_json from request where organization_id = :organization and request_id = :request"
)
_STORE = text(
    "update request set result_json = cast(:result as jsonb)"
    " where organization_id = :organization and request_id = :request"
)


def registered() -> dict[str, Registered]:
    """All guarded functions by `module.qualname`; a test compares them with the code."""
    return dict(_REGISTRY)


def use_case(
    *permissions: Permission, name: str, calendar: bool = False
) -> Callable[[Callable[Concatenate[Work, P], R]], Callable[Concatenate[Work, P], R]]:
    """Guards a function that may write: any one of `permissions` opens it, none means every signed-in actor.

    The body runs with `name`, the request id and the actor's scope told to PostgreSQL, and with `calendar` under the
    organisation's calendar lock. When the request carries a `request_id`, a repeat returns the first result; the same
    id with other content is a `Conflict`.

    Raises:
        PermissionDenied: before the body runs; the refusal is audited.
    """

    def decorate(function: Callable[Concatenate[Work, P], R]) -> Callable[Concatenate[Work, P], R]:
        key = _register(function, name, permissions, writes=True)
        returns: TypeAdapter[R] | None = (
            TypeAdapter(get_type_hints(function)["return"]) if _takes_request_id(function) else None
        )

        @functools.wraps(function)
        def guarded(work: Work, /, *args: P.args, **kwargs: P.kwargs) -> R:
            scope = _admit(work.actor, name, permissions)
            request = args[0] if args else None
            request_id = getattr(request, "request_id", None)
            claim = _claim(work, name, request) if returns is not None else None
            with work._in_use_case(name, request_id, scope, claim, calendar=calendar) as is_first:
                if claim is None or returns is None:
                    return function(work, *args, **kwargs)
                if not is_first:
                    return _stored(work, claim, returns)
                result = function(work, *args, **kwargs)
                _store(work, claim, returns.dump_json(result))
                return result

        guarded.__clinic_guard__ = key  # type: ignore[attr-defined]
        return guarded

    return decorate


def query(
    *permissions: Permission, name: str
) -> Callable[[Callable[Concatenate[Work, P], R]], Callable[Concatenate[Work, P], R]]:
    """Guards a function that only reads; as `use_case`, but PostgreSQL would refuse a write of it."""

    def decorate(function: Callable[Concatenate[Work, P], R]) -> Callable[Concatenate[Work, P], R]:
        key = _register(function, name, permissions, writes=False)

        @functools.wraps(function)
        def guarded(work: Work, /, *args: P.args, **kwargs: P.kwargs) -> R:
            _admit(work.actor, name, permissions)
            return function(work, *args, **kwargs)

        guarded.__clinic_guard__ = key  # type: ignore[attr-defined]
        return guarded

    return decorate


def perform(actor: Actor, function: Guarded[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """One use case in one unit of work, repeated when PostgreSQL ended it as one side of a deadlock."""
    for _ in range(ATTEMPTS - 1):
        try:
            with unit_of_work(actor) as work:
                return function(work, *args, **kwargs)
        except Deadlock:
            continue
    with unit_of_work(actor) as work:
        return function(work, *args, **kwargs)


def _register(function: Callable[..., object], name: str, permissions: tuple[Permission, ...], *, writes: bool) -> str:
    key = f"{function.__module__}.{function.__qualname__}"
    _REGISTRY[key] = Registered(name, permissions, key, writes)
    return key


def _admit(actor: Actor, name: str, permissions: tuple[Permission, ...]) -> Scope | None:
    if not permissions:
        return None
    held = [scope for permission in permissions if (scope := actor.scope(permission)) is not None]
    if not held:
        record_refusal(actor, name, permissions[0], "permission")
        raise PermissionDenied(
            f"You may not do this: it needs the permission “{permissions[0].description.rstrip('.')}”."
        )
    return widest(held)


def _takes_request_id(function: Callable[..., object]) -> bool:
    hints = get_type_hints(function)
    names = [parameter for parameter in inspect.signature(function).parameters if parameter != "work"]
    request = hints.get(names[0]) if names else None
    return isinstance(request, type) and issubclass(request, BaseModel) and "request_id" in request.model_fields


def _claim(work: Work, name: str, request: object) -> Claim | None:
    """What a repeat of the same form says again: the use case, the actor and the content; None without a request id."""
    if not isinstance(request, BaseModel):
        return None
    request_id: UUID | None = getattr(request, "request_id", None)
    if request_id is None:
        return None
    content = f"{name} {work.actor.user_id} {request.model_dump_json(exclude={'request_id'})}"
    return Claim(request_id, hashlib.sha256(content.encode()).digest())


def _stored(work: Work, claim: Claim, returns: TypeAdapter[R]) -> R:
    """What the first of two twins got; the second waited for it to commit, or runs itself if it rolled back."""
    keys = {"organization": work.actor.organization_id, "request": claim.request_id}
    row = work.session.execute(_STORED, keys).one()
    if bytes(row.content_digest) != claim.digest:
        raise Conflict("This form was already sent with other content; reload it and check what was saved.")
    return returns.validate_python(row.result_json["result"])


def _store(work: Work, claim: Claim, result: bytes) -> None:
    work.session.flush()
    keys = {"organization": work.actor.organization_id, "request": claim.request_id}
    work.session.execute(_STORE, {**keys, "result": f'{{"result": {result.decode()}}}'})
