"""Whole requests: whose resource it is, its policy, its tags and its key."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from headgate.localcloud.identity.authorizer import Authorizer
from headgate.localcloud.identity.directory import Document, ResourceRecord
from headgate.localcloud.identity.requests import Needed
from headgate.localcloud.seams import Caller
from unit.localcloud.identity.directories import (
    EVENTS,
    FULL,
    MANAGEMENT,
    REGION,
    ROOT,
    WORKER,
    Directory,
    Noon,
    decide,
    member,
    stored,
)
from unit.localcloud.identity.policies import ACCOUNT, OTHER, ROLE, allow, document

BUCKET_OF_OTHER = {
    "arn:aws:s3:::b": ResourceRecord(
        OTHER, Document("policy of b", json.dumps(document({**allow("s3:GetObject"), "Principal": {"AWS": ACCOUNT}})))
    )
}


def test_an_object_has_its_buckets_owner_and_policy_whether_it_exists_or_not() -> None:
    directory = Directory((FULL,), resources=dict(BUCKET_OF_OTHER))
    found = decide(directory, "s3", "GetObject", Bucket="b", Key="k")
    assert (found.decision.allowed, found.owner_account) == (True, OTHER)
    assert decide(directory, "s3", "PutObject", Bucket="b", Key="k").decision.layer == "resource"
    directory.resources["arn:aws:s3:::b/k"] = ResourceRecord(OTHER, tags={"state": "open"})
    assert decide(directory, "s3", "GetObject", Bucket="b", Key="k").decision.allowed
    found = decide(directory, "s3", "GetObject", Bucket="nobodys", Key="k")
    assert found.owner_account == ACCOUNT


def test_tags_of_objects_buckets_and_other_resources_are_keys_of_their_own() -> None:
    queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:q"
    directory = Directory(
        resources={
            "arn:aws:s3:::b": ResourceRecord(ACCOUNT, tags={"team": "b"}),
            "arn:aws:s3:::b/k": ResourceRecord(ACCOUNT, tags={"team": "k"}),
            queue: ResourceRecord(ACCOUNT, tags={"team": "q"}),
        }
    )

    def asked(key: str, value: str, service: str, operation: str, **parameters: Any) -> bool:
        directory.policies = (stored(allow(Condition={"StringEquals": {key: value}})),)
        return decide(directory, service, operation, **parameters).decision.allowed

    assert asked("s3:ExistingObjectTag/team", "k", "s3", "GetObject", Bucket="b", Key="k")
    assert asked("s3:BucketTag/team", "b", "s3", "ListObjectsV2", Bucket="b")
    assert not asked("aws:ResourceTag/team", "b", "s3", "ListObjectsV2", Bucket="b")
    assert asked("aws:ResourceTag/Team", "q", "sqs", "SendMessage", QueueUrl=f"http://x/{ACCOUNT}/q")


KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/k"


def by_key(*statements: dict[str, Any]) -> ResourceRecord:
    return ResourceRecord(
        ACCOUNT, stored(*statements, name="key policy"), context={"kms:ResourceAliases": ("alias/a",)}
    )


def test_reading_an_object_uses_its_key_by_way_of_s3() -> None:
    via = {"StringEquals": {"kms:ViaService": f"s3.{REGION}.amazonaws.com", "kms:CallerAccount": ACCOUNT}}
    directory = Directory(
        (FULL,),
        resources={
            "arn:aws:s3:::b": ResourceRecord(ACCOUNT, kms_key=KEY),
            "arn:aws:s3:::b/k": ResourceRecord(ACCOUNT, kms_key=KEY),
            KEY: by_key(allow("kms:Decrypt", Principal={"AWS": "*"}, Condition=via)),
        },
    )
    assert decide(directory, "s3", "GetObject", Bucket="b", Key="k").decision.allowed
    written = decide(directory, "s3", "PutObject", Bucket="b", Key="new")
    assert (written.decision.layer, written.needed and written.needed.action) == ("key", "kms:GenerateDataKey")
    assert written.needed is not None
    assert written.needed.resource == KEY
    assert decide(directory, "s3", "PutObject", Bucket="b", Key="new", ServerSideEncryption="AES256").decision.allowed
    assert not decide(directory, "kms", "Decrypt", KeyId="k").decision.allowed  # not by way of S3


def test_a_key_is_found_by_its_alias_and_iam_counts_only_if_the_key_says_so() -> None:
    alias = f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/a"
    delegating = by_key(allow(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}))
    directory = Directory((FULL,), resources={KEY: delegating}, aliases={alias: KEY})
    assert decide(directory, "kms", "Encrypt", KeyId="alias/a").decision.allowed
    directory.policies = ()
    assert decide(directory, "kms", "Encrypt", KeyId="alias/a").decision.layer == "identity"
    directory.policies = (FULL,)
    directory.resources[KEY] = by_key(allow(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:role/other"}))
    assert decide(directory, "kms", "Encrypt", KeyId="alias/a").decision.layer == "key"


def test_a_parameters_key_is_used_by_way_of_ssm() -> None:
    parameter = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/a"
    directory = Directory(
        (FULL,),
        resources={
            parameter: ResourceRecord(ACCOUNT, kms_key=KEY),
            KEY: by_key(allow(Principal={"AWS": OTHER})),
        },
    )
    assert decide(directory, "ssm", "GetParameter", Name="/a").decision.allowed
    assert decide(directory, "ssm", "GetParameter", Name="/a", WithDecryption=True).decision.layer == "key"


def test_a_service_says_for_whom_it_acts() -> None:
    queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:q"
    condition = {"StringEquals": {"aws:SourceAccount": ACCOUNT, "aws:SourceOrgID": "o-1"}}
    statement = allow("sqs:SendMessage", Principal={"Service": "events.amazonaws.com"}, Condition=condition)
    directory = Directory(resources={queue: ResourceRecord(ACCOUNT, stored(statement))})
    directory.members[ACCOUNT] = member((FULL,))
    url = f"http://127.0.0.1/{ACCOUNT}/q"
    assert decide(directory, "sqs", "SendMessage", EVENTS, QueueUrl=url).decision.allowed
    stranger = replace(EVENTS, context={"aws:SourceAccount": OTHER})
    found = decide(directory, "sqs", "SendMessage", stranger, QueueUrl=url)
    assert found.message.startswith("events.amazonaws.com is not authorized to perform: sqs:SendMessage")


def test_a_stored_policy_that_is_malformed_denies_and_is_named() -> None:
    broken = Document("guardrail", "{")
    found = decide(Directory((FULL,), members={ACCOUNT: member((broken,))}), "sqs", "ListQueues")
    assert "the service control policy guardrail is malformed" in found.message
    bucket = {"arn:aws:s3:::b": ResourceRecord(ACCOUNT, Document("policy of b", "[]"))}
    directory = Directory((FULL,), resources=bucket)
    assert "policy of b is malformed" in decide(directory, "s3", "ListObjectsV2", Bucket="b").message
    assert decide(directory, "s3", "DeleteBucketPolicy", ROOT, Bucket="b").decision.allowed


def test_boundary_and_session_policies_of_the_directory_limit() -> None:
    reading = stored(allow("sqs:ReceiveMessage"))
    url = f"http://127.0.0.1/{ACCOUNT}/q"
    assert decide(Directory((FULL,), boundary=reading), "sqs", "SendMessage", QueueUrl=url).decision.layer == "boundary"
    assert (
        decide(Directory((FULL,), session=(reading,)), "sqs", "SendMessage", QueueUrl=url).decision.layer == "session"
    )
    assert decide(Directory((FULL,), session=(reading,)), "sqs", "ReceiveMessage", QueueUrl=url).decision.allowed


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("aws:RequestedRegion", REGION),
        ("aws:SecureTransport", "true"),
        ("aws:ViaAWSService", "false"),
        ("aws:SourceIp", "127.0.0.1"),
        ("aws:EpochTime", "1769860800"),
        ("aws:PrincipalArn", ROLE),
        ("aws:PrincipalAccount", ACCOUNT),
        ("aws:PrincipalType", "AssumedRole"),
        ("aws:PrincipalIsAWSService", "false"),
        ("aws:PrincipalOrgID", "o-1"),
        ("aws:PrincipalTag/Team", "churn"),
        ("aws:userid", "AROA:run"),
        ("aws:ResourceAccount", ACCOUNT),
        ("aws:ResourceOrgID", "o-1"),
    ],
)
def test_every_request_says_who_where_and_when(key: str, value: str) -> None:
    directory = Directory(tags={"team": "churn"}, members={ACCOUNT: member((FULL,))})
    for wanted in (value, "other"):
        directory.policies = (stored(allow(Condition={"StringEquals": {key: wanted}})),)
        assert decide(directory, "sqs", "ListQueues").decision.allowed is (wanted == value)


def test_the_time_is_the_clocks() -> None:
    directory = Directory((stored(allow(Condition={"DateEquals": {"aws:CurrentTime": "2026-01-31T12:00:00Z"}})),))
    assert decide(directory, "sqs", "ListQueues").decision.allowed


def test_global_services_are_in_one_region() -> None:
    condition = {"StringEquals": {"aws:RequestedRegion": "us-east-1"}}
    directory = Directory((stored(allow(Condition=condition)),))
    assert decide(directory, "iam", "ListRoles").decision.allowed
    assert not decide(directory, "sqs", "ListQueues").decision.allowed


def test_parts_of_an_organization_are_named_by_its_own_arns() -> None:
    account = f"arn:aws:organizations::{MANAGEMENT}:account/o-1/{OTHER}"
    directory = Directory((stored(allow("organizations:CloseAccount", account)),), members={ACCOUNT: member((FULL,))})
    assert decide(directory, "organizations", "CloseAccount", AccountId=OTHER).decision.allowed
    assert not decide(directory, "organizations", "CloseAccount", AccountId=MANAGEMENT).decision.allowed
    without = Directory((FULL,))
    found = decide(without, "organizations", "CloseAccount", AccountId=OTHER)
    assert found.needed is not None
    assert found.needed.resource == f"arn:aws:organizations::{ACCOUNT}:account/o-*/{OTHER}"


def test_the_leading_key_is_that_of_the_tables_partition_key() -> None:
    table = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/t"
    condition = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": "${aws:PrincipalTag/team}"}}
    required = {"Null": {"dynamodb:LeadingKeys": "false"}}
    directory = Directory(
        (stored(allow(Condition={**condition, **required})),),
        {"team": "churn"},
        resources={table: ResourceRecord(ACCOUNT, partition_key="team")},
    )
    own = {"team": {"S": "churn"}, "n": {"S": "sales"}}
    assert decide(directory, "dynamodb", "GetItem", TableName="t", Key=own).decision.allowed
    other = {"team": {"S": "sales"}, "n": {"S": "churn"}}
    assert not decide(directory, "dynamodb", "GetItem", TableName="t", Key=other).decision.allowed
    assert not decide(directory, "dynamodb", "Scan", TableName="t").decision.allowed


def test_a_repositorys_policy_needs_no_resource() -> None:
    arn = f"arn:aws:ecr:{REGION}:{OTHER}:repository/r"
    statement = {"Effect": "Allow", "Action": "ecr:BatchGetImage", "Principal": {"AWS": ACCOUNT}}
    directory = Directory((FULL,), resources={arn: ResourceRecord(OTHER, stored(statement))})
    assert decide(directory, "ecr", "BatchGetImage", registryId=OTHER, repositoryName="r").decision.allowed


def test_anonymous_callers_get_what_everybody_gets() -> None:
    statement = {**allow("s3:GetObject"), "Principal": "*"}
    bucket = {"arn:aws:s3:::b": ResourceRecord(ACCOUNT, stored(statement))}
    nobody = Caller("", REGION)
    assert decide(Directory(resources=bucket), "s3", "GetObject", nobody, Bucket="b", Key="k").decision.allowed
    found = decide(Directory(resources=bucket), "s3", "PutObject", nobody, Bucket="b", Key="k")
    assert found.message.startswith("User: anonymous is not authorized")


def test_a_user_is_named_by_its_name() -> None:
    user = Caller(ACCOUNT, REGION, f"arn:aws:iam::{ACCOUNT}:user/path/ada")
    directory = Directory((stored(allow(Condition={"StringEquals": {"aws:username": "ada"}})),))
    assert decide(directory, "sqs", "ListQueues", user).decision.allowed


def test_one_action_on_one_arn_can_be_asked_for() -> None:
    directory = Directory((stored(allow("sqs:SendMessage")),))
    authorizer = Authorizer(directory, Noon())
    queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:q"
    assert authorizer.check(Needed("sqs:SendMessage", queue, ""), WORKER).decision.allowed
    assert not authorizer.check(Needed("sqs:PurgeQueue", queue, ""), WORKER).decision.allowed


def test_too_many_callers_are_forgotten_rather_than_kept() -> None:
    directory = Directory((FULL,))
    authorizer = Authorizer(directory, Noon())
    for number in range(4100):
        authorizer.standing(replace(WORKER, access_key=f"ASIA{number}"))
    assert len(authorizer._standings) < 4100
    assert authorizer.authorize("sqs", "ListQueues", {}, WORKER).decision.allowed
