"""Expressions in a pipeline definition: `Get`, `Std:Join`, `Std:JsonGet`; finding them and resolving them.

Types are kept: a reference to an integer parameter gives an integer. Only `Std:Join` makes strings.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from headgate.localcloud.executions.paths import PathError, Segment, descend, parse_path

GET, JOIN, JSON_GET = "Get", "Std:Join", "Std:JsonGet"
ROOTS = ("Parameters", "Execution", "Steps")


class ReferenceUnresolvedError(Exception):
    """A reference that has no value now; the text says which and why."""


@dataclass(frozen=True, slots=True)
class Reference:
    """`Parameters.X`, `Execution.X` or `Steps.X.<path>`; `path` is what follows `name`."""

    root: str
    name: str
    path: tuple[Segment, ...]
    text: str

    @staticmethod
    def parse(text: object) -> Reference:
        """Read the text of a `Get`. Raises PathError."""
        if not isinstance(text, str):
            message = f"'Get' takes a string such as 'Steps.Train.ModelArtifacts', not {text!r}"
            raise PathError(message)
        segments = parse_path(text)
        if len(segments) < 2 or segments[0] not in ROOTS or not isinstance(segments[1], str):
            allowed = "Parameters.<name>, Execution.<variable> or Steps.<name>.<property>"
            message = f"'{text}' is no reference: it has to be {allowed}"
            raise PathError(message)
        return Reference(str(segments[0]), segments[1], segments[2:], text)

    @property
    def property_file(self) -> str | None:
        """The property file's name, when the reference is to one (`Steps.X.PropertyFiles.Y`)."""
        if self.root == "Steps" and len(self.path) == 2 and self.path[0] == "PropertyFiles":
            return str(self.path[1])
        return None


class Scope(Protocol):
    """Where references get their values."""

    def get(self, reference: Reference) -> Any:
        """The value of a reference. Raises ReferenceUnresolvedError."""
        ...

    def property_file(self, reference: Reference) -> str:
        """The S3 URI of a property file. Raises ReferenceUnresolvedError."""
        ...

    def read(self, uri: str) -> bytes:
        """The bytes of an S3 object. Raises ReferenceUnresolvedError."""
        ...


def expression(value: object) -> str | None:
    """Which expression a JSON value is, or None for plain data."""
    if isinstance(value, dict) and len(value) == 1:
        (key,) = value
        if key in (GET, JOIN, JSON_GET):
            return str(key)
    return None


def find_references(value: object) -> Iterator[Reference]:
    """All references in a JSON value. Raises PathError for one that does not parse."""
    if isinstance(value, dict):
        if expression(value) == GET:
            yield Reference.parse(value[GET])
            return
        for member in value.values():
            yield from find_references(member)
    elif isinstance(value, list):
        for element in value:
            yield from find_references(element)


def resolve(value: Any, scope: Scope) -> Any:
    """Replace every expression by its value. Members that are null are left out, as if they were not there.

    Raises ReferenceUnresolvedError.
    """
    match expression(value):
        case "Get":
            return scope.get(_parsed(value[GET]))
        case "Std:Join":
            return _join(value[JOIN], scope)
        case "Std:JsonGet":
            return _json_get(value[JSON_GET], scope)
    if isinstance(value, dict):
        return {key: resolve(member, scope) for key, member in value.items() if member is not None}
    if isinstance(value, list):
        return [resolve(element, scope) for element in value]
    return value


def as_text(value: object) -> str:
    """A value as SageMaker writes it into a string: booleans in lower case, structures as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value) if isinstance(value, (dict, list)) else str(value)


def _parsed(text: object) -> Reference:
    try:
        return Reference.parse(text)
    except PathError as error:
        raise ReferenceUnresolvedError(str(error)) from error


def _join(arguments: Any, scope: Scope) -> str:
    values = [resolve(value, scope) for value in arguments.get("Values", [])]
    return str(arguments.get("On", "")).join(as_text(value) for value in values)


def _no_number(constant: str) -> None:
    """Python writes NaN and Infinity, which no condition could compare and JSON does not have."""
    message = f"{constant} is no JSON value; write null, or fail the step, when a metric is not a number"
    raise ValueError(message)


def _json_get(arguments: Any, scope: Scope) -> Any:
    if "PropertyFile" in arguments:
        source = arguments["PropertyFile"]
        reference = _parsed(source[GET] if expression(source) == GET else source)
        uri = scope.property_file(reference)
        what = f"property file '{reference.property_file}' of step '{reference.name}' ({uri})"
    else:
        uri = as_text(resolve(arguments["S3Uri"], scope))
        what = uri
    path = as_text(resolve(arguments["Path"], scope))
    try:
        document = json.loads(scope.read(uri), parse_constant=_no_number)
    except ValueError as error:
        message = f"Std:JsonGet cannot read {what}: it is not JSON ({error})"
        raise ReferenceUnresolvedError(message) from error
    try:
        return descend(document, parse_path(path))
    except PathError as error:
        message = f"Std:JsonGet found nothing at path '{path}' in {what}: {error}"
        raise ReferenceUnresolvedError(message) from error
