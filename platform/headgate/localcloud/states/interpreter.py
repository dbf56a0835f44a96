"""The events that move an execution, each applied to a Turn: start, stop, redrive, and moments that have come."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from headgate.localcloud.states import fanout, flow, history, payload, tasks
from headgate.localcloud.states.choices import choose, timestamp
from headgate.localcloud.states.expressions import Scope
from headgate.localcloud.states.failures import HEARTBEAT_TIMEOUT, RUNTIME, TIMEOUT, StateError
from headgate.localcloud.states.model import Kind, State
from headgate.localcloud.states.records import Frame
from headgate.localcloud.states.turn import Turn

_LONGEST_WAIT = 99_999_999


def start(turn: Turn) -> None:
    """Begin the execution's own sequence with its input."""
    turn.started()
    turn.put(turn.add(None, 0, (), turn.run.input))


def settle(turn: Turn) -> None:
    """Go on until everything waits for something."""
    while turn.run.running and (turn.ready or turn.finished):
        if turn.run.plan.events >= history.LONGEST:
            message = f"The execution reached the maximum number of history events ({history.LONGEST})."
            turn.fail_execution(StateError(RUNTIME, message))
        elif turn.finished:
            fanout.finished(turn, turn.run.frames[turn.finished.popleft()])
        else:
            frame = turn.run.frames.get(turn.ready.popleft())
            if frame is not None and frame.phase == "enter":
                _enter(turn, frame)


def tick(turn: Turn, number: int) -> None:
    """A moment that a frame waits for has come; nothing happens if it has not."""
    frame = turn.run.frames.get(number)
    if frame is None or frame.due is None or frame.due > turn.now:
        return
    if frame.phase == "backoff":
        turn.put(replace(frame, phase="enter", wake=None))
    elif frame.phase == "sleeping":
        _wake(turn, frame)
    elif frame.task is not None:
        late = frame.task.deadline is None or frame.task.deadline > turn.now
        _time_out(turn, frame, StateError(HEARTBEAT_TIMEOUT if late else TIMEOUT, ""))


def time_out(turn: Turn) -> None:
    """The whole execution has taken longer than its TimeoutSeconds."""
    if turn.run.deadline is not None and turn.run.deadline <= turn.now:
        turn.end("TIMED_OUT", {})


def stop(turn: Turn, error: str | None, cause: str | None) -> None:
    """StopExecution."""
    turn.end("ABORTED", {name: text for name, text in (("error", error), ("cause", cause)) if text})


def redrive(turn: Turn, token: str | None) -> None:
    """RedriveExecution: begin again where it failed. `token` is the request's, which makes it idempotent."""
    turn.run.body["redriveToken"] = token
    turn.redriven()
    for frame in [one for one in turn.run.frames.values() if one.parent is None]:
        fanout.revive(turn, frame)


def _enter(turn: Turn, frame: Frame) -> None:
    state = turn.state(frame)
    if not frame.entry:
        details = {"name": frame.state, **history.data("input", frame.input)}
        frame = turn.record(replace(frame, entered=turn.now), f"{state.kind}StateEntered", details)
        frame = replace(frame, entry=frame.last)
    try:
        _STATES[state.kind](turn, turn.put(replace(frame, phase="inner")), state)
    except StateError as error:
        frame = turn.run.frames[frame.number]
        flow.fail(turn, frame, flow.explained(frame, error))


def _pass(turn: Turn, frame: Frame, state: State) -> None:
    result = flow.arguments(turn, frame)
    if "Result" in state.body:
        result = state.body["Result"]
    flow.leave(turn, frame, payload.place(result, state.body.get("ResultPath", "$"), frame.input))


def _choice(turn: Turn, frame: Frame, state: State) -> None:
    data = flow.effective_input(turn, frame)
    flow.leave(turn, frame, data, to=choose(state.body, turn.scope(frame, data)))


def _succeed(turn: Turn, frame: Frame, _: State) -> None:
    flow.leave(turn, frame, flow.effective_input(turn, frame))


def _fail(turn: Turn, frame: Frame, state: State) -> None:
    scope = turn.scope(frame, frame.input)
    error, cause = (_text(state, name, scope) for name in ("Error", "Cause"))
    flow.give_up(turn, frame, StateError(error, cause))


def _text(state: State, name: str, scope: Scope) -> str:
    if f"{name}Path" not in state.body:
        return str(state.body.get(name, ""))
    value = payload.select(f"{name}Path", state.body[f"{name}Path"], scope)
    if not isinstance(value, str):
        raise StateError(RUNTIME, f"The {name}Path '{state.body[f'{name}Path']}' must name a string")
    return value


def _wait(turn: Turn, frame: Frame, state: State) -> None:
    wake = _until(turn, state, turn.scope(frame, flow.effective_input(turn, frame)))
    frame = turn.put(replace(frame, phase="sleeping", wake=wake))
    if wake <= turn.now:
        _wake(turn, frame)


def _until(turn: Turn, state: State, scope: Scope) -> float:
    """When a Wait ends. Raises StateError."""
    body = state.body
    if "Seconds" in body:
        return turn.now + float(body["Seconds"])
    if "SecondsPath" in body:
        seconds = payload.select("SecondsPath", body["SecondsPath"], scope)
        if isinstance(seconds, bool) or not isinstance(seconds, int) or not 0 <= seconds <= _LONGEST_WAIT:
            message = (
                f"The SecondsPath parameter does not reference an integer value: {body['SecondsPath']} == {seconds}"
            )
            raise StateError(RUNTIME, message)
        return turn.now + seconds
    text = body.get("Timestamp")
    if text is None:
        text = payload.select("TimestampPath", body["TimestampPath"], scope)
    moment = timestamp(text)
    if moment is None:
        message = f"The TimestampPath parameter does not reference a valid ISO-8601 timestamp: {text}"
        raise StateError(RUNTIME, message)
    return moment.timestamp()


def _wake(turn: Turn, frame: Frame) -> None:
    try:
        flow.leave(turn, replace(frame, wake=None), flow.effective_input(turn, frame))
    except StateError as error:
        flow.fail(turn, frame, flow.explained(frame, error))


def _time_out(turn: Turn, frame: Frame, error: StateError) -> None:
    if frame.task is not None and frame.task.handle is not None:
        turn.stops.append(frame)
    flow.fail(turn, turn.put(tasks.record_end(turn, frame, error)), error)


_STATES: Mapping[Kind, Callable[[Turn, Frame, State], Any]] = {
    "Pass": _pass,
    "Task": tasks.enter,
    "Choice": _choice,
    "Wait": _wait,
    "Succeed": _succeed,
    "Fail": _fail,
    "Parallel": fanout.enter_parallel,
    "Map": fanout.enter_map,
}
