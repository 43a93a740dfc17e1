"""Alembic's environment: one connection, made by `clinic_core.db.migrate`, one transaction per migration."""

from alembic import context
from sqlmodel import SQLModel

import clinic_core.models  # noqa: F401  (fills the metadata)


def include_name(name: str | None, kind: str, _parents: object) -> bool:
    """Partitions of the audit log are made by `audit_partitions()`, not by models."""
    return not (kind == "table" and (name or "").startswith("audit_log_"))


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    include_name=include_name,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
