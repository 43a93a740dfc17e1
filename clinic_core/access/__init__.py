"""Who may do what, and the one door to the database: actor, permissions, unit of work, use case."""

from clinic_core.access.actor import Actor, actor_for, load_actor, system_actor, system_actor_of
from clinic_core.access.permissions import BASELINE_GRANTS, Permission
from clinic_core.access.use_case import perform, query, registered, use_case
from clinic_core.access.work import Work, owner_work, unit_of_work

__all__ = [
    "BASELINE_GRANTS",
    "Actor",
    "Permission",
    "Work",
    "actor_for",
    "load_actor",
    "owner_work",
    "perform",
    "query",
    "registered",
    "system_actor",
    "system_actor_of",
    "unit_of_work",
    "use_case",
]
