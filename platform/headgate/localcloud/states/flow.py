"""How an execution goes from state to state: leaving, ending, failing, trying again. Everything happens in a Turn."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from headgate.localcloud.states import history, payload
from headgate.localcloud.states.failures import StateError
from headgate.localcloud.states.intrinsics import compact
from headgate.localcloud.states.records import Frame
from headgate.localcloud.states.retrying import catcher, retrial
from headgate.localcloud.states.turn import Turn


def effective_input(turn: Turn, frame: Frame) -> Any:
    """What InputPath leaves of a state's input. Raises StateError."""
    return payload.select("InputPath", turn.state(frame).body.get("InputPath", "$"), turn.scope(frame, frame.input))


def arguments(turn: Turn, frame: Frame, token: str = "") -> Any:
    """What Parameters make of a state's input. Raises StateError."""
    body, data = turn.state(frame).body, effective_input(turn, frame)
    if "Parameters" not in body:
        return data
    return payload.fill("Parameters", body["Parameters"], turn.scope(frame, data, token=token))


def complete(turn: Turn, frame: Frame, result: Any) -> None:
    """A state that does work has its result: ResultSelector, ResultPath and OutputPath, then on to the next."""
    body = turn.state(frame).body
    try:
        payload.check_size(result, f"the result of the state '{frame.state}'")
        if "ResultSelector" in body:
            result = payload.fill("ResultSelector", body["ResultSelector"], turn.scope(frame, result))
        leave(turn, frame, payload.place(result, body.get("ResultPath", "$"), frame.input))
    except StateError as error:
        fail(turn, frame, explained(frame, error))


def leave(turn: Turn, frame: Frame, output: Any, *, to: str | None = None) -> None:
    """Apply OutputPath and go to `to`, or where the state leads. Raises StateError."""
    body = turn.state(frame).body
    output = payload.select("OutputPath", body.get("OutputPath", "$"), turn.scope(frame, output))
    payload.check_size(output, f"the output of the state '{frame.state}'")
    go(turn, frame, output, to)


def go(turn: Turn, frame: Frame, output: Any, to: str | None) -> None:
    """Exit the state with its output: to another state, or to the end of the sequence."""
    state = turn.state(frame)
    turn.drop_inner(frame)
    details = {"name": frame.state, **history.data("output", output)}
    frame = turn.record(frame, f"{state.kind}StateExited", details)
    if to is None and state.is_last:
        _finish(turn, frame, output)
        return
    turn.put(
        Frame(
            frame.number,
            frame.parent,
            frame.index,
            frame.place,
            to or state.body["Next"],
            output,
            last=frame.last,
            calls=frame.calls,
        )
    )


def fail(turn: Turn, frame: Frame, error: StateError) -> None:
    """A state has failed: try it again, catch the error, or give the sequence up."""
    body = turn.state(frame).body
    again = retrial(body.get("Retry", []), frame.retries, error.error, turn.dice.fraction())
    if again is not None:
        turn.drop_inner(frame)
        wake = turn.now + again.delay
        turn.put(replace(frame, phase="backoff", wake=wake, retries=again.retries, task=None, items=None))
        return
    rule = catcher(body.get("Catch", []), error.error)
    if rule is None:
        give_up(turn, frame, error)
        return
    try:
        caught = {"Error": error.error, "Cause": error.cause}
        output = payload.place(caught, rule.get("ResultPath", "$"), frame.input)
        payload.check_size(output, f"the output of the state '{frame.state}'")
    except StateError as other:
        give_up(turn, frame, explained(frame, other))
        return
    go(turn, frame, output, rule["Next"])


def give_up(turn: Turn, frame: Frame, error: StateError) -> None:
    """End a sequence with an error: the execution, or the Parallel or Map around it. Frames stay, to be redriven."""
    for one in turn.inner(frame):
        turn.abort(one)
    frame = turn.put(replace(frame, phase="failed", task=None, wake=None))
    if frame.parent is None:
        turn.fail_execution(error)
        return
    outer = turn.run.frames[frame.parent]
    kind = turn.state(outer).kind
    if kind == "Map":
        turn.put(turn.record(frame, "MapIterationFailed", {"name": outer.state, "index": frame.index}))
    for other in turn.inner(outer):
        if kind == "Map" and other.live:
            turn.record(other, "MapIterationAborted", {"name": outer.state, "index": other.index})
        turn.abort(other)
    shown = {"error": error.error, "cause": error.cause}
    outer = turn.record(outer, f"{kind}StateFailed", {name: text for name, text in shown.items() if text})
    fail(turn, turn.put(outer), error)


def explained(frame: Frame, error: StateError) -> StateError:
    """An error of the interpreter's own, with the state in which it happened, as Step Functions words it."""
    if not error.error.startswith("States."):
        return error
    where = f"An error occurred while executing the state '{frame.state}' (entered at the event id #{frame.entry})."
    return StateError(error.error, f"{where} {error.cause}")


def _finish(turn: Turn, frame: Frame, output: Any) -> None:
    """The sequence has come to its end: the execution's, or one of a Parallel or Map."""
    turn.put(replace(frame, phase="done", output=output, task=None, wake=None))
    if frame.parent is None:
        turn.end("SUCCEEDED", {"output": compact(output)})
    else:
        turn.finished.append(frame.number)
