"""Every call of a whole life fails once, before it is carried out and after it; the end is always the same."""

from __future__ import annotations

import pytest

from headgate.control.aws import Call
from unit.control.lives import LIVES, Prepare, begin
from unit.control.machine import Execution
from unit.control.world import denied, standing, throttled

pytestmark = pytest.mark.slow


def faults(prepare: Prepare) -> list[Call]:
    """Every call of an execution in which nothing fails."""
    world, execution = begin(prepare)
    assert execution.run().status == "SUCCEEDED", execution.cause
    return [call for _, call in world.calls]


@pytest.mark.parametrize("is_lost", [False, True], ids=["refused", "answer lost"])
@pytest.mark.parametrize("prepare", LIVES)
def test_a_call_that_is_throttled_is_made_again_and_the_end_is_the_same(prepare: Prepare, is_lost: bool) -> None:
    undisturbed, execution = begin(prepare)
    execution.run()
    wanted = standing(undisturbed)
    for at, failing in enumerate(faults(prepare)):
        world, execution = begin(prepare)
        fault = lambda number, call, at=at: throttled(call) if number == at else None  # noqa: E731
        world.before, world.after = (world.before, fault) if is_lost else (fault, world.after)
        assert execution.run().status == "SUCCEEDED", (at, failing, execution.cause)
        assert standing(world) == wanted, (at, failing)


@pytest.mark.parametrize("is_lost", [False, True], ids=["refused", "answer lost"])
@pytest.mark.parametrize("prepare", LIVES)
def test_after_a_call_that_fails_for_good_the_next_request_comes_to_the_same_end(
    prepare: Prepare, is_lost: bool
) -> None:
    undisturbed, execution = begin(prepare)
    execution.run()
    wanted = standing(undisturbed)
    for at, failing in enumerate(faults(prepare)):
        world, execution = begin(prepare)
        fault = lambda number, call, at=at: denied(call) if number == at else None  # noqa: E731
        world.before, world.after = (world.before, fault) if is_lost else (fault, world.after)
        execution.run()
        again = Execution(world, execution.context["$$.Execution.Input"], "two").run()
        assert again.status == "SUCCEEDED", (at, failing, again.cause)
        assert standing(world) == wanted, (at, failing)
