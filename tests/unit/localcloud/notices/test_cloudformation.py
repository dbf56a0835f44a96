"""Events of stacks, their resources and StackSets."""

from __future__ import annotations

from headgate.localcloud.seams import Json
from unit.localcloud.notices.conftest import Bench, arn

STACK = arn("stack/net/1", "cloudformation")
SET = "guard:0f3c"


def event(**members: str) -> Json:
    return {"StackId": STACK, "ResourceType": "AWS::S3::Bucket", "ResourceStatus": "CREATE_COMPLETE", **members}


def test_a_stack_event_is_of_the_stack_or_of_a_resource(bench: Bench) -> None:
    of_stack = event(
        ResourceType="AWS::CloudFormation::Stack",
        LogicalResourceId="net",
        PhysicalResourceId=STACK,
        ResourceStatusReason="done",
        ClientRequestToken="t",
    )
    (told,) = bench.put("cfn-event", f"{STACK}/1", of_stack)
    assert (told.source, told.detail_type) == ("aws.cloudformation", "CloudFormation Stack Status Change")
    assert told.detail == {
        "stack-id": STACK,
        "status-details": {"status": "CREATE_COMPLETE", "status-reason": "done"},
        "client-request-token": "t",
    }
    of_resource = event(LogicalResourceId="Data", PhysicalResourceId="data")
    (told,) = bench.put("cfn-event", f"{STACK}/2", of_resource)
    assert told.detail_type == "CloudFormation Resource Status Change"
    assert told.detail["logical-resource-id"] == "Data"
    assert told.detail["resource-type"] == "AWS::S3::Bucket"
    assert told.resources == (STACK,)
    assert bench.delete("cfn-event", f"{STACK}/2") == []


def test_a_nested_stack_is_a_resource(bench: Bench) -> None:
    nested = event(
        ResourceType="AWS::CloudFormation::Stack", LogicalResourceId="Inner", PhysicalResourceId=f"{STACK}-inner"
    )
    (told,) = bench.put("cfn-event", f"{STACK}/1", nested)
    assert told.detail_type == "CloudFormation Resource Status Change"


def test_a_stack_set_its_operations_and_instances(bench: Bench) -> None:
    own = arn(f"stackset/{SET}", "cloudformation")
    (made,) = bench.put("cfn-stack-set", SET, {"status": "ACTIVE"})
    assert made.detail == {"stack-set-arn": own, "status-details": {"status": "ACTIVE"}}
    assert bench.put("cfn-stack-set", SET, {"status": "ACTIVE", "description": "x"}) == []
    queued = {"id": "op", "status": "QUEUED", "action": "CREATE"}
    (told,) = bench.put("cfn-stack-set-operation", f"{SET}/op", queued)
    assert told.detail_type == "CloudFormation StackSet Operation Status Change"
    assert told.detail["stack-set-operation-id"] == "op"
    assert bench.put("cfn-stack-set-operation", f"{SET}/op", queued) == []
    instance = {
        "stack_set_id": SET, "stack_id": STACK, "last_operation": "op",
        "status": "OUTDATED", "detailed_status": "PENDING", "reason": "",
    }  # fmt: skip
    (told,) = bench.put("cfn-stack-instance", f"{SET}/{STACK}", instance)
    assert told.detail_type == "CloudFormation StackSet StackInstance Status Change"
    assert told.detail["action"] == "CREATE"
    assert told.detail["status-details"]["detailed-status"] == "PENDING"
    assert bench.put("cfn-stack-instance", f"{SET}/{STACK}", instance) == []
    (told,) = bench.put("cfn-stack-instance", f"{SET}/{STACK}", instance | {"status": "CURRENT"})
    assert told.resources == (own,)
    (gone,) = bench.put("cfn-stack-set", SET, {"status": "DELETED"})
    assert gone.detail_type == "CloudFormation StackSet Status Change"
