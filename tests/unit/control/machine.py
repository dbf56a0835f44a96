"""The state machine of vending, walked state by state: the kinds of state that it uses, and nothing else.

An execution is a generator that yields before each function that it calls, so that executions can be interleaved.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import headgate.control.vending
from headgate.control.errors import CallFailed, ControlError
from headgate.control.vending import (
    activation,
    beginning,
    conclusion,
    deployment,
    grants,
    inspection,
    isolation,
    placement,
    retirement,
)
from headgate.control.vending.steps import advance
from unit.control.world import World

MACHINE: dict[str, Any] = json.loads((Path(headgate.control.vending.__file__).parent / "machine.asl.json").read_text())
STEPS = {
    "place": placement.place,
    "deploy": deployment.deploy,
    "grant": grants.grant,
    "activate": activation.activate,
    "quarantine": isolation.quarantine,
    "inspect": inspection.inspect,
    "retire": retirement.retire,
}
OTHERS = {"begin": beginning.begin, "fail": conclusion.record_failure, "conclude": conclusion.conclude}
Walk = Generator[str, None, Any]


class StateError(Exception):
    def __init__(self, error: str, cause: str) -> None:
        super().__init__(f"{error}: {cause}")
        self.error = error
        self.cause = cause


class Execution:
    """One execution; `history` are the states that it entered."""

    def __init__(self, world: World, request: Mapping[str, Any], name: str = "one") -> None:
        self.world = world
        self.arn = f"arn:aws:states:eu-west-1:100000000001:execution:headgate-vending:{name}"
        self.context = {
            "$$.Execution.Input": dict(request),
            "$$.Execution.Id": self.arn,
            "$$.Execution.StartTime": world.now.isoformat(),
        }
        self.history: list[str] = []
        self.status = "RUNNING"
        self.cause = ""
        world.others.executions[self.arn] = "RUNNING"

    def walk(self) -> Walk:
        """To the end, as Step Functions would go; `status` is SUCCEEDED or FAILED then."""
        try:
            yield from self._states(MACHINE, dict(self.context["$$.Execution.Input"]), self.context)
            self.status = "SUCCEEDED"
        except StateError as problem:
            self.status, self.cause = "FAILED", problem.cause
        self.world.others.executions[self.arn] = self.status

    def run(self) -> Execution:
        """To the end in one go."""
        for _ in self.walk():
            pass
        return self

    def _states(self, machine: Mapping[str, Any], data: Any, context: Mapping[str, Any]) -> Walk:
        name = machine["StartAt"]
        while True:
            state = machine["States"][name]
            self.history.append(name)
            try:
                data = yield from self._state(state, data, context)
            except StateError as problem:
                catch = next((each for each in state.get("Catch", ()) if each["ErrorEquals"] == ["States.ALL"]), None)
                if catch is None:
                    raise
                error = {"Error": problem.error, "Cause": problem.cause}
                data, name = {**data, catch["ResultPath"].removeprefix("$."): error}, catch["Next"]
                continue
            if state["Type"] == "Succeed" or state.get("End"):
                return data
            name = _choose(state, data) if state["Type"] == "Choice" else state["Next"]

    def _state(self, state: Mapping[str, Any], data: Any, context: Mapping[str, Any]) -> Walk:
        match state["Type"]:
            case "Task":
                data = yield from self._task(state, data, context)
            case "Map":
                data = yield from self._map(state, data, context)
            case "Wait":
                seconds = select(state["SecondsPath"], data, context)
                assert isinstance(seconds, int)
                assert seconds >= 1
                self.world.advance(seconds)
            case "Fail":
                cause = select(state["CausePath"], data, context) if "CausePath" in state else state["Cause"]
                raise StateError(state["Error"], cause)
            case kind:
                assert kind in ("Choice", "Pass", "Succeed")
        return data

    def _task(self, state: Mapping[str, Any], data: Any, context: Mapping[str, Any]) -> Walk:
        event = fill(state["Parameters"], data, context)
        handler = state["Resource"].removeprefix("${").removesuffix("FunctionArn}").lower()
        retry, attempts = state["Retry"][0], 0
        while True:
            yield handler
            try:
                return call(self.world, handler, event)
            except StateError as problem:
                if problem.error not in retry["ErrorEquals"] or attempts == retry["MaxAttempts"]:
                    raise
                self.world.advance(retry["IntervalSeconds"] * retry["BackoffRate"] ** attempts)
                attempts += 1

    def _map(self, state: Mapping[str, Any], data: Any, context: Mapping[str, Any]) -> Walk:
        results = []
        for item in select(state["ItemsPath"], data, context):
            inner = {**context, "$$.Map.Item.Value": item}
            result = yield from self._states(state["ItemProcessor"], fill(state["ItemSelector"], data, inner), inner)
            results.append(result)
        return data if state["ResultPath"] is None else {**data, state["ResultPath"].removeprefix("$."): results}


def call(world: World, handler: str, event: Mapping[str, Any]) -> Any:
    """A function's answer, through JSON as on the wire; raises StateError by the exception's class."""
    event, edges = json.loads(json.dumps(event)), world.edges(handler)
    try:
        answer = advance(event, edges, STEPS[handler]) if handler in STEPS else OTHERS[handler](event, edges)
    except (ControlError, CallFailed) as problem:
        cause = {"errorMessage": str(problem), "errorType": type(problem).__name__, "stackTrace": []}
        raise StateError(type(problem).__name__, json.dumps(cause)) from problem
    return json.loads(json.dumps(answer))


def select(path: str, data: Any, context: Mapping[str, Any]) -> Any:
    """What a reference path names."""
    if path.startswith("$$."):
        return context[path]
    for name in path.removeprefix("$").split(".")[1:]:
        data = data[name]
    return data


def fill(template: Mapping[str, Any], data: Any, context: Mapping[str, Any]) -> dict[str, Any]:
    """A payload template with its paths replaced."""
    return {
        name.removesuffix(".$"): select(value, data, context) if name.endswith(".$") else value
        for name, value in template.items()
    }


def _choose(state: Mapping[str, Any], data: Any) -> str:
    for choice in state["Choices"]:
        value = select(choice["Variable"], data, {})
        if value == choice.get("BooleanEquals", choice.get("StringEquals")):
            return str(choice["Next"])
    return str(state["Default"])
