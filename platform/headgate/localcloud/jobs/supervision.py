"""Watch the programs of one job until all have ended: their output, the clock, a stop, the disk.

One thread per job sleeps in `select` and is woken by what happens; nothing is polled but the disk.
"""

from __future__ import annotations

import os
import selectors
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from headgate.localcloud.jobs.processes import Process
from headgate.localcloud.seams import Clock

Ending = Literal["exited", "stopped", "timeout", "aborted"]
_CHUNK = 1 << 16
_LONGEST_LINE = 1 << 18
"""CloudWatch Logs takes events of 256 KiB."""


class Control:
    """How another thread stops a running job. `wake` makes the job's thread look at clock and disk again."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(self._write, False)
        self._lock = threading.Lock()
        self._open = True
        self._stopped = threading.Event()
        self.grace: float | None = None
        """Seconds between TERM and KILL, when the stop asked for something other than the usual."""

    @property
    def stopped(self) -> bool:
        return self._stopped.is_set()

    def stop(self, grace: float | None = None) -> None:
        self.grace = grace
        self._stopped.set()
        self.wake()

    def wake(self) -> None:
        with self._lock:
            if self._open:
                try:
                    os.write(self._write, b".")
                except BlockingIOError:
                    return

    def wait(self, seconds: float) -> bool:
        """Sleep, but no longer than until a stop; whether it was stopped."""
        return self._stopped.wait(seconds)

    def fileno(self) -> int:
        return self._read

    def clear(self) -> None:
        try:
            os.read(self._read, _CHUNK)
        except BlockingIOError:
            return

    def close(self) -> None:
        with self._lock:
            if self._open:
                self._open = False
                os.close(self._read)
                os.close(self._write)


@dataclass(frozen=True, slots=True)
class Watch:
    """What to watch for. Times are in seconds; `tick` returns a reason to end the job at once, or None."""

    clock: Clock
    deadline: float | None = None
    grace: float = 120.0
    interval: float = 1.0
    tick: Callable[[], str | None] = lambda: None
    line: Callable[[str, str], None] = lambda _host, _text: None
    """Called with host and line for each line of output."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a job's programs ended: `codes` by host, `detail` says why they were aborted."""

    ending: Ending
    codes: dict[str, int]
    detail: str = ""

    @property
    def code(self) -> int:
        """The first exit code that is not zero, in the order in which the programs ended."""
        return next((code for code in self.codes.values() if code), 0)


@dataclass(slots=True)
class _Lines:
    """Bytes in, whole lines out; a line that never ends is cut."""

    rest: bytes = b""

    def feed(self, chunk: bytes) -> list[str]:
        *lines, self.rest = (self.rest + chunk).split(b"\n")
        while len(self.rest) > _LONGEST_LINE:
            lines.append(self.rest[:_LONGEST_LINE])
            self.rest = self.rest[_LONGEST_LINE:]
        return [line.decode("utf-8", "replace").rstrip("\r") for line in lines]

    def end(self) -> list[str]:
        return self.feed(b"\n") if self.rest else []


@dataclass(slots=True)
class _Supervisor:
    processes: Sequence[Process]
    control: Control
    watch: Watch
    selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    buffers: dict[str, _Lines] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=dict)
    ending: Ending = "exited"
    detail: str = ""
    kill_at: float | None = None
    ending_began: bool = False

    def run(self) -> Verdict:
        for process in self.processes:
            self.buffers[process.host] = _Lines()
            self.selector.register(process.output, selectors.EVENT_READ, ("output", process))
            self.selector.register(process.ended, selectors.EVENT_READ, ("ended", process))
        self.selector.register(self.control.fileno(), selectors.EVENT_READ, ("control", None))
        next_tick = self.watch.clock.now() + self.watch.interval
        try:
            while len(self.codes) < len(self.processes):
                now = self.watch.clock.now()
                if now >= next_tick:
                    self._tick()
                    next_tick = now + self.watch.interval
                self._decide(now)
                for key, _ in self.selector.select(self._patience(now, next_tick)):
                    self._handle(*key.data)
        finally:
            self.selector.close()
            for process in self.processes:
                if process.host not in self.codes:
                    process.kill()
                    self.codes[process.host] = process.close()
        return Verdict(self.ending, self.codes, self.detail)

    def _patience(self, now: float, next_tick: float) -> float:
        times = [next_tick, *(time for time in (self.watch.deadline, self.kill_at) if time is not None)]
        if self.ending_began and self.kill_at is not None:
            times = [next_tick, self.kill_at]
        return max(0.0, min(times) - now)

    def _handle(self, what: str, process: Process | None) -> None:
        if process is None:
            self.control.clear()
        elif process.host in self.codes:
            return  # the same batch of events said before that it ended: its descriptors are closed
        elif what == "output":
            self._read(process)
        else:
            self._end(process)

    def _read(self, process: Process) -> bool:
        """Read once; False when there is nothing more to read now or ever."""
        try:
            chunk = os.read(process.output, _CHUNK)
        except BlockingIOError:
            return False
        if not chunk:
            self.selector.unregister(process.output)
            return False
        self._emit(process, self.buffers[process.host].feed(chunk))
        return True

    def _emit(self, process: Process, lines: list[str]) -> None:
        for line in lines:
            self.watch.line(process.host, line)

    def _end(self, process: Process) -> None:
        while process.output in self.selector.get_map() and self._read(process):
            pass
        self._emit(process, self.buffers[process.host].end())
        for descriptor in (process.output, process.ended):
            if descriptor in self.selector.get_map():
                self.selector.unregister(descriptor)
        self.codes[process.host] = process.close()
        if self.codes[process.host] and not self.ending_began:
            # One host has failed, so the job has: the others have nothing to work for.
            self._begin("exited", min(self.watch.grace, 5.0))

    def _tick(self) -> None:
        if self.ending_began:
            return
        problem = self.watch.tick()
        if problem:
            self.detail = problem
            self._begin("aborted", 0.0)

    def _decide(self, now: float) -> None:
        if not self.ending_began:
            if self.control.stopped:
                self._begin("stopped", self.watch.grace if self.control.grace is None else self.control.grace)
            elif self.watch.deadline is not None and now >= self.watch.deadline:
                self._begin("timeout", self.watch.grace)
        elif self.control.stopped and self.control.grace is not None:
            self.kill_at = min(self.kill_at or now, now + self.control.grace)
        if self.kill_at is not None and now >= self.kill_at:
            self._each(lambda process: process.kill())
            self.kill_at = None

    def _begin(self, ending: Ending, grace: float) -> None:
        self.ending_began = True
        self.ending = ending
        self.kill_at = self.watch.clock.now() + grace
        if grace > 0:
            self._each(lambda process: process.terminate())

    def _each(self, action: Callable[[Process], None]) -> None:
        for process in self.processes:
            if process.host not in self.codes:
                action(process)


def supervise(processes: Sequence[Process], control: Control, watch: Watch) -> Verdict:
    """Block until every program has ended, and say how.

    A stop and a deadline send TERM, then KILL after the grace; a reason from `tick` kills at once; when one host's
    program fails the others are ended.
    """
    return _Supervisor(processes, control, watch).run()
