from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from headgate.control.vending import organization
from headgate.control.vending.beginning import decide_takeover
from headgate.control.vending.catalog import LEASE, Lease
from headgate.control.vending.values import Action
from unit.control.machine import Execution
from unit.control.world import World, declaration


@pytest.fixture
def world() -> World:
    world = World()
    world.others.declaration = declaration(dev={})
    return world


def execution(world: World, name: str, action: str = "provision", **more: Any) -> Execution:
    return Execution(world, {"action": action, "team": "sales", **more}, name)


def until(execution: Execution, state: str) -> Any:
    """An execution that is about to call the function of a state."""
    walk = execution.walk()
    for _ in walk:
        if execution.history[-1] == state:
            break
    return walk


def finish(walk: Any) -> None:
    for _ in walk:
        pass


def test_the_second_execution_of_a_team_waits_for_the_first(world: World) -> None:
    first, second = execution(world, "one"), execution(world, "two")
    walk = until(first, "AccountStack")
    other = second.walk()
    for _ in range(5):
        next(other)
    assert set(second.history) == {"Begin", "BeginSettled", "BeginWaits"}
    finish(walk)
    finish(other)
    assert (first.status, second.status) == ("SUCCEEDED", "SUCCEEDED")
    assert len(world.organization.accounts) == 4


def test_the_second_execution_gives_up_before_cloudformation_does(world: World) -> None:
    until(execution(world, "one"), "AccountStack")
    world.tables.items["headgate-catalog"]["#leases", "sales"]["until"] = {"S": "2099-01-01T00:00:00+00:00"}
    second = execution(world, "two").run()
    assert "is still being worked on by execution" in second.cause
    assert "execution:headgate-vending:one" in second.cause
    assert world.rows()["sales/dev"]["state"] == "provisioning"


def test_teams_do_not_wait_for_each_other(world: World) -> None:
    assert world.others.declaration
    teams = world.others.declaration["teams"]
    account = {**teams["sales"]["accounts"]["dev"], "email": "other-dev@example.com"}
    teams["other"] = {**teams["sales"], "name": "other", "accounts": {"dev": account}}
    until(execution(world, "one"), "AccountStack")
    assert Execution(world, {"action": "provision", "team": "other"}, "two").run().status == "SUCCEEDED"


@pytest.mark.parametrize("status", ["ABORTED", "FAILED", "TIMED_OUT", None])
def test_an_execution_that_is_over_without_giving_the_lease_back_is_followed_at_once(
    world: World, status: str | None
) -> None:
    first = execution(world, "one")
    until(first, "AccountStack")
    if status:
        world.others.executions[first.arn] = status
    else:
        del world.others.executions[first.arn]
    assert execution(world, "two").run().history[:3] == ["Begin", "BeginSettled", "Which"]


def test_a_lease_that_nobody_renews_runs_out(world: World) -> None:
    first = execution(world, "one")
    walk = until(first, "AccountStack")
    world.now += LEASE + timedelta(seconds=1)
    assert execution(world, "two").run().status == "SUCCEEDED"
    finish(walk)
    assert first.status == "FAILED"
    assert "another execution has taken team sales over" in first.cause
    assert world.rows()["sales/dev"]["state"] == "active"


@pytest.mark.parametrize("state", ["Place", "Guard", "AccountStack", "EnvironmentStacks", "Grant", "Activate"])
def test_quarantine_waits_for_nobody_and_what_it_interrupts_changes_nothing_more(world: World, state: str) -> None:
    execution(world, "zero").run()
    first = execution(world, "one")
    walk = until(first, state)
    assert execution(world, "two", "quarantine", reason="a leak").run().status == "SUCCEEDED"
    finish(walk)
    row = world.rows()["sales/dev"]
    assert (first.status, row["state"], row["reason"]) == ("FAILED", "quarantined", "a leak")
    assert world.organization.accounts[row["account_id"]].parent == "ou-quarantine"
    assert execution(world, "three", "release").run().status == "SUCCEEDED"


def test_an_account_on_its_way_is_not_moved_out_of_quarantine_by_who_was_interrupted(world: World) -> None:
    first = execution(world, "one")
    walk = until(first, "Guard")
    walk.close()
    world.others.executions[first.arn] = "RUNNING"
    account_id = world.rows()["sales/dev"]["account_id"]
    execution(world, "two", "quarantine").run()
    late = world.edges("place").aws
    organization.move(late, account_id, "r-root", "ou-dev")
    assert world.organization.accounts[account_id].parent == "ou-quarantine"


@pytest.mark.parametrize(
    ("action", "status", "taken"),
    [
        (Action.PROVISION, "RUNNING", False),
        (Action.RETIRE, "RUNNING", False),
        (Action.QUARANTINE, "RUNNING", True),
        (Action.PROVISION, "SUCCEEDED", True),
        (Action.PROVISION, None, True),
    ],
)
def test_who_may_take_a_lease_over(action: Action, status: str | None, taken: bool) -> None:
    assert decide_takeover(Lease("arn:one"), action, status) is taken
