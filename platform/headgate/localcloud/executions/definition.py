"""Reading and checking a pipeline definition, as CreatePipeline does: what is wrong is named, with its step."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from headgate.localcloud.errors import AwsError, unsupported, validation
from headgate.localcloud.executions import conditions, durations
from headgate.localcloud.executions.model import (
    EXECUTION_VARIABLES,
    STEP_KINDS,
    UNSUPPORTED_STEP_KINDS,
    Branch,
    Definition,
    Need,
    Parameter,
    PropertyFile,
    RetryPolicy,
    Step,
)
from headgate.localcloud.executions.parameters import check_parameter
from headgate.localcloud.executions.paths import PathError
from headgate.localcloud.executions.references import Reference, find_references
from headgate.localcloud.seams import Json

VERSION = "2020-12-01"
_TRIGGERS = ("Completed", "Failed", "Stopped", "Any")
_STEP_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_REFERRING_MEMBERS = ("Arguments", "FunctionArn", "SqsQueueUrl")


@functools.lru_cache(maxsize=64)
def parse(text: str) -> Definition:
    """Parse and check a definition. Raises AwsError: ValidationException, or unsupported for a step type by name.

    The last ones are kept, as every request about an execution reads its definition: do not change what is returned.
    """
    body = _load(text)
    _only(body.get("Version") == VERSION, f"Version has to be '{VERSION}', not {body.get('Version')!r}")
    parameters = _parameters(_list(body.get("Parameters"), "Parameters"))
    raw_steps = _list(body.get("Steps"), "Steps")
    _only(bool(raw_steps), "Steps is empty: a pipeline needs one step at least")
    steps = _steps(raw_steps)
    for step in steps.values():
        _check_references(step, steps, parameters)
    _check_cycles(steps)
    return Definition(steps=steps, parameters=parameters, experiment=body.get("PipelineExperimentConfig"))


def invalid(message: str) -> AwsError:
    """The error of a definition that cannot be run."""
    return validation(f"Unable to parse pipeline definition. {message}")


def _only(condition: bool, message: str) -> None:
    if not condition:
        raise invalid(message)


def _load(text: str) -> Json:
    try:
        body = json.loads(text)
    except ValueError as error:
        raise invalid(f"it is not JSON: {error}") from error
    _only(isinstance(body, dict), "it has to be a JSON object with Version, Parameters and Steps")
    loaded: Json = body
    return loaded


def _list(value: Any, where: str) -> list[Json]:
    if value is None:
        return []
    _only(
        isinstance(value, list) and all(isinstance(one, dict) for one in value), f"{where} has to be a list of objects"
    )
    items: list[Json] = value
    return items


def _parameters(raw: list[Json]) -> dict[str, Parameter]:
    parameters: dict[str, Parameter] = {}
    for one in raw:
        parameter = Parameter(
            name=str(one.get("Name", "")),
            type=str(one.get("Type", "")),
            default=one.get("DefaultValue"),
            enum=tuple(one.get("EnumValues") or ()),
        )
        _only(bool(parameter.name), "a parameter has no Name")
        _only(parameter.name not in parameters, f"parameter '{parameter.name}' is declared twice")
        problem = check_parameter(parameter)
        _only(problem is None, f"parameter '{parameter.name}': {problem}")
        parameters[parameter.name] = parameter
    return parameters


def _steps(raw: list[Json]) -> dict[str, Step]:
    found = list(_flatten(raw, None))
    steps: dict[str, Step] = {}
    for step in found:
        _only(step.name not in steps, f"step names have to be unique, and '{step.name}' is there twice")
        steps[step.name] = step
    return steps


def _flatten(raw: Iterable[Json], branch: Branch | None) -> Iterator[Step]:
    for body in raw:
        step = _step(body, branch)
        yield step
        if step.kind == "Condition":
            problem = conditions.problem(step.arguments.get("Conditions"))
            _only(problem is None, f"step '{step.name}': {problem}")
            for member, outcome in (("IfSteps", True), ("ElseSteps", False)):
                nested = _list(step.arguments.get(member), f"step '{step.name}': {member}")
                yield from _flatten(nested, Branch(step.name, outcome))


def _step(body: Json, branch: Branch | None) -> Step:
    name, kind = body.get("Name"), body.get("Type")
    _only(
        isinstance(name, str) and bool(_STEP_NAME.fullmatch(name)),
        f"{name!r} is no step name: 1 to 64 of A-Z a-z 0-9 - _",
    )
    where = f"step '{name}'"
    if kind in UNSUPPORTED_STEP_KINDS:
        raise unsupported(f"the pipeline step type {kind} ({where})")
    _only(kind in STEP_KINDS, f"{where}: unknown step type {kind!r}; known are {', '.join(STEP_KINDS)}")
    arguments = body.get("Arguments") or {}
    _only(isinstance(arguments, dict), f"{where}: Arguments has to be an object")
    return Step(
        name=str(name),
        kind=str(kind),
        arguments=arguments,
        body=body,
        needs=_needs(body, str(kind), where),
        branch=branch,
        property_files=_property_files(_list(body.get("PropertyFiles"), f"{where}: PropertyFiles"), where),
        cache_seconds=_cache_seconds(body.get("CacheConfig"), where),
        retries=tuple(_retry(one, where) for one in _list(body.get("RetryPolicies"), f"{where}: RetryPolicies")),
    )


def own_expressions(body: Json, kind: str) -> Json:
    """The parts of a step whose references are the step's own: not those of the steps inside a condition."""
    own = {member: body[member] for member in _REFERRING_MEMBERS if member in body}
    if kind == "Condition":
        own["Arguments"] = {"Conditions": (body.get("Arguments") or {}).get("Conditions", [])}
    return own


