"""What the local cloud remembers of state machines and executions, as documents in the machine's account and region.

`state-machine` (its name): what DescribeStateMachine says, and its tags;
`state-execution` (`<machine>:<name>`): what DescribeExecution says;
`state-execution-plan` (same name): definition, role and revision that it was started with, and how far it has counted;
`state-frame` (`<machine>:<name>/<number>`): a Frame, one for each sequence of states that is under way;
`state-event` (`<machine>:<name>/<id>`): an event of its history;
`state-token` (the token): which frame waits for it;
`state-notice` (number): a status change that EventBridge has not been told yet.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from headgate.localcloud.documents import Documents, Key
from headgate.localcloud.seams import Json

MACHINE = "state-machine"
EXECUTION = "state-execution"
PLAN = "state-execution-plan"
FRAME = "state-frame"
EVENT = "state-event"
TOKEN = "state-token"  # noqa: S105 - a kind of document
NOTICE = "state-notice"

Phase = Literal["enter", "sleeping", "backoff", "calling", "waiting", "inner", "done", "failed", "aborted"]
"""Where a frame is: about to enter its state; in a Wait; before a retry; a call is being answered; a token or a job is
awaited; inner frames run; the sequence has ended well, or not."""


@dataclass(frozen=True, slots=True)
class Task:
    """A call under way. `number` tells it from earlier ones of the frame, whose answers come too late.

    `deadline` and `beat_by` are virtual seconds since the epoch, `heartbeat` is in seconds. `handle` names a job that
    was started and is awaited.
    """

    number: int
    arguments: Any
    token: str = ""
    deadline: float | None = None
    heartbeat: float | None = None
    beat_by: float | None = None
    handle: Json | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """One sequence of states: the execution's own (no parent), a branch of a Parallel or an iteration of a Map.

    `place` leads to its graph. `entry` is the id of the event of entering the state, 0 before that; `last` that of the
    latest event. `retries` counts the retries made, by Retry rule. `put_off` says that the call was never sent. `items`
    are those of a Map state.
    """

    number: int
    parent: int | None
    index: int
    place: tuple[tuple[str, int], ...]
    state: str
    input: Any
    phase: Phase = "enter"
    entered: float = 0.0
    entry: int = 0
    last: int = 0
    retries: tuple[int, ...] = ()
    calls: int = 0
    wake: float | None = None
    task: Task | None = None
    put_off: bool = False
    items: tuple[Any, ...] | None = None
    output: Any = None

    @property
    def live(self) -> bool:
        return self.phase not in ("done", "failed", "aborted")

    @property
    def due(self) -> float | None:
        """When something has to be done about the frame, if nothing happens before."""
        moments = [self.wake]
        if self.task is not None:
            moments += [self.task.deadline, self.task.beat_by]
        return min((moment for moment in moments if moment is not None), default=None)


@dataclass(frozen=True, slots=True)
class Plan:
    """What an execution was started with, and its counters, which only grow."""

    definition: str
    role: str
    machine: Json
    events: int = 0
    frames: int = 0


class Records:
    """The documents, by execution. Each write is durable when the transaction around it has ended."""

    def __init__(self, documents: Documents) -> None:
        self.documents = documents
        self.transaction = documents.transaction

    def plan(self, key: Key) -> Plan:
        return Plan(**self.documents.get(_of(PLAN, key)))

    def put_plan(self, key: Key, plan: Plan) -> None:
        self.documents.put(_of(PLAN, key), asdict(plan))

    def frames(self, key: Key) -> dict[int, Frame]:
        found = self.documents.list(FRAME, account=key.account, region=key.region, prefix=f"{key.name}/")
        frames = (_frame(body) for _, body in found)
        return {frame.number: frame for frame in sorted(frames, key=lambda frame: frame.number)}

    def put_frame(self, key: Key, frame: Frame) -> None:
        self.documents.put(_of(FRAME, key, str(frame.number)), asdict(frame))

    def drop_frame(self, key: Key, number: int) -> None:
        name = _of(FRAME, key, str(number))
        if self.documents.find(name) is not None:
            self.documents.delete(name)

    def add_event(self, key: Key, event: Json) -> None:
        self.documents.insert(_of(EVENT, key, str(event["id"])), event)

    def events(self, key: Key, numbers: Iterable[int]) -> list[Json]:
        return [self.documents.get(_of(EVENT, key, str(number))) for number in numbers]

    def put_token(self, key: Key, frame: Frame) -> None:
        if frame.task is not None:
            body = {"execution": key.name, "frame": frame.number, "task": frame.task.number}
            self.documents.put(Key(key.account, key.region, TOKEN, frame.task.token), body)

    def token(self, account: str, region: str, token: str) -> Json | None:
        return self.documents.find(Key(account, region, TOKEN, token))

    def forget(self, key: Key) -> None:
        """Remove everything about an execution."""
        for number in self.frames(key):
            self.drop_frame(key, number)
        for number in range(1, self.plan(key).events + 1):
            self.documents.delete(_of(EVENT, key, str(number)))
        self.documents.delete(_of(PLAN, key))
        self.documents.delete(key)


def execution_key(account: str, region: str, machine: str, name: str) -> Key:
    return Key(account, region, EXECUTION, f"{machine}:{name}")


def _of(kind: str, execution: Key, part: str | None = None) -> Key:
    name = execution.name if part is None else f"{execution.name}/{part}"
    return Key(execution.account, execution.region, kind, name)


def _frame(body: Json) -> Frame:
    task, items = body["task"], body["items"]
    made = Frame(**body)
    return replace(
        made,
        place=tuple((name, number) for name, number in body["place"]),
        retries=tuple(body["retries"]),
        task=None if task is None else Task(**task),
        items=None if items is None else tuple(items),
    )
