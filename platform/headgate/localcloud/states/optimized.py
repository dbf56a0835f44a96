"""What optimized integrations do besides calling the API: arguments and answers that are JSON, not text."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from headgate.localcloud.paging import seconds
from headgate.localcloud.seams import Json
from headgate.localcloud.states.calls import Call
from headgate.localcloud.states.failures import StateError
from headgate.localcloud.states.intrinsics import compact

_UNKNOWN = "Lambda.Unknown"


def arguments(call: Call) -> Json:
    """The API's arguments for a call of an optimized integration."""
    given = dict(call.arguments) if isinstance(call.arguments, dict) else {}
    if call.integration.function:
        return {"FunctionName": call.integration.function, "Payload": compact(call.arguments)}
    change = _ARGUMENTS.get((call.integration.named, call.integration.action))
    return change(given, call) if change else given


def result(call: Call, answer: Json) -> Any:
    """The state's result from an answer in PascalCase. Raises StateError for failures that an answer reports."""
    change = _RESULTS.get((call.integration.named, call.integration.action))
    return change(answer, call) if change else answer


def described(call: Call, description: Json) -> Any:
    """The result of an awaited job, from its description."""
    if call.integration.named != "states":
        return description
    made = {**description, **{name: _milliseconds(description[name]) for name in ("StartDate", "StopDate")}}
    if call.integration.pattern == "sync:2":
        made |= {name: json.loads(made[name]) for name in ("Input", "Output") if name in made}
    return made


def _text(given: Json, member: str) -> Json:
    """A member that may be JSON, as the text that the API takes."""
    if member in given and not isinstance(given[member], str):
        return {**given, member: compact(given[member])}
    return given


def _invoke(given: Json, _: Call) -> Json:
    return {**given, "Payload": compact(given["Payload"])} if "Payload" in given else given


def _put_events(given: Json, call: Call) -> Json:
    entries = [
        {**_text(entry, "Detail"), "Resources": [*entry.get("Resources", []), call.execution, call.machine]}
        for entry in given.get("Entries", [])
    ]
    return {**given, "Entries": entries}


def _start_execution(given: Json, call: Call) -> Json:
    return {"Input": "{}", "Name": call.name, **_text(given, "Input")}


def _invoked(answer: Json, call: Call) -> Any:
    """A function's result; an error that it reports is the task's. Raises StateError."""
    text = answer.get("Payload", "") or "null"
    try:
        payload = json.loads(text)
    except ValueError:
        payload = text
    if answer.get("FunctionError"):
        error = payload.get("errorType") if isinstance(payload, dict) else None
        raise StateError(str(error or _UNKNOWN), text)
    if call.integration.function:
        return payload
    return {**answer, "Payload": payload}


def _events_put(answer: Json, _: Call) -> Json:
    if answer.get("FailedEntryCount"):
        raise StateError("EventBridge.FailedEntry", compact(answer))
    return answer


def _execution_started(answer: Json, _: Call) -> Json:
    return {**answer, "StartDate": _milliseconds(answer["StartDate"])}


def _milliseconds(moment: str) -> int:
    return round(seconds(moment) * 1000)


_ARGUMENTS: Mapping[tuple[str, str], Callable[[Json, Call], Json]] = {
    ("events", "putEvents"): _put_events,
    ("lambda", "invoke"): _invoke,
    ("sns", "publish"): lambda given, _: _text(given, "Message"),
    ("sqs", "sendMessage"): lambda given, _: _text(given, "MessageBody"),
    ("states", "startExecution"): _start_execution,
}

_RESULTS: Mapping[tuple[str, str], Callable[[Json, Call], Any]] = {
    ("events", "putEvents"): _events_put,
    ("lambda", "invoke"): _invoked,
    ("states", "startExecution"): _execution_started,
}
