"""Selective execution: run some steps of a pipeline, and take what they need from an earlier execution."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from headgate.localcloud.errors import validation
from headgate.localcloud.executions.model import Step
from headgate.localcloud.executions.records import StepRecord

REFERABLE_STATUSES = ("Failed", "Succeeded", "CompletedWithFailures")


def check(steps: Mapping[str, Step], selected: Collection[str]) -> None:
    """Whether these steps can be run on their own. Raises AwsError (ValidationException).

    SageMaker's rules: every step exists; all steps on all paths between two selected steps are selected, too; a
    selected condition comes with the steps of both branches.
    """
    if unknown := [name for name in selected if name not in steps]:
        known = ", ".join(steps)
        raise validation(f"Invalid SelectedSteps: this pipeline has no step {', '.join(unknown)}; it has: {known}")
    for name in steps:
        if name in selected:
            continue
        above, below = _upstream(steps, name) & set(selected), _downstream(steps, name) & set(selected)
        if above and below:
            raise validation(
                f"Invalid SelectedSteps: step '{name}' lies between {_names(above)} and {_names(below)} and has to be "
                "selected, too"
            )
        branch = steps[name].branch
        if branch is not None and branch.condition in selected:
            raise validation(
                f"Invalid SelectedSteps: '{branch.condition}' is selected, so its step '{name}' has to be, too"
            )


def reused(steps: Mapping[str, Step], selected: Collection[str]) -> list[str]:
    """The steps that selected ones need and that are not selected themselves, in the definition's order."""
    needed = {need.step for name in selected for need in steps[name].needs} - set(selected)
    return [name for name in steps if name in needed]


def take(names: Collection[str], source: Mapping[str, StepRecord], source_arn: str) -> list[StepRecord]:
    """The records of the steps to reuse, from the source execution. Raises AwsError (ValidationException)."""
    missing = [name for name in names if name not in source or source[name].status != "Succeeded"]
    if missing:
        raise validation(
            f"Invalid SourcePipelineExecutionArn: {source_arn}. The selected steps depend on {_names(missing)}, "
            "which did not succeed in that execution"
        )
    return [replace(source[name], reused_from=source_arn, cached_from=None) for name in names]


def steps_to_plan(steps: Mapping[str, Step], selected: Collection[str], taken: Collection[str]) -> dict[str, Step]:
    """What the planner considers: selected and reused steps, tied to each other only."""
    considered = set(selected) | set(taken)
    planned: dict[str, Step] = {}
    for name, step in steps.items():
        if name not in considered:
            continue
        needs = tuple(need for need in step.needs if need.step in considered)
        branch = step.branch if step.branch is not None and step.branch.condition in selected else None
        planned[name] = replace(step, needs=needs, branch=branch)
    return planned


def _before(step: Step) -> set[str]:
    return {need.step for need in step.needs} | ({step.branch.condition} if step.branch else set())


def _upstream(steps: Mapping[str, Step], name: str) -> set[str]:
    found: set[str] = set()
    pending = [name]
    while pending:
        new = _before(steps[pending.pop()]) - found
        found |= new
        pending += new
    return found


def _downstream(steps: Mapping[str, Step], name: str) -> set[str]:
    return {other for other in steps if name in _upstream(steps, other)}


def _names(names: Collection[str]) -> str:
    return "[" + ", ".join(sorted(names)) + "]"
