"""What the schema must hold, read from PostgreSQL's catalogue; each function answers the faults, none means in order.

`alembic check` compares tables and columns, but says nothing about a lost CHECK, EXCLUDE, policy, trigger or grant.
What the rows must add up to is in `books`.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from importlib.metadata import version

from sqlalchemy import Connection, MetaData, text
from sqlalchemy.dialects import postgresql

from clinic_core.db.migrate import AUDIT_MONTHS_AHEAD
from clinic_core.db.roles import DatabaseRole

GLOBAL_TABLES = frozenset({"permission", "sign_in_attempt"})
UNAUDITED_TABLES = frozenset({"audit_log", "draft", "number_series", "request", "reservation", "user_session"})
AUDIT_TRIGGERS = ("audit_delete", "audit_insert", "audit_update")

RULE_TRIGGERS: Mapping[str, tuple[str, ...]] = {
    "adjustment": ("adjustment_apply", "append_only", "d_period"),
    "appointment": (
        "b_before",
        "c_note_insert",
        "c_note_update",
        "c_undo",
        "lock_first",
        "reserve_insert",
        "reserve_update",
    ),
    "appointment_resource": ("lock_first", "reserve_delete", "reserve_insert"),
    "appointment_series": ("series_update",),
    "audit_log": ("append_only", "append_only_truncate"),
    "audit_log_default": ("append_only", "append_only_truncate"),
    "closing": ("append_only", "b_before"),
    "invoice": ("b_before", "c_after_insert", "c_after_update", "d_period"),
    "invoice_line": ("b_before", "c_charge_once_insert", "c_charge_once_update", "c_derived"),
    "payment": ("append_only", "b_before", "d_period", "payment_apply"),
    "payment_reminder": ("append_only", "b_before"),
    "product_service": ("c_price_insert", "c_price_update"),
    "receipt": ("append_only", "c_after", "d_period"),
    "refund_request": ("b_before",),
    "visit": ("b_before", "c_after_insert", "c_after_update"),
    "visit_revision": ("append_only", "append_only_truncate", "b_before", "c_after"),
}
READ_ONLY_TABLES = (
    "appointment_event",
    "audit_log",
    "audit_seal",
    "document_event",
    "number_series",
    "product_price",
    "reservation",
    "visit_event",
)

_CONSTRAINTS = text(
    """
    select c.relname, k.conname, k.convalidated from pg_constraint k join pg_class c on c.oid = k.conrelid
    where c.relnamespace = 'public'::regnamespace
    union all
    select c.relname, i.relname, x.indisvalid from pg_index x
      join pg_class c on c.oid = x.indrelid join pg_class i on i.oid = x.indexrelid
    where c.relnamespace = 'public'::regnamespace
    """
)
_TABLES = text(
    """
    select c.relname as name, c.relrowsecurity as secured,
      exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'organization_id') as tenant,
      (select p.polqual is not null from pg_policy p where p.polrelid = c.oid and p.polname = 'tenant') as policed,
      (select count(*) from pg_policy p where p.polrelid = c.oid) as policies,
      exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'updated_at') as stamped
    from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
    order by 1
    """
)
_TRIGGERS = text(
    """
    select c.relname, t.tgname, f.proname from pg_trigger t
      join pg_class c on c.oid = t.tgrelid join pg_proc f on f.oid = t.tgfoid
    where c.relnamespace = 'public'::regnamespace and not t.tgisinternal and t.tgenabled in ('O', 'A')
    """
)
_ROLE = text("select rolsuper or rolbypassrls from pg_roles where rolname = :role")
_OWNED = text(
    "select relname from pg_class where relnamespace = 'public'::regnamespace"
    " and relkind in ('r', 'p', 'v') and pg_get_userbyid(relowner) = :role order by 1"
)
_RIGHTS = text("select has_table_privilege(:role, cast(:table as regclass), :right)")
_VIEWS = text(
    "select relname from pg_class where relnamespace = 'public'::regnamespace and (relkind = 'm' or relkind = 'v'"
    " and not coalesce('security_invoker=true' = any(reloptions), false)) order by 1"
)
_PARTITIONS = text(
    "select c.relname from pg_inherits h join pg_class c on c.oid = h.inhrelid"
    " where h.inhparent = 'audit_log'::regclass"
)
_FAILED_JOBS = text(
    "select task_name, count(*) as jobs from queue.procrastinate_jobs where status = 'failed' group by 1 order by 1"
)
_QUEUE_VERSION = text("select obj_description('queue'::regnamespace)")


def constraint_faults(connection: Connection, metadata: MetaData) -> list[str]:
    """Constraints and indexes of the models that the database lacks, or holds without vouching for them."""
    found = {(row.relname, row.conname): row.convalidated for row in connection.execute(_CONSTRAINTS)}
    missing = [f"{table}: {name} is missing." for table, name in _expected(metadata) if (table, name) not in found]
    unproven = [f"{table}: {name} is not valid." for (table, name), valid in found.items() if not valid]
    return sorted([*missing, *unproven])


def row_security_faults(connection: Connection) -> list[str]:
    """Tables whose rows are not kept apart by organisation, and powers by which the app could look past that."""
    role = DatabaseRole.APP.login
    faults: list[str] = []
    for table in connection.execute(_TABLES):
        if not table.tenant and table.name != "organization":
            continue
        if not table.secured:
            faults.append(f"{table.name}: row-level security is off.")
        if not table.policed or table.policies != 1:
            faults.append(f"{table.name}: the policy “tenant” is missing or not the only one.")
    if connection.scalar(_ROLE, {"role": role}) is not False:
        faults.append(f"{role}: the role is missing, a superuser, or may bypass row-level security.")
    owned = connection.scalars(_OWNED, {"role": role})
    faults += [f"{table}: belongs to {role}, whom its policies do not bind." for table in owned]
    faults += [f"{view}: reads with the rights of its owner." for view in connection.scalars(_VIEWS)]
    return faults


def audit_faults(connection: Connection) -> list[str]:
    """Tables of the clinic whose changes, or whose stamps of who and when, would go unrecorded."""
    triggers = _triggers(connection)
    faults: list[str] = []
    for table in connection.execute(_TABLES):
        wanted: dict[str, tuple[str, ...]] = {}
        if table.name == "organization":
            wanted["audit_row"] = ("audit_organization",)
        elif table.tenant and table.name not in UNAUDITED_TABLES:
            wanted |= dict.fromkeys(AUDIT_TRIGGERS, ("audit_rows",))
        if table.stamped and table.name not in GLOBAL_TABLES:
            wanted["a_stamp"] = ("stamp", "stamp_version")
        faults += [
            f"{table.name}: the trigger {trigger} is missing or off."
            for trigger, functions in wanted.items()
            if triggers.get((table.name, trigger)) not in functions
        ]
    return faults


def rule_faults(connection: Connection) -> list[str]:
    """Triggers that keep a promise (reservations, frozen papers, versions of notes), and grants that break one."""
    role = DatabaseRole.APP.login
    triggers = _triggers(connection)
    faults = [
        f"{table}: the trigger {trigger} is missing or off."
        for table, names in RULE_TRIGGERS.items()
        for trigger in names
        if (table, trigger) not in triggers
    ]
    for table in READ_ONLY_TABLES:
        rights = {"role": role, "table": table, "right": "insert, update, delete, truncate"}
        if connection.scalar(_RIGHTS, rights):
            faults.append(f"{table}: {role} may write it.")
    return faults


def partition_faults(connection: Connection, today: date) -> list[str]:
    """Months of the audit log that have no partition of their own, and rows that fell into the default one."""
    present = set(connection.scalars(_PARTITIONS))
    triggers = _triggers(connection)
    faults: list[str] = []
    for ahead in range(AUDIT_MONTHS_AHEAD + 1):
        months = today.year * 12 + today.month - 1 + ahead
        name = f"audit_log_{months // 12:04}{months % 12 + 1:02}"
        if name not in present:
            faults.append(f"{name}: the partition is missing; run clinic migrate.")
        elif (name, "append_only_truncate") not in triggers:
            faults.append(f"{name}: the trigger append_only_truncate is missing or off.")
    fallen = connection.scalar(text("select count(*) from audit_log_default"))
    if fallen:
        faults.append(f"audit_log_default: holds {fallen} rows, so the partition of their month cannot be made.")
    return faults


def queue_faults(connection: Connection) -> list[str]:
    """Jobs that failed for good, and tables of another version of the queue library than the installed one."""
    faults = [
        f"{row.task_name}: {row.jobs} jobs failed for good; see the log, then run clinic worker --retry-failed."
        for row in connection.execute(_FAILED_JOBS)
    ]
    made_by, installed = connection.scalar(_QUEUE_VERSION) or "", f"procrastinate {version('procrastinate')}"
    if made_by.rpartition(".")[0] != installed.rpartition(".")[0]:
        faults.append(f"queue: the tables are those of {made_by or 'no known version'}, but {installed} is installed.")
    return faults


def _expected(metadata: MetaData) -> Iterable[tuple[str, str]]:
    preparer = postgresql.dialect().identifier_preparer  # type: ignore[no-untyped-call]
    for table in metadata.sorted_tables:
        for constraint in table.constraints:
            yield table.name, str(preparer.format_constraint(constraint))
        for index in table.indexes:
            yield table.name, str(preparer.format_index(index))


def _triggers(connection: Connection) -> dict[tuple[str, str], str]:
    return {(row.relname, row.tgname): row.proname for row in connection.execute(_TRIGGERS)}
