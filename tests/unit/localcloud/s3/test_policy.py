"""Which callers of other accounts a bucket policy lets in: only those of whom it is certain."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.localcloud.s3.policy import allows, is_public
from headgate.localcloud.seams import Caller
from unit.localcloud.http_harness import OTHER

ROLE = Caller(OTHER, "us-east-1", f"arn:aws:sts::{OTHER}:assumed-role/trainer/session-1")
OBJECT = "arn:aws:s3:::data/in/a"


def policy(*statements: dict[str, Any]) -> bytes:
    whole = {
        "Effect": "Allow",
        "Principal": {"AWS": OTHER},
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::data/*",
    }
    return json.dumps({"Statement": [{**whole, **statement} for statement in statements]}).encode()


@pytest.mark.parametrize(
    "statement",
    [
        {},
        {"Principal": "*"},
        {"Principal": {"AWS": "*"}},
        {"Principal": {"AWS": ["arn:aws:iam::333333333333:root", f"arn:aws:iam::{OTHER}:root"]}},
        {"Principal": {"AWS": f"arn:aws:iam::{OTHER}:role/trainer"}},
        {"Principal": {"AWS": f"arn:aws:iam::{OTHER}:role/team/trainer"}},
        {"Principal": {"AWS": ROLE.principal}},
        {"Action": "S3:get*"},
        {"Action": ["s3:PutObject", "s3:*"]},
        {"Resource": ["arn:aws:s3:::data/in/?"]},
        {"Condition": {"Bool": {"aws:SecureTransport": "true"}}},
    ],
)
def test_what_grants(statement: dict[str, Any]) -> None:
    assert allows(policy(statement), ROLE, "s3:GetObject", OBJECT)


@pytest.mark.parametrize(
    "statement",
    [
        {"Principal": {"AWS": "333333333333"}},
        {"Principal": {"Service": "sagemaker.amazonaws.com"}},
        {"Principal": {"AWS": f"arn:aws:iam::{OTHER}:role/other"}},
        {"Principal": {"AWS": f"arn:aws:iam::{OTHER}:*"}},
        {"Action": "s3:PutObject"},
        {"Action": "s3:GetObjectVersion"},
        {"Resource": "arn:aws:s3:::data"},
        {"Resource": "arn:aws:s3:::data/${aws:username}/*"},
        {"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}},
        {"Condition": {"Bool": {"aws:SecureTransport": "false"}}},
        {"Surprise": "yes"},
        {"Principal": None, "NotPrincipal": {"AWS": "333333333333"}},
        {"Effect": "Deny"},
    ],
)
def test_what_does_not_grant(statement: dict[str, Any]) -> None:
    assert not allows(policy(statement), ROLE, "s3:GetObject", OBJECT)


@pytest.mark.parametrize(
    ("statement", "denied"),
    [
        ({}, True),
        ({"Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}}, True),
        ({"Condition": {"Bool": {"aws:SecureTransport": "false"}}}, False),
        ({"Resource": "arn:aws:s3:::data/${aws:username}/*"}, True),
        ({"NotAction": "s3:PutObject"}, True),
        ({"Action": "s3:PutObject"}, False),
        ({"Principal": {"AWS": "333333333333"}}, False),
    ],
)
def test_a_deny_that_may_apply_wins(statement: dict[str, Any], denied: bool) -> None:
    body = policy({}, {"Effect": "Deny", **statement})
    assert allows(body, ROLE, "s3:GetObject", OBJECT) is not denied


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"Statement": ["x"]}', b'{"Statement": 1}'])
def test_what_is_no_policy_grants_nothing(body: bytes) -> None:
    assert not allows(body, ROLE, "s3:GetObject", OBJECT)


@pytest.mark.parametrize(
    ("statement", "public"),
    [
        ({}, False),
        ({"Principal": "*"}, True),
        ({"Principal": "*", "Effect": "Deny"}, False),
        ({"Principal": "*", "Condition": {"StringEquals": {"aws:SourceAccount": OTHER}}}, False),
        ({"Principal": "*", "Condition": {"Bool": {"aws:SecureTransport": "true"}}}, True),
        ({"NotPrincipal": {"AWS": OTHER}}, True),
    ],
)
def test_what_is_public(statement: dict[str, Any], public: bool) -> None:
    assert is_public(json.loads(policy(statement))) is public


def test_a_grant_over_http(s3, client_for) -> None:
    s3.put_object(Bucket="data", Key="in/a", Body=b"x")
    both = policy({}, {"Action": "s3:ListBucket", "Resource": "arn:aws:s3:::data"})
    s3.put_bucket_policy(Bucket="data", Policy=both.decode())
    other = client_for(account=OTHER)
    assert other.get_object(Bucket="data", Key="in/a")["Body"].read() == b"x"
    assert other.list_objects_v2(Bucket="data")["KeyCount"] == 1
    with pytest.raises(other.exceptions.ClientError, match="s3:PutObject"):
        other.put_object(Bucket="data", Key="in/b")
    with pytest.raises(other.exceptions.ClientError, match="s3:GetObjectVersion"):
        other.get_object(Bucket="data", Key="in/a", VersionId="null")
    errors = other.delete_objects(Bucket="data", Delete={"Objects": [{"Key": "in/a"}]})["Errors"]
    assert [error["Code"] for error in errors] == ["AccessDenied"]
