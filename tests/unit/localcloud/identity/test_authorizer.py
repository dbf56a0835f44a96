"""Whole requests: who asks, and what every one of them says."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from headgate.localcloud.errors import AwsError
from headgate.localcloud.identity.authorizer import Authorization, Authorizer
from headgate.localcloud.identity.directory import Document, ResourceRecord
from unit.localcloud.identity.directories import (
    FULL,
    ROOT,
    WORKER,
    Directory,
    Noon,
    decide,
    member,
    stored,
)
from unit.localcloud.identity.policies import ACCOUNT, OTHER, ROLE, SESSION, allow, deny, document


def test_a_refusal_is_said_as_aws_says_it() -> None:
    found = decide(Directory(), "s3", "GetObject", Bucket="b", Key="k")
    assert found.message == (
        f"User: {SESSION.arn} is not authorized to perform: s3:GetObject on resource: arn:aws:s3:::b/k "
        "because no identity-based policy allows the s3:GetObject action"
    )
    with pytest.raises(AwsError, match="AccessDenied: User: ") as raised:
        found.require("AccessDenied")
    assert raised.value.status == 403


def test_an_allow_says_nothing_and_raises_nothing() -> None:
    found = decide(Directory((FULL,)), "sqs", "ListQueues")
    assert (found.decision.allowed, found.message, found.owner_account) == (True, "", ACCOUNT)
    found.require()


def test_every_need_has_to_be_allowed_and_the_first_that_is_not_is_told() -> None:
    directory = Directory((stored(allow(["sagemaker:*"])),))
    role = "arn:aws:iam::111122223333:role/strong"
    found = decide(directory, "sagemaker", "CreateModel", ModelName="m", ExecutionRoleArn=role)
    assert found.needed is not None
    assert (found.needed.action, found.needed.resource) == ("iam:PassRole", role)


def test_a_role_is_passed_to_the_service_that_the_policy_names() -> None:
    condition = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
    directory = Directory((stored(allow(["sagemaker:*", "lambda:*"]), allow("iam:PassRole", Condition=condition)),))
    assert decide(directory, "sagemaker", "CreateModel", ModelName="m", ExecutionRoleArn=ROLE).decision.allowed
    assert not decide(directory, "lambda", "CreateFunction", FunctionName="f", Role=ROLE).decision.allowed


def test_what_is_asked_of_callers_is_remembered_until_the_version_changes() -> None:
    directory = Directory((FULL,))
    authorizer = Authorizer(directory, Noon())
    for _ in range(3):
        assert authorizer.authorize("sqs", "ListQueues", {}, WORKER).decision.allowed
    assert directory.asked == 1
    directory.policies, directory.number = (), 2
    assert not authorizer.authorize("sqs", "ListQueues", {}, WORKER).decision.allowed
    authorizer.authorize("sqs", "ListQueues", {}, replace(WORKER, access_key="ASIAANOTHER"))
    assert directory.asked == 3


def test_an_unknown_operation_is_refused_by_name() -> None:
    with pytest.raises(AwsError, match="which IAM actions sagemaker MakeCoffee needs") as raised:
        decide(Directory((FULL,)), "sagemaker", "MakeCoffee")
    assert raised.value.code == "UnsupportedByLocalCloud"


def test_an_unknown_operation_is_the_roots_unless_policies_govern_it() -> None:
    assert decide(Directory(), "sagemaker", "MakeCoffee", ROOT).decision.allowed
    governed = Directory(members={ACCOUNT: member((FULL,))})
    with pytest.raises(AwsError, match="MakeCoffee"):
        decide(governed, "sagemaker", "MakeCoffee", ROOT)


def test_who_one_is_anybody_may_ask() -> None:
    shut = Directory((stored(deny()),), members={ACCOUNT: member((stored(deny()),))})
    found = decide(shut, "sts", "GetCallerIdentity")
    assert (found.decision.allowed, found.decision.layer, found.needed) == (True, "none", None)


def test_levels_of_the_organization_govern_members_and_not_the_management_account() -> None:
    shut = member((FULL,), (FULL, stored(deny("sqs:*"), name="no queues")))
    found = decide(Directory((FULL,), members={ACCOUNT: shut}), "sqs", "ListQueues")
    assert found.message.endswith("with an explicit deny in a service control policy: no queues")
    own = replace(shut, management_account=ACCOUNT)
    assert decide(Directory((FULL,), members={ACCOUNT: own}), "sqs", "ListQueues").decision.allowed
    assert not decide(Directory(members={ACCOUNT: shut}), "sqs", "ListQueues", ROOT).decision.allowed


def test_in_an_organization_nobody_acts_who_does_not_exist() -> None:
    with pytest.raises(AwsError, match="InvalidClientTokenId") as raised:
        decide(Directory(exists=False, members={ACCOUNT: member((FULL,))}), "sqs", "ListQueues")
    assert raised.value.status == 403


def test_outside_of_organizations_a_role_that_does_not_exist_acts_as_root() -> None:
    assert decide(Directory(exists=False), "sqs", "ListQueues").decision.layer == "root"


def test_a_sandbox_uses_roles_that_nobody_has_made() -> None:
    foreign = f"arn:aws:iam::{OTHER}:role/example"
    parameters = {"ModelName": "m", "ExecutionRoleArn": foreign}
    assert decide(Directory(), "sagemaker", "CreateModel", ROOT, **parameters).decision.allowed
    assert decide(Directory(), "sts", "AssumeRole", ROOT, RoleArn=ROLE).decision.allowed
    assert decide(Directory(), "sts", "AssumeRole", ROOT, RoleArn=foreign).decision.allowed


def test_a_sandbox_has_no_way_into_an_organization_or_to_a_role_that_exists_elsewhere() -> None:
    foreign = f"arn:aws:iam::{OTHER}:role/example"
    trusting = ResourceRecord(
        OTHER, stored({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": OTHER}})
    )
    parameters = {"RoleArn": foreign}
    inside = Directory(members={OTHER: member((FULL,))})
    assert not decide(inside, "sts", "AssumeRole", ROOT, **parameters).decision.allowed
    assert not decide(
        Directory(resources={foreign: trusting}), "sts", "AssumeRole", ROOT, **parameters
    ).decision.allowed


def test_the_trust_of_a_role_says_who_assumes_it_and_with_which_tags() -> None:
    target = f"arn:aws:iam::{OTHER}:role/target"
    condition = {"StringEquals": {"aws:RequestTag/team": "${aws:PrincipalTag/team}", "sts:ExternalId": "x"}}
    trust = {
        "Effect": "Allow",
        "Action": ["sts:AssumeRole", "sts:TagSession"],
        "Principal": {"AWS": ACCOUNT},
        "Condition": condition,
    }
    found = Document("trust", json.dumps(document(trust)))
    directory = Directory((FULL,), {"team": "churn"}, resources={target: ResourceRecord(OTHER, found)})

    def assume(team: str, **more: Any) -> Authorization:
        tags = [{"Key": "team", "Value": team}]
        return decide(directory, "sts", "AssumeRole", RoleArn=target, RoleSessionName="s", Tags=tags, **more)

    allowed = assume("churn", ExternalId="x")
    assert (allowed.decision.allowed, allowed.owner_account) == (True, OTHER)
    assert assume("sales", ExternalId="x").decision.layer == "trust"
    assert assume("churn").decision.layer == "trust"


def test_a_roles_trust_has_no_say_in_managing_the_role() -> None:
    trust = stored({"Effect": "Allow", "Action": "*", "Principal": "*"})
    directory = Directory(
        resources={ROLE: ResourceRecord(ACCOUNT, trust)}, aliases={f"arn:aws:iam::{ACCOUNT}:role/worker": ROLE}
    )
    found = decide(directory, "iam", "DeleteRole", RoleName="worker")
    assert (found.decision.layer, found.needed and found.needed.resource) == ("identity", ROLE)


def test_the_boundary_of_an_existing_role_is_a_key_unless_the_request_says_another() -> None:
    condition = {"StringEquals": {"iam:PermissionsBoundary": "arn:aws:iam::1:policy/b"}}
    directory = Directory((stored(allow("iam:*", Condition=condition)),))
    directory.resources[ROLE] = ResourceRecord(ACCOUNT, context={"iam:PermissionsBoundary": "arn:aws:iam::1:policy/b"})
    directory.aliases[f"arn:aws:iam::{ACCOUNT}:role/worker"] = ROLE
    assert decide(directory, "iam", "AttachRolePolicy", RoleName="worker", PolicyArn="p").decision.allowed
    assert not decide(directory, "iam", "AttachRolePolicy", RoleName="other", PolicyArn="p").decision.allowed
    other = {"RoleName": "worker", "PermissionsBoundary": "arn:aws:iam::1:policy/other"}
    assert not decide(directory, "iam", "PutRolePermissionsBoundary", **other).decision.allowed


def test_what_only_begins_like_an_arn_is_of_no_service() -> None:
    from headgate.localcloud.identity.resources import service_of

    assert [service_of(text) for text in ("arn:nonsense", "nonsense", "arn:aws:s3:::b")] == ["", "", "s3"]
