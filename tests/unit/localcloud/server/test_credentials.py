from __future__ import annotations

from urllib.parse import parse_qs

import pytest

from headgate.localcloud.seams import Caller, HttpRequest, HttpResponse
from headgate.localcloud.server.credentials import RoleCredentials
from headgate.localcloud.server.identity import own_principal
from headgate.localcloud.server.sts import OwnIdentity

ROLE = "arn:aws:iam::222222222222:role/r"
CALLER = Caller("123456789012", "eu-west-1")


class Clock:
    time = 1_000_000.0

    def now(self) -> float:
        return self.time


class Sts:
    """Answers AssumeRole like STS, with a key per call."""

    def __init__(self, body: str | None = None) -> None:
        self.requests: list[dict[str, list[str]]] = []
        self.body = body

    def handle(self, request: HttpRequest) -> HttpResponse:
        self.requests.append(parse_qs(request.body.read().decode()))
        keys = f"<AccessKeyId>KEY{len(self.requests)}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
        text = f"<R xmlns='https://sts.amazonaws.com/doc/2011-06-15/'><C>{keys}<SessionToken>t</SessionToken></C></R>"
        return HttpResponse(200, {}, (self.body or text).encode())


def test_a_role_is_assumed_once_and_again_before_it_expires() -> None:
    sts, clock = Sts(), Clock()
    credentials = RoleCredentials(sts, clock, lambda: "http://127.0.0.1:1")
    first = credentials.environment(CALLER, ROLE)
    assert first["AWS_ACCESS_KEY_ID"] == "KEY1"
    assert first["AWS_SESSION_TOKEN"] == "t"
    assert first["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert first["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert sts.requests[0]["RoleArn"] == [ROLE]
    clock.time += 10 * 3600
    assert credentials.environment(CALLER, ROLE)["AWS_ACCESS_KEY_ID"] == "KEY1"
    clock.time += 2 * 3600
    assert credentials.environment(CALLER, ROLE)["AWS_ACCESS_KEY_ID"] == "KEY2"


def test_sessions_have_names_of_their_own() -> None:
    sts = Sts()
    credentials = RoleCredentials(sts, Clock(), lambda: "")
    assert credentials.environment(CALLER, ROLE, "f") != credentials.environment(CALLER, ROLE, "g")
    assert [request["RoleSessionName"] for request in sts.requests] == [["f"], ["g"]]


def test_without_a_role_it_is_the_accounts_root() -> None:
    sts = Sts()
    keys = RoleCredentials(sts, Clock(), lambda: "").environment(CALLER, "")
    assert keys["AWS_ACCESS_KEY_ID"] == "HEADGATE123456789012"
    assert not sts.requests


def test_an_answer_without_keys_is_an_error() -> None:
    with pytest.raises(ValueError, match="without AccessKeyId"):
        RoleCredentials(Sts("<nothing/>"), Clock(), lambda: "").environment(CALLER, ROLE)


def identity(principal: str, body: bytes) -> HttpResponse | None:
    import io

    caller = Caller("111122223333", "eu-west-1", principal)
    return OwnIdentity().handle(HttpRequest("POST", "/", (), {}, io.BytesIO(body), "sts", caller))


def test_roots_identity_is_answered_without_moto() -> None:
    response = identity("arn:aws:iam::111122223333:root", b"Action=GetCallerIdentity&Version=2011-06-15")
    assert response is not None
    assert isinstance(response.body, bytes)
    assert b"<Arn>arn:aws:iam::111122223333:root</Arn>" in response.body


def test_the_execution_roles_own_key_is_an_assumed_role() -> None:
    account, principal = own_principal("HEADGATEROLE111122223333") or ("", "")
    assert (account, principal) == (
        "111122223333",
        "arn:aws:sts::111122223333:assumed-role/headgate-execution/headgate",
    )
    response = identity(principal, b"Action=GetCallerIdentity")
    assert response is not None
    assert isinstance(response.body, bytes)
    assert b"<UserId>AROAHEADGATEEXECUTION:headgate</UserId>" in response.body


def test_everything_else_of_sts_is_motos() -> None:
    assert identity("arn:aws:iam::111122223333:root", b"Action=AssumeRole") is None
    assert identity("arn:aws:sts::111122223333:assumed-role/r/s", b"Action=GetCallerIdentity") is None
