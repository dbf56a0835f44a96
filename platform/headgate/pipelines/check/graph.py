"""The order of the steps: what each waits for, and whether they wait in a circle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from headgate.pipelines.check.outline import Outline, StepOutline
from headgate.pipelines.check.problems import Problem
from headgate.pipelines.check.variables import referenced_steps, variables
from headgate.spec.suggest import suggest


def dependencies(outline: Outline) -> dict[str, list[str]]:
    """By step, the steps that it waits for: by reference, by `DependsOn`, and as part of a Condition's branch."""
    return {name: sorted(_waits_for(step) & set(outline.steps)) for name, step in outline.steps.items()}


def check_order(outline: Outline) -> Iterator[Problem]:
    """`DependsOn` that names no step, and circles."""
    for step in outline.steps.values():
        for index, name in enumerate(_depends_on(step)):
            if not isinstance(name, str) or name not in outline.steps:
                yield Problem(
                    step.name, f"DependsOn[{index}]", f"there is no step {name!r}", suggest(str(name), outline.steps)
                )
    for circle in _circles(dependencies(outline)):
        if len(circle) == 1:
            yield Problem(circle[0], "", "the step waits for itself")
        else:
            yield Problem(circle[0], "", "the steps wait for each other: " + " -> ".join([*circle, circle[0]]))


def _waits_for(step: StepOutline) -> set[str]:
    waits = {name for name in _depends_on(step) if isinstance(name, str)}
    for _, value in variables(step):
        waits.update(referenced_steps(value))
    if step.parent is not None:
        waits.add(step.parent)
    return waits


def _depends_on(step: StepOutline) -> Sequence[object]:
    value = step.body.get("DependsOn")
    return value if isinstance(value, list) else []


def _circles(waits: Mapping[str, Sequence[str]]) -> Iterator[list[str]]:
    """One circle out of each group of steps that wait for each other, in depth-first order, without recursion."""
    finished: set[str] = set()
    for start in waits:
        trail: list[str] = []
        stack: list[tuple[str, Iterator[str]]] = []
        if start not in finished:
            stack.append((start, iter(waits[start])))
            trail.append(start)
        while stack:
            name, rest = stack[-1]
            following = next(rest, None)
            if following is None:
                finished.add(name)
                stack.pop()
                trail.pop()
            elif following in trail:
                yield trail[trail.index(following) :]
            elif following not in finished:
                stack.append((following, iter(waits[following])))
                trail.append(following)
