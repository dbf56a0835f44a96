"""One step of an execution: what an event changes, gathered so that it is written in one transaction before it acts."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal

from headgate.localcloud.documents import Key
from headgate.localcloud.seams import Caller, Json
from headgate.localcloud.states import history
from headgate.localcloud.states.dice import Dice
from headgate.localcloud.states.expressions import Scope
from headgate.localcloud.states.failures import StateError
from headgate.localcloud.states.intrinsics import compact
from headgate.localcloud.states.model import Machine, State
from headgate.localcloud.states.records import Frame, Plan

Ending = Literal["SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT"]

_ENDINGS: dict[Ending, str] = {
    "SUCCEEDED": "ExecutionSucceeded",
    "FAILED": "ExecutionFailed",
    "ABORTED": "ExecutionAborted",
    "TIMED_OUT": "ExecutionTimedOut",
}


@dataclass(slots=True)
class Run:
    """An execution that is under way, as it stands in its documents. `body` is what DescribeExecution says."""

    key: Key
    caller: Caller
    machine: Machine
    plan: Plan
    body: Json
    frames: dict[int, Frame]
    input: Any

    @property
    def running(self) -> bool:
        return bool(self.body["status"] == "RUNNING")

    @property
    def deadline(self) -> float | None:
        """When the execution times out, if it is limited."""
        limit = self.machine.timeout_seconds
        begun = self.body["redriveDate" if "redriveDate" in self.body else "startDate"]
        return None if limit is None else float(begun) + limit


@dataclass(slots=True)
class Turn:
    """What one event does to a run. It changes the run at once; the engine writes it down, then does what it asks for.

    `ready` are frames about to enter a state, `finished` inner frames that have come to their end, `calls` those whose
    call is to be made, `stops` frames whose job is to be stopped, `notices` the statuses to tell EventBridge.
    """

    run: Run
    now: float
    dice: Dice
    events: list[Json] = field(default_factory=list)
    changed: set[int] = field(default_factory=set)
    dropped: set[int] = field(default_factory=set)
    ready: deque[int] = field(default_factory=deque)
    finished: deque[int] = field(default_factory=deque)
    calls: list[int] = field(default_factory=list)
    stops: list[Frame] = field(default_factory=list)
    notices: list[Json] = field(default_factory=list)

    def state(self, frame: Frame) -> State:
        return self.run.machine.graph_at(frame.place).states[frame.state]

    def record(self, frame: Frame, kind: str, details: Json | None = None) -> Frame:
        """Add an event to the history; returns the frame, with that as its latest. The frame is not put."""
        return replace(frame, last=self._event(kind, frame.last, details))

    def put(self, frame: Frame) -> Frame:
        """Add or change a frame; one in the phase `enter` becomes ready."""
        self.run.frames[frame.number] = frame
        self.changed.add(frame.number)
        if frame.phase == "enter":
            self.ready.append(frame.number)
        return frame

    def add(self, parent: Frame | None, index: int, place: tuple[tuple[str, int], ...], value: Any) -> Frame:
        """A new frame at the start of its graph; it is not put."""
        self.run.plan = replace(self.run.plan, frames=self.run.plan.frames + 1)
        number, start = self.run.plan.frames, self.run.machine.graph_at(place).start_at
        last = parent.last if parent else self.run.plan.events
        return Frame(number, parent.number if parent else None, index, place, start, value, last=last)

    def inner(self, frame: Frame) -> list[Frame]:
        """The frames of a Parallel or Map, in the order of its branches or items."""
        found = (one for one in self.run.frames.values() if one.parent == frame.number)
        return sorted(found, key=lambda one: one.index)

    def drop_inner(self, frame: Frame) -> None:
        for one in self.inner(frame):
            self.drop_inner(one)
            del self.run.frames[one.number]
            self.dropped.add(one.number)

    def abort(self, frame: Frame) -> None:
        """End a frame and all within it, as they are."""
        for one in self.inner(frame):
            self.abort(one)
        if not frame.live:
            return
        if frame.task is not None and frame.task.handle is not None:
            self.stops.append(frame)
        kind = self.state(frame).kind
        if frame.entry and kind in ("Task", "Wait", "Parallel", "Map"):
            frame = self.record(frame, f"{kind}StateAborted")
        self.put(replace(frame, phase="aborted", task=None, wake=None))

    def end(self, status: Ending, details: Json) -> None:
        """End the execution. `details` are `output`, or `error` and `cause`, where there are any."""
        for frame in [one for one in self.run.frames.values() if one.parent is None]:
            self.abort(frame)
        last = max((frame.last for frame in self.run.frames.values()), default=0)
        shown = {**details, "outputDetails": {"truncated": False}} if status == "SUCCEEDED" else details
        self._event(_ENDINGS[status], last, shown)
        if status == "SUCCEEDED":
            self.dropped |= set(self.run.frames)
            self.run.frames.clear()
            shown = {"output": details["output"], "outputDetails": {"included": True}}
        self.run.body |= {"status": status, "stopDate": self.now, **shown, **_redrive_status(status)}
        self.notices.append(dict(self.run.body))

    def fail_execution(self, error: StateError) -> None:
        self.end("FAILED", {name: text for name, text in (("error", error.error), ("cause", error.cause)) if text})

    def started(self) -> None:
        """Say that the execution runs."""
        role = self.run.plan.role
        details = {"input": compact(self.run.input), "inputDetails": {"truncated": False}, "roleArn": role}
        self._event("ExecutionStarted", 0, details)
        self.notices.append(dict(self.run.body))

    def redriven(self) -> None:
        """Say that the execution runs again."""
        body = self.run.body
        for member in ("stopDate", "error", "cause"):
            body.pop(member, None)
        count = int(body.get("redriveCount", 0)) + 1
        body |= {"status": "RUNNING", "redriveCount": count, "redriveDate": self.now, **_redrive_status("RUNNING")}
        self._event("ExecutionRedriven", self.run.plan.events, {"redriveCount": count})
        self.notices.append(dict(body))

    def scope(self, frame: Frame, data: Any, *, token: str = "", item: Json | None = None) -> Scope:
        """What expressions of the frame's state can see. `item` is that of the Map iteration to be made."""
        return Scope(data, self._context(frame, token, item), self.dice)

    def _event(self, kind: str, previous: int, details: Json | None) -> int:
        number = self.run.plan.events + 1
        self.run.plan = replace(self.run.plan, events=number)
        self.events.append(history.event(number, previous, kind, self.now, details))
        return number

    def _context(self, frame: Frame, token: str, item: Json | None) -> Json:
        body = self.run.body
        execution = {
            "Id": body["executionArn"],
            "Input": self.run.input,
            "Name": body["name"],
            "RoleArn": self.run.plan.role,
            "StartTime": moment(body["startDate"]),
            "RedriveCount": int(body.get("redriveCount", 0)),
        }
        if "redriveDate" in body:
            execution["RedriveTime"] = moment(body["redriveDate"])
        made: Json = {
            "Execution": execution,
            "State": {"EnteredTime": moment(frame.entered), "Name": frame.state, "RetryCount": sum(frame.retries)},
            "StateMachine": {"Id": body["stateMachineArn"], "Name": self.run.plan.machine["name"]},
        }
        if token:
            made["Task"] = {"Token": token}
        item = item or self._item(frame)
        return made if item is None else {**made, "Map": {"Item": item}}

    def _item(self, frame: Frame) -> Json | None:
        """The item of the innermost Map iteration that the frame is within."""
        while frame.parent is not None:
            outer = self.run.frames[frame.parent]
            if outer.items is not None:
                return {"Index": frame.index, "Value": outer.items[frame.index]}
            frame = outer
        return None


def moment(seconds: float) -> str:
    """A time as Step Functions spells it: `2030-01-01T12:00:00.000Z`."""
    text = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def _redrive_status(status: str) -> Json:
    if status in ("FAILED", "ABORTED", "TIMED_OUT"):
        return {"redriveStatus": "REDRIVABLE", "redriveStatusReason": None}
    reason = f"Execution is {status} and cannot be redriven"
    return {"redriveStatus": "NOT_REDRIVABLE", "redriveStatusReason": reason}
