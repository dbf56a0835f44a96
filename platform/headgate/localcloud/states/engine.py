"""The engine of state machines: runs executions, one turn at a time, and remembers them. One per daemon.

A turn is written down in one transaction before anything that it asks for is done: calls, timers, notices. So after
`kill -9` an execution goes on from its last turn. Calls that were under way then are made again if nobody can have
received them or if they only read; of any other it is not known whether it took effect, and the state fails as it does
on AWS when a connection is lost (`<Service>.SdkClientException`): its Retry and Catch decide, or the execution is
FAILED, and RedriveExecution makes the call again.
"""

from __future__ import annotations

import json
import logging
import threading
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from headgate.localcloud.clock import Timeline, Timer
from headgate.localcloud.documents import DuplicateError, Key
from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Caller, Json
from headgate.localcloud.states import execution_log, interpreter, model, resources, tasks
from headgate.localcloud.states.calls import Answer, Call, Calls, Done, UnreachableError, on_behalf_of
from headgate.localcloud.states.dice import Dice
from headgate.localcloud.states.execution_log import WriteLog
from headgate.localcloud.states.failures import RUNTIME, StateError
from headgate.localcloud.states.notices import Notices
from headgate.localcloud.states.records import EXECUTION, Frame, Plan, Records
from headgate.localcloud.states.turn import Run, Turn

_LOG = logging.getLogger(__name__)
_SHORTEST_LOOK = 0.05
_LONGEST_LOOK = 2.0
_SLOWER = 1.5


