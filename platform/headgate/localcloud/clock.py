"""The local cloud's virtual clock: real time plus an offset that only grows, and what waits for a moment of it.

Waits of state machines, schedules and expiries all look at this clock, so that a day can be made to pass at once:
`advance` moves it and everything that has become due happens, in the order of time.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import math
import threading
import time
from collections.abc import Callable
from typing import Any

from headgate.localcloud.documents import Documents, Key
from headgate.localcloud.seams import Json

_LOG = logging.getLogger(__name__)
_KEY = Key("", "", "clock", "offset")
_LONGEST = 3600.0
"""How long the dispatcher sleeps at most, in real seconds: longer waits overflow on some platforms."""
_LOOK_AGAIN = 0.2
"""How often a thread in `wait_until` looks whether the clock was moved, in real seconds."""


class Timer:
    """Work that is done once its moment has come, unless it is canceled before."""

    def __init__(self, when: float, work: Callable[[], object]) -> None:
        self.when = when
        self._work: Callable[[], object] | None = work
        self._lock = threading.Lock()

    def cancel(self) -> bool:
        """Take the work back; false if it has been begun, or was canceled already."""
        return self._take() is not None

    def _take(self) -> Callable[[], object] | None:
        with self._lock:
            work, self._work = self._work, None
            return work

    def run(self) -> None:
        """Do the work in a thread of its own, at most once."""
        work = self._take()
        if work is not None:
            threading.Thread(target=_guarded, args=(work,), name="timer", daemon=True).start()


class Timeline:
    """Virtual time. `source` is real time in seconds since the epoch; the offset is kept in `documents`, if given.

    Safe to use from many threads. With a `source` that stands still (tests), only `advance` makes anything due.
    """

    def __init__(self, documents: Documents | None = None, source: Callable[[], float] = time.time) -> None:
        self._documents = documents
        self._source = source
        self._offset = float(((documents.find(_KEY) if documents else None) or {"seconds": 0.0})["seconds"])
        self._changed = threading.Condition()
        self._timers: list[tuple[float, int, Timer]] = []
        self._order = itertools.count()
        self._dispatcher: threading.Thread | None = None
        self._closed = False

    @property
    def offset(self) -> float:
        """How far virtual time is ahead of real time, in seconds."""
        return self._offset

    def now(self) -> float:
        """Virtual time, in seconds since the epoch."""
        return self._source() + self._offset

    def advance(self, seconds: float) -> float:
        """Move the clock forward and return the new time. Raises ValueError for what is not a step forward."""
        if not math.isfinite(seconds) or seconds <= 0:
            raise ValueError(f"the clock goes forward only, by a number of seconds above 0, not {seconds}")
        with self._changed:
            offset = self._offset + seconds
            if self._documents is not None:
                self._documents.put(_KEY, {"seconds": offset})
            self._offset = offset
            self._changed.notify_all()
        return self.now()

    def as_json(self) -> Json:
        """What the control command shows: the virtual time, and how far it is ahead, in seconds."""
        return {"now": self.now(), "offset": self._offset}

    def command(self, body: Any) -> Json:
        """Move the clock as `{"advance": seconds}` says. Raises ValueError for anything else."""
        seconds = body.get("advance") if isinstance(body, dict) else None
        if isinstance(seconds, bool) or not isinstance(seconds, int | float):
            raise ValueError('the body must be {"advance": seconds}')  # noqa: TRY004 - control answers it with 400
        self.advance(seconds)
        return self.as_json()

    def call_at(self, when: float, work: Callable[[], object]) -> Timer:
        """Do `work` in a thread of its own as soon as virtual time has reached `when`; at once if it has already."""
        timer = Timer(when, work)
        with self._changed:
            heapq.heappush(self._timers, (when, next(self._order), timer))
            if self._dispatcher is None and not self._closed:
                self._dispatcher = threading.Thread(target=self._dispatch, name="timeline", daemon=True)
                self._dispatcher.start()
            self._changed.notify_all()
        return timer

    def wait_until(self, when: float, stop: threading.Event) -> bool:
        """Block until virtual time has reached `when` (true), or until `stop` is set (false)."""
        while (left := when - self.now()) > 0:
            if stop.wait(min(left, _LOOK_AGAIN)):
                return False
        return not stop.is_set()

    def close(self) -> None:
        """Begin no more work; what has been begun goes on."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _dispatch(self) -> None:
        while (timer := self._next()) is not None:
            timer.run()

    def _next(self) -> Timer | None:
        """The next timer, once it is due; None when the timeline is closed."""
        with self._changed:
            while not self._closed:
                left = self._timers[0][0] - self.now() if self._timers else _LONGEST
                if left <= 0:
                    return heapq.heappop(self._timers)[2]
                self._changed.wait(min(left, _LONGEST))
        return None


def _guarded(work: Callable[[], object]) -> None:
    try:
        work()
    except Exception:
        _LOG.exception("work that was due failed")
