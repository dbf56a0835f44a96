"""Between Step Functions' spelling of requests and answers (members in PascalCase) and an API's own. Pure functions."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

from headgate.localcloud.seams import Json
from headgate.localcloud.states.failures import RUNTIME, StateError


def to_request(value: Any, shape: Any) -> Any:
    """Arguments as botocore takes them. Raises StateError (States.Runtime) for a member that the API does not have."""
    if shape is None:
        return {}
    if shape.type_name == "structure" and isinstance(value, dict):
        return {_member(name, shape): to_request(inner, _shape(name, shape)) for name, inner in value.items()}
    if shape.type_name == "list" and isinstance(value, list):
        return [to_request(item, shape.member) for item in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {key: to_request(item, shape.value) for key, item in value.items()}
    if shape.type_name == "blob" and isinstance(value, str):
        return value.encode()
    return value


def to_answer(value: Any, shape: Any) -> Any:
    """An API's answer as JSON, with members in PascalCase, times as ISO 8601 text, and bytes as text."""
    if shape is None:
        return {}
    if shape.type_name == "structure" and isinstance(value, dict):
        return _structure(value, shape)
    if shape.type_name == "list" and isinstance(value, list):
        return [to_answer(item, shape.member) for item in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {key: to_answer(item, shape.value) for key, item in value.items()}
    return _scalar(value)


def _structure(value: Json, shape: Any) -> Json:
    members = shape.members
    return {
        _pascal(name): to_answer(inner, members[name])
        for name, inner in value.items()
        if name in members and inner is not None
    }


def _scalar(value: Any) -> Any:
    if isinstance(value, datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=UTC)
        return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if hasattr(value, "read"):
        value = value.read()
    if isinstance(value, bytes | bytearray):
        try:
            return bytes(value).decode()
        except UnicodeDecodeError:
            return base64.b64encode(bytes(value)).decode()
    return value


def _member(name: str, shape: Any) -> str:
    """The API's own spelling of a member."""
    for member in shape.members:
        if _pascal(member) == _pascal(name):
            return str(member)
    known = ", ".join(_pascal(member) for member in shape.members)
    message = f"The field '{name}' is not supported by Step Functions; {shape.name} has {known or 'no members'}"
    raise StateError(RUNTIME, message)


def _shape(name: str, shape: Any) -> Any:
    return shape.members[_member(name, shape)]


def _pascal(name: str) -> str:
    return name[:1].upper() + name[1:]
