from __future__ import annotations

import json

from unit.localcloud.cloudformation.conftest import GROUP, QUEUE, Place, template, topic


def test_a_stack_is_created_in_the_order_of_its_references(place: Place) -> None:
    body = template(
        {"Arn": {"Value": {"Fn::GetAtt": ["A", "TopicArn"]}, "Export": {"Name": {"Fn::Sub": "${AWS::StackName}-arn"}}}},
        B=topic(DisplayName={"Ref": "A"}),
        A=topic(),
        C={**topic(), "DependsOn": "B"},
    )
    place.create(body, Tags=[{"Key": "team", "Value": "fraud"}])
    stack = place.stack()
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert place.world.calls == [("create", "A"), ("create", "B"), ("create", "C")]
    a = place.client.describe_stack_resource(StackName="s", LogicalResourceId="A")["StackResourceDetail"]
    b = place.client.describe_stack_resource(StackName="s", LogicalResourceId="B")["StackResourceDetail"]
    assert place.world.things[b["PhysicalResourceId"]] == {"DisplayName": a["PhysicalResourceId"]}
    assert stack["Outputs"][0]["ExportName"] == "s-arn"
    assert stack["Outputs"][0]["OutputValue"].endswith(a["PhysicalResourceId"])
    assert dict(place.world.contexts[0].tags) == {"team": "fraud"}
    assert place.client.list_exports()["Exports"][0]["Name"] == "s-arn"


def test_a_failed_creation_is_rolled_back_and_says_why(place: Place) -> None:
    place.world.refuse["create", "B"] = "no such thing"
    place.create(template(A=topic(), B={**topic(), "DependsOn": "A"}))
    stack = place.stack()
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert place.world.things == {}
    assert "no such thing" in place.reasons()
    assert ("s", "ROLLBACK_IN_PROGRESS") in place.events()
    assert "failed to create: [B]" in place.reasons()


def test_on_failure_do_nothing_leaves_what_was_made(place: Place) -> None:
    place.world.refuse["create", "B"] = "no"
    place.create(template(A=topic(), B={**topic(), "DependsOn": "A"}), OnFailure="DO_NOTHING")
    assert place.stack()["StackStatus"] == "CREATE_FAILED"
    assert len(place.world.things) == 1
    place.world.refuse.clear()
    place.update(template(A=topic(), B={**topic(), "DependsOn": "A"}))
    assert place.stack()["StackStatus"] == "UPDATE_COMPLETE"
    assert len(place.world.things) == 2


def test_on_failure_delete_leaves_no_stack(place: Place, caught) -> None:
    place.world.refuse["create", "A"] = "no"
    stack_id = place.create(template(A=topic()), OnFailure="DELETE")
    assert place.stack(stack_id)["StackStatus"] == "DELETE_COMPLETE"
    assert "does not exist" in caught(place.stack)


