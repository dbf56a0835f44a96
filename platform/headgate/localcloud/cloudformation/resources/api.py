"""Calling AWS's API as a resource type: parameters in a template's words, sent in those of botocore's shapes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from headgate.localcloud.cloudformation.types import Context, ResourceError
from headgate.localcloud.seams import Json

_GONE = frozenset(
    {
        "AWS.SimpleQueueService.NonExistentQueue",
        "DBInstanceNotFound",
        "EntityNotFoundException",
        "NoSuchBucket",
        "NoSuchBucketPolicy",
        "NoSuchEntity",
        "NotFound",
        "NotFoundException",
        "OrganizationalUnitNotFoundException",
        "ParameterNotFound",
        "PolicyNotFoundException",
        "PolicyNotAttachedException",
        "QueueDoesNotExist",
        "RepositoryNotFoundException",
        "ResourceNotFound",
        "ResourceNotFoundException",
        "StackInstanceNotFoundException",
        "StackSetNotFoundException",
        "StateMachineDoesNotExist",
        "TrailNotFoundException",
        "UnknownResourceException",
    }
)
_NUMBERS = {"integer": int, "long": int, "float": float, "double": float}


def call(
    context: Context, service: str, operation: str, /, members: Mapping[str, Any] | None = None, **more: Any
) -> Any:
    """Call an operation (`CreateRole`) as the stack's role; members that are None are left out.

    Members may be in the template's words: the case of their names and the types of their values follow the
    operation's shape. Raises ResourceError (InvalidRequest) for a member that the API does not have, and ClientError.
    """
    from botocore import xform_name

    client = context.client(service)
    shape = client.meta.service_model.operation_model(operation).input_shape
    given = {**(members or {}), **more}
    parameters = shaped(shape, given, operation) if shape is not None else {}
    return getattr(client, xform_name(operation))(**parameters)


def shaped(shape: Any, value: Any, where: str) -> Any:
    """A value as a botocore shape wants it. Raises ResourceError (InvalidRequest)."""
    kind = shape.type_name
    if kind == "structure" and not getattr(shape, "is_document_type", False):
        return _structure(shape, value, where)
    if kind == "list":
        return [shaped(shape.member, item, f"{where}[{index}]") for index, item in enumerate(_list(value, where))]
    if kind == "map":
        return {str(name): shaped(shape.value, item, f"{where}.{name}") for name, item in _map(value, where).items()}
    return _scalar(kind, value, where)


def json_text(value: Any) -> str:
    """A policy or other document as the text that an API takes; a text stays as it is."""
    return value if isinstance(value, str) else json.dumps(value)


def pick(properties: Mapping[str, Any], *same: str, **renamed: str) -> Json:
    """Some members, those of `renamed` (new=old) under another name; what is not there is left out."""
    names = {**{name: name for name in same}, **renamed}
    return {new: properties[old] for new, old in names.items() if properties.get(old) is not None}


def changed(old: Mapping[str, Any], new: Mapping[str, Any], *names: str) -> bool:
    """Whether one of these properties is different."""
    return any(old.get(name) != new.get(name) for name in names)


def code_of(error: Exception) -> str:
    """The code of a botocore ClientError, or the empty string."""
    response: Any = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))


def is_gone(error: Exception) -> bool:
    """Whether an API answered that what was asked for is not there."""
    code = code_of(error)
    return code in _GONE or code.endswith((".NotFound", "NotFoundException")) or code == "404"


@contextmanager
def unless_gone(*codes: str) -> Iterator[None]:
    """Let errors pass that say that something is not there; `codes` are further ones that mean it."""
    from botocore.exceptions import ClientError

    try:
        yield
    except ClientError as error:
        if not is_gone(error) and code_of(error) not in codes:
            raise


def look(context: Context, service: str, operation: str, /, **members: Any) -> Any:
    """The answer of an operation that reads something, None when that is not there."""
    from botocore.exceptions import ClientError

    try:
        return call(context, service, operation, members)
    except ClientError as error:
        if is_gone(error):
            return None
        raise


def exists(context: Context, service: str, operation: str, /, **members: Any) -> bool:
    """Whether an operation that reads something finds it."""
    return look(context, service, operation, **members) is not None


def refuse(message: str) -> ResourceError:
    """What a template asks for and the local cloud or AWS does not do."""
    return ResourceError(message, code="InvalidRequest")


def _structure(shape: Any, value: Any, where: str) -> Json:
    members, found = shape.members, Json()
    folded = {name.lower(): name for name in members}
    for name, item in _map(value, where).items():
        if item is None:
            continue
        member = name if name in members else folded.get(name.lower())
        if member is None:
            raise refuse(f"{where} has no member '{name}'; it has {', '.join(sorted(members))}")
        found[member] = shaped(members[member], item, f"{where}.{member}")
    return found


def _scalar(kind: str, value: Any, where: str) -> Any:
    if kind == "string" and not isinstance(value, str):
        if isinstance(value, bool):
            return str(value).lower()
        return json.dumps(value) if isinstance(value, dict | list) else str(value)
    if kind == "boolean" and isinstance(value, str):
        if value.lower() not in {"true", "false"}:
            raise refuse(f"{where} is '{value}', which is neither true nor false")
        return value.lower() == "true"
    if kind in _NUMBERS and isinstance(value, str):
        try:
            return _NUMBERS[kind](value)
        except ValueError as error:
            raise refuse(f"{where} is '{value}', which is no number") from error
    return value


def _list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise refuse(f"{where} has to be a list, not {value!r}")
    return list(value)


def _map(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise refuse(f"{where} has to be an object, not {value!r}")
    return value
