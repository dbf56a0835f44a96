"""Policies of VPC endpoints: one more layer, for everybody who comes by one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from headgate.localcloud.errors import AwsError
from headgate.localcloud.identity.directory import ResourceRecord
from unit.localcloud.identity.directories import FULL, ROOT, WORKER, Directory, by_endpoint, decide, member, stored
from unit.localcloud.identity.policies import ACCOUNT, OTHER, allow, deny

ANYBODY: dict[str, Any] = {"Principal": "*"}
OWN = stored(allow(**ANYBODY, Condition={"StringEquals": {"aws:ResourceOrgID": "o-1"}}), name="policy of endpoint x")
BUCKETS = {
    "arn:aws:s3:::ours": ResourceRecord(ACCOUNT),
    "arn:aws:s3:::theirs": ResourceRecord(OTHER, stored(allow(Principal="*"))),
}


@pytest.fixture
def directory() -> Directory:
    return Directory((FULL,), members={ACCOUNT: member((FULL,))}, resources=dict(BUCKETS))


def test_an_endpoint_lets_through_what_its_policy_allows_and_nothing_else(directory: Directory) -> None:
    assert decide(directory, "s3", "PutObject", Bucket="theirs", Key="x").decision.allowed
    assert by_endpoint(directory, OWN, "s3", "PutObject", Bucket="ours", Key="x").decision.allowed
    found = by_endpoint(directory, OWN, "s3", "PutObject", Bucket="theirs", Key="x")
    assert (found.decision.layer, found.decision.effect) == ("endpoint", "implicit-deny")
    assert found.message.endswith("because no VPC endpoint policy allows the s3:PutObject action")


def test_an_endpoint_allows_nothing_by_itself(directory: Directory) -> None:
    directory.policies = ()
    found = by_endpoint(directory, stored(allow(**ANYBODY)), "s3", "PutObject", Bucket="ours", Key="x")
    assert found.decision.layer == "identity"


def test_an_explicit_deny_names_the_endpoints_policy(directory: Directory) -> None:
    closed = stored(allow(**ANYBODY), deny("s3:PutObject", **ANYBODY), name="policy of endpoint x")
    found = by_endpoint(directory, closed, "s3", "PutObject", Bucket="ours", Key="x")
    assert found.message.endswith("with an explicit deny in a VPC endpoint policy: policy of endpoint x")


def test_a_root_is_bound_too_and_knows_no_operation_that_the_tables_do_not(directory: Directory) -> None:
    alone = Directory(resources=dict(BUCKETS))
    assert decide(alone, "s3", "PutObject", ROOT, Bucket="ours", Key="x").decision.allowed
    assert by_endpoint(alone, OWN, "s3", "PutObject", ROOT, Bucket="ours", Key="x").decision.layer == "endpoint"
    assert decide(alone, "s3", "Conjure", ROOT).decision.allowed
    with pytest.raises(AwsError, match="does not know which IAM actions"):
        by_endpoint(alone, OWN, "s3", "Conjure", ROOT)


def test_a_policy_that_is_none_lets_nothing_through(directory: Directory) -> None:
    found = by_endpoint(directory, replace(OWN, text="{"), "s3", "PutObject", Bucket="ours", Key="x")
    assert found.decision.layer == "endpoint"
    assert "malformed" in found.message


def test_what_a_service_does_for_the_caller_does_not_pass_the_services_endpoint(directory: Directory) -> None:
    """Passing a role and using a key are decided elsewhere; copying touches both objects by the endpoint."""
    only = stored(allow("sagemaker:*", **ANYBODY), allow("s3:*", "arn:aws:s3:::ours/*", **ANYBODY))
    model = {"ModelName": "m", "ExecutionRoleArn": f"arn:aws:iam::{ACCOUNT}:role/r", "PrimaryContainer": {}}
    assert by_endpoint(directory, only, "sagemaker", "CreateModel", **model).decision.allowed
    copied = {"Bucket": "ours", "Key": "x", "CopySource": {"Bucket": "theirs", "Key": "x"}}
    assert by_endpoint(directory, only, "s3", "CopyObject", **copied).decision.layer == "endpoint"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("aws:SourceVpce", "vpce-1"),
        ("aws:VpceAccount", ACCOUNT),
        ("aws:VpceOrgID", "o-1"),
        ("aws:VpcSourceIp", "10.0.0.4"),
    ],
)
def test_conditions_learn_of_the_endpoint(directory: Directory, key: str, value: str) -> None:
    context = {"aws:SourceVpce": "vpce-1", "aws:VpceAccount": ACCOUNT, "aws:VpcSourceIp": "10.0.0.4"}
    caller = replace(WORKER, context=context)
    for wanted in (value, "other"):
        directory.policies = (stored(allow(Condition={"StringEquals": {key: wanted}})),)
        assert decide(directory, "sqs", "ListQueues", caller).decision.allowed is (wanted == value)


def test_a_private_address_is_no_source_ip(directory: Directory) -> None:
    directory.policies = (stored(allow(Condition={"Null": {"aws:SourceIp": "true"}})),)
    assert not decide(directory, "sqs", "ListQueues").decision.allowed
    inside = replace(WORKER, context={"aws:SourceVpce": "vpce-1", "aws:VpceAccount": ACCOUNT})
    assert decide(directory, "sqs", "ListQueues", inside).decision.allowed
