from __future__ import annotations

import io
import itertools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import pytest

from headgate.localcloud.authorization.iam_facts import RoleFacts, UserFacts
from headgate.localcloud.documents import Documents
from headgate.localcloud.errors import AwsError
from headgate.localcloud.identity.directory import Document
from headgate.localcloud.seams import Caller, HttpRequest, Json
from headgate.localcloud.sts.service import Sts
from headgate.localcloud.sts.sessions import Session, Sessions
from unit.localcloud.http_harness import FakeClock

ACCOUNT = "111111111111"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/team/reader"
ANN = Caller(ACCOUNT, "eu-west-1", f"arn:aws:iam::{ACCOUNT}:user/ann", access_key="AKIA0000000000000001")
ROOT = Caller(ACCOUNT, "eu-west-1", f"arn:aws:iam::{ACCOUNT}:root")
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})


class World:
    def __init__(self, folder: Path) -> None:
        numbers = itertools.count(1)
        self.clock = FakeClock()
        self.sessions = Sessions(Documents(folder / "state.db"), self.clock)
        trust = Document("trust", "{}")
        self.roles = {"reader": RoleFacts(ROLE, "AROAREADER", trust, 7200, (), None)}
        self.users = {"ann": UserFacts(ANN.principal, "AIDAANN", ())}
        self.members: set[str] = set()
        self.sts = Sts(
            self.sessions,
            lambda _, name: self.roles.get(name),
            lambda _, name: self.users.get(name),
            self.members.__contains__,
            self.clock,
            random=lambda length: f"{next(numbers):0{length}d}",
        )

    def assume(self, caller: Caller = ANN, **more: Any) -> Session:
        """The new session."""
        request: Json = {"RoleArn": ROLE, "RoleSessionName": "session", **more}
        key = self.sts.assume_role(caller, request)["Credentials"]["AccessKeyId"]
        found = self.sessions.find(key)
        assert found is not None
        return found

    def ask(self, caller: Caller, form: Mapping[str, str]) -> ET.Element:
        body = io.BytesIO(urlencode({"Version": "2011-06-15", **form}).encode())
        response = self.sts.handle(HttpRequest("POST", "/", (), {}, body, "sts", caller))
        assert response is not None
        assert isinstance(response.body, bytes)
        return ET.fromstring(response.body)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def caller_of(session: Session) -> Caller:
    return Caller(session.account, "eu-west-1", session.principal, access_key=session.access_key)


def tags(**given: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in given.items()]


def test_credentials_name_role_and_session_and_expire(world: World) -> None:
    session = world.assume()
    assert session.principal == f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/session"
    assert (session.role, session.user_id) == (ROLE, "AROAREADER:session")
    assert session.expires == world.clock.now() + 3600
    assert not session.expired(world.clock.now() + 3599)
    assert session.expired(world.clock.now() + 3600)


def test_the_roles_longest_session_is_held_to(world: World) -> None:
    assert world.assume(DurationSeconds=7200).expires == world.clock.now() + 7200
    with pytest.raises(AwsError, match="MaxSessionDuration set for this role"):
        world.assume(DurationSeconds=7201)


def test_a_chained_session_lasts_an_hour_at_most(world: World) -> None:
    first = caller_of(world.assume())
    assert world.assume(first, DurationSeconds=3600)
    with pytest.raises(AwsError, match="1 hour session limit for roles assumed by role chaining"):
        world.assume(first, DurationSeconds=3601)


def test_a_service_has_its_sessions_renewed(world: World) -> None:
    service = Caller(ACCOUNT, "eu-west-1", service="lambda.amazonaws.com")
    session = world.assume(service, DurationSeconds=43200)
    assert session.by_service == "lambda.amazonaws.com"
    assert not session.expired(world.clock.now() + 10**6)


