"""The engines of this process: one for the app's role, one for the owner's, whichever server they lead to.

`DATABASE_URL` is the login of clinic_app and `DATABASE_OWNER_URL` that of clinic_owner; without them the embedded
server is used and started. Sessions are made elsewhere, in the unit of work alone.
"""

import threading
from collections.abc import Mapping

import psycopg
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection, Dialect
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import ConnectionPoolEntry

from clinic_core.db.embedded import EmbeddedPostgres
from clinic_core.db.pool import hand_out_living
from clinic_core.db.roles import DatabaseRole
from clinic_core.errors import ClinicError, ConfigurationError, Unavailable
from clinic_core.settings import settings

OLDEST_MAJOR = 16
DRIVER = "postgresql+psycopg"
ACCEPTED_DRIVERS = frozenset({"postgres", "postgresql", DRIVER})
CONNECTIONS = 10
MORE_AT_PEAKS = 20
POOL_TIMEOUT_SECONDS = 10
CONNECT_TIMEOUT_SECONDS = 10
TRY_AGAIN = "The database does not answer at the moment; please try again in a few seconds."

_POWERS = (
    "select rolname::text, rolsuper, rolbypassrls, exists (select from pg_class"
    " where relkind in ('r', 'p') and relpersistence <> 't' and pg_has_role(current_user, relowner, 'usage'))"
    " from pg_roles where rolname = current_user"
)

_ENGINES: dict[DatabaseRole, Engine] = {}
_SERVERS: list[EmbeddedPostgres] = []
_LOCK = threading.RLock()

_UNAVAILABLE: Mapping[str, str] = {
    "08": TRY_AGAIN,
    "53": "The database has no room for more work at the moment; please try again in a few seconds.",
    "57P": TRY_AGAIN,
    "58": TRY_AGAIN,
    "25P03": "The work took too long and was given up; please try again.",
    "25P04": "The work took too long and was given up; please try again.",
    "55P03": "Somebody else is working on the same rows; please try again in a few seconds.",
    "57014": "The database took too long to answer; please try again with a smaller range.",
}


def database_url(role: DatabaseRole) -> str:
    """The URL of a role for SQLAlchemy, password included; starts the embedded server when no other is configured.

    Raises:
        ConfigurationError: a configured URL is not one of PostgreSQL, or the embedded server can't be used.
    """
    return _url(role).render_as_string(hide_password=False)


def libpq_url(role: DatabaseRole) -> str:
    """The same URL as psql, pg_dump and other programs of PostgreSQL read it."""
    return _as_libpq(_url(role))


def listen_url() -> str:
    """As `libpq_url` of the app's role, but past a pooler: `DATABASE_LISTEN_URL` where it is set."""
    configured = settings().database_listen_url
    if configured is None:
        return libpq_url(DatabaseRole.APP)
    return _as_libpq(_in_app_role(_configured("DATABASE_LISTEN_URL", configured)))


def app_engine() -> Engine:
    """The engine of role clinic_app, for people and for the worker; the same one for the whole process."""
    return _engine(DatabaseRole.APP)


def owner_engine() -> Engine:
    """The engine of the owner, for migrations, seeds and imports of whole organisations."""
    return _engine(DatabaseRole.OWNER)


def embedded_server() -> EmbeddedPostgres | None:
    """The embedded server of this process, started or not; None where `DATABASE_URL` leads to another."""
    configured = settings()
    if configured.database_url is not None:
        return None
    if configured.database_owner_url is not None:
        raise ConfigurationError("DATABASE_OWNER_URL is set but DATABASE_URL is not; set both or neither.")
    with _LOCK:
        if not _SERVERS:
            _SERVERS.append(EmbeddedPostgres(configured.data_dir))
        return _SERVERS[0]


def dispose_engines() -> None:
    """Close all connections and leave the embedded server; the next use reads the settings anew."""
    with _LOCK:
        while _ENGINES:
            _ENGINES.popitem()[1].dispose()
        while _SERVERS:
            _SERVERS.pop().stop()


def assert_app_role(engine: Engine) -> None:
    """Refuse to work with a login for which row-level security does not hold.

    Raises:
        ConfigurationError: the role in force is a superuser, may bypass row-level security, or has a table's
            owner's rights, its own or by membership.
    """
    with engine.connect() as connection:
        _refuse_powers(connection.connection.driver_connection)


def _refuse_powers(connection: object) -> None:
    if not isinstance(connection, psycopg.Connection):
        return
    row = connection.execute(_POWERS).fetchone()
    connection.rollback()
    if row is None:
        return
    role, superuser, bypasses, owns = row
    reasons = {"is a superuser": superuser, "may bypass row-level security": bypasses, "owns tables": owns}
    for reason, is_true in reasons.items():
        if is_true:
            raise ConfigurationError(
                f"The app would connect as role “{role}”, which {reason}: tenants would not be kept apart. "
                f"Set DATABASE_URL to the login of {DatabaseRole.APP.login}, DATABASE_OWNER_URL to that of the owner."
            )


