"""The form of a Condition step's conditions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from headgate.pipelines.check.outline import StepOutline
from headgate.pipelines.check.problems import Problem
from headgate.spec.suggest import suggest

MEMBERS = {
    **dict.fromkeys(
        ("Equals", "GreaterThan", "GreaterThanOrEqualTo", "LessThan", "LessThanOrEqualTo"), ("LeftValue", "RightValue")
    ),
    "In": ("QueryValue", "Values"),
    "Not": ("Condition",),
    "Or": ("Conditions",),
}


def check_conditions(step: StepOutline) -> Iterator[Problem]:
    """Unknown comparisons and missing sides, however deep."""
    if step.type == "Fail" and "ErrorMessage" not in step.arguments:
        yield Problem(step.name, "Arguments.ErrorMessage", "a Fail step needs it")
    if step.type != "Condition":
        return
    conditions = step.arguments.get("Conditions")
    if not isinstance(conditions, list) or not conditions:
        yield Problem(step.name, "Arguments.Conditions", "a Condition step needs at least one condition")
        return
    for index, condition in enumerate(conditions):
        yield from _check(step.name, condition, f"Arguments.Conditions[{index}]")


def _check(step: str, condition: Any, path: str) -> Iterator[Problem]:
    kind = condition.get("Type") if isinstance(condition, dict) else None
    if kind not in MEMBERS:
        yield Problem(step, f"{path}.Type", f"{kind!r} is no condition", suggest(str(kind), MEMBERS))
        return
    for member in MEMBERS[kind]:
        if condition.get(member) is None:
            yield Problem(step, f"{path}.{member}", f"a {kind} condition needs it")
    if kind == "Not" and condition.get("Condition") is not None:
        yield from _check(step, condition["Condition"], f"{path}.Condition")
    inner = condition.get("Conditions")
    if kind == "Or" and isinstance(inner, list):
        for index, each in enumerate(inner):
            yield from _check(step, each, f"{path}.Conditions[{index}]")