def test_transitive_tags_go_down_the_chain_and_the_others_do_not(world: World) -> None:
    first = world.assume(Tags=tags(team="a", task="x"), TransitiveTagKeys=["team"])
    assert first.tags == {"team": "a", "task": "x"}
    second = world.assume(caller_of(first), Tags=tags(cost="1"))
    assert second.tags == {"team": "a", "cost": "1"}
    assert second.transitive == ("team",)
    with pytest.raises(AwsError, match="conflicts with a transitive tag key"):
        world.assume(caller_of(first), Tags=tags(Team="b"))


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"Tags": tags(team="a", TEAM="b")}, "InvalidParameterValue"),
        ({"TransitiveTagKeys": ["team"]}, "InvalidParameterValue"),
        ({"Tags": [{"Key": str(n), "Value": "v"} for n in range(51)]}, "ValidationError"),
        ({"Policy": "{"}, "MalformedPolicyDocument"),
        ({"Policy": POLICY + " " * 2048}, "PackedPolicyTooLarge"),
        ({"RoleArn": "arn:aws:iam::1:role/reader"}, "ValidationError"),
    ],
)
def test_what_makes_no_sense_is_refused(world: World, more: Json, code: str) -> None:
    with pytest.raises(AwsError) as caught:
        world.assume(**more)
    assert caught.value.code == code


def test_session_policies_are_kept_and_their_size_is_told(world: World) -> None:
    request = {"RoleArn": ROLE, "RoleSessionName": "session", "Policy": POLICY}
    answer = world.sts.assume_role(ANN, request)
    session = world.sessions.find(answer["Credentials"]["AccessKeyId"])
    assert session is not None
    assert session.policies == (POLICY,)
    assert 0 < answer["PackedPolicySize"] <= 100
    assert world.assume().policies is None
    managed = world.assume(PolicyArns=[{"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}])
    assert (managed.policies, managed.managed) == ((), ("arn:aws:iam::aws:policy/ReadOnlyAccess",))


def test_a_source_identity_stays(world: World) -> None:
    first = world.assume(SourceIdentity="ann")
    assert world.assume(caller_of(first)).source_identity == "ann"
    with pytest.raises(AwsError, match="cannot be changed by role chaining"):
        world.assume(caller_of(first), SourceIdentity="bob")


def test_a_root_assumes_roles_in_a_sandbox_only(world: World) -> None:
    assert world.assume(ROOT)
    world.members.add(ACCOUNT)
    with pytest.raises(AwsError, match="Roles may not be assumed by root accounts"):
        world.assume(ROOT)


def test_a_role_that_does_not_exist_is_pretended(world: World) -> None:
    session = world.assume(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/nobody")
    assert session.pretended
    assert not world.assume().pretended


def test_caller_identity_over_the_query_protocol(world: World) -> None:
    for caller, user in ((ANN, "AIDAANN"), (ROOT, ACCOUNT), (caller_of(world.assume()), "AROAREADER:session")):
        answer = world.ask(caller, {"Action": "GetCallerIdentity"})
        assert answer.findtext(".//{*}Arn") == caller.principal
        assert answer.findtext(".//{*}UserId") == user
    own = Caller(ACCOUNT, "eu-west-1", f"arn:aws:sts::{ACCOUNT}:assumed-role/headgate-execution/headgate")
    assert world.ask(own, {"Action": "GetCallerIdentity"}).findtext(".//{*}UserId") == "AROAHEADGATEEXECUTION:headgate"


def test_assume_role_over_the_query_protocol(world: World) -> None:
    form = {
        "Action": "AssumeRole",
        "RoleArn": ROLE,
        "RoleSessionName": "session",
        "Tags.member.1.Key": "team",
        "Tags.member.1.Value": "a",
        "TransitiveTagKeys.member.1": "team",
    }
    answer = world.ask(ANN, form)
    session = world.sessions.find(answer.findtext(".//{*}AccessKeyId") or "")
    assert session is not None
    assert session.transitive == ("team",)
    assert (answer.findtext(".//{*}Expiration") or "").endswith("Z")


def test_a_users_session_token_is_the_user(world: World) -> None:
    key = world.sts.session_token(ANN, {})["Credentials"]["AccessKeyId"]
    session = world.sessions.find(key)
    assert session is not None
    assert (session.principal, session.expires) == (ANN.principal, world.clock.now() + 43200)
    assert world.sts.access_key_info(ROOT, {"AccessKeyId": key}) == {"Account": ACCOUNT}
    with pytest.raises(AwsError, match="session credentials"):
        world.sts.session_token(caller_of(world.assume()), {})
    with pytest.raises(AwsError, match="of no session here"):
        world.sts.access_key_info(ROOT, {"AccessKeyId": "AKIAOTHER"})


def test_other_operations_are_refused_by_name(world: World) -> None:
    with pytest.raises(AwsError, match=r"UnsupportedByLocalCloud.*GetFederationToken"):
        world.ask(ANN, {"Action": "GetFederationToken", "Name": "x"})
