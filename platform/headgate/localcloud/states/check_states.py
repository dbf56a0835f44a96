"""The fields of each type of state: which there may be, which there must be, and what they may hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Json
from headgate.localcloud.states import check_choices, choices, resources
from headgate.localcloud.states.check_errors import check_catch, check_retry
from headgate.localcloud.states.check_paths import has_token, read_path, reference_path, template
from headgate.localcloud.states.diagnostics import Findings

LONGEST_SECONDS = 99_999_999

_COMMON = frozenset({"Type", "Comment", "QueryLanguage"})
_FLOW = _COMMON | {"InputPath", "OutputPath", "Next", "End"}
_WORK = _FLOW | {"Parameters", "ResultSelector", "ResultPath", "Retry", "Catch"}
_FIELDS: Mapping[str, frozenset[str]] = {
    "Pass": _FLOW | {"Result", "Parameters", "ResultPath"},
    "Task": _WORK
    | {"Resource", "TimeoutSeconds", "TimeoutSecondsPath", "HeartbeatSeconds", "HeartbeatSecondsPath", "Credentials"},
    "Choice": _COMMON | {"InputPath", "OutputPath", "Choices", "Default"},
    "Wait": _FLOW | {"Seconds", "SecondsPath", "Timestamp", "TimestampPath"},
    "Succeed": _COMMON | {"InputPath", "OutputPath"},
    "Fail": _COMMON | {"Error", "ErrorPath", "Cause", "CausePath"},
    "Parallel": _WORK | {"Branches"},
    "Map": _WORK | {"ItemProcessor", "Iterator", "ItemsPath", "ItemSelector", "MaxConcurrency", "MaxConcurrencyPath"},
}
_OF_JSONATA = frozenset({"Arguments", "Output", "Assign", "Items", "Condition"})
_OF_DISTRIBUTED = frozenset(
    {"ItemReader", "ItemBatcher", "ResultWriter", "Label", "ToleratedFailureCount", "ToleratedFailureCountPath"}
    | {"ToleratedFailurePercentage", "ToleratedFailurePercentagePath"}
)
_PATHS = ("InputPath", "OutputPath", "ItemsPath", "SecondsPath", "TimestampPath", "TimeoutSecondsPath")
_MORE_PATHS = ("HeartbeatSecondsPath", "MaxConcurrencyPath", "ErrorPath", "CausePath")
_FUNCTIONS_TOO = frozenset({"ErrorPath", "CausePath"})
_MAY_BE_NULL = frozenset({"InputPath", "OutputPath", "ResultPath"})


def check(body: Json, where: str, findings: Findings) -> None:
    """Everything about one state but its inner graphs and where it leads."""
    kind = body["Type"]
    if body.get("QueryLanguage", "JSONPath") != "JSONPath":
        findings.unsupported(f"the query language {body['QueryLanguage']} (JSONPath it does)", f"{where}/QueryLanguage")
        return
    for name in sorted(body.keys() - _FIELDS[kind]):
        _foreign(name, kind, where, findings)
    if kind not in ("Choice", "Succeed", "Fail"):
        _next_or_end(body, where, findings)
    _paths(body, where, findings)
    for name in ("Parameters", "ResultSelector", "ItemSelector"):
        if name in body:
            template(body[name], f"{where}/{name}", findings)
    check_retry(body.get("Retry", []), f"{where}/Retry", findings)
    check_catch(body.get("Catch", []), f"{where}/Catch", findings)
    _CHECKS.get(kind, _nothing)(body, where, findings)


def whole(value: Any, least: int, most: int) -> bool:
    """Whether a value is a whole number within bounds."""
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _foreign(name: str, kind: str, where: str, findings: Findings) -> None:
    if name == "Assign":
        findings.unsupported("variables (Assign)", f"{where}/{name}")
    elif name in _OF_DISTRIBUTED and kind == "Map":
        findings.unsupported(f"distributed Map states ({name})", f"{where}/{name}")
    elif name in _OF_JSONATA:
        findings.unsupported(f"JSONata ({name})", f"{where}/{name}")
    else:
        findings.add(f"The field '{name}' is not supported by Step Functions", f"{where}/{name}")


def _next_or_end(body: Json, where: str, findings: Findings) -> None:
    if ("Next" in body) == (body.get("End") is True):
        findings.add('one of Next and "End": true is needed, and not both', where)
    if "End" in body and not isinstance(body["End"], bool):
        findings.add("End has to be true or false", f"{where}/End")


def _paths(body: Json, where: str, findings: Findings) -> None:
    for name in (*_PATHS, *_MORE_PATHS):
        if name not in body or (body[name] is None and name in _MAY_BE_NULL):
            continue
        read_path(body[name], f"{where}/{name}", findings, functions=name in _FUNCTIONS_TOO)
    path = body.get("ResultPath")
    if path is not None:
        reference_path(path, f"{where}/ResultPath", findings)


def _task(body: Json, where: str, findings: Findings) -> None:
    if "Credentials" in body:
        findings.unsupported("Credentials of Task states (roles of other accounts)", f"{where}/Credentials")
    for name in ("TimeoutSeconds", "HeartbeatSeconds"):
        if name in body and f"{name}Path" in body:
            findings.add(f"only one of {name} and {name}Path can be given", where)
        if name in body and not whole(body[name], 1, LONGEST_SECONDS):
            findings.add(f"{name} has to be a whole number from 1 to {LONGEST_SECONDS}", f"{where}/{name}")
    timeout, heartbeat = body.get("TimeoutSeconds"), body.get("HeartbeatSeconds")
    if isinstance(timeout, int) and isinstance(heartbeat, int) and heartbeat >= timeout:
        findings.add("HeartbeatSeconds has to be smaller than TimeoutSeconds", f"{where}/HeartbeatSeconds")
    _resource(body, where, findings)


def _resource(body: Json, where: str, findings: Findings) -> None:
    resource = body.get("Resource")
    if not isinstance(resource, str):
        findings.add("The field 'Resource' is required", where)
        return
    try:
        integration = resources.parse(resource)
    except resources.ResourceError as error:
        findings.add(str(error), f"{where}/Resource")
        return
    except AwsError as error:
        findings.unsupported(error.message.partition(" support ")[2].partition(";")[0], f"{where}/Resource")
        return
    if integration.pattern == "waitForTaskToken" and not has_token(body.get("Parameters")):
        message = "the token has to be passed on: some field of Parameters has to hold '$$.Task.Token'"
        findings.add(message, f"{where}/Parameters")


def _wait(body: Json, where: str, findings: Findings) -> None:
    given = [name for name in ("Seconds", "SecondsPath", "Timestamp", "TimestampPath") if name in body]
    if len(given) != 1:
        findings.add("exactly one of Seconds, SecondsPath, Timestamp and TimestampPath is needed", where)
    if "Seconds" in body and not whole(body["Seconds"], 0, LONGEST_SECONDS):
        findings.add(f"Seconds has to be a whole number from 0 to {LONGEST_SECONDS}", f"{where}/Seconds")
    if "Timestamp" in body and choices.timestamp(body["Timestamp"]) is None:
        findings.add("Timestamp has to look like 2030-01-01T12:00:00Z", f"{where}/Timestamp")


def _choice(body: Json, where: str, findings: Findings) -> None:
    check_choices.check(body.get("Choices"), f"{where}/Choices", findings)


def _fail(body: Json, where: str, findings: Findings) -> None:
    for name in ("Error", "Cause"):
        if name in body and f"{name}Path" in body:
            findings.add(f"only one of {name} and {name}Path can be given", where)
        if name in body and not isinstance(body[name], str):
            findings.add(f"{name} has to be a string", f"{where}/{name}")


def _map(body: Json, where: str, findings: Findings) -> None:
    if "ItemSelector" in body and "Parameters" in body:
        findings.add("only one of ItemSelector and, as it was called before, Parameters can be given", where)
    if "MaxConcurrency" in body and "MaxConcurrencyPath" in body:
        findings.add("only one of MaxConcurrency and MaxConcurrencyPath can be given", where)
    if "MaxConcurrency" in body and not whole(body["MaxConcurrency"], 0, LONGEST_SECONDS):
        findings.add("MaxConcurrency has to be a whole number, 0 or more", f"{where}/MaxConcurrency")


def _nothing(body: Json, where: str, findings: Findings) -> None:
    """States whose fields need no more looking into."""


_CHECKS: Mapping[str, Callable[[Json, str, Findings], None]] = {
    "Task": _task,
    "Wait": _wait,
    "Choice": _choice,
    "Fail": _fail,
    "Map": _map,
}
