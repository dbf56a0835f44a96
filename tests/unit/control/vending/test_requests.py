from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.control.vending import requests
from headgate.control.vending.requests import NOT_STARTED
from unit.control.machine import Execution
from unit.control.world import Recorder, World, declaration, denied, standing

MACHINE = "arn:aws:states:eu-west-1:100000000001:stateMachine:headgate-vending"


def event(kind: str = "Create", **more: Any) -> dict[str, Any]:
    physical = {} if kind == "Create" else {"PhysicalResourceId": "headgate-account-set-sales"}
    properties = {"ServiceToken": "arn:function", "Team": "sales"}
    old = {"OldResourceProperties": dict(properties)} if kind == "Update" else {}
    return {
        "RequestType": kind,
        "ResponseURL": "https://example.com/answer",
        "StackId": "arn:stack",
        "RequestId": "request-1",
        "LogicalResourceId": "AccountSet",
        "ResourceProperties": properties,
        **physical,
        **old,
        **more,
    }


def handle(world: World, value: dict[str, Any], machine: str = MACHINE) -> None:
    requests.handle(value, Recorder(world, "request"), machine, world.put)


@pytest.mark.parametrize(
    ("kind", "properties", "action"),
    [
        ("Create", {}, "provision"),
        ("Update", {"Action": "quarantine"}, "quarantine"),
        ("Delete", {"Action": "provision"}, "retire"),
    ],
)
def test_an_event_becomes_an_execution_that_has_all_it_needs_to_answer(
    kind: str, properties: dict[str, str], action: str
) -> None:
    world = World()
    value = event(kind)
    value["ResourceProperties"] |= {**properties, "Reason": "why", "Force": "true"}
    handle(world, value)
    (started,) = world.others.started
    assert started["stateMachineArn"] == MACHINE
    assert json.loads(started["input"]) == {
        "action": action,
        "team": "sales",
        "account_name": None,
        "reason": "why",
        "requested_by": "arn:stack",
        "force": True,
        "response": {
            "url": "https://example.com/answer",
            "stack_id": "arn:stack",
            "request_id": "request-1",
            "logical_resource_id": "AccountSet",
            "physical_id": value.get("PhysicalResourceId"),
            "properties": requests.digest(value["ResourceProperties"]),
            "old_properties": requests.digest(value["OldResourceProperties"]) if kind == "Update" else "",
        },
    }
    assert not world.answers


def test_an_event_that_is_delivered_twice_starts_one_execution() -> None:
    world = World()
    handle(world, event())
    handle(world, event())
    assert len(world.others.started) == 1
    assert not world.answers


def test_different_events_start_different_executions_with_names_that_step_functions_takes() -> None:
    world = World()
    handle(world, event())
    long = event(RequestId="request-2")
    long["ResourceProperties"]["Team"] = "t" * 60
    handle(world, long)
    names = [each["name"] for each in world.others.started]
    assert len(set(names)) == 2
    assert all(len(name) <= 80 for name in names)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (
            event("Update", OldResourceProperties={"Team": "other"}, PhysicalResourceId="headgate-account-set-other"),
            "the account set is team other's and stays it",
        ),
        (event(ResourceProperties={}), "the event lacks 'Team'"),
        (event(ResourceProperties={"Team": ""}), "the team is '': it is a name of the declaration"),
        (
            event(ResourceProperties={"Team": "sales", "Action": "delete"}),
            "the action is 'delete': it is one of provision,",
        ),
    ],
)
def test_what_cannot_be_started_is_answered_at_once(value: dict[str, Any], reason: str) -> None:
    world = World()
    handle(world, value)
    assert not world.others.started
    (answer,) = world.answers
    assert answer["Status"] == "FAILED"
    assert answer["Reason"].startswith(f"vending was not started: {reason}")


def test_a_refused_start_is_answered_and_its_rollback_deletes_nothing() -> None:
    world = World()
    world.before = lambda _, call: denied(call)
    handle(world, event())
    assert (world.answers[0]["Status"], world.answers[0]["PhysicalResourceId"]) == ("FAILED", NOT_STARTED)
    handle(world, event("Delete", PhysicalResourceId=NOT_STARTED))
    assert world.answers[1]["Status"] == "SUCCESS"
    assert not world.others.started


def test_a_function_that_knows_no_machine_answers_so() -> None:
    world = World()
    handle(world, event(), machine="")
    assert "HEADGATE_STATE_MACHINE_ARN" in world.answers[0]["Reason"]


def test_a_started_execution_answers_under_the_same_physical_id_at_create_and_update() -> None:
    world = World()
    world.others.declaration = declaration(dev={})
    handle(world, event())
    Execution(world, json.loads(world.others.started[0]["input"]), "one").run()
    handle(world, event("Update", RequestId="request-2"))
    Execution(world, json.loads(world.others.started[1]["input"]), "two").run()
    assert [(each["Status"], each["PhysicalResourceId"]) for each in world.answers] == [
        ("SUCCESS", "headgate-account-set-sales")
    ] * 2


def test_an_update_that_fails_is_rolled_back_without_undoing_or_repeating_anything() -> None:
    world = World()
    world.others.declaration = declaration(dev={})
    run(world, event())
    assert world.others.declaration
    world.others.declaration["teams"]["sales"]["accounts"] |= declaration(prod={})["teams"]["sales"]["accounts"]
    world.organization.taken.add("sales-prod@example.com")
    before = event()["ResourceProperties"]
    after, again = {**before, "Action": "provision"}, {**before, "Reason": "again"}
    run(world, event("Update", RequestId="2", ResourceProperties=after, OldResourceProperties=before))
    rows = standing(world)["rows"]
    run(world, event("Update", RequestId="3", ResourceProperties=before, OldResourceProperties=after))
    assert [each["Status"] for each in world.answers] == ["SUCCESS", "FAILED", "SUCCESS"]
    assert standing(world)["rows"] == rows
    run(world, event("Update", RequestId="5", ResourceProperties=after, OldResourceProperties=before))
    run(world, event("Update", RequestId="6", ResourceProperties=again, OldResourceProperties=after))
    assert world.answers[-1]["Status"] == "FAILED", "what is no rollback is not passed over"
    world.organization.taken.clear()
    run(world, event("Update", RequestId="4", ResourceProperties=after, OldResourceProperties=before))
    assert world.answers[-1]["Status"] == "SUCCESS"
    assert world.rows()["sales/prod"]["state"] == "active"


def test_an_update_to_another_team_is_refused_and_its_rollback_is_not() -> None:
    world = World()
    world.others.declaration = declaration(dev={})
    run(world, event())
    mine = event()["ResourceProperties"]
    other = {**mine, "Team": "other"}
    handle(world, event("Update", RequestId="2", ResourceProperties=other, OldResourceProperties=mine))
    run(world, event("Update", RequestId="3", ResourceProperties=mine, OldResourceProperties=other))
    assert [each["Status"] for each in world.answers] == ["SUCCESS", "FAILED", "SUCCESS"]


def run(world: World, value: dict[str, Any]) -> None:
    """An event and the execution that it starts."""
    handle(world, value)
    started = world.others.started[-1]
    Execution(world, json.loads(started["input"]), started["name"]).run()
