"""The log that a state machine's loggingConfiguration asks for: events of executions, in a CloudWatch Logs group."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from headgate.localcloud.seams import Json
from headgate.localcloud.states.intrinsics import compact

_LOG = logging.getLogger(__name__)

WriteLog = Callable[[str, str, str, str, Iterable[str]], None]
"""Appends lines to a log stream: account, region, group, stream, lines."""

_FATAL = frozenset({"ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut"})
_ERRORS = ("Failed", "TimedOut", "Aborted")
_DATA = frozenset({"input", "inputDetails", "output", "outputDetails", "parameters", "cause"})


def append(write: WriteLog, machine: Json, execution: Json, events: list[Json]) -> None:
    """Log the events of one turn, as far as the machine's level asks for them. A log that fails stops no execution."""
    configuration = machine["loggingConfiguration"]
    wanted = [event for event in events if _wanted(event["type"], configuration["level"])]
    if not wanted:
        return
    group = configuration["destinations"][0]["cloudWatchLogsLogGroup"]["logGroupArn"].split(":")
    begun = datetime.fromtimestamp(execution["startDate"], UTC).strftime("%Y-%m-%d-%H-%M")
    stream = f"states/{machine['name']}/{begun}/{execution['name'][-8:]}"
    lines = [compact(_entry(event, execution, data=configuration["includeExecutionData"])) for event in wanted]
    try:
        write(group[4], group[3], group[6], stream, lines)
    except Exception:
        _LOG.exception("the log of %s could not be written", execution["executionArn"])


def _wanted(kind: str, level: str) -> bool:
    if level == "ALL":
        return True
    if level == "ERROR":
        return kind.endswith(_ERRORS)
    return level == "FATAL" and kind in _FATAL


def _entry(event: Json, execution: Json, *, data: bool) -> Json:
    details: Json = next((value for name, value in event.items() if name.endswith("EventDetails")), {})
    return {
        "id": str(event["id"]),
        "type": event["type"],
        "details": {name: value for name, value in details.items() if data or name not in _DATA},
        "redrive_count": str(execution.get("redriveCount", 0)),
        "previous_event_id": str(event["previousEventId"]),
        "event_timestamp": str(round(event["timestamp"] * 1000)),
        "execution_arn": execution["executionArn"],
    }