def refuse_without_app_role(owner: Connection) -> None:
    """Tell, over the owner's connection, that the server's one login cannot work as the app's role.

    Raises:
        ConfigurationError: there is one login, and it may not become clinic_app.
    """
    configured = settings()
    if configured.database_url is None or configured.database_owner_url is not None:
        return
    login = owner.scalar(
        text(
            "select session_user::text where session_user <> :app"
            " and not exists (select from pg_roles where rolname = :app and pg_has_role(session_user, oid, 'set'))"
        ),
        {"app": DatabaseRole.APP.login},
    )
    if login is not None:
        raise ConfigurationError(
            f"The login “{login}” may not work as role {DatabaseRole.APP.login}; let an administrator run:"
            f' grant {DatabaseRole.APP.login} to "{login}"'
        )


def translate_operational(error: SQLAlchemyError) -> ClinicError | None:
    """What a failure of the database itself means to a person; None when it is about the statement.

    A lost connection, a server that stops, is full, or keeps a lock too long becomes `Unavailable`. A deadlock and
    broken constraints are not answered here.
    """
    if isinstance(error, PoolTimeoutError):
        return Unavailable(_UNAVAILABLE["53"])
    if not isinstance(error, DBAPIError):
        return None
    state = error.orig.sqlstate if isinstance(error.orig, psycopg.Error) else None
    if state is None:  # psycopg names no state when there is no connection to have one
        return Unavailable(TRY_AGAIN) if error.connection_invalidated or isinstance(error, OperationalError) else None
    for prefix in (state, state[:3], state[:2]):
        if prefix in _UNAVAILABLE:
            return Unavailable(_UNAVAILABLE[prefix])
    return None


def _engine(role: DatabaseRole) -> Engine:
    with _LOCK:
        if role not in _ENGINES:
            engine = create_engine(
                _url(role),
                pool_size=CONNECTIONS,
                max_overflow=MORE_AT_PEAKS,
                pool_timeout=POOL_TIMEOUT_SECONDS,
                hide_parameters=True,  # parameters are personal data, and errors are logged
                connect_args={"application_name": f"clinic {role}", "connect_timeout": CONNECT_TIMEOUT_SECONDS},
            )
            hand_out_living(engine)
            event.listen(engine, "first_connect", _refuse_old_server)
            if role is DatabaseRole.APP:
                event.listen(engine, "first_connect", _refuse_wide_login)
            server = embedded_server()
            if server is not None:
                _recover_by_connecting(engine, server)
            _ENGINES[role] = engine
        return _ENGINES[role]


def _url(role: DatabaseRole) -> URL:
    server = embedded_server()
    if server is not None:
        server.start()
        return make_url(server.url(role)).set(drivername=DRIVER)
    configured = settings()
    if role is DatabaseRole.OWNER and configured.database_owner_url is not None:
        return _configured("DATABASE_OWNER_URL", configured.database_owner_url)
    url = _configured("DATABASE_URL", configured.database_url or "")
    return _in_app_role(url) if role is DatabaseRole.APP else url


def _in_app_role(url: URL) -> URL:
    """The URL as it is where the owner has a login of its own, else working as clinic_app."""
    if settings().database_owner_url is not None or url.username == DatabaseRole.APP.login:
        return url
    return _as_app_role(url)


def _as_libpq(url: URL) -> str:
    rendered = url.set(drivername="postgresql").render_as_string(hide_password=False)
    address, mark, query = rendered.partition("?")
    return address + mark + query.replace("+", "%20")  # libpq takes a plus for a plus


def _configured(name: str, value: str) -> URL:
    try:
        url = make_url(value)
    except ArgumentError as error:
        raise ConfigurationError(f"{name} is not a database URL, such as postgresql://user@host/clinic.") from error
    if url.drivername not in ACCEPTED_DRIVERS:
        raise ConfigurationError(f"{name} is a URL for “{url.drivername}”; the database must be PostgreSQL.")
    return url.set(drivername=DRIVER)


def _as_app_role(url: URL) -> URL:
    """The one login of the server, working as clinic_app from its first statement on.

    A `SET ROLE` after connecting would be undone by the first rollback.
    """
    given = url.query.get("options", ())
    options = [given] if isinstance(given, str) else list(given)
    return url.update_query_dict({"options": " ".join([*options, f"-c role={DatabaseRole.APP.login}"])})


def _recover_by_connecting(engine: Engine, server: EmbeddedPostgres) -> None:
    """Let an attempt to connect bring the embedded server back when it was killed."""

    def connect(
        dialect: Dialect, _entry: ConnectionPoolEntry, arguments: tuple[str, ...], parameters: dict[str, object]
    ) -> DBAPIConnection:
        try:
            return dialect.connect(*arguments, **parameters)
        except psycopg.OperationalError:
            server.ensure_running()
            return dialect.connect(*arguments, **parameters)

    event.listen(engine, "do_connect", connect)


def _refuse_wide_login(connection: object, _entry: ConnectionPoolEntry) -> None:
    _refuse_powers(connection)


def _refuse_old_server(connection: object, _entry: ConnectionPoolEntry) -> None:
    if isinstance(connection, psycopg.Connection) and connection.info.server_version < OLDEST_MAJOR * 10000:
        raise ConfigurationError(
            f"The server of DATABASE_URL is PostgreSQL {connection.info.server_version // 10000}; "
            f"version {OLDEST_MAJOR} or later is needed."
        )