def _references(body: Json, kind: str, where: str) -> list[Reference]:
    try:
        return list(find_references(own_expressions(body, kind)))
    except PathError as error:
        raise invalid(f"{where}: {error}") from error


def _needs(body: Json, kind: str, where: str) -> tuple[Need, ...]:
    needs = [Need(one.name) for one in _references(body, kind, where) if one.root == "Steps"]
    depends_on = body.get("DependsOn") or []
    _only(isinstance(depends_on, list), f"{where}: DependsOn has to be a list of step names")
    for one in depends_on:
        need = Need(one) if isinstance(one, str) else _triggered(one, where)
        needs.append(need)
    return tuple(dict.fromkeys(needs))


def _triggered(one: Any, where: str) -> Need:
    fits = isinstance(one, dict) and isinstance(one.get("Step"), str) and one.get("Trigger", "Completed") in _TRIGGERS
    _only(fits, f"{where}: DependsOn takes step names, or {{Step, Trigger}} with a Trigger of {', '.join(_TRIGGERS)}")
    return Need(one["Step"], one.get("Trigger", "Completed"))


def _property_files(raw: list[Json], where: str) -> dict[str, PropertyFile]:
    files: dict[str, PropertyFile] = {}
    for one in raw:
        missing = [member for member in ("PropertyFileName", "OutputName", "FilePath") if member not in one]
        _only(not missing, f"{where}: a property file lacks {', '.join(missing)}")
        name = str(one["PropertyFileName"])
        files[name] = PropertyFile(name=name, output=str(one["OutputName"]), path=str(one["FilePath"]))
    return files


def _cache_seconds(raw: Any, where: str) -> float | None:
    if not isinstance(raw, dict) or not raw.get("Enabled"):
        return None
    if "ExpireAfter" not in raw:
        return float("inf")
    try:
        return durations.seconds(str(raw["ExpireAfter"]))
    except ValueError as error:
        raise invalid(f"{where}: CacheConfig.ExpireAfter: {error}") from error


def _retry(raw: Json, where: str) -> RetryPolicy:
    types = raw.get("ExceptionType") or []
    _only(bool(types) and isinstance(types, list), f"{where}: a retry policy needs ExceptionType, a list")
    interval, backoff = raw.get("IntervalSeconds", 1), raw.get("BackoffRate", 2.0)
    attempts, minutes = raw.get("MaxAttempts"), raw.get("ExpireAfterMin")
    numbers = {"IntervalSeconds": interval, "BackoffRate": backoff, "MaxAttempts": attempts, "ExpireAfterMin": minutes}
    for member, value in numbers.items():
        fits = value is None or (isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0)
        _only(fits, f"{where}: a retry policy's {member} has to be a number that is not negative, not {value!r}")
    return RetryPolicy(
        exception_types=tuple(map(str, types)),
        interval=float(interval),
        backoff=float(backoff),
        max_attempts=None if attempts is None else int(attempts),
        expire_after=None if minutes is None else float(minutes) * 60,
    )


def _check_references(step: Step, steps: Mapping[str, Step], parameters: Mapping[str, Parameter]) -> None:
    where = f"step '{step.name}'"
    for need in step.needs:
        _only(need.step != step.name, f"{where} depends on itself")
        _only(need.step in steps, f"{where} depends on step '{need.step}', which does not exist; {_known(steps)}")
    for reference in _references(step.body, step.kind, where):
        if reference.root == "Parameters":
            found = reference.name in parameters
            _only(found, f"{where} refers to '{reference.text}', but there is no such parameter; {_known(parameters)}")
        elif reference.root == "Execution":
            found = reference.name in EXECUTION_VARIABLES
            _only(
                found, f"{where} refers to '{reference.text}'; execution variables are {', '.join(EXECUTION_VARIABLES)}"
            )
        elif reference.property_file is not None:
            files = steps[reference.name].property_files
            found = reference.property_file in files
            _only(
                found,
                f"{where} refers to '{reference.text}', but that step declares no such property file; {_known(files)}",
            )


def _known(names: Iterable[str]) -> str:
    return f"known: {', '.join(names) or 'none'}"


def _check_cycles(steps: Mapping[str, Step]) -> None:
    before = {
        name: {need.step for need in step.needs} | ({step.branch.condition} if step.branch else set())
        for name, step in steps.items()
    }
    while free := [name for name, needs in before.items() if not needs & before.keys()]:
        for name in free:
            del before[name]
    _only(not before, f"steps depend on each other in a circle: {' -> '.join(_circle(before))}")


def _circle(before: Mapping[str, set[str]]) -> list[str]:
    if not before:
        return []
    walk = [next(iter(before))]
    while True:
        following = next(name for name in sorted(before[walk[-1]]) if name in before)
        if following in walk:
            return [*walk[walk.index(following) :], following]
        walk.append(following)
