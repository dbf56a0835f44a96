"""Timing whole commands and printing what came out."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Result:
    """One promise: ours in `unit`, the peer's in the same run, and the bound that was promised."""

    name: str
    ours: float
    unit: str
    bound: float
    peer: str = ""
    theirs: float | None = None

    @property
    def is_kept(self) -> bool:
        return self.ours <= self.bound

    def row(self) -> str:
        ratio = f"{self.theirs / self.ours:8.1f}x" if self.theirs and self.ours > 0 else " " * 9
        theirs = f"{self.theirs:10.1f}" if self.theirs is not None else " " * 10
        verdict = "kept" if self.is_kept else "BROKEN"
        return (
            f"{self.name:<44}{self.ours:10.1f} {self.unit:<4}<= {self.bound:<8g}{verdict:<8}"
            f"{theirs} {ratio}  {self.peer}"
        )


HEADER = f"{'promise':<44}{'ours':>10} {'unit':<4}{'bound':<11}{'':<8}{'peer':>10} {'ratio':>9}"


def milliseconds(action: Callable[[], object], *, runs: int = 7, warmup: int = 1) -> float:
    """The median duration of an action, in milliseconds."""
    for _ in range(warmup):
        action()
    return statistics.median(_once(action) for _ in range(runs))


def command(
    arguments: Sequence[str | Path], folder: Path | None = None, environment: Mapping[str, str] | None = None
) -> Callable[[], object]:
    """An action that runs a command; one that fails ends the benchmark."""

    def run() -> object:
        done = subprocess.run(arguments, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            message = f"{arguments} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
            raise RuntimeError(message)
        return done.stdout

    return run


def _once(action: Callable[[], object]) -> float:
    begun = time.perf_counter()
    action()
    return (time.perf_counter() - begun) * 1000
