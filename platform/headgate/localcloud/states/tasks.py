"""Task states: scheduling a call, and what its answer, its token's answer or its job's end mean for the state."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from headgate.localcloud.seams import Json
from headgate.localcloud.states import flow, history, payload, resources
from headgate.localcloud.states.calls import Answer, Done, Started
from headgate.localcloud.states.failures import HEARTBEAT_TIMEOUT, RUNTIME, TIMEOUT, StateError
from headgate.localcloud.states.intrinsics import compact
from headgate.localcloud.states.model import State
from headgate.localcloud.states.records import Frame, Task
from headgate.localcloud.states.resources import Integration
from headgate.localcloud.states.turn import Run, Turn

_LONGEST = 99_999_999


def integration_of(turn: Turn, frame: Frame) -> Integration:
    return resources.parse(turn.state(frame).body["Resource"])


def enter(turn: Turn, frame: Frame, state: State) -> None:
    """Write down the call that is to be made; it is made once that is done. Raises StateError."""
    integration = resources.parse(state.body["Resource"])
    token = turn.dice.token() if integration.pattern == "waitForTaskToken" else ""
    arguments = flow.arguments(turn, frame, token)
    payload.check_size(arguments, f"the input of the task '{frame.state}'")
    timeout, heartbeat = (_seconds(turn, frame, name) for name in ("TimeoutSeconds", "HeartbeatSeconds"))
    task = Task(
        frame.calls + 1,
        arguments,
        token,
        deadline=None if timeout is None else turn.now + timeout,
        heartbeat=heartbeat,
        beat_by=None if heartbeat is None else turn.now + heartbeat,
    )
    frame = _record_begin(turn, frame, integration, task, timeout)
    turn.put(replace(frame, phase="calling", task=task, calls=task.number))
    turn.calls.append(frame.number)


def answered(turn: Turn, number: int, call: int, answer: Answer | StateError) -> None:
    """A call has been answered. What an earlier call of the frame brings comes too late, and changes nothing."""
    frame = _current(turn, number, call)
    if frame is None or frame.task is None or (frame.phase == "waiting" and frame.task.handle is None):
        return
    if isinstance(answer, StateError):
        _failed(turn, frame, answer, submitted=frame.phase == "waiting")
        return
    if isinstance(answer, Started) or (frame.task.token and isinstance(answer, Done)):
        handle = answer.handle if isinstance(answer, Started) else None
        frame = turn.record(frame, "TaskSubmitted", _named(turn, frame) | history.data("output", answer.output))
        turn.put(replace(frame, phase="waiting", task=replace(frame.task, handle=handle) if frame.task else None))
        return
    _succeeded(turn, frame, answer.output)


def token_answered(turn: Turn, number: int, call: int, outcome: Done | StateError) -> bool:
    """SendTaskSuccess or SendTaskFailure; false if nobody waits for it any more."""
    frame = _current(turn, number, call)
    if frame is None:
        return False
    if isinstance(outcome, StateError):
        _failed(turn, frame, outcome, submitted=True)
    else:
        _succeeded(turn, frame, outcome.output)
    return True


def beat(turn: Turn, number: int, call: int) -> bool:
    """SendTaskHeartbeat; false if nobody waits for it any more."""
    frame = _current(turn, number, call)
    if frame is None or frame.task is None:
        return False
    if frame.task.heartbeat is not None:
        turn.put(replace(frame, task=replace(frame.task, beat_by=turn.now + frame.task.heartbeat)))
    return True


def put_off(turn: Turn, number: int, call: int) -> None:
    """A call could not be sent, because the local cloud is about to stop: it is made after the next start."""
    frame = _current(turn, number, call)
    if frame is not None:
        turn.put(replace(frame, put_off=True))


def waits(run: Run, frame: Frame) -> bool:
    """Whether the job that a frame has started is still awaited."""
    now = run.frames.get(frame.number)
    return run.running and now is not None and now.phase == "waiting" and now.calls == frame.calls


def record_end(turn: Turn, frame: Frame, error: StateError, *, submitted: bool = True) -> Frame:
    """Write down how a call has failed."""
    shown = {name: text for name, text in (("error", error.error), ("cause", error.cause)) if text}
    timed_out = error.error in (TIMEOUT, HEARTBEAT_TIMEOUT)
    integration = integration_of(turn, frame)
    if integration.function:
        return turn.record(frame, "LambdaFunctionTimedOut" if timed_out else "LambdaFunctionFailed", shown)
    failed = "TaskFailed" if submitted or not integration.pattern else "TaskSubmitFailed"
    return turn.record(frame, "TaskTimedOut" if timed_out else failed, _named(turn, frame) | shown)


def _failed(turn: Turn, frame: Frame, error: StateError, *, submitted: bool) -> None:
    flow.fail(turn, turn.put(record_end(turn, frame, error, submitted=submitted)), error)


def _succeeded(turn: Turn, frame: Frame, output: Any) -> None:
    details = history.data("output", output)
    if integration_of(turn, frame).function:
        frame = turn.record(frame, "LambdaFunctionSucceeded", details)
    else:
        frame = turn.record(frame, "TaskSucceeded", _named(turn, frame) | details)
    flow.complete(turn, turn.put(replace(frame, task=None)), output)


def _current(turn: Turn, number: int, call: int) -> Frame | None:
    """The frame, if it still waits for that call."""
    frame = turn.run.frames.get(number)
    if frame is None or frame.phase not in ("calling", "waiting") or frame.task is None or frame.task.number != call:
        return None
    return frame


def _record_begin(turn: Turn, frame: Frame, integration: Integration, task: Task, timeout: int | None) -> Frame:
    limits = {} if timeout is None else {"timeoutInSeconds": timeout}
    if integration.function:
        details = {"resource": integration.function, **history.data("input", task.arguments), **limits}
        frame = turn.record(frame, "LambdaFunctionScheduled", details)
        return turn.record(frame, "LambdaFunctionStarted")
    if task.heartbeat is not None:
        limits["heartbeatInSeconds"] = int(task.heartbeat)
    named = _named(turn, frame)
    details = {**named, "region": turn.run.key.region, "parameters": compact(task.arguments), **limits}
    return turn.record(turn.record(frame, "TaskScheduled", details), "TaskStarted", named)


def _named(turn: Turn, frame: Frame) -> Json:
    integration = integration_of(turn, frame)
    kind = f"aws-sdk:{integration.named}" if integration.sdk else integration.named
    pattern = f".{integration.pattern}" if integration.pattern else ""
    return {"resourceType": kind, "resource": f"{integration.action}{pattern}"}


def _seconds(turn: Turn, frame: Frame, name: str) -> int | None:
    """TimeoutSeconds or HeartbeatSeconds, or what their Path names. Raises StateError."""
    body = turn.state(frame).body
    path = body.get(f"{name}Path")
    if path is None:
        value = body.get(name)
        return None if value is None else int(value)
    value = payload.select(f"{name}Path", path, turn.scope(frame, flow.effective_input(turn, frame)))
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _LONGEST:
        raise StateError(
            RUNTIME, f"The {name}Path parameter does not reference a positive integer value: {path} == {value}"
        )
    return value
