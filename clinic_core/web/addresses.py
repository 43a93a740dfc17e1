"""Whose request it is: the client's address behind trusted proxies, the hosts that the app answers for, and the page
from which a browser opens a websocket.
"""

from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from starlette.types import Scope

from clinic_core.errors import ConfigurationError
from clinic_core.settings import settings
from clinic_core.web.cookies import header

Network = IPv4Network | IPv6Network

_DEFAULT_PORTS = frozenset({80, 443})

# One household or clinic has at least a /64 of IPv6 to change addresses in.
IPV6_GROUP = 64


def client_address(scope: Scope) -> str:
    """The right-most address of the way here that is not a trusted proxy's; what a client claims beyond is ignored."""
    peer = scope.get("client")
    address: str = peer[0] if peer else ""
    if not is_trusted(address):
        return address
    hops = [hop.strip() for hop in header(scope, "x-forwarded-for").split(",") if hop.strip()]
    for hop in reversed(hops):
        if not is_trusted(hop):
            return hop
    return hops[0] if hops else address


def client_scheme(scope: Scope) -> str:
    """The scheme that the client used, as the trusted proxy next to the app says."""
    scheme: str = scope["scheme"]
    peer = scope.get("client")
    said = header(scope, "x-forwarded-proto").lower()
    if not peer or not is_trusted(peer[0]) or said not in {"http", "https"}:
        return scheme
    if scope["type"] == "websocket":
        return {"http": "ws", "https": "wss"}[said]
    return said


def is_trusted(address: str) -> bool:
    """True for the address of a proxy named in `CLINIC_TRUSTED_PROXIES`."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return any(found in network for network in _networks(settings().trusted_proxies))


def address_group(address: str) -> str:
    """What counts as one address for delays and limits: the address, or the /64 network of IPv6."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ip_network((found, IPV6_GROUP), strict=False))
    return str(found)


def is_allowed_host(scope: Scope) -> bool:
    """True when the request names a host of `CLINIC_ALLOWED_HOSTS` (also `*.example.org`), or none are listed."""
    allowed = settings().allowed_hosts
    if not allowed:
        return True
    named = header(scope, "host").lower()
    host, _, port = named.rpartition(":")
    host = (host if port.isdigit() else named).rstrip(".")
    return any(_matches(host, pattern.lower().rstrip(".")) for pattern in allowed)


def is_own_origin(scope: Scope) -> bool:
    """True when a page of this very host and port opens the websocket, or no browser does: browsers always say which.

    A browser sends the session's cookie along also for pages of other ports and other hosts of the same site, and
    nothing else keeps a page of theirs from reading a websocket. The scheme is not compared: a proxy may end TLS.
    """
    if not any(key.lower() == b"origin" for key, _ in scope["headers"]):
        return True
    origin, host = header(scope, "origin"), header(scope, "host")
    return origin.startswith(("http://", "https://")) and _place(origin) == _place(f"//{host}") != ("", None)


def _place(address: str) -> tuple[str, int | None]:
    """Host and port of an address, without the ports that a browser leaves out; nothing for what is no address."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return "", None
    return (parts.hostname or "").rstrip("."), None if port in _DEFAULT_PORTS else port


def _matches(host: str, pattern: str) -> bool:
    return host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern


@lru_cache(maxsize=4)
def _networks(listed: tuple[str, ...]) -> tuple[Network, ...]:
    try:
        return tuple(ip_network(entry, strict=False) for entry in listed)
    except ValueError as error:
        raise ConfigurationError(
            "CLINIC_TRUSTED_PROXIES must list addresses or networks, such as 10.0.0.0/8."
        ) from error
