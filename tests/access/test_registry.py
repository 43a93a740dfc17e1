"""Every function of the core that works in a unit of work is behind the door."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from typing import get_type_hints

import clinic_core
from clinic_core.access import Permission, Work, registered
from clinic_core.access.permissions import BASELINE_GRANTS
from clinic_core.vocabulary import BaselineRole

DOOR = ("clinic_core.access", "clinic_core.queue")


def modules() -> Iterator[object]:
    for found in pkgutil.walk_packages(clinic_core.__path__, "clinic_core."):
        if ".ui" not in found.name and ".web" not in found.name:
            yield importlib.import_module(found.name)


def functions_of_a_work() -> Iterator[tuple[str, Callable[..., object]]]:
    for module in modules():
        name = getattr(module, "__name__", "")
        for function_name, function in inspect.getmembers(module, inspect.isfunction):
            if inspect.unwrap(function).__module__ != name or name.startswith(DOOR):
                continue
            parameters = list(inspect.signature(function).parameters)
            if parameters and get_type_hints(inspect.unwrap(function)).get(parameters[0]) is Work:
                yield f"{name}.{function_name}", function


def test_every_function_that_takes_a_work_is_guarded_or_private() -> None:
    open_doors = [
        name
        for name, function in functions_of_a_work()
        if not hasattr(function, "__clinic_guard__") and not name.rsplit(".", 1)[-1].startswith("_")
    ]
    assert open_doors == []


def test_a_name_in_the_audit_log_belongs_to_one_feature() -> None:
    """Steps of one long use case share its name; two features never do."""
    list(modules())
    features: dict[str, set[str]] = {}
    for key, entry in registered().items():
        if key.startswith("clinic_core."):
            features.setdefault(entry.name, set()).add(key.split(".")[1])
    assert len(features) > 50
    assert {name: found for name, found in features.items() if len(found) > 1} == {}


def test_every_permission_is_granted_to_some_baseline_role_and_described() -> None:
    granted = {permission for grants in BASELINE_GRANTS.values() for permission in grants}
    assert granted == set(Permission)
    assert all(permission.description.endswith(".") for permission in Permission)


def test_clinical_permissions_are_granted_to_practitioners_alone() -> None:
    holders = {role for role, grants in BASELINE_GRANTS.items() for permission in grants if permission.is_clinical}
    assert holders == {BaselineRole.PRACTITIONER}
