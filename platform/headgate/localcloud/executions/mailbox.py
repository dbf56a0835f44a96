"""How a running execution is told what has happened: it sleeps until an event comes or a moment has passed."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass, field
from typing import Protocol

from headgate.localcloud.executions.outcomes import Outcome, Running
from headgate.localcloud.executions.records import StepRecord


@dataclass(frozen=True, slots=True)
class Reported:
    """An attempt has started something; `written` is set once that is written down."""

    step: str
    running: Running
    written: threading.Event = field(default_factory=threading.Event, compare=False)


@dataclass(frozen=True, slots=True)
class Ended:
    """An attempt has ended."""

    step: str
    outcome: Outcome
    signature: str | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """Somebody has answered a callback token; the record says how the step has ended."""

    token: str
    record: StepRecord


@dataclass(frozen=True, slots=True)
class StopAsked:
    """StopPipelineExecution was called."""


@dataclass(frozen=True, slots=True)
class LimitChanged:
    """UpdatePipelineExecution changed the parallelism."""


@dataclass(frozen=True, slots=True)
class Closed:
    """The local cloud stops."""


Event = Reported | Ended | Answered | StopAsked | LimitChanged | Closed


class Mailbox(Protocol):
    """Events of one execution; `put` may be called from any thread."""

    def put(self, event: Event) -> None: ...

    def get(self, timeout: float | None) -> Event | None:
        """The next event, or None when `timeout` seconds have passed without one."""
        ...


class QueueMailbox:
    """The mailbox of real life: waits in real time."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[Event] = queue.SimpleQueue()

    def put(self, event: Event) -> None:
        self._queue.put(event)

    def get(self, timeout: float | None) -> Event | None:
        try:
            return self._queue.get(timeout=timeout)
        except queue.Empty:
            return None
