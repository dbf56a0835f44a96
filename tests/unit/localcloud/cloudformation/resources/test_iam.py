from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from headgate.localcloud.seams import Json
from unit.localcloud.cloudformation.resources.bench import Bench

pytestmark = pytest.mark.slow  # needs a daemon

ROLE, MANAGED, INLINE = "AWS::IAM::Role", "AWS::IAM::ManagedPolicy", "AWS::IAM::Policy"


def trust(service: str = "lambda.amazonaws.com") -> Json:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def document(*actions: str) -> Json:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}


def tags(found: list[dict[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in found}


def test_a_role_has_all_that_was_asked_for(bench: Bench) -> None:
    boundary = bench.create(MANAGED, {"PolicyDocument": document("s3:*"), "ManagedPolicyName": "boundary"})
    attached = bench.create(MANAGED, {"PolicyDocument": document("s3:GetObject")}, "Attached")
    role = bench.create(
        ROLE,
        {
            "AssumeRolePolicyDocument": trust(),
            "Description": "works",
            "MaxSessionDuration": 7200,
            "Path": "/headgate/",
            "PermissionsBoundary": boundary.id,
            "ManagedPolicyArns": [attached.id],
            "Policies": [{"PolicyName": "inline", "PolicyDocument": document("sqs:*")}],
            "Tags": [{"Key": "headgate:team", "Value": "forecasting"}],
        },
    )
    iam = bench.client("iam")
    found = iam.get_role(RoleName=role.id)["Role"]
    assert role.id.startswith("alpha-Thing-")
    assert role.attributes == {"Arn": found["Arn"], "RoleId": found["RoleId"]}
    assert found["Arn"] == f"arn:aws:iam::{bench.account}:role/headgate/{role.id}"
    assert found["AssumeRolePolicyDocument"] == trust()
    assert (found["Description"], found["MaxSessionDuration"]) == ("works", 7200)
    assert found["PermissionsBoundary"]["PermissionsBoundaryArn"] == boundary.id
    assert tags(iam.list_role_tags(RoleName=role.id)["Tags"]) == {"team": "forecasting", "headgate:team": "forecasting"}
    assert iam.get_role_policy(RoleName=role.id, PolicyName="inline")["PolicyDocument"] == document("sqs:*")
    assert [
        policy["PolicyArn"] for policy in iam.list_attached_role_policies(RoleName=role.id)["AttachedPolicies"]
    ] == [attached.id]


def test_a_role_is_changed_in_place_and_back(bench: Bench) -> None:
    first = bench.create(MANAGED, {"PolicyDocument": document("s3:GetObject")}, "First").id
    second = bench.create(MANAGED, {"PolicyDocument": document("s3:PutObject")}, "Second").id
    old: Json = {
        "AssumeRolePolicyDocument": trust(),
        "PermissionsBoundary": first,
        "ManagedPolicyArns": [first],
        "Policies": [{"PolicyName": "gone", "PolicyDocument": document("sqs:*")}],
        "Tags": [{"Key": "old", "Value": "1"}],
    }
    new: Json = {
        "AssumeRolePolicyDocument": trust("states.amazonaws.com"),
        "Description": "later",
        "MaxSessionDuration": 3600,
        "ManagedPolicyArns": [second],
        "Policies": [{"PolicyName": "new", "PolicyDocument": document("sns:*")}],
        "Tags": [{"Key": "new", "Value": "2"}],
    }
    role = bench.create(ROLE, old)
    assert bench.update(ROLE, role, old, new).id == role.id
    assert state(bench, role.id) == (trust("states.amazonaws.com"), None, [second], ["new"], {"team", "new"})
    bench.update(ROLE, role, new, old)
    assert state(bench, role.id) == (trust(), first, [first], ["gone"], {"team", "old"})


def state(bench: Bench, name: str) -> Any:
    iam = bench.client("iam")
    role = iam.get_role(RoleName=name)["Role"]
    return (
        role["AssumeRolePolicyDocument"],
        role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
        [policy["PolicyArn"] for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]],
        iam.list_role_policies(RoleName=name)["PolicyNames"],
        {tag["Key"] for tag in iam.list_role_tags(RoleName=name)["Tags"]},
    )


def test_a_stack_tag_that_is_dropped_leaves_the_role(bench: Bench) -> None:
    wanted = {"AssumeRolePolicyDocument": trust()}
    role = bench.create(ROLE, wanted)
    bench.update(ROLE, role, wanted, wanted, tags={"cost-centre": "7"})
    assert state(bench, role.id)[-1] == {"cost-centre"}


def test_a_role_goes_with_all_that_was_put_on_it_since(bench: Bench) -> None:
    role = bench.create(ROLE, {"AssumeRolePolicyDocument": trust()})
    iam = bench.client("iam")
    iam.attach_role_policy(RoleName=role.id, PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    iam.put_role_policy(RoleName=role.id, PolicyName="later", PolicyDocument=json.dumps(document("s3:*")))
    bench.delete(ROLE, role, {"AssumeRolePolicyDocument": trust()})
    assert [found["RoleName"] for found in iam.list_roles()["Roles"] if found["RoleName"] == role.id] == []


def test_a_role_that_cannot_be_finished_leaves_nothing_behind(bench: Bench) -> None:
    missing = f"arn:aws:iam::{bench.account}:policy/none"
    with pytest.raises(ClientError, match="none"):
        bench.create(ROLE, {"RoleName": "half", "AssumeRolePolicyDocument": trust(), "ManagedPolicyArns": [missing]})
    with pytest.raises(ClientError, match="NoSuchEntity"):
        bench.client("iam").get_role(RoleName="half")


def test_an_interrupted_role_is_found_by_its_name_and_finished(bench: Bench) -> None:
    wanted = {
        "AssumeRolePolicyDocument": trust(),
        "Policies": [{"PolicyName": "p", "PolicyDocument": document("s3:*")}],
    }
    assert bench.find(ROLE, wanted) is None
    name = bench.context().name(64)
    bench.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")
    found = bench.find(ROLE, wanted)
    assert found is not None
    assert found.id == name
    assert state(bench, name)[0] == trust()
    assert state(bench, name)[3] == ["p"]


def test_a_managed_policy_keeps_its_arn_through_many_updates(bench: Bench) -> None:
    wanted: Json = {"PolicyDocument": document("s3:1"), "Path": "/headgate/", "ManagedPolicyName": "headgate-boundary"}
    policy = bench.create(MANAGED, wanted)
    assert policy.id == f"arn:aws:iam::{bench.account}:policy/headgate/headgate-boundary"
    for number in range(2, 9):
        new = {**wanted, "PolicyDocument": document(f"s3:{number}")}
        policy = bench.update(MANAGED, policy, wanted, new)
        wanted = new
    iam = bench.client("iam")
    version = iam.get_policy(PolicyArn=policy.id)["Policy"]["DefaultVersionId"]
    assert version == "v8" == policy.attributes["DefaultVersionId"]
    found = iam.get_policy_version(PolicyArn=policy.id, VersionId=version)["PolicyVersion"]["Document"]
    assert found == document("s3:8")
    bench.delete(MANAGED, policy, wanted)
    with pytest.raises(ClientError, match="NoSuchEntity"):
        iam.get_policy(PolicyArn=policy.id)


def test_a_managed_policy_is_attached_detached_and_deleted_from_whom_it_names(bench: Bench) -> None:
    iam = bench.client("iam")
    roles = [bench.create(ROLE, {"AssumeRolePolicyDocument": trust()}, f"Role{number}").id for number in range(2)]
    iam.create_user(UserName="robot")
    old: Json = {"PolicyDocument": document("s3:*"), "Roles": [roles[0]], "Users": ["robot"]}
    policy = bench.create(MANAGED, old)
    assert holders(bench, policy.id) == {roles[0], "robot"}
    new = {"PolicyDocument": document("s3:*"), "Roles": [roles[1]]}
    bench.update(MANAGED, policy, old, new)
    assert holders(bench, policy.id) == {roles[1]}
    bench.delete(MANAGED, policy, new)
    assert iam.list_attached_role_policies(RoleName=roles[1])["AttachedPolicies"] == []


def holders(bench: Bench, arn: str) -> set[str]:
    found = bench.client("iam").list_entities_for_policy(PolicyArn=arn)
    return {role["RoleName"] for role in found["PolicyRoles"]} | {user["UserName"] for user in found["PolicyUsers"]}


def test_an_inline_policy_follows_its_document_its_name_and_its_roles(bench: Bench) -> None:
    iam = bench.client("iam")
    roles = [bench.create(ROLE, {"AssumeRolePolicyDocument": trust()}, f"Role{number}").id for number in range(2)]
    old = {"PolicyName": "first", "PolicyDocument": document("s3:*"), "Roles": roles}
    new = {"PolicyName": "second", "PolicyDocument": document("sqs:*"), "Roles": roles[1:]}
    policy = bench.create(INLINE, old)
    assert [iam.list_role_policies(RoleName=role)["PolicyNames"] for role in roles] == [["first"], ["first"]]
    bench.update(INLINE, policy, old, new)
    assert [iam.list_role_policies(RoleName=role)["PolicyNames"] for role in roles] == [[], ["second"]]
    assert iam.get_role_policy(RoleName=roles[1], PolicyName="second")["PolicyDocument"] == document("sqs:*")
    bench.delete(INLINE, policy, new)
    assert iam.list_role_policies(RoleName=roles[1])["PolicyNames"] == []
