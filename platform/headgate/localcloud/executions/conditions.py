"""Evaluating the conditions of a Condition step."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from headgate.localcloud.executions.references import ReferenceUnresolvedError, Scope, resolve
from headgate.localcloud.seams import Json

_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "GreaterThan": operator.gt,
    "GreaterThanOrEqualTo": operator.ge,
    "LessThan": operator.lt,
    "LessThanOrEqualTo": operator.le,
}
_MEMBERS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("Equals", *_ORDER), ("LeftValue", "RightValue")),
    "In": ("QueryValue", "Values"),
    "Not": ("Condition",),
    "Or": ("Conditions",),
    "And": ("Conditions",),
}


class ConditionError(Exception):
    """A condition that has no truth value; the text says which and why."""


def problem(conditions: Any) -> str | None:
    """What is wrong with the form of a list of conditions, or None."""
    if not isinstance(conditions, list):
        return "Conditions has to be a list"
    for one in conditions:
        kind = one.get("Type") if isinstance(one, dict) else None
        if kind not in _MEMBERS:
            return f"unknown condition type {kind!r}; known are {', '.join(_MEMBERS)}"
        if missing := [member for member in _MEMBERS[kind] if member not in one]:
            return f"a condition of type {kind} lacks {', '.join(missing)}"
        nested = [one["Condition"]] if kind == "Not" else one["Conditions"] if kind in ("Or", "And") else []
        if found := problem(nested):
            return found
    return None


def evaluate(conditions: list[Json], scope: Scope) -> bool:
    """True when all of them hold (none at all hold too). Raises ConditionError."""
    return all(holds(condition, scope) for condition in conditions)


def holds(condition: Json, scope: Scope) -> bool:
    """Whether one condition holds; numbers compare with numbers, strings with strings. Raises ConditionError."""
    match condition.get("Type"):
        case "Not":
            return not holds(condition["Condition"], scope)
        case "Or":
            return any(holds(one, scope) for one in condition["Conditions"])
        case "And":
            return evaluate(condition["Conditions"], scope)
        case "In":
            value = _value(condition["QueryValue"], scope)
            return any(_alike(value, other) and value == other for other in _values(condition["Values"], scope))
        case "Equals":
            left, right = _sides(condition, scope)
            return _same(left, right)
        case kind if kind in _ORDER:
            left, right = _sides(condition, scope)
            if not _comparable(left, right):
                message = f"{kind} cannot compare {left!r} with {right!r}: both have to be numbers, or both strings"
                raise ConditionError(message)
            return _ORDER[str(kind)](left, right)
        case kind:
            message = f"unknown condition type {kind!r}; known are {', '.join(_MEMBERS)}"
            raise ConditionError(message)


def _sides(condition: Json, scope: Scope) -> tuple[Any, Any]:
    return _value(condition["LeftValue"], scope), _value(condition["RightValue"], scope)


def _value(raw: Any, scope: Scope) -> Any:
    try:
        return resolve(raw, scope)
    except ReferenceUnresolvedError as error:
        raise ConditionError(str(error)) from error


def _values(raw: Any, scope: Scope) -> list[Any]:
    resolved = _value(raw, scope)
    return resolved if isinstance(resolved, list) else [resolved]


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _comparable(left: object, right: object) -> bool:
    return (_is_number(left) and _is_number(right)) or (isinstance(left, str) and isinstance(right, str))


def _alike(left: object, right: object) -> bool:
    return _comparable(left, right) or type(left) is type(right)


def _same(left: object, right: object) -> bool:
    if not _alike(left, right):
        message = f"cannot compare {left!r} with {right!r}: they are not of the same type"
        raise ConditionError(message)
    return left == right
