"""A definition's steps and parameters, read without trusting its form."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from headgate.pipelines.check.problems import Problem
from headgate.pipelines.parameters import PYTHON_TYPES, is_of_type
from headgate.pipelines.pipeline import VERSION
from headgate.spec.suggest import suggest

COMMON = {"Name", "Type", "Arguments", "DisplayName", "Description", "DependsOn"}
JOB = {"CacheConfig", "RetryPolicies"}
CHECKED = JOB | {"CheckType", "ModelPackageGroupName", "SkipCheck", "FailOnViolation", "RegisterNewBaseline"}
MEMBERS: dict[str, set[str]] = {
    "Processing": JOB | {"PropertyFiles"},
    "Training": JOB,
    "Tuning": JOB,
    "Transform": JOB,
    "Model": JOB,
    "RegisterModel": JOB,
    "Condition": set(),
    "Fail": set(),
    "Lambda": JOB | {"FunctionArn", "OutputParameters"},
    "Callback": JOB | {"SqsQueueUrl", "OutputParameters"},
    "QualityCheck": CHECKED | {"PropertyFiles", "SuppliedBaselineStatistics", "SuppliedBaselineConstraints"},
    "ClarifyCheck": CHECKED | {"PropertyFiles", "SuppliedBaselineConstraints", "ModelName"},
}
"""What a step of each type may say beside what all may."""
NEEDED = {"Lambda": "FunctionArn", "Callback": "SqsQueueUrl"}
UNREAD = {
    "EMR", "EMRServerless", "AutoML", "EndpointConfig", "Endpoint", "InferenceComponent", "Lineage", "Job", "Cleanup",
    "ForEach",
}  # fmt: skip
"""Types that SageMaker has and whose inside is not checked."""

NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class StepOutline:
    """A step as the definition has it; `parent` is the Condition that it is in."""

    name: str
    type: str
    body: Mapping[str, Any]
    parent: str | None

    @property
    def arguments(self) -> Mapping[str, Any]:
        arguments = self.body.get("Arguments")
        return arguments if isinstance(arguments, dict) else {}


@dataclass(slots=True)
class Outline:
    """What the other checks go by, and what was wrong with the form already."""

    steps: dict[str, StepOutline] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def outline(definition: object) -> Outline:
    """Read a definition; what cannot be read is a problem and left out."""
    result = Outline()
    if not isinstance(definition, dict):
        result.problems.append(Problem(None, "", f"a definition is an object, this is {_kind(definition)}"))
        return result
    if definition.get("Version") != VERSION:
        result.problems.append(Problem(None, "Version", f"{definition.get('Version')!r} is not {VERSION!r}"))
    for index, parameter in enumerate(_list(definition, "Parameters", result)):
        _parameter(parameter, f"Parameters[{index}]", result)
    if "Steps" not in definition or definition["Steps"] == []:
        result.problems.append(Problem(None, "Steps", "a pipeline needs at least one step"))
    for index, step in enumerate(_list(definition, "Steps", result)):
        for each in _steps(step, f"Steps[{index}]", None, result):
            if each.name in result.steps:
                result.problems.append(Problem(each.name, "Name", "two steps have this name"))
            else:
                result.steps[each.name] = each
    return result


def _list(holder: Mapping[str, Any], member: str, result: Outline, step: str | None = None, at: str = "") -> list[Any]:
    value = holder.get(member)
    if value is None:
        return []
    if not isinstance(value, list):
        result.problems.append(Problem(step, f"{at}{member}", f"expected a list, found {_kind(value)}"))
        return []
    return value


def _parameter(parameter: object, path: str, result: Outline) -> None:
    def wrong(at: str, message: str, suggestion: str | None = None) -> None:
        result.problems.append(Problem(None, f"{path}{at}", message, suggestion))

    if not isinstance(parameter, dict) or not isinstance(parameter.get("Name"), str):
        wrong("", "a parameter is an object with a Name")
        return
    name, kind = parameter["Name"], parameter.get("Type")
    if name in result.parameters:
        wrong(".Name", f"two parameters are named {name!r}")
    if kind not in PYTHON_TYPES:
        wrong(".Type", f"{kind!r} is no type of a parameter", suggest(str(kind), PYTHON_TYPES))
        result.parameters[name] = ""
        return
    result.parameters[name] = kind
    default, choices = parameter.get("DefaultValue"), parameter.get("EnumValues")
    if default is not None and not is_of_type(default, kind):
        wrong(".DefaultValue", f"{default!r} is not of type {kind}")
    elif default is not None and isinstance(choices, list) and choices and default not in choices:
        wrong(".DefaultValue", f"{default!r} is not among the EnumValues", suggest(str(default), map(str, choices)))


def _steps(step: object, path: str, parent: str | None, result: Outline) -> Iterator[StepOutline]:
    """The step, then those inside of it."""
    if not isinstance(step, dict) or not isinstance(step.get("Name"), str):
        result.problems.append(Problem(parent, path, "a step is an object with a Name"))
        return
    outlined = StepOutline(step["Name"], str(step.get("Type")), step, parent)
    result.problems += _form(outlined)
    yield outlined
    if outlined.type == "Condition":
        for branch in ("IfSteps", "ElseSteps"):
            for index, child in enumerate(_list(outlined.arguments, branch, result, outlined.name, "Arguments.")):
                yield from _steps(child, f"Arguments.{branch}[{index}]", outlined.name, result)


def _form(step: StepOutline) -> Iterator[Problem]:
    """What is wrong with a step's own members."""
    if not NAME.fullmatch(step.name):
        yield Problem(step.name, "Name", "a step's name is 1 to 64 letters, digits, - and _")
    if step.type not in MEMBERS and step.type not in UNREAD:
        yield Problem(step.name, "Type", f"{step.type!r} is no type of a step", suggest(step.type, [*MEMBERS, *UNREAD]))
    arguments = step.body.get("Arguments")
    if arguments is not None and not isinstance(arguments, dict):
        yield Problem(step.name, "Arguments", f"expected an object, found {_kind(arguments)}")
    if step.type in MEMBERS:
        known = sorted(COMMON | MEMBERS[step.type])
        for member in sorted(set(step.body) - set(known)):
            yield Problem(step.name, member, f"a {step.type} step has no such member", suggest(member, known))
    needed = NEEDED.get(step.type)
    if needed and not step.body.get(needed):
        yield Problem(step.name, needed, f"a {step.type} step needs it")


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "a boolean", type(None): "nothing"}
    return names.get(type(value), "a number")
