"""Whole requests, against a directory that holds what the test says."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from headgate.localcloud.errors import AwsError
from headgate.localcloud.identity import principals
from headgate.localcloud.identity.authorizer import Authorization, Authorizer
from headgate.localcloud.identity.directory import Document, Identity, Level, Membership, ResourceRecord
from headgate.localcloud.identity.requests import Needed
from headgate.localcloud.seams import Caller
from unit.localcloud.identity.policies import ACCOUNT, OTHER, ROLE, SESSION, allow, deny, document

REGION = "eu-west-1"
WORKER = Caller(ACCOUNT, REGION, SESSION.arn, access_key="ASIAWORKER")
ROOT = Caller(ACCOUNT, REGION, f"arn:aws:iam::{ACCOUNT}:root")
EVENTS = Caller(ACCOUNT, REGION, service="events.amazonaws.com", context={"aws:SourceAccount": ACCOUNT})
MANAGEMENT = "999999999999"


def stored(*statements: dict[str, Any], name: str = "p") -> Document:
    return Document(name, json.dumps(document(*statements)))


@dataclass
class Directory:
    """A directory of values; counts how often it is asked for a caller."""

    policies: tuple[Document, ...] = ()
    tags: dict[str, str] = field(default_factory=dict)
    boundary: Document | None = None
    session: tuple[Document, ...] | None = None
    members: dict[str, Membership] = field(default_factory=dict)
    resources: dict[str, ResourceRecord] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    exists: bool = True
    number: int = 1
    asked: int = 0

    def version(self) -> int:
        return self.number

    def identity(self, caller: Caller) -> Identity | None:
        self.asked += 1
        if not self.exists:
            return None
        if ":user/" in caller.principal:
            return Identity(principals.user(caller.principal), self.policies, tags=self.tags)
        who = principals.session(caller.principal, ROLE)
        return Identity(who, self.policies, self.boundary, self.session, self.tags, {"aws:userid": "AROA:run"})

    def membership(self, account: str) -> Membership | None:
        return self.members.get(account)

    def resolve(self, arn: str) -> str:
        return self.aliases.get(arn, arn)

    def resource(self, arn: str) -> ResourceRecord | None:
        return self.resources.get(arn)


class Noon:
    def now(self) -> float:
        return 1_769_860_800.0  # 2026-01-31T12:00:00Z


def member(*levels: tuple[Document, ...]) -> Membership:
    placed = tuple(Level(f"level-{number}", documents) for number, documents in enumerate(levels))
    return Membership("o-1", "o-1/r-1/ou-1/", MANAGEMENT, placed)


def decide(
    directory: Directory, service: str, operation: str, caller: Caller = WORKER, **parameters: Any
) -> Authorization:
    return Authorizer(directory, Noon()).authorize(service, operation, parameters, caller)


FULL = stored(allow())


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
    assert raised.value.status == 403


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
        ("aws:SourceVpce", "vpce-1"),
    ],
)
def test_every_request_says_who_where_and_when(key: str, value: str) -> None:
    directory = Directory(tags={"team": "churn"}, members={ACCOUNT: member((FULL,))})
    caller = replace(WORKER, context={"aws:SourceVpce": "vpce-1"})
    for wanted in (value, "other"):
        directory.policies = (stored(allow(Condition={"StringEquals": {key: wanted}})),)
        assert decide(directory, "sqs", "ListQueues", caller).decision.allowed is (wanted == value)


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
