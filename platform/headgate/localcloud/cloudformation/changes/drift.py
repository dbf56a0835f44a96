"""Drift: what exists, as far as types can read it, against what the template wanted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from headgate.localcloud.cloudformation.registry.coerce import resolved
from headgate.localcloud.cloudformation.registry.schemas import Schema
from headgate.localcloud.cloudformation.stacks.differences import changed_paths
from headgate.localcloud.seams import Json

IN_SYNC, MODIFIED, DELETED, NOT_CHECKED = "IN_SYNC", "MODIFIED", "DELETED", "NOT_CHECKED"


def compare(schema: Schema | None, wanted: Json, live: Json | None) -> Json:
    """Status and differences of one resource, as members of a StackResourceDrift.

    Only properties that the template gives and the type could read are compared; lists whose order the schema calls
    meaningless are compared without it.
    """
    if live is None:
        return {"StackResourceDriftStatus": DELETED, "PropertyDifferences": []}
    expected = {name: _canonical(schema, name, wanted[name]) for name in wanted if name in live}
    actual = {name: _canonical(schema, name, live[name]) for name in expected}
    differences = list(_differences(expected, actual))
    return {
        "StackResourceDriftStatus": MODIFIED if differences else IN_SYNC,
        "PropertyDifferences": differences,
        "ExpectedProperties": json.dumps(expected, sort_keys=True),
        "ActualProperties": json.dumps(actual, sort_keys=True),
    }


def overall(statuses: Iterator[str]) -> Json:
    """The stack's drift from those of its resources."""
    known = [status for status in statuses if status != NOT_CHECKED]
    drifted = [status for status in known if status != IN_SYNC]
    status = "DRIFTED" if drifted else IN_SYNC if known else NOT_CHECKED
    return {"StackDriftStatus": status, "DriftedStackResourceCount": len(drifted)}


def _canonical(schema: Schema | None, name: str, value: Any) -> Any:
    declared = resolved(schema.properties.get(name, {}), schema.body) if schema else {}
    if isinstance(value, list) and (declared.get("insertionOrder") is False or name == "Tags"):
        return sorted(value, key=lambda item: json.dumps(item, sort_keys=True))
    return value


def _differences(expected: Json, actual: Json) -> Iterator[Json]:
    for path in changed_paths(expected, actual):
        one, other = _at(expected, path), _at(actual, path)
        kind = "REMOVE" if other is None else "ADD" if one is None else "NOT_EQUAL"
        yield {
            "PropertyPath": "/" + "/".join(path),
            "ExpectedValue": _text(one),
            "ActualValue": _text(other),
            "DifferenceType": kind,
        }


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for part in path:
        if isinstance(value, list):
            value = value[int(part)] if int(part) < len(value) else None
        else:
            value = value.get(part) if isinstance(value, dict) else None
    return value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
