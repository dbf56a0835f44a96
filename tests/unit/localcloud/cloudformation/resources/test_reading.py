"""Drift of resource types that can be read: in sync as created, modified by hand, deleted."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from headgate.localcloud.seams import Json
from unit.localcloud.cloudformation.resources.bench import Bench

pytestmark = pytest.mark.slow  # a daemon of their own

ALLOW: Json = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
WIDER = json.dumps({**ALLOW, "Statement": [{**ALLOW["Statement"][0], "Action": "s3:*"}]})
TRUST: Json = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
IN_SYNC = {"status": "IN_SYNC", "paths": []}
DELETED = {"status": "DELETED", "paths": []}

Break = Callable[[Bench, Any], object]


def modified(*paths: str) -> Json:
    return {"status": "MODIFIED", "paths": list(paths)}


def key_policy(bench: Bench, action: str = "kms:*") -> Json:
    root = {"AWS": f"arn:aws:iam::{bench.account}:root"}
    statement = {"Effect": "Allow", "Principal": root, "Action": action, "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def open_to(bench: Bench, action: str) -> Json:
    mine = {"AWS": f"arn:aws:iam::{bench.account}:root"}
    statement = {"Effect": "Allow", "Principal": mine, "Action": action, "Resource": "arn:aws:s3:::read-8/*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (lambda iam: iam.update_assume_role_policy(RoleName="r", PolicyDocument=json.dumps({**TRUST, "Id": "x"})),
         "/AssumeRolePolicyDocument/Id"),
        (lambda iam: iam.put_role_policy(RoleName="r", PolicyName="read", PolicyDocument=WIDER),
         "/Policies/0/PolicyDocument/Statement/0/Action"),
        (lambda iam: iam.put_role_policy(RoleName="r", PolicyName="more", PolicyDocument=WIDER), "/Policies"),
        (lambda iam: iam.delete_role_permissions_boundary(RoleName="r"), "/PermissionsBoundary"),
        (lambda iam: iam.detach_role_policy(RoleName="r", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess"),
         "/ManagedPolicyArns"),
        (lambda iam: iam.update_role(RoleName="r", Description="mine now"), "/Description"),
        (lambda iam: iam.tag_role(RoleName="r", Tags=[{"Key": "own", "Value": "changed"}]), "/Tags/0/Value"),
    ],
)  # fmt: skip
def test_a_roles_drift(bench: Bench, change: Callable[[Any], object], path: str) -> None:
    wanted = {
        "RoleName": "r",
        "AssumeRolePolicyDocument": TRUST,
        "Description": "reads",
        "PermissionsBoundary": "arn:aws:iam::aws:policy/PowerUserAccess",
        "ManagedPolicyArns": ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
        "Policies": [{"PolicyName": "read", "PolicyDocument": ALLOW}],
        "Tags": [{"Key": "own", "Value": "yes"}],
    }
    role = bench.create("AWS::IAM::Role", wanted)
    assert bench.drift("AWS::IAM::Role", role, wanted) == IN_SYNC
    change(bench.client("iam"))
    assert bench.drift("AWS::IAM::Role", role, wanted) == modified(path)
    bench.delete("AWS::IAM::Role", role, wanted)
    assert bench.drift("AWS::IAM::Role", role, wanted) == DELETED


def test_a_managed_policys_drift_is_its_default_version_and_its_holders(bench: Bench) -> None:
    iam = bench.client("iam")
    for name in ("one", "two"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
    wanted = {"ManagedPolicyName": "read", "PolicyDocument": ALLOW, "Roles": ["two", "one"]}
    policy = bench.create("AWS::IAM::ManagedPolicy", wanted)
    assert bench.drift("AWS::IAM::ManagedPolicy", policy, wanted) == IN_SYNC
    iam.create_policy_version(PolicyArn=policy.id, PolicyDocument=WIDER, SetAsDefault=True)
    iam.detach_role_policy(RoleName="one", PolicyArn=policy.id)
    found = bench.drift("AWS::IAM::ManagedPolicy", policy, wanted)
    assert found == modified("/PolicyDocument/Statement/0/Action", "/Roles")
    bench.delete("AWS::IAM::ManagedPolicy", policy, wanted)
    assert bench.drift("AWS::IAM::ManagedPolicy", policy, wanted) == DELETED


def test_a_parameters_drift_is_its_value(bench: Bench) -> None:
    wanted = {"Name": "/read/me", "Type": "String", "Value": "one"}
    parameter = bench.create("AWS::SSM::Parameter", wanted)
    assert bench.drift("AWS::SSM::Parameter", parameter, wanted) == IN_SYNC
    bench.client("ssm").put_parameter(Name="/read/me", Value="two", Overwrite=True)
    assert bench.drift("AWS::SSM::Parameter", parameter, wanted) == modified("/Value")
    bench.client("ssm").delete_parameter(Name="/read/me")
    assert bench.drift("AWS::SSM::Parameter", parameter, wanted) == DELETED


def test_a_bucket_policys_drift(bench: Bench) -> None:
    s3 = bench.client("s3")
    s3.create_bucket(Bucket="read-8", CreateBucketConfiguration={"LocationConstraint": bench.region})
    wanted = {"Bucket": "read-8", "PolicyDocument": open_to(bench, "s3:GetObject")}
    policy = bench.create("AWS::S3::BucketPolicy", wanted)
    assert bench.drift("AWS::S3::BucketPolicy", policy, wanted) == IN_SYNC
    s3.put_bucket_policy(Bucket="read-8", Policy=json.dumps(open_to(bench, "s3:PutObject")))
    assert bench.drift("AWS::S3::BucketPolicy", policy, wanted) == modified("/PolicyDocument/Statement/0/Action")
    s3.delete_bucket_policy(Bucket="read-8")
    assert bench.drift("AWS::S3::BucketPolicy", policy, wanted) == DELETED


def test_a_keys_drift_is_its_policy_and_its_state_and_one_that_is_to_be_deleted_is_gone(bench: Bench) -> None:
    kms = bench.client("kms")
    wanted = {"KeyPolicy": key_policy(bench), "EnableKeyRotation": True, "Description": "a key"}
    key = bench.create("AWS::KMS::Key", wanted)
    assert bench.drift("AWS::KMS::Key", key, wanted) == IN_SYNC
    kms.disable_key_rotation(KeyId=key.id)
    kms.put_key_policy(KeyId=key.id, PolicyName="default", Policy=json.dumps(key_policy(bench, "kms:Decrypt")))
    found = bench.drift("AWS::KMS::Key", key, wanted)
    assert found == modified("/EnableKeyRotation", "/KeyPolicy/Statement/0/Action")
    bench.delete("AWS::KMS::Key", key, wanted)
    assert bench.drift("AWS::KMS::Key", key, wanted) == DELETED


def test_a_guardrails_drift_is_its_content_and_where_it_is_attached(bench: Bench) -> None:
    organizations = bench.client("organizations")
    organizations.create_organization(FeatureSet="ALL")
    (root,) = organizations.list_roots()["Roots"]
    organizations.enable_policy_type(RootId=root["Id"], PolicyType="SERVICE_CONTROL_POLICY")
    deny = {**ALLOW, "Statement": [{**ALLOW["Statement"][0], "Effect": "Deny"}]}
    kind = "SERVICE_CONTROL_POLICY"
    wanted = {"Name": "g", "Description": "d", "Type": kind, "Content": deny, "TargetIds": [root["Id"]]}
    policy = bench.create("AWS::Organizations::Policy", wanted)
    assert bench.drift("AWS::Organizations::Policy", policy, wanted) == IN_SYNC
    organizations.update_policy(PolicyId=policy.id, Content=WIDER.replace("Allow", "Deny"))
    organizations.detach_policy(PolicyId=policy.id, TargetId=root["Id"])
    found = bench.drift("AWS::Organizations::Policy", policy, wanted)
    assert found == modified("/Content/Statement/0/Action", "/TargetIds")
    bench.delete("AWS::Organizations::Policy", policy, wanted)
    assert bench.drift("AWS::Organizations::Policy", policy, wanted) == DELETED


def test_a_rules_drift_is_its_pattern_its_state_and_its_targets(bench: Bench) -> None:
    events = bench.client("events")
    queue = f"arn:aws:sqs:{bench.region}:{bench.account}:q"
    wanted = {
        "Name": "rule",
        "EventPattern": {"source": ["mine"]},
        "State": "ENABLED",
        "Targets": [{"Id": "b", "Arn": queue}, {"Id": "a", "Arn": queue, "Input": "{}"}],
    }
    rule = bench.create("AWS::Events::Rule", wanted)
    assert bench.drift("AWS::Events::Rule", rule, wanted) == IN_SYNC
    events.put_rule(Name="rule", EventPattern='{"source": ["theirs"]}', State="DISABLED")
    events.remove_targets(Rule="rule", Ids=["a"])
    found = bench.drift("AWS::Events::Rule", rule, wanted)
    assert found == modified("/EventPattern/source/0", "/State", "/Targets")
    bench.delete("AWS::Events::Rule", rule, wanted)
    assert bench.drift("AWS::Events::Rule", rule, wanted) == DELETED


def test_a_document_that_the_template_gives_as_text_is_compared_by_what_it_says(bench: Bench) -> None:
    wanted = {"ManagedPolicyName": "text", "PolicyDocument": json.dumps(ALLOW, indent=4)}
    policy = bench.create("AWS::IAM::ManagedPolicy", wanted)
    assert bench.drift("AWS::IAM::ManagedPolicy", policy, wanted) == IN_SYNC
    bench.client("iam").create_policy_version(PolicyArn=policy.id, PolicyDocument=WIDER, SetAsDefault=True)
    assert bench.drift("AWS::IAM::ManagedPolicy", policy, wanted) == modified("/PolicyDocument")
