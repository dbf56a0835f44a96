"""Stacks by change sets, against the local cloud's own CloudFormation."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from headgate.deploy.polling import Polling
from headgate.deploy.stacks import ResourceChange, StackEvent, StackRequest, Stacks
from headgate.errors import FailedError
from unit.localcloud.cloudformation.conftest import QUEUE, TOPIC, Place, template, topic


def stacks(place: Place, events: list[StackEvent] | None = None) -> Stacks:
    """Each pause lasts until CloudFormation has nothing more to do."""
    listen = (lambda _: None) if events is None else events.append
    return Stacks(place.client, Polling(1.0, lambda _: place.settle()), listen)


def request(body: Mapping[str, Any], **more: Any) -> StackRequest:
    return StackRequest("governance", template_body=json.dumps(body), **more)


ONE = template({"Name": {"Value": {"Ref": "A"}}}, A=topic(TopicName="a"))
TWO = template(A=topic(TopicName="a"), B={**topic(TopicName="b"), "DependsOn": "A"})


def deploy(place: Place, body: Mapping[str, Any]) -> Mapping[str, str]:
    made = stacks(place)
    return made.execute(made.prepare(request(body)))


def test_a_stack_is_planned_and_then_created_with_protection(place: Place) -> None:
    events: list[StackEvent] = []
    made = stacks(place, events)
    plan = made.prepare(request(ONE, tags={"headgate:organization": "example"}))
    assert (plan.kind, plan.changes) == ("create", (ResourceChange("Add", "A", TOPIC),))
    assert place.world.things == {}, "planning makes nothing"
    assert made.execute(plan) == {"Name": "a"}
    assert [(event.logical_id, event.status) for event in events if event.logical_id == "A"] == [
        ("A", "CREATE_IN_PROGRESS"),
        ("A", "CREATE_COMPLETE"),
    ]
    assert place.stack("governance")["EnableTerminationProtection"]
    assert place.stack("governance")["Tags"] == [{"Key": "headgate:organization", "Value": "example"}]


def test_what_is_as_it_should_be_is_no_change_and_leaves_no_change_set(place: Place) -> None:
    deploy(place, ONE)
    made = stacks(place)
    plan = made.prepare(request(ONE))
    assert (plan.kind, plan.change_set) == ("none", None)
    assert place.client.list_change_sets(StackName="governance")["Summaries"] == []
    assert made.execute(plan) == {"Name": "a"}


def test_an_update_says_what_is_lost(place: Place) -> None:
    deploy(place, TWO)
    plan = stacks(place).prepare(request(template(A=topic(TopicName="other"), C={"Type": QUEUE})))
    lost = {change.logical_id: change.action for change in plan.changes if change.loses_something}
    assert (plan.kind, lost) == ("update", {"A": "Modify", "B": "Remove"}), "A is replaced: its name is what it is"


def test_a_plan_that_is_declined_leaves_nothing(place: Place) -> None:
    made = stacks(place)
    made.discard(made.prepare(request(ONE)))
    place.settle()
    assert made.parameters("governance") is None
    deploy(place, ONE)
    made.discard(made.prepare(request(TWO)))
    made.discard(made.prepare(request(ONE)))
    assert place.client.list_change_sets(StackName="governance")["Summaries"] == []
    assert list(place.world.things) == ["a"]


def test_what_an_interrupted_deployment_planned_is_planned_again(place: Place) -> None:
    stacks(place).prepare(request(TWO))
    assert place.stack("governance")["StackStatus"] == "REVIEW_IN_PROGRESS"
    assert deploy(place, ONE) == {"Name": "a"}
    stacks(place).prepare(request(TWO))
    deploy(place, TWO)
    assert sorted(place.world.things) == ["a", "b"]


def test_a_failed_creation_says_the_first_reason_and_can_be_repeated(place: Place) -> None:
    place.world.refuse["create", "B"] = "there are too many topics"
    made = stacks(place)
    with pytest.raises(FailedError, match=r"stack 'governance' failed at B \(AWS::SNS::Topic\): .*too many") as raised:
        made.execute(made.prepare(request(TWO)))
    assert raised.value.expected == "the stack is as it was before (ROLLBACK_COMPLETE)"
    place.world.refuse.clear()
    deploy(place, TWO)
    assert place.stack("governance")["StackStatus"] == "CREATE_COMPLETE"


def test_a_failed_update_leaves_the_stack_as_it_was(place: Place) -> None:
    deploy(place, ONE)
    place.world.refuse["create", "B"] = "no"
    with pytest.raises(FailedError, match="failed at B") as raised:
        deploy(place, TWO)
    assert "UPDATE_ROLLBACK_COMPLETE" in (raised.value.expected or "")
    place.world.refuse.clear()
    deploy(place, TWO)
    assert sorted(place.world.things) == ["a", "b"]


def test_somebody_elses_deployment_is_waited_for(place: Place) -> None:
    held = place.world.hold["create", "A"] = threading.Event()
    first = stacks(place).prepare(request(ONE))
    place.client.execute_change_set(ChangeSetName=first.change_set)
    told: list[StackEvent] = []

    def pause(_: float) -> None:
        held.set()
        place.settle()

    plan = Stacks(place.client, Polling(1.0, pause), told.append).prepare(request(TWO))
    assert told[0] == StackEvent(
        "governance", "governance", "AWS::CloudFormation::Stack", "CREATE_IN_PROGRESS", "waiting for it to end"
    )
    assert plan.kind == "update"


def test_a_template_that_is_refused_says_why(place: Place) -> None:
    with pytest.raises((FailedError, ClientError), match="AWS::SNS::Topics"):
        stacks(place).prepare(request(template(A={"Type": "AWS::SNS::Topics"})))


def test_parameters_are_those_of_the_last_deployment(place: Place) -> None:
    body = {"Parameters": {"Team": {"Type": "String"}}, **ONE}
    made = stacks(place)
    assert made.parameters("governance") is None
    made.execute(made.prepare(request(body, parameters={"Team": "churn"})), protect=False)
    assert made.parameters("governance") == {"Team": "churn"}
    assert not place.stack("governance")["EnableTerminationProtection"]
    with pytest.raises(FailedError, match="there is no stack 'other'"):
        made.outputs("other")


class Scripted:
    """CloudFormation that answers as it is told: the statuses of a stack, one for each look."""

    def __init__(self, *statuses: str, refuse: str = "") -> None:
        self.statuses = list(statuses)
        self.refuse = refuse
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def describe_stacks(self, **_: Any) -> Any:
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        if status == "GONE":
            raise self.error("ValidationError", "Stack with id s does not exist", "DescribeStacks")
        return {"Stacks": [{"StackStatus": status}]}

    def describe_change_set(self, **_: Any) -> Any:
        resource = {"Action": "Add", "LogicalResourceId": "A", "ResourceType": TOPIC}
        pages = [call for call in self.calls if call[0] == "page"]
        self.calls.append(("page", {}))
        more = {"NextToken": "2"} if len(pages) == 1 else {}
        return {"Status": "CREATE_COMPLETE", "Changes": [{"ResourceChange": resource}], **more}

    def __getattr__(self, name: str) -> Any:
        def call(**arguments: Any) -> Any:
            self.calls.append((name, arguments))
            if name == self.refuse:
                raise self.error("ChangeSetNotFound", "ChangeSet [x] does not exist", name)
            return {"Id": "arn:change-set", "StackEvents": []}

        return call

    @staticmethod
    def error(code: str, message: str, operation: str) -> ClientError:
        return ClientError({"Error": {"Code": code, "Message": message}}, operation)

    def called(self, name: str) -> list[dict[str, Any]]:
        return [arguments for each, arguments in self.calls if each == name]


def scripted(client: Scripted) -> Stacks:
    return Stacks(client, Polling(1.0, lambda _: None))


def test_a_rollback_that_failed_is_continued() -> None:
    client = Scripted("UPDATE_ROLLBACK_FAILED", "UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE")
    assert scripted(client).prepare(StackRequest("s", template_body="{}")).kind == "update"
    assert client.called("continue_update_rollback") == [{"StackName": "s"}]


def test_a_stack_that_never_worked_is_removed_first() -> None:
    client = Scripted("ROLLBACK_COMPLETE", "DELETE_IN_PROGRESS", "GONE")
    assert scripted(client).prepare(StackRequest("s", template_body="{}")).kind == "create"
    assert client.called("update_termination_protection") == [{"StackName": "s", "EnableTerminationProtection": False}]
    assert client.called("delete_stack") == [{"StackName": "s"}]


def test_a_stack_in_a_state_that_nothing_helps_against_is_said() -> None:
    with pytest.raises(FailedError, match="stack 's' is IMPORT_ROLLBACK_FAILED, and cannot be changed from there"):
        scripted(Scripted("IMPORT_ROLLBACK_FAILED")).prepare(StackRequest("s", template_body="{}"))


def test_large_templates_come_from_s3_and_as_a_role_and_all_pages_are_read() -> None:
    client = Scripted("GONE")
    asked = StackRequest("s", template_url="https://bucket.s3/key", role_arn="arn:role")
    plan = scripted(client).prepare(asked)
    (created,) = client.called("create_change_set")
    assert (created["TemplateURL"], created["RoleARN"]) == ("https://bucket.s3/key", "arn:role")
    assert "TemplateBody" not in created
    assert len(plan.changes) == 2


@pytest.mark.parametrize("refuse", ["create_change_set", "execute_change_set"])
def test_two_that_deploy_the_same_stack_are_told(refuse: str) -> None:
    made = scripted(Scripted("CREATE_COMPLETE", refuse=refuse))
    with pytest.raises(FailedError, match="somebody else is changing stack 's' just now") as raised:
        made.execute(made.prepare(StackRequest("s", template_body="{}")))
    assert raised.value.next_command == "headgate accounts plan"


def test_a_stack_that_does_not_end_is_given_up() -> None:
    with pytest.raises(FailedError, match="stack 's' has not come to an end in 60 minutes"):
        Stacks(Scripted("CREATE_IN_PROGRESS"), Polling(600.0, lambda _: None)).prepare(
            StackRequest("s", template_body="{}")
        )
