"""Lives of a team's accounts to the point from which a test goes on: a world, and the request to make in it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from unit.control.machine import Execution
from unit.control.world import World, declaration, response

Prepare = Callable[[], tuple[World, Mapping[str, Any]]]


def fresh() -> tuple[World, Mapping[str, Any]]:
    world = World()
    world.others.declaration = declaration(nonprod={"environments": ["dev", "preprod"]})
    world.validates = False
    return world, {"action": "provision", "team": "sales", "response": response()}


def joining() -> tuple[World, Mapping[str, Any]]:
    world, _ = fresh()
    world.organization.add("300000000001", "old@example.com")
    world.others.declaration = declaration(prod={"account_id": "300000000001", "email": "old@example.com"})
    return world, {"action": "adopt", "team": "sales"}


def invited() -> tuple[World, Mapping[str, Any]]:
    world, _ = fresh()
    world.organization.accepting["300000000001"] = "old@example.com"
    world.others.declaration = declaration(prod={"account_id": "300000000001", "email": "old@example.com"})
    return world, {"action": "provision", "team": "sales"}


def changed() -> tuple[World, Mapping[str, Any]]:
    world, request = vended()
    assert world.others.declaration
    world.others.declaration["teams"]["sales"] |= {"budget_usd": 9.0, "data_sets": ["sales"]}
    return world, {**request, "action": "provision"}


def vended() -> tuple[World, Mapping[str, Any]]:
    world, request = fresh()
    assert Execution(world, request, "zero").run().status == "SUCCEEDED"
    return world, {"action": "retire", "team": "sales", "response": response("headgate-account-set-sales")}


def abandoned() -> tuple[World, Mapping[str, Any]]:
    """An account whose creation is under way, and nobody waits for it."""
    world, request = fresh()
    execution = Execution(world, request, "zero")
    for _ in execution.walk():
        if any(row["request_id"] for row in world.rows().values()):
            break
    world.others.executions[execution.arn] = "ABORTED"
    return world, {"action": "retire", "team": "sales"}


def unborn() -> tuple[World, Mapping[str, Any]]:
    """An account that the organization's quota has not let come to be."""
    world, request = fresh()
    world.organization.quota = 3
    assert Execution(world, request, "zero").run().status == "FAILED"
    return world, {"action": "retire", "team": "sales"}


def intruded() -> tuple[World, Mapping[str, Any]]:
    world, _ = vended()
    return world, {"action": "quarantine", "team": "sales", "reason": "a leak"}


def contained() -> tuple[World, Mapping[str, Any]]:
    world, request = intruded()
    assert Execution(world, request, "half").run().status == "SUCCEEDED"
    return world, {"action": "release", "team": "sales"}


LIVES = [fresh, joining, invited, changed, vended, abandoned, unborn, intruded, contained]


@cache
def _prepared(prepare: Prepare) -> tuple[World, Mapping[str, Any]]:
    world, request = prepare()
    world.calls.clear()
    return world, request


def begin(prepare: Prepare) -> tuple[World, Execution]:
    """A life's world, each time anew, and the execution that is about to begin in it."""
    world, request = copy.deepcopy(_prepared(prepare))
    return world, Execution(world, request)