class Engine:
    """Runs executions whose documents exist. All methods are durable when they return; calls go on in threads."""

    def __init__(
        self, records: Records, timeline: Timeline, calls: Calls, dice: Dice, notices: Notices, write_log: WriteLog
    ) -> None:
        self._records = records
        self._timeline = timeline
        self._calls = calls
        self._dice = dice
        self._notices = notices
        self._write_log = write_log
        self._lock = threading.Lock()
        self._runs: dict[Key, _Active] = {}
        self._closed = threading.Event()

    def start(self, key: Key, body: Json, plan: Plan) -> None:
        """Write a new execution down and begin it. Raises DuplicateError if its name is taken."""
        active = _Active(_run(key, body, plan, {}))
        with self._lock:
            if key in self._runs:
                raise DuplicateError(key.name)
            self._runs[key] = active
        try:
            self._turn(active, interpreter.start, first=lambda: self._records.documents.insert(key, body))
        except BaseException:
            self._forget(key)
            raise

    def stop(self, key: Key, error: str | None, cause: str | None) -> Json:
        """StopExecution: the execution as it is afterwards. One that has ended stays as it is."""
        active = self._active(key)
        if active is not None:
            self._turn(active, lambda turn: interpreter.stop(turn, error, cause))
        return self._records.documents.get(key)

    def redrive(self, key: Key, token: str | None = None) -> Json:
        """Begin again where a failed execution has stopped; as it is afterwards. A running one goes on as it was."""
        with self._lock:
            active = self._runs.get(key)
            if active is None:
                active = self._runs[key] = _Active(self._load(key))
        self._turn(active, lambda turn: interpreter.redrive(turn, token), of_ended=True)
        return self._records.documents.get(key)

    def answer(self, caller: Caller, token: str, outcome: Done | StateError) -> None:
        """SendTaskSuccess and SendTaskFailure. Raises AwsError: InvalidToken, TaskTimedOut."""
        self._by_token(caller, token, lambda turn, frame, call: tasks.token_answered(turn, frame, call, outcome))

    def beat(self, caller: Caller, token: str) -> None:
        """SendTaskHeartbeat. Raises AwsError: InvalidToken, TaskTimedOut."""
        self._by_token(caller, token, tasks.beat)

    def recover(self) -> None:
        """After a start: go on with what the last daemon left running, and tell what it has not told."""
        for key, body in self._records.documents.list(EXECUTION):
            if body["status"] == "RUNNING":
                self._recover(key)
        self._notices.recover()

    def _recover(self, key: Key) -> None:
        """Go on with one execution; one that cannot be read keeps the others from nothing."""
        try:
            active = self._active(key)
            if active is not None:
                self._turn(active, self._resume)
        except Exception:
            _LOG.exception("execution %s cannot go on", key.name)

    def close(self) -> None:
        """Begin nothing more; executions go on after the next start."""
        self._closed.set()
        with self._lock:
            timers = [timer for active in self._runs.values() for timer in active.timers.values()]
        for timer in timers:
            timer.cancel()

    def _by_token(self, caller: Caller, token: str, work: Callable[[Turn, int, int], bool]) -> None:
        found = self._records.token(caller.account, caller.region, token)
        if found is None:
            raise AwsError("InvalidToken", "Invalid Token: 'Invalid token'")
        active = self._active(Key(caller.account, caller.region, EXECUTION, found["execution"]))
        taken = [False]

        def apply(turn: Turn) -> None:
            taken[0] = work(turn, found["frame"], found["task"])

        if active is not None:
            self._turn(active, apply)
        if not taken[0]:
            message = "Task Timed Out: 'Provided task does not exist anymore'"
            raise AwsError("TaskTimedOut", message)

    def _active(self, key: Key) -> _Active | None:
        """The running execution, from memory or from its documents; None if it has ended."""
        with self._lock:
            if key not in self._runs:
                body = self._records.documents.find(key)
                if body is None or body["status"] != "RUNNING":
                    return None
                self._runs[key] = _Active(self._load(key))
            return self._runs[key]

    def _load(self, key: Key) -> Run:
        body = self._records.documents.get(key)
        return _run(key, body, self._records.plan(key), self._records.frames(key))

    def _turn(
        self,
        active: _Active,
        work: Callable[[Turn], object],
        *,
        of_ended: bool = False,
        first: Callable[[], None] = lambda: None,
    ) -> None:
        """Apply an event to a running execution (or, `of_ended`, to an ended one); it changes nothing in any other.

        What it changes is written in one transaction, after `first`; only then is done what it asks for.
        """
        with active.lock:
            run = active.run
            if run.running == of_ended:
                return
            turn = Turn(run, self._timeline.now(), self._dice)
            try:
                work(turn)
                interpreter.settle(turn)
                with self._records.transaction():
                    first()
                    numbers = self._write(turn)
            except BaseException:
                if self._records.documents.find(run.key) is not None:  # memory may be ahead of what is written
                    active.run = self._load(run.key)
                raise
            self._act(active, turn)
        execution_log.append(self._write_log, run.plan.machine, run.body, turn.events)
        self._notices.send(numbers)

    def _write(self, turn: Turn) -> list[int]:
        run, records = turn.run, self._records
        for number in turn.dropped:
            records.drop_frame(run.key, number)
        for number in turn.changed & run.frames.keys():
            frame = run.frames[number]
            records.put_frame(run.key, frame)
            if frame.phase == "calling" and frame.task is not None and frame.task.token:
                records.put_token(run.key, frame)
        for event in turn.events:
            records.add_event(run.key, event)
        records.put_plan(run.key, run.plan)
        records.documents.put(run.key, run.body)
        return [self._notices.keep(run.key, notice) for notice in turn.notices]

    def _act(self, active: _Active, turn: Turn) -> None:
        run = turn.run
        for frame in turn.stops:
            if frame.task is not None and frame.task.handle is not None:
                _in_thread("stop", self._calls.stop, _call(run, frame), frame.task.handle)
        for number in turn.calls:
            if number in run.frames and run.frames[number].phase == "calling":
                _in_thread("call", self._make, active, run.frames[number])
        for number in turn.changed | turn.dropped:
            self._set_timer(active, number)
        if not run.running:
            self._forget(run.key)
            for timer in active.timers.values():
                timer.cancel()
        elif 0 not in active.timers and run.deadline is not None:
            active.timers[0] = self._timeline.call_at(run.deadline, partial(self._turn, active, interpreter.time_out))

    def _set_timer(self, active: _Active, number: int) -> None:
        """One timer a frame, for the next moment that matters to it, or the next look at the job that it awaits."""
        if number in active.timers:
            active.timers.pop(number).cancel()
        frame = active.run.frames.get(number)
        if frame is None:
            return
        if frame.phase == "waiting" and frame.task is not None and frame.task.handle is not None:
            self._look_later(active, frame, _SHORTEST_LOOK)
        if frame.due is not None:
            active.timers[number] = self._timeline.call_at(frame.due, partial(self._tick, active, number))

    def _tick(self, active: _Active, number: int) -> None:
        """A frame's moment has come."""
        if not self._closed.is_set():
            self._turn(active, lambda turn: interpreter.tick(turn, number))

    def _make(self, active: _Active, frame: Frame) -> None:
        """Make a frame's call and bring the answer. If the cloud is about to stop, it is made after the next start."""
        if frame.task is None or self._closed.is_set():
            return
        number = frame.task.number
        try:
            answer = _answer(self._calls.make, _call(active.run, frame))
        except UnreachableError:
            self._turn(active, lambda turn: tasks.put_off(turn, frame.number, number))
            return
        if self._closed.is_set():
            return  # what the end of the cloud makes of a call is not its answer; the next start decides
        self._turn(active, lambda turn: tasks.answered(turn, frame.number, number, answer))

    def _look_later(self, active: _Active, frame: Frame, delay: float) -> None:
        def look() -> None:
            if not self._closed.is_set() and tasks.waits(active.run, frame):
                self._look(active, frame, min(delay * _SLOWER, _LONGEST_LOOK))

        self._timeline.call_at(self._timeline.now() + delay, look)

    def _look(self, active: _Active, frame: Frame, delay: float) -> None:
        if frame.task is None or frame.task.handle is None:
            return
        number = frame.task.number
        try:
            answer = _answer(self._calls.look, _call(active.run, frame), frame.task.handle)
        except UnreachableError:
            return
        if self._closed.is_set():
            return
        if isinstance(answer, Done | StateError):
            self._turn(active, lambda turn: tasks.answered(turn, frame.number, number, answer))
        else:
            self._look_later(active, frame, delay)

    def _resume(self, turn: Turn) -> None:
        """Take up what the documents say, after a start."""
        for frame in list(turn.run.frames.values()):
            turn.changed.add(frame.number)
            if frame.phase == "enter":
                turn.ready.append(frame.number)
            elif frame.phase == "calling" and frame.task is not None:
                error = None if frame.put_off else self._calls.lost(_call(turn.run, frame))
                if error is None:
                    turn.calls.append(frame.number)
                else:
                    tasks.answered(turn, frame.number, frame.task.number, error)
        interpreter.time_out(turn)

    def _forget(self, key: Key) -> None:
        with self._lock:
            self._runs.pop(key, None)


