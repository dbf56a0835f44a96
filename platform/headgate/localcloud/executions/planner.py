"""What to do next in an execution: a pure function of the steps and how far each of them is.

SageMaker's rules. A step starts when all that it needs has ended as needed and, inside a condition, when its branch was
taken. Steps of the branch that was not taken are skipped, and so is whatever depends on them. Once a step has failed,
running steps finish and no new one starts, unless another step waits for exactly that failure (a `DependsOn` with
a trigger): then the execution goes on, and ends `CompletedWithFailures`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from headgate.localcloud.executions.model import Branch, Need, Step

Progress = Literal["Waiting", "Running", "Succeeded", "Failed", "Stopped", "Skipped"]
Verdict = Literal["start", "wait", "skip"]
FinalStatus = Literal["Succeeded", "Failed", "Stopped", "CompletedWithFailures"]

_ENDS: Mapping[str, frozenset[str]] = {
    "Completed": frozenset({"Succeeded"}),
    "Failed": frozenset({"Failed"}),
    "Stopped": frozenset({"Stopped"}),
    "Any": frozenset({"Succeeded", "Failed", "Stopped"}),
}


@dataclass(frozen=True, slots=True)
class Situation:
    """How far an execution is. `outcomes` holds the result of each condition that has been evaluated."""

    progress: Mapping[str, Progress]
    outcomes: Mapping[str, bool]
    limit: int
    stopping: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps to start and to skip now; `final` is the execution's end status when there is nothing left to do."""

    start: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    final: FinalStatus | None = None


def plan(steps: Mapping[str, Step], now: Situation) -> Plan:
    """Decide what happens next. Skipping is followed through: what a skipped step makes impossible is skipped too."""
    progress = dict(now.progress)
    skipped: list[str] = []
    while newly := [name for name in steps if _verdict(steps[name], progress, now.outcomes) == "skip"]:
        skipped += newly
        progress.update(dict.fromkeys(newly, "Skipped"))
    running = sum(1 for state in progress.values() if state == "Running")
    halted = now.stopping or bool(unhandled(steps, progress))
    ready = [] if halted else [name for name in steps if _verdict(steps[name], progress, now.outcomes) == "start"]
    start = tuple(ready[: max(now.limit - running, 0)])
    final = None if start or running or ready else _final(steps, progress, now)
    return Plan(start=start, skip=tuple(skipped), final=final)


def unhandled(steps: Mapping[str, Step], progress: Mapping[str, Progress]) -> tuple[str, ...]:
    """Steps that failed or were stopped and that no other step waits for to fail or stop."""
    return tuple(
        name
        for name in steps
        if progress[name] in ("Failed", "Stopped") and not _is_awaited(name, progress[name], steps.values())
    )


def _is_awaited(name: str, end: str, steps: Iterable[Step]) -> bool:
    return any(
        need.step == name and need.trigger != "Completed" and end in _ENDS[need.trigger]
        for step in steps
        for need in step.needs
    )


def _verdict(step: Step, progress: Mapping[str, Progress], outcomes: Mapping[str, bool]) -> Verdict:
    if progress[step.name] != "Waiting":
        return "wait"
    verdicts = {_of_need(need, progress) for need in step.needs}
    if step.branch is not None:
        verdicts.add(_of_branch(step.branch, progress, outcomes))
    if "skip" in verdicts:
        return "skip"
    return "wait" if "wait" in verdicts else "start"


def _of_need(need: Need, progress: Mapping[str, Progress]) -> Verdict:
    end = progress[need.step]
    if end in _ENDS[need.trigger]:
        return "start"
    return "wait" if end in ("Waiting", "Running") else "skip"


def _of_branch(branch: Branch, progress: Mapping[str, Progress], outcomes: Mapping[str, bool]) -> Verdict:
    if progress[branch.condition] in ("Waiting", "Running"):
        return "wait"
    return "start" if outcomes.get(branch.condition) is branch.outcome else "skip"


def _final(steps: Mapping[str, Step], progress: Mapping[str, Progress], now: Situation) -> FinalStatus:
    if now.stopping:
        return "Stopped"
    ends = [progress[name] for name in unhandled(steps, progress)]
    if "Failed" in ends:
        return "Failed"
    if ends:
        return "Stopped"
    return "CompletedWithFailures" if {"Failed", "Stopped"} & set(progress.values()) else "Succeeded"
