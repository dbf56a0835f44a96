"""What the gate adds to the authorizer: sandboxes, closed accounts, owners, and the names of refusals."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from headgate.localcloud.authorization.deliveries import Deliveries
from headgate.localcloud.authorization.directory import CloudDirectory
from headgate.localcloud.authorization.gate import Gate
from headgate.localcloud.authorization.guard import Guard
from headgate.localcloud.authorization.iam_facts import RoleFacts
from headgate.localcloud.authorization.networks import Networks
from headgate.localcloud.authorization.origins import Origins
from headgate.localcloud.authorization.versions import Versions
from headgate.localcloud.errors import AwsError
from headgate.localcloud.identity import principals
from headgate.localcloud.identity.authorizer import Authorizer
from headgate.localcloud.identity.directory import Document, Identity, Membership, ResourceRecord
from headgate.localcloud.seams import Caller, HttpRequest, HttpResponse, Place
from headgate.localcloud.server.parameters import Asked
from unit.localcloud.http_harness import FakeClock

HERE, THERE = "111111111111", "222222222222"
QUEUE = f"arn:aws:sqs:eu-west-1:{THERE}:q"
URL = {"QueueUrl": f"https://sqs.eu-west-1.amazonaws.com/{THERE}/q"}


def policy(name: str, **statement: Any) -> Document:
    """A policy of one statement that allows."""
    return Document(name, json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", **statement}}))


OPEN = policy("open", Principal="*", Action="*", Resource="*")
ROLE = f"arn:aws:iam::{THERE}:role/r"


@dataclass
class Directory:
    """Facts that a test sets."""

    members: set[str] = field(default_factory=set)
    closed: set[str] = field(default_factory=set)
    records: dict[str, ResourceRecord] = field(default_factory=dict)
    roles: dict[tuple[str, str], RoleFacts] = field(default_factory=dict)

    def version(self) -> int:
        return 0

    def identity(self, caller: Caller) -> Identity | None:
        allow = policy("all", Action="*", Resource="*")
        return Identity(principals.session(caller.principal), (allow,)) if "/r/" in caller.principal else None

    def membership(self, account: str) -> Membership | None:
        return Membership("o-1", "o-1/r-1/", HERE, ()) if account in self.members else None

    def resolve(self, arn: str) -> str:
        return arn

    def resource(self, arn: str) -> ResourceRecord | None:
        return self.records.get(arn)

    def is_closed(self, account: str) -> bool:
        return account in self.closed

    def role(self, account: str, name: str) -> RoleFacts | None:
        return self.roles.get((account, name))


class World:
    def __init__(self) -> None:
        self.directory = Directory()
        known = cast("CloudDirectory", self.directory)
        self.gate = Gate(Authorizer(self.directory, FakeClock()), known)
        self.deliveries = Deliveries(self.gate, known)

    def admit(self, service: str, operation: str, parameters: Mapping[str, Any], caller: Caller) -> HttpRequest:
        request = HttpRequest("POST", "/", (), {}, io.BytesIO(), service, caller)
        return self.gate.admit(request, Asked(service, operation, dict(parameters))).request


@pytest.fixture
def world() -> World:
    return World()


def root(account: str) -> Caller:
    return Caller(account, "eu-west-1", f"arn:aws:iam::{account}:root")


def service(name: str, account: str = THERE) -> Caller:
    return Caller(account, "eu-west-1", "", name, {"aws:SourceAccount": HERE})


def test_an_admitted_request_is_its_owners(world: World) -> None:
    world.directory.members |= {HERE, THERE}
    world.directory.records[QUEUE] = ResourceRecord(THERE, OPEN)
    caller = Caller(HERE, "eu-west-1", f"arn:aws:sts::{HERE}:assumed-role/r/s")
    request = world.admit("sqs", "SendMessage", URL, caller)
    assert request.authorized
    assert (request.caller.account, request.caller.principal) == (THERE, caller.principal)


def test_s3_knows_both_accounts(world: World) -> None:
    world.directory.members |= {HERE, THERE}
    world.directory.records["arn:aws:s3:::data"] = ResourceRecord(THERE, OPEN)
    caller = Caller(HERE, "eu-west-1", f"arn:aws:sts::{HERE}:assumed-role/r/s")
    assert world.admit("s3", "ListObjectsV2", {"Bucket": "data"}, caller).caller == caller


@pytest.mark.parametrize(
    ("service_name", "operation", "parameters", "code"),
    [
        ("sqs", "SendMessage", URL, "AccessDenied"),
        ("sns", "Publish", {"TopicArn": f"arn:aws:sns:eu-west-1:{THERE}:t"}, "AuthorizationError"),
        ("kms", "DescribeKey", {"KeyId": f"arn:aws:kms:eu-west-1:{THERE}:key/k"}, "AccessDeniedException"),
    ],
)
def test_refusals_have_the_services_name(
    world: World, service_name: str, operation: str, parameters: Mapping[str, Any], code: str
) -> None:
    world.directory.members |= {HERE, THERE}
    with pytest.raises(AwsError) as caught:
        world.admit(service_name, operation, parameters, root(HERE))
    assert (caught.value.code, caught.value.status) == (code, 403)


def test_nobody_of_a_closed_account_may_do_anything(world: World) -> None:
    world.directory.closed.add(HERE)
    with pytest.raises(AwsError, match="is closed"):
        world.admit("sts", "GetCallerIdentity", {}, root(HERE))


class TestServicesAndRoles:
    REQUEST: Mapping[str, Any] = {"RoleArn": ROLE, "RoleSessionName": "session"}

    def test_a_sandbox_pretends_roles_that_nobody_made(self, world: World) -> None:
        assert world.gate.require("sts", "AssumeRole", self.REQUEST, service("lambda.amazonaws.com")) == THERE

    def test_an_organization_does_not(self, world: World) -> None:
        world.directory.members.add(THERE)
        with pytest.raises(AwsError, match="no role trust policy allows"):
            world.gate.require("sts", "AssumeRole", self.REQUEST, service("lambda.amazonaws.com"))

    def test_a_role_that_exists_has_to_trust_the_service(self, world: World) -> None:
        trust = policy("trust", Principal={"Service": "lambda.amazonaws.com"}, Action="sts:AssumeRole")
        world.directory.roles[THERE, "r"] = RoleFacts(ROLE, "AROA", trust, 3600, (), None)
        world.directory.records[ROLE] = ResourceRecord(THERE, trust)
        world.gate.require("sts", "AssumeRole", self.REQUEST, service("lambda.amazonaws.com"))
        with pytest.raises(AwsError, match="no role trust policy allows"):
            world.gate.require("sts", "AssumeRole", self.REQUEST, service("ec2.amazonaws.com"))

    @pytest.mark.parametrize("arn", ["", "role"])
    def test_what_is_no_role(self, world: World, arn: str) -> None:
        with pytest.raises(AwsError):
            world.gate.require("sts", "AssumeRole", {**self.REQUEST, "RoleArn": arn}, service("lambda.amazonaws.com"))


class TestDeliveries:
    TOPIC = f"arn:aws:sns:eu-west-1:{HERE}:t"

    def refused(self, world: World) -> str:
        return world.deliveries.refused("sns.amazonaws.com", self.TOPIC, QUEUE)

    def test_a_sandboxs_queue_without_policy_takes_everything(self, world: World) -> None:
        world.directory.records[QUEUE] = ResourceRecord(THERE)
        assert self.refused(world) == ""

    def test_an_organizations_queue_without_policy_takes_nothing(self, world: World) -> None:
        world.directory.records[QUEUE] = ResourceRecord(THERE)
        world.directory.members.add(THERE)
        assert "no resource-based policy allows the sqs:SendMessage action" in self.refused(world)

    def test_a_policy_decides_in_a_sandbox_too(self, world: World) -> None:
        closed = policy("closed", Principal={"AWS": HERE}, Action="*", Resource="*")
        world.directory.records[QUEUE] = ResourceRecord(THERE, closed)
        assert "sns.amazonaws.com is not authorized" in self.refused(world)
        world.directory.records[QUEUE] = ResourceRecord(THERE, OPEN)
        assert self.refused(world) == ""

    def test_what_is_not_there_is_the_deliverys_own_error(self, world: World) -> None:
        assert self.refused(world) == ""
        assert "no ARN" in world.deliveries.refused("sns.amazonaws.com", self.TOPIC, "queue")

    def test_a_function_reads_with_its_role(self, world: World) -> None:
        world.directory.members.add(THERE)
        function = f"arn:aws:lambda:eu-west-1:{THERE}:function:f"
        world.directory.records[QUEUE] = ResourceRecord(THERE)
        assert world.deliveries.unreadable(function, ROLE, QUEUE) == ""
        stream = f"arn:aws:dynamodb:eu-west-1:{THERE}:table/t/stream/2026-01-01T00:00:00.000"
        assert world.deliveries.unreadable(function, ROLE, stream) == ""
        assert world.deliveries.unreadable(function, f"arn:aws:iam::{THERE}:role/gone", QUEUE) != ""
        assert "no ARN" in world.deliveries.unreadable(function, ROLE, "queue")


class Recorder:
    def __init__(self) -> None:
        self.seen: list[tuple[str, str, int | None, str]] = []

    def record(
        self, request: HttpRequest, asked: Asked, owner: str, response: HttpResponse | None, error: AwsError | None
    ) -> None:
        self.seen.append((asked.operation, owner, response.status if response else None, error.code if error else ""))


def test_the_guard_records_what_was_answered_and_what_was_refused(world: World) -> None:
    world.directory.members |= {HERE, THERE}
    versions, recorder = Versions(), Recorder()
    guard = Guard(world.gate, Networks(cast("Origins", None), lambda _: None), versions, recorder)

    def ask(operation: str, url: str) -> HttpRequest:
        headers = {"x-amz-target": f"AmazonSQS.{operation}"}
        body = io.BytesIO(f'{{"QueueUrl": "{url}"}}'.encode())
        return HttpRequest("POST", "/", (), headers, body, "sqs", root(HERE))

    own = f"https://sqs.eu-west-1.amazonaws.com/{HERE}/q"
    guard.answer(ask("PurgeQueue", own), lambda request: HttpResponse(200, {}, request.body.read()))
    assert versions.of("sqs") == 1
    guard.answer(ask("SendMessage", own), lambda _: HttpResponse(200))
    assert versions.of("sqs") == 1
    with pytest.raises(AwsError, match="AccessDenied"):
        guard.answer(ask("PurgeQueue", URL["QueueUrl"]), lambda _: pytest.fail("answered"))
    assert recorder.seen == [
        ("PurgeQueue", HERE, 200, ""),
        ("SendMessage", HERE, 200, ""),
        ("PurgeQueue", HERE, None, "AccessDenied"),
    ]


def test_what_has_no_way_to_a_service_is_refused_and_recorded_nowhere(world: World) -> None:
    recorder = Recorder()
    guard = Guard(world.gate, Networks(cast("Origins", None), lambda _: None), Versions(), recorder)
    place = Place(HERE, "eu-west-1", "subnet-gone")
    request = HttpRequest("POST", "/", (), {}, io.BytesIO(b"{}"), "sqs", root(HERE), place=place)
    with pytest.raises(AwsError, match="no way from subnet-gone"):
        guard.answer(request, lambda _: pytest.fail("answered"))
    assert recorder.seen == []
