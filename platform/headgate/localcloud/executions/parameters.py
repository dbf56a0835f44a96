"""Pipeline parameters: declared types, and the values that StartPipelineExecution gives as strings."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from headgate.localcloud.errors import validation
from headgate.localcloud.executions.model import Parameter
from headgate.localcloud.executions.references import as_text
from headgate.localcloud.seams import Json

_TYPES = ("String", "Integer", "Float", "Boolean")


def check_parameter(parameter: Parameter) -> str | None:
    """What is wrong with a declaration, or None."""
    if parameter.type not in _TYPES:
        return f"unknown Type {parameter.type!r}; known are {', '.join(_TYPES)}"
    if parameter.default is None:
        return None
    fits: dict[str, bool] = {
        "String": isinstance(parameter.default, str),
        "Integer": isinstance(parameter.default, int) and not isinstance(parameter.default, bool),
        "Float": isinstance(parameter.default, (int, float)) and not isinstance(parameter.default, bool),
        "Boolean": isinstance(parameter.default, bool),
    }
    if not fits[parameter.type]:
        return f"DefaultValue {parameter.default!r} is not of type {parameter.type}"
    return _outside(parameter, parameter.default)


def bind(declared: Mapping[str, Parameter], given: list[Json]) -> Json:
    """The typed values of an execution: what was given over the defaults. Raises AwsError (ValidationException).

    Args:
        declared: The definition's parameters.
        given: `PipelineParameters` of the request: `[{"Name": ..., "Value": <string>}]`.
    """
    texts: dict[str, str] = {}
    for one in given:
        if one["Name"] in texts:
            raise validation(f"pipeline parameter '{one['Name']}' is given twice")
        texts[one["Name"]] = one["Value"]
    if unknown := [name for name in texts if name not in declared]:
        known = ", ".join(declared) or "none"
        raise validation(f"unknown pipeline parameters: {', '.join(unknown)}; this pipeline declares: {known}")
    values: Json = {}
    for name, parameter in declared.items():
        if name in texts:
            values[name] = _read(parameter, texts[name])
        elif parameter.default is not None:
            values[name] = float(parameter.default) if parameter.type == "Float" else parameter.default
        else:
            raise validation(f"pipeline parameter '{name}' has no default value, so a value has to be given")
    return values


def as_request(values: Json) -> list[Json]:
    """Typed values as the API shows them: names and strings."""
    return [{"Name": name, "Value": as_text(value)} for name, value in values.items()]


def _read(parameter: Parameter, text: str) -> Any:
    try:
        value = _convert(parameter.type, text)
    except ValueError as error:
        raise validation(
            f"pipeline parameter '{parameter.name}' is of type {parameter.type}, and '{text}' is not"
        ) from error
    if problem := _outside(parameter, value):
        raise validation(f"pipeline parameter '{parameter.name}': {problem}")
    return value


def _convert(kind: str, text: str) -> Any:
    if kind == "String":
        return text
    if kind == "Integer":
        return int(text)
    if kind == "Float":
        number = float(text)
        if not math.isfinite(number):
            raise ValueError(text)
        return number
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"


def _outside(parameter: Parameter, value: Any) -> str | None:
    if parameter.enum and value not in parameter.enum:
        return f"'{as_text(value)}' is not one of {', '.join(map(as_text, parameter.enum))}"
    return None