class _Active:
    """An execution in memory: its lock, and the timers of its frames (0 is the execution's own)."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.lock = threading.RLock()
        self.timers: dict[int, Timer] = {}


def _run(key: Key, body: Json, plan: Plan, frames: dict[int, Frame]) -> Run:
    machine = model.read(json.loads(plan.definition))
    caller = on_behalf_of(Caller(key.account, key.region), body["stateMachineArn"])
    return Run(key, caller, machine, plan, body, frames, json.loads(body["input"]))


def _call(run: Run, frame: Frame) -> Call:
    arguments: Any = None if frame.task is None else frame.task.arguments
    state = run.machine.graph_at(frame.place).states[frame.state]
    execution, machine = run.body["executionArn"], run.body["stateMachineArn"]
    name = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{execution}/{frame.number}/{frame.calls}"))
    integration = resources.parse(state.body["Resource"])
    return Call(run.caller, run.plan.role, integration, arguments, execution, machine, name)


def _answer(ask: Callable[..., Answer], *arguments: Any) -> Answer | StateError:
    """The answer, or the error that it ends in; a bug fails the task, and leaves its trace. Raises UnreachableError."""
    try:
        return ask(*arguments)
    except StateError as error:
        return error
    except UnreachableError:
        raise
    except Exception as error:
        _LOG.exception("a call of a state machine failed")
        return StateError(RUNTIME, f"bug in the local cloud: {error!r}")


def _in_thread(what: str, work: Callable[..., object], *arguments: Any) -> None:
    def guarded() -> None:
        try:
            work(*arguments)
        except Exception:
            _LOG.exception("a state machine's %s failed", what)

    threading.Thread(target=guarded, name=f"states {what}", daemon=True).start()
