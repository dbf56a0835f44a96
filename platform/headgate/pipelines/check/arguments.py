"""Arguments held against the request shapes of the API. A pipeline variable may stand anywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from headgate.pipelines.check.outline import StepOutline
from headgate.pipelines.check.problems import Problem
from headgate.pipelines.check.service import SERVICE_FILLED, Service, Shape
from headgate.spec.suggest import suggest

VARIABLES = frozenset({"Get", "Std:Join", "Std:JsonGet"})
NUMBERS = frozenset({"integer", "long", "float", "double"})
Wrong = Callable[..., None]


def is_variable(value: object) -> bool:
    """Whether a value of the definition is filled in when the pipeline runs."""
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)) in VARIABLES


def check_arguments(step: StepOutline, parameters: Mapping[str, str], service: Service) -> Iterator[Problem]:
    """Unknown and missing members, wrong types, values outside of what the API allows."""
    shape = service.request(step.type)
    if shape is not None:
        yield from _Checker(step.name, parameters, service).value(shape, step.arguments, "Arguments")


class _Checker:
    def __init__(self, step: str, parameters: Mapping[str, str], service: Service) -> None:
        self.step, self.parameters, self.service = step, parameters, service

    def value(self, shape: Shape, value: Any, path: str) -> Iterator[Problem]:
        if value is None:
            return
        if is_variable(value):
            yield from self.variable(shape, value, path)
        elif shape.kind == "structure":
            yield from self.structure(shape, value, path)
        elif shape.kind == "list":
            yield from self.list(shape, value, path)
        elif shape.kind == "map":
            yield from self.map(shape, value, path)
        else:
            yield from self.scalar(shape, value, path)

    def wrong(self, path: str, message: str, suggestion: str | None = None) -> Problem:
        return Problem(self.step, path, message, suggestion)

    def structure(self, shape: Shape, value: Any, path: str) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield self.wrong(path, f"expected an object, found {value!r}")
            return
        for member, inner in value.items():
            if member in shape.members:
                yield from self.value(self.service.shape(shape.members[member]), inner, f"{path}.{member}")
            else:
                yield self.wrong(f"{path}.{member}", f"{shape.name} has no such member", suggest(member, shape.members))
        for member in shape.required:
            if value.get(member) is None and not (path == "Arguments" and member in SERVICE_FILLED):
                yield self.wrong(f"{path}.{member}", "is required")

    def list(self, shape: Shape, value: Any, path: str) -> Iterator[Problem]:
        if not isinstance(value, list):
            yield self.wrong(path, f"expected a list, found {value!r}")
            return
        yield from self.bounds(shape, len(value), path, "items")
        for index, inner in enumerate(value):
            yield from self.value(self.service.shape(str(shape.element)), inner, f"{path}[{index}]")

    def map(self, shape: Shape, value: Any, path: str) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield self.wrong(path, f"expected an object, found {value!r}")
            return
        yield from self.bounds(shape, len(value), path, "entries")
        for key, inner in value.items():
            yield from self.value(self.service.shape(str(shape.element)), inner, f"{path}.{key}")

    def scalar(self, shape: Shape, value: Any, path: str) -> Iterator[Problem]:
        if shape.kind == "string":
            if not isinstance(value, str):
                yield self.wrong(path, f"expected a string, found {value!r}", str(value) if _plain(value) else None)
            elif shape.choices and value not in shape.choices:
                yield self.wrong(path, f"{value!r} is no {shape.name}", suggest(value, shape.choices))
            else:
                yield from self.bounds(shape, len(value), path, "characters")
        elif shape.kind == "boolean":
            if not isinstance(value, bool):
                yield self.wrong(path, f"expected true or false, found {value!r}")
        elif shape.kind in NUMBERS:
            whole = shape.kind in {"integer", "long"}
            if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
                yield self.wrong(path, f"expected {'an integer' if whole else 'a number'}, found {value!r}")
            else:
                yield from self.bounds(shape, value, path, "")

    def bounds(self, shape: Shape, size: float, path: str, unit: str) -> Iterator[Problem]:
        what = f"{size} {unit}".strip()
        if shape.high is not None and size > shape.high:
            yield self.wrong(path, f"{what}: at most {shape.high} allowed")
        elif shape.low is not None and size < shape.low:
            yield self.wrong(path, f"{what}: at least {shape.low} needed")

    def variable(self, shape: Shape, value: Mapping[str, Any], path: str) -> Iterator[Problem]:
        """A string cannot become a number or a boolean; other conversions are left to the service."""
        kind, target = next(iter(value)), value.get("Get")
        given = "String" if kind == "Std:Join" else ""
        if isinstance(target, str) and target.startswith("Parameters."):
            given = self.parameters.get(target.removeprefix("Parameters."), "")
        if (shape.kind in NUMBERS and given in {"String", "Boolean"}) or (
            shape.kind == "boolean" and given and given != "Boolean"
        ):
            what = target.replace("Parameters.", "parameter ") if isinstance(target, str) else "Std:Join"
            yield self.wrong(path, f"expected {_article(shape.kind)}, but {what} is a {given}")


def _plain(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _article(kind: str) -> str:
    return {"integer": "an integer", "long": "an integer", "boolean": "a boolean"}.get(kind, "a number")
