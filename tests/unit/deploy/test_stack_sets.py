"""Instances of StackSets, against the local cloud's own CloudFormation."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from headgate.deploy.polling import Polling
from headgate.deploy.stack_sets import Instance, StackSets
from headgate.errors import FailedError
from unit.localcloud.cloudformation.conftest import FakeSts, Place, template, topic
from unit.localcloud.http_harness import make_client

ACCOUNT, UNIT, REGION = "222222222222", "ou-root-dev00000", "us-east-1"
BODY = {"Parameters": {"Team": {"Type": "String", "Default": "none"}}, **template(A=topic(DisplayName={"Ref": "Team"}))}


@pytest.fixture
def sets(place: Place) -> Place:
    """One account in one unit, and a StackSet without instances."""
    place.access.clients["sts"] = FakeSts()

    def session_client(service: str, keys: Any, region: str) -> Any:
        if service == "cloudformation":
            return make_client(service, place.url, keys["AccessKeyId"], region)
        return place.access.clients[service]

    place.access.session_client = session_client  # type: ignore[method-assign]
    place.organization.places = {ACCOUNT: UNIT}
    place.client.create_stack_set(
        StackSetName="headgate-tooling", TemplateBody=json.dumps(BODY), PermissionModel="SERVICE_MANAGED"
    )
    return place


def stack_sets(place: Place, told: list[str] | None = None) -> StackSets:
    tell = (lambda _: None) if told is None else told.append
    return StackSets(place.client, Polling(1.0, lambda _: place.settle()), tell)


def ensure(place: Place, told: list[str] | None = None, **parameters: str) -> bool:
    return stack_sets(place, told).ensure("headgate-tooling", ACCOUNT, UNIT, REGION, parameters)


def test_an_instance_is_made_once_and_changed_when_its_parameters_are(sets: Place) -> None:
    told: list[str] = []
    assert ensure(sets, told, Team="churn")
    assert not ensure(sets, told, Team="churn")
    assert [thing["DisplayName"] for thing in sets.world.things.values()] == ["churn"]
    assert ensure(sets, told, Team="pricing")
    assert [thing["DisplayName"] for thing in sets.world.things.values()] == ["pricing"]
    assert told == [f"headgate-tooling in account {ACCOUNT}"] * 2
    assert list(stack_sets(sets).instances("headgate-tooling")) == [
        Instance("headgate-tooling", ACCOUNT, REGION, "CURRENT", UNIT)
    ]


def test_a_failed_instance_says_which_account_and_why_and_is_made_by_the_next(sets: Place) -> None:
    sets.world.refuse["create", "A"] = "there are too many topics"
    with pytest.raises(FailedError, match="StackSet 'headgate-tooling': the operation failed") as raised:
        ensure(sets)
    assert f"account {ACCOUNT}" in raised.value.details[0]
    assert "too many topics" in raised.value.details[0]
    sets.world.refuse.clear()
    assert ensure(sets)
    assert not ensure(sets)


def test_a_stack_set_that_is_not_there_has_no_instances(sets: Place) -> None:
    assert list(stack_sets(sets).instances("headgate-nothing")) == []


def test_settling_waits_for_every_operation(sets: Place) -> None:
    targets = {"OrganizationalUnitIds": [UNIT]}
    sets.client.create_stack_instances(StackSetName="headgate-tooling", DeploymentTargets=targets, Regions=[REGION])
    stack_sets(sets).settle("headgate-tooling")
    operations = sets.client.list_stack_set_operations(StackSetName="headgate-tooling")["Summaries"]
    assert [each["Status"] for each in operations] == ["SUCCEEDED"]


class Busy:
    """A StackSet on which somebody else's operation is going on for two looks."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.refused = 0

    def get_paginator(self, _: str) -> Any:
        if self.code == "AccessDenied":
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "ListStackInstances")
        return type("Pages", (), {"paginate": lambda *_, **__: [{"Summaries": []}]})()

    def create_stack_instances(self, **_: Any) -> Any:
        if self.refused < 2:
            self.refused += 1
            raise ClientError({"Error": {"Code": self.code, "Message": "busy"}}, "CreateStackInstances")
        return {"OperationId": "op"}

    def describe_stack_set_operation(self, **_: Any) -> Any:
        return {"StackSetOperation": {"Status": "SUCCEEDED"}}


@pytest.mark.parametrize("code", ["OperationInProgressException", "OperationInProgress"])
def test_an_operation_that_is_going_on_is_waited_for(code: str) -> None:
    client = Busy(code)
    assert StackSets(client, Polling(1.0, lambda _: None)).ensure("s", ACCOUNT, UNIT, REGION, {})
    assert client.refused == 2


@pytest.mark.parametrize("code", ["AccessDenied", "ValidationError"])
def test_other_refusals_are_not_waited_for(code: str) -> None:
    with pytest.raises(ClientError, match=code):
        StackSets(Busy(code), Polling(1.0, lambda _: None)).ensure("s", ACCOUNT, UNIT, REGION, {})