def test_unknown_property_fails_the_stack_and_names_its_path(place: Place) -> None:
    place.create(template(A=topic(Nmae="x", Tags=[{"Key": "k"}])))
    assert place.stack()["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "#: extraneous key [Nmae] is not permitted" in place.reasons()
    assert "#/Tags/0: required key [Value] not found" in place.reasons()
    assert place.world.calls == []


def test_a_property_that_is_neither_handled_nor_ignored_fails_the_stack(place: Place) -> None:
    place.create(template(A=topic(KmsMasterKeyId="alias/x")))
    assert place.stack()["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "does not support the properties KmsMasterKeyId of AWS::SNS::Topic" in place.reasons()
    place.create(template(A={"Type": GROUP, "Properties": {"LogGroupClass": "STANDARD"}}), "ignored")
    assert place.stack("ignored")["StackStatus"] == "CREATE_COMPLETE"


def test_types_that_do_not_exist_on_aws_or_here_are_refused_before_anything(place: Place, caught) -> None:
    message = caught(lambda: place.create(template(A={"Type": "AWS::SNS::Topics"})))
    assert "Unrecognized resource types: [AWS::SNS::Topics]" in message
    message = caught(lambda: place.create(template(A={"Type": "AWS::Redshift::Cluster"})))
    assert "UnsupportedByLocalCloud" in message
    assert "AWS::Redshift::Cluster" in message
    assert place.client.list_stacks()["StackSummaries"] == []


def test_text_becomes_the_type_of_the_schema(place: Place) -> None:
    place.create(template(A={"Type": GROUP, "Properties": {"RetentionInDays": "30"}}))
    assert next(iter(place.world.things.values())) == {"RetentionInDays": 30}


def test_an_update_changes_in_place_replaces_creates_and_removes(place: Place) -> None:
    before = template(
        A=topic(DisplayName="one"), B=topic(TopicName="old"), C=topic(TopicName="gone"), D=topic(TopicName="same")
    )
    place.create(before)
    place.world.calls.clear()
    after = template(
        A=topic(DisplayName="two"), B=topic(TopicName="new"), D=topic(TopicName="same"), E=topic(TopicName="e")
    )
    place.update(after)
    assert place.stack()["StackStatus"] == "UPDATE_COMPLETE"
    assert sorted(place.world.calls) == [
        ("create", "B"),
        ("create", "E"),
        ("delete", "B"),
        ("delete", "C"),
        ("update", "A"),
    ]
    assert [verb for verb, _ in place.world.calls][-2:] == ["delete", "delete"]
    assert {"new", "same", "e"} < set(place.world.things)
    assert "old" not in place.world.things
    assert "gone" not in place.world.things
    listed = place.client.list_stack_resources(StackName="s")["StackResourceSummaries"]
    assert sorted(item["LogicalResourceId"] for item in listed) == ["A", "B", "D", "E"]
    assert ("s", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS") in place.events()


def test_a_failed_update_restores_everything(place: Place) -> None:
    before = template(A=topic(DisplayName="one"), B=topic(TopicName="old"), C=topic(TopicName="stays"))
    place.create(before, Tags=[{"Key": "k", "Value": "v"}])
    things = json.loads(json.dumps(place.world.things))
    place.world.refuse["create", "Z"] = "no room"
    last = {"Type": QUEUE, "DependsOn": ["A", "B", "N"]}
    place.update(template(A=topic(DisplayName="two"), B=topic(TopicName="new"), N=topic(TopicName="n"), Z=last))
    stack = place.stack()
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert place.world.things == things
    assert "no room" in place.reasons()
    listed = place.client.list_stack_resources(StackName="s")["StackResourceSummaries"]
    assert sorted(item["LogicalResourceId"] for item in listed) == ["A", "B", "C"]
    assert json.loads(json.dumps(place.client.get_template(StackName="s")["TemplateBody"])) == before
    place.world.refuse.clear()
    place.update(template(A=topic(DisplayName="three"), B=topic(TopicName="old")))
    assert place.stack()["StackStatus"] == "UPDATE_COMPLETE"


def test_a_rollback_that_fails_can_be_continued(place: Place) -> None:
    place.create(template(A=topic(DisplayName="one"), B=topic()))
    gate = place.world.refuse
    gate["create", "Z"] = "no room"
    original = place.world.step

    def step(verb: str, context) -> None:
        original(verb, context)
        if verb == "update" and context.logical_id == "A":
            gate["update", "A"] = "stuck"

    place.world.step = step
    place.update(template(A=topic(DisplayName="two"), B=topic(), Z={"Type": QUEUE, "DependsOn": "A"}))
    assert place.stack()["StackStatus"] == "UPDATE_ROLLBACK_FAILED"
    place.client.continue_update_rollback(StackName="s", ResourcesToSkip=["A"])
    place.settle()
    assert place.stack()["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"


def test_disabled_rollback_keeps_a_failed_update_and_a_later_one_rolls_back_to_before_it(place: Place) -> None:
    place.create(template(A=topic(DisplayName="one")))
    place.world.refuse["create", "Z"] = "no"
    failing = template(A=topic(DisplayName="two"), Z={"Type": QUEUE, "DependsOn": "A"})
    place.update(failing, DisableRollback=True)
    assert place.stack()["StackStatus"] == "UPDATE_FAILED"
    assert [thing.get("DisplayName") for thing in place.world.things.values()] == ["two"]
    place.update(failing)
    assert place.stack()["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert [thing.get("DisplayName") for thing in place.world.things.values()] == ["one"]


def test_an_update_without_changes_is_refused(place: Place, caught) -> None:
    place.create(template(A=topic()))
    assert "No updates are to be performed." in caught(lambda: place.update(template(A=topic())))
    assert "No updates" not in place.reasons()


def test_an_update_of_the_type_is_refused(place: Place, caught) -> None:
    place.create(template(A=topic()))
    assert "Update of resource type is not permitted" in caught(lambda: place.update(template(A={"Type": QUEUE})))


def test_new_stack_tags_reach_the_resources(place: Place) -> None:
    place.create(template(A=topic()), Tags=[{"Key": "k", "Value": "1"}])
    place.update(template(A=topic()), Tags=[{"Key": "k", "Value": "2"}])
    context = place.world.contexts[-1]
    assert (dict(context.previous_tags), dict(context.tags)) == ({"k": "1"}, {"k": "2"})


def test_a_delete_takes_things_away_backwards(place: Place, caught) -> None:
    stack_id = place.create(template(A=topic(), B=topic(DisplayName={"Ref": "A"})))
    place.world.calls.clear()
    place.delete()
    assert place.world.calls == [("delete", "B"), ("delete", "A")]
    assert place.world.things == {}
    assert place.stack(stack_id)["StackStatus"] == "DELETE_COMPLETE"
    assert "does not exist" in caught(place.stack)
    place.delete()
    place.create(template(A=topic()))
    assert place.stack()["StackStatus"] == "CREATE_COMPLETE"


def test_a_delete_that_fails_can_retain_or_be_forced(place: Place, caught) -> None:
    place.create(template(A=topic(TopicName="a"), B=topic(DisplayName={"Ref": "A"})))
    assert "DELETE_FAILED" in caught(lambda: place.delete(RetainResources=["A"]))
    place.world.refuse["delete", "A"] = "in use"
    stack_id = place.create(template(A=topic(TopicName="x")), "other")
    place.delete()
    assert place.stack()["StackStatus"] == "DELETE_FAILED"
    assert "failed to delete: [A]" in place.stack()["StackStatusReason"]
    place.delete(RetainResources=["A"])
    assert "a" in place.world.things
    place.delete("other")
    place.delete("other", DeletionMode="FORCE_DELETE_STACK")
    assert place.stack(stack_id)["StackStatus"] == "DELETE_COMPLETE"


def test_policies_retain(place: Place) -> None:
    kept = {**topic(TopicName="kept"), "DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
    place.create(template(A=kept, B=topic()))
    renamed = {**topic(TopicName="renamed"), "DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
    place.update(template(A=renamed, B=topic()))
    assert {"kept", "renamed"} < set(place.world.things)
    place.delete()
    assert set(place.world.things) == {"kept", "renamed"}


def test_what_a_stack_lets_go_of_is_still_named_in_its_events(place: Place) -> None:
    stack_id = place.create(template(A={**topic(), "DeletionPolicy": "Retain"}))
    physical = place.client.describe_stack_resource(StackName="s", LogicalResourceId="A")["StackResourceDetail"]
    place.delete()
    events = place.client.describe_stack_events(StackName=stack_id)["StackEvents"]
    (skipped,) = [event for event in events if event["ResourceStatus"] == "DELETE_SKIPPED"]
    assert skipped["ResourceType"] == physical["ResourceType"]
    assert skipped["PhysicalResourceId"] == physical["PhysicalResourceId"]


def test_retain_except_on_create_is_deleted_when_the_creation_fails(place: Place) -> None:
    place.world.refuse["create", "Z"] = "no"
    policies = {"A": "Retain", "B": "RetainExceptOnCreate"}
    resources = {name: {**topic(TopicName=name), "DeletionPolicy": policy} for name, policy in policies.items()}
    place.create(template(**resources, Z={"Type": QUEUE, "DependsOn": ["A", "B"]}))
    assert place.stack()["StackStatus"] == "ROLLBACK_COMPLETE"
    assert set(place.world.things) == {"A"}


def test_termination_protection(place: Place, caught) -> None:
    place.create(template(A=topic()), EnableTerminationProtection=True)
    assert "TerminationProtection is enabled" in caught(place.delete)
    place.client.update_termination_protection(StackName="s", EnableTerminationProtection=False)
    place.delete()
    assert place.world.things == {}


def test_an_export_in_use_cannot_go(place: Place) -> None:
    outputs = {"O": {"Value": {"Ref": "A"}, "Export": {"Name": "shared"}}}
    place.create(template(outputs, A=topic(TopicName="one")))
    place.create(template(B=topic(DisplayName={"Fn::ImportValue": "shared"})), "user")
    assert place.world.things[next(name for name in place.world.things if name != "one")] == {"DisplayName": "one"}
    assert place.client.list_imports(ExportName="shared")["Imports"] == ["user"]
    place.delete()
    assert place.stack()["StackStatus"] == "DELETE_FAILED"
    assert "in use by user" in place.stack()["StackStatusReason"]
    place.create(template(outputs, A=topic()), "rival")
    assert place.stack("rival")["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "already exported by stack s" in place.reasons("rival")
    place.delete("user")
    place.delete()
    assert place.client.list_exports()["Exports"] == []


def test_removing_an_export_in_use_rolls_the_update_back(place: Place) -> None:
    outputs = {"O": {"Value": {"Ref": "A"}, "Export": {"Name": "shared"}}}
    place.create(template(outputs, A=topic()))
    place.create(template(B=topic(DisplayName={"Fn::ImportValue": "shared"})), "user")
    place.update(template({"O": {"Value": {"Ref": "A"}}}, A=topic()))
    assert place.stack()["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "cannot be deleted as it is in use by user" in place.reasons()
    assert place.stack()["Outputs"][0]["ExportName"] == "shared"


def test_one_operation_at_a_time_and_tokens_are_idempotent(place: Place, caught) -> None:
    import threading

    place.world.hold["create", "A"] = threading.Event()
    place.world.reached["create", "A"] = threading.Event()
    body = template(A=topic())
    stack_id = place.create(body, wait=False, ClientRequestToken="t1")
    assert place.world.reached["create", "A"].wait(20)
    assert place.create(body, wait=False, ClientRequestToken="t1") == stack_id
    assert "AlreadyExistsException" in caught(lambda: place.create(body, wait=False))
    assert "CREATE_IN_PROGRESS state and can not be updated" in caught(
        lambda: place.update(template(A=topic(DisplayName="x")))
    )
    assert "can not be deleted" in caught(place.delete)
    place.world.hold["create", "A"].set()
    place.settle()
    place.update(template(A=topic(DisplayName="x")), ClientRequestToken="t2")
    place.update(template(A=topic(DisplayName="x")), ClientRequestToken="t2")
    assert "TokenAlreadyExistsException" in caught(
        lambda: place.update(template(A=topic(DisplayName="y")), ClientRequestToken="t1")
    )


def test_independent_resources_are_made_at_the_same_time(place: Place) -> None:
    import threading

    names = ["A", "B", "C"]
    barrier = threading.Barrier(len(names))
    original = place.world.step

    def step(verb: str, context) -> None:
        original(verb, context)
        barrier.wait(20)

    place.world.step = step
    place.create(template(**{name: topic() for name in names}))
    assert place.stack()["StackStatus"] == "CREATE_COMPLETE"


def test_what_is_not_done_is_refused(place: Place, caught) -> None:
    body = json.dumps(template(A=topic()))
    for more in (
        {"StackPolicyBody": "{}"},
        {"NotificationARNs": ["arn:aws:sns:us-east-1:111111111111:t"]},
        {"TimeoutInMinutes": 5},
        {"RollbackConfiguration": {"RollbackTriggers": [{"Arn": "a", "Type": "AWS::CloudWatch::Alarm"}]}},
    ):
        message = caught(lambda more=more: place.client.create_stack(StackName="s", TemplateBody=body, **more))
        assert "UnsupportedByLocalCloud" in message
    assert "UnsupportedByLocalCloud" in caught(lambda: place.client.cancel_update_stack(StackName="s"))


def test_iam_resources_need_a_capability(place: Place, caught) -> None:
    role = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}}}
    from unit.localcloud.cloudformation.conftest import FakeType

    place.types["AWS::IAM::Role"] = FakeType(
        place.world, "AWS::IAM::Role", frozenset({"AssumeRolePolicyDocument", "RoleName"}), "RoleName"
    )
    assert "CAPABILITY_IAM" in caught(lambda: place.create(template(A=role)))
    role["Properties"]["RoleName"] = "r"
    message = caught(lambda: place.create(template(A=role), Capabilities=["CAPABILITY_IAM"]))
    assert "Requires capabilities : [CAPABILITY_NAMED_IAM]" in message
    place.create(template(A=role), Capabilities=["CAPABILITY_NAMED_IAM"])
    assert place.stack()["StackStatus"] == "CREATE_COMPLETE"


def test_hidden_parameters_stay_hidden(place: Place) -> None:
    body = template(A=topic(DisplayName={"Fn::Sub": "x-${P}"}))
    body["Parameters"] = {"P": {"Type": "String", "NoEcho": True}}
    place.create(body, Parameters=[{"ParameterKey": "P", "ParameterValue": "s3cret"}])
    assert next(iter(place.world.things.values())) == {"DisplayName": "x-s3cret"}
    assert place.stack()["Parameters"] == [{"ParameterKey": "P", "ParameterValue": "****"}]
    assert "s3cret" not in json.dumps(place.client.describe_stack_events(StackName="s"), default=str)
