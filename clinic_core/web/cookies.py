"""The cookies of the app: their names, their attributes, and when they may do without `Secure`."""

from starlette.requests import cookie_parser
from starlette.responses import Response
from starlette.types import Scope

from clinic_core.settings import settings

SESSION = "clinic_session"
NONCE = "clinic_nonce"
FORM = "clinic_form"

# With this prefix a browser takes a cookie only with Secure, for this host and the path "/".
PREFIX = "__Host-"
_LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})
_FORWARDING = ("x-forwarded-", "forwarded", "x-real-ip", "via")


def header(scope: Scope, name: str) -> str:
    """The first header of that (lower case) name, or nothing."""
    wanted = name.encode("latin-1")
    found: list[tuple[bytes, bytes]] = scope["headers"]
    return next((value.decode("latin-1") for key, value in found if key.lower() == wanted), "")


def was_forwarded(scope: Scope) -> bool:
    """True when a header says that a proxy stands between the app and its client."""
    return any(key.decode("latin-1").lower().startswith(_FORWARDING) for key, _ in scope["headers"])


def is_plain_localhost(scope: Scope) -> bool:
    """True for plain http to this very machine outside production, where a browser may refuse Secure cookies."""
    if settings().is_production or scope["scheme"] in {"https", "wss"} or was_forwarded(scope):
        return False
    host = header(scope, "host")
    return (host.rpartition(":")[0] or host) in _LOCAL_HOSTS or host in _LOCAL_HOSTS


def cookie_name(name: str, scope: Scope) -> str:
    """What the cookie is called for this request."""
    return name if is_plain_localhost(scope) else PREFIX + name


def read_cookie(name: str, scope: Scope) -> str:
    """The value of the cookie, or nothing."""
    found: list[tuple[bytes, bytes]] = scope["headers"]
    lines = [value.decode("latin-1") for key, value in found if key.lower() == b"cookie"]
    return cookie_parser("; ".join(lines)).get(cookie_name(name, scope), "")


def set_cookie(response: Response, name: str, value: str, scope: Scope) -> None:
    """Gives the browser a cookie for as long as it runs, which no script can read."""
    response.set_cookie(
        cookie_name(name, scope),
        value,
        path="/",
        httponly=True,
        secure=not is_plain_localhost(scope),
        samesite="strict" if name == FORM else "lax",
    )


def drop_cookie(response: Response, name: str, scope: Scope) -> None:
    """Takes a cookie back."""
    secure = not is_plain_localhost(scope)
    response.delete_cookie(cookie_name(name, scope), path="/", httponly=True, secure=secure, samesite="lax")
