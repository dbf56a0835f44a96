"""Parallel and Map: frames within a frame, and what becomes of their results."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from headgate.localcloud.seams import Json
from headgate.localcloud.states import flow, payload
from headgate.localcloud.states.failures import RUNTIME, StateError
from headgate.localcloud.states.model import State
from headgate.localcloud.states.records import Frame
from headgate.localcloud.states.turn import Turn

_MOST_AT_ONCE = 40
"""How many iterations of an inline Map run at a time at most, as on AWS."""


def enter_parallel(turn: Turn, frame: Frame, state: State) -> None:
    """Begin all branches with the same input. Raises StateError."""
    given = flow.arguments(turn, frame)
    frame = turn.put(replace(turn.record(frame, "ParallelStateStarted"), phase="inner"))
    for number in range(len(state.graphs)):
        turn.put(turn.add(frame, number, (*frame.place, (state.name, number)), given))


def enter_map(turn: Turn, frame: Frame, state: State) -> None:
    """Begin as many iterations as may run at once. Raises StateError."""
    data = flow.effective_input(turn, frame)
    path = state.body.get("ItemsPath", "$")
    items = payload.select("ItemsPath", path, turn.scope(frame, data))
    if not isinstance(items, list):
        raise StateError(RUNTIME, f'Reference path "{path}" must point to array.')
    frame = turn.record(frame, "MapStateStarted", {"length": len(items)})
    if not items:
        _succeed(turn, frame, [])
        return
    _more(turn, turn.put(replace(frame, phase="inner", items=tuple(items))))


def finished(turn: Turn, frame: Frame) -> None:
    """A branch or iteration has come to its end: begin another, or take the results when it was the last."""
    outer = turn.run.frames[frame.parent or 0]
    if outer.items is not None:
        turn.put(turn.record(frame, "MapIterationSucceeded", {"name": outer.state, "index": frame.index}))
        try:
            if not _more(turn, outer):
                return
        except StateError as error:
            flow.fail(turn, outer, flow.explained(outer, error))
            return
    inner = turn.inner(outer)
    if all(one.phase == "done" for one in inner):
        last = max(one.last for one in inner)
        _succeed(turn, replace(outer, last=last), [one.output for one in inner])


def revive(turn: Turn, frame: Frame) -> None:
    """Begin a frame's state again; of a Parallel or Map that was under way, only what has not ended well."""
    inner = turn.inner(frame)
    if not inner:
        turn.put(replace(frame, phase="enter", retries=(), items=None))
        return
    turn.put(replace(frame, phase="inner", retries=()))
    for one in [one for one in inner if one.phase != "done"]:
        details = {"name": frame.state, "index": one.index}
        revive(turn, one if frame.items is None else turn.record(one, "MapIterationStarted", details))
    if frame.items is not None:
        _more(turn, frame)


def _succeed(turn: Turn, frame: Frame, results: list[Any]) -> None:
    frame = turn.record(frame, f"{turn.state(frame).kind}StateSucceeded")
    flow.complete(turn, turn.put(replace(frame, phase="inner")), results)


def _more(turn: Turn, frame: Frame) -> bool:
    """Begin iterations up to the limit; true when all of them have been begun."""
    items, inner = frame.items or (), turn.inner(frame)
    room = _limit(turn, frame) - sum(one.live for one in inner)
    for index in range(len(inner), min(len(inner) + room, len(items))):
        _iterate(turn, frame, index)
    return len(inner) + room >= len(items)


def _iterate(turn: Turn, frame: Frame, index: int) -> None:
    state = turn.state(frame)
    made = turn.add(frame, index, (*frame.place, (state.name, 0)), None)
    made = turn.record(made, "MapIterationStarted", {"name": frame.state, "index": index})
    item: Json = {"Index": index, "Value": (frame.items or ())[index]}
    template = state.body.get("ItemSelector", state.body.get("Parameters"))
    given = item["Value"]
    if template is not None:
        given = payload.fill("ItemSelector", template, turn.scope(frame, flow.effective_input(turn, frame), item=item))
    turn.put(replace(made, input=given))


def _limit(turn: Turn, frame: Frame) -> int:
    body = turn.state(frame).body
    limit = body.get("MaxConcurrency", 0)
    if "MaxConcurrencyPath" in body:
        scope = turn.scope(frame, flow.effective_input(turn, frame))
        limit = payload.select("MaxConcurrencyPath", body["MaxConcurrencyPath"], scope)
        if isinstance(limit, bool) or not isinstance(limit, int) or limit < 0:
            message = f"MaxConcurrencyPath '{body['MaxConcurrencyPath']}' must name a whole number, 0 or more"
            raise StateError(RUNTIME, message)
    return min(limit or _MOST_AT_ONCE, _MOST_AT_ONCE)
