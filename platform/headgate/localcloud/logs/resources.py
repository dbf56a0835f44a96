"""Finding the group and the stream that a request names, and paging through names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeVar

from headgate.localcloud.errors import AwsError, unsupported
from headgate.localcloud.logs.errors import invalid_parameter, not_found
from headgate.localcloud.logs.group import LogGroup
from headgate.localcloud.logs.names import is_group_name, is_stream_name
from headgate.localcloud.logs.store import LogStore
from headgate.localcloud.logs.stream import StreamFile
from headgate.localcloud.paging import cut_page
from headgate.localcloud.seams import Caller, Json

_ARN = re.compile(r"arn:aws[a-z-]*:logs:(?P<region>[^:]*):(?P<account>[^:]*):log-group:(?P<name>[^:]+)(:\*)?")
_DAY = 86400 * 1000

Item = TypeVar("Item")


def group_arn(caller: Caller, name: str) -> str:
    """A group's ARN, without the `:*` that some operations put behind it."""
    return caller.arn("logs", f"log-group:{name}")


def checked_group_name(name: str) -> str:
    """Raises AwsError (InvalidParameterException)."""
    if not is_group_name(name):
        raise invalid_parameter(
            f"1 validation error detected: value '{name}' at 'logGroupName' failed to satisfy constraint: member must "
            "satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+"
        )
    return name


def checked_stream_name(name: str) -> str:
    """Raises AwsError (InvalidParameterException)."""
    if not is_stream_name(name):
        raise invalid_parameter(
            f"1 validation error detected: value '{name}' at 'logStreamName' failed to satisfy constraint: member must "
            "satisfy regular expression pattern: [^:*]*"
        )
    return name


def named_group(caller: Caller, parameters: Json) -> str:
    """The group's name from `logGroupName` or `logGroupIdentifier`. Raises AwsError (InvalidParameterException)."""
    name, identifier = parameters.get("logGroupName"), parameters.get("logGroupIdentifier")
    if (name is None) == (identifier is None):
        raise invalid_parameter("exactly one of logGroupName and logGroupIdentifier must be given")
    return checked_group_name(name) if name is not None else from_identifier(caller, str(identifier))


def from_identifier(caller: Caller, identifier: str) -> str:
    """The group's name from a name or an ARN. Raises AwsError."""
    if not identifier.startswith("arn:"):
        return checked_group_name(identifier)
    match = _ARN.fullmatch(identifier)
    if match is None:
        raise invalid_parameter(f"'{identifier}' is not the ARN of a log group")
    if (match["account"], match["region"]) != (caller.account, caller.region):
        raise unsupported("CloudWatch Logs requests across accounts or regions")
    return match["name"]


def group(store: LogStore, caller: Caller, parameters: Json) -> LogGroup:
    """The group that a request names. Raises AwsError (ResourceNotFoundException)."""
    found = store.find_group(caller.account, caller.region, named_group(caller, parameters))
    if found is None:
        raise not_found("log group")
    return found


def stream(found: LogGroup, name: str) -> StreamFile:
    """Raises AwsError (ResourceNotFoundException)."""
    opened = found.find(checked_stream_name(name))
    if opened is None:
        raise not_found("log stream")
    return opened


def oldest_visible(store: LogStore, found: LogGroup) -> int:
    """The time in milliseconds before which events have expired; 0 without a retention policy."""
    days = found.settings.retention_days
    return 0 if days is None else int(store.clock.now() * 1000) - days * _DAY


def limit(parameters: Json, name: str, most: int) -> int:
    """A page size from 1 to `most`, which is the default. Raises AwsError (InvalidParameterException)."""
    value = parameters.get(name, most)
    if not 1 <= value <= most:
        raise invalid_parameter(f"'{name}' must be between 1 and {most}, not {value}")
    return int(value)


def page(items: Sequence[Item], parameters: Json, most: int) -> tuple[Sequence[Item], dict[str, str]]:
    """A page of a list by `limit` and `nextToken`, and the next token as a response member."""
    try:
        found, token = cut_page(items, parameters.get("nextToken"), limit(parameters, "limit", most))
    except ValueError as error:
        raise bad_token() from error
    return found, {} if token is None else {"nextToken": token}


def bad_token() -> AwsError:
    return invalid_parameter("the specified nextToken is invalid")
