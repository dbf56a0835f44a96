"""An execution while it runs: a live table on a terminal, a line per change anywhere else."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol, Self

from headgate.cli.common import style, table, wants_colour
from headgate.views.runs import RunView, StepView

_NOTE_WIDTH = 80
"""In a table; the reason of a failed execution is told in full beside it."""

_MARKS = {
    "Succeeded": ("✔", "green"),
    "Failed": ("✘", "red"),
    "Stopped": ("■", "yellow"),
    "Stopping": ("■", "yellow"),
    "Executing": ("▶", "cyan"),
    "Starting": ("▶", "cyan"),
}


class Progress(Protocol):
    """Shows each view of an execution as it changes."""

    def show(self, run: RunView) -> None: ...


class Silent:
    """For machines: only the end counts."""

    def show(self, run: RunView) -> None:
        """Show nothing."""


class Lines:
    """A line on standard error whenever a step starts or ends."""

    def __init__(self) -> None:
        self._seen: dict[str, str] = {}

    def show(self, run: RunView) -> None:
        for step in run.steps:
            status = "Executing" if step.status == "Starting" else step.status
            if self._seen.get(step.name) == status:
                continue
            self._seen[step.name] = status
            print(f"{_mark(status)} {step.name}: {status}{_note(step)}", file=sys.stderr, flush=True)


class Live:
    """A table that is drawn over; rich does the terminal."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live as RichLive

        self._run: RunView | None = None
        self._live = RichLive(
            get_renderable=self._render, console=Console(stderr=True), refresh_per_second=8, transient=True
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def show(self, run: RunView) -> None:
        self._run = run

    def _render(self) -> Any:
        from rich.table import Table
        from rich.text import Text

        grid = Table.grid(padding=(0, 2))
        for step in self._run.steps if self._run else ():
            mark, colour = _MARKS.get(step.status, ("·", "dim"))
            seconds = step.seconds if step.seconds is not None else time.time() - (step.started or time.time())
            cells = (step.name, step.status, f"{seconds:.1f} s", _shortened(_note(step).strip()))
            grid.add_row(Text(mark, colour), *map(Text, cells))  # never as markup: reasons have brackets in them
        return grid


def progress(*, quiet: bool) -> AbstractContextManager[Progress]:
    """The display that suits standard error: none for machines, live on a terminal, else lines."""
    if quiet:
        return nullcontext(Silent())
    if sys.stderr.isatty() and wants_colour(sys.stderr):
        return Live()
    return nullcontext(Lines())


def steps_table(steps: Iterable[StepView]) -> str:
    """The table at the end of a run and in `runs show`."""
    return table(["STEP", "TYPE", "STATUS", "SECONDS", "NOTE"], _rows(steps))


def _rows(steps: Iterable[StepView]) -> Iterator[tuple[object, ...]]:
    for step in steps:
        seconds = None if step.seconds is None else f"{step.seconds:.2f}"
        yield step.name, step.kind, step.status, seconds, _shortened(_note(step).strip())


def _note(step: StepView) -> str:
    notes = []
    if step.cached:
        notes.append("from cache")
    if step.outcome:
        notes.append(f"condition is {step.outcome}")
    if step.attempts > 1:
        notes.append(f"attempt {step.attempts}")
    if step.reason:
        notes.append(step.reason.strip().splitlines()[0])
    return f"  {'; '.join(notes)}" if notes else ""


def _shortened(text: str) -> str:
    return text if len(text) <= _NOTE_WIDTH else text[: _NOTE_WIDTH - 1] + "…"


def _mark(status: str) -> str:
    mark, colour = _MARKS.get(status, ("·", "dim"))
    return style(mark, colour, sys.stderr)
