from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Caller, HttpRequest, HttpResponse
from headgate.localcloud.server.app import Application
from headgate.localcloud.server.control import Control
from headgate.localcloud.server.http import BadRequestError, WireRequest
from headgate.localcloud.server.identity import Identities, own_principal


class Answering:
    """A service, or what stands behind all services; remembers what it was asked."""

    def __init__(self, answer: Callable[[HttpRequest], Any]) -> None:
        self.answer = answer
        self.asked: list[HttpRequest] = []

    def handle(self, request: HttpRequest) -> Any:
        self.asked.append(request)
        return self.answer(request)


class Guard:
    """Lets everything through, or refuses with the error that it is given."""

    def __init__(self, refusal: AwsError | None = None) -> None:
        self.refusal = refusal

    def answer(self, request: HttpRequest, answer: Callable[[HttpRequest], HttpResponse]) -> HttpResponse:
        if self.refusal is not None:
            raise self.refusal
        return answer(request)


class Callers(Identities):
    """Roots by key; other keys are expired."""

    def __init__(self) -> None:
        """Nothing to look anybody up in."""

    def caller(self, access_key: str, region: str) -> Caller:
        own = own_principal(access_key)
        if access_key and own is None:
            raise AwsError("ExpiredToken", "expired", status=403)
        account, principal = own or ("123456789012", "")
        return Caller(account, region, principal)


def application(service: Answering, fallback: Answering | None = None, refusal: AwsError | None = None) -> Application:
    rest = fallback or Answering(lambda _: HttpResponse(200, {}, b"moto"))
    return Application({"s3": service, "ssm": service}, rest, Callers(), Control("token", {}), Guard(refusal))


def wire(
    method: str = "POST",
    target: str = "/",
    body: bytes = b"",
    service: str = "ssm",
    key: str = "HEADGATE111122223333",
    **more: str,
) -> WireRequest:
    credential = f"{key}/20260101/eu-west-1/{service}/aws4_request"
    headers = {"authorization": f"AWS4-HMAC-SHA256 Credential={credential}, Signature=0", "host": "127.0.0.1:1"}
    return WireRequest(method, target, headers | {k.replace("_", "-"): v for k, v in more.items()}, io.BytesIO(body))


def test_a_service_gets_the_request_decoded_with_its_caller() -> None:
    service = Answering(lambda _: HttpResponse(200, {}, b"ok"))
    response = application(service).handle(wire("PUT", "/b/a%20b%2Fc?x=1&y", service="s3"))
    asked = service.asked[0]
    assert response.body == b"ok"
    assert (asked.path, asked.raw_path) == ("/b/a b/c", "/b/a%20b%2Fc")
    assert asked.query == (("x", "1"), ("y", ""))
    assert (asked.caller.account, asked.caller.region) == ("111122223333", "eu-west-1")
    assert asked.caller.principal == "arn:aws:iam::111122223333:root"


def test_what_is_not_ours_goes_to_moto() -> None:
    fallback = Answering(lambda _: HttpResponse(200, {}, b"moto"))
    assert application(Answering(lambda _: None), fallback).handle(wire(service="iam")).body == b"moto"
    assert fallback.asked[0].service == "iam"


def test_what_a_service_leaves_to_moto_still_has_its_body() -> None:
    fallback = Answering(lambda request: HttpResponse(200, {}, request.body.read()))

    def read_and_leave(request: HttpRequest) -> None:
        request.body.read()

    response = application(Answering(read_and_leave), fallback).handle(wire(body=b"the body", x_amz_target="A.B"))
    assert response.body == b"the body"


def test_the_form_of_an_unsigned_request_is_read_and_still_there() -> None:
    fallback = Answering(lambda request: HttpResponse(200, {}, request.body.read()))
    form = {"content-type": "application/x-www-form-urlencoded"}
    body = b"Action=AssumeRoleWithWebIdentity"
    response = application(Answering(lambda _: None), fallback).handle(WireRequest("POST", "/", form, io.BytesIO(body)))
    assert fallback.asked[0].service == "sts"
    assert response.body == body


def test_errors_speak_the_protocol_of_the_client() -> None:
    def refuse(_: HttpRequest) -> None:
        raise AwsError("ParameterNotFound", "no such parameter")

    response = application(Answering(refuse)).handle(wire(x_amz_target="AmazonSSM.GetParameter"))
    assert response.status == 400
    assert isinstance(response.body, bytes)
    assert json.loads(response.body)["__type"] == "ParameterNotFound"


def test_a_bug_is_a_500_whose_trace_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    def bug(_: HttpRequest) -> None:
        raise ZeroDivisionError("oops")

    response = application(Answering(bug)).handle(wire(x_amz_target="AmazonSSM.GetParameter"))
    assert response.status == 500
    assert isinstance(response.body, bytes)
    message = json.loads(response.body)["message"]
    assert "headgate cloud logs" in message
    assert response.headers["x-amzn-requestid"] in message
    assert response.headers["x-amzn-requestid"] in caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_broken_connections_and_bad_bodies_are_left_to_the_server() -> None:
    def broken(_: HttpRequest) -> None:
        raise BadRequestError("chunk size")

    with pytest.raises(BadRequestError):
        application(Answering(broken)).handle(wire())


def test_web_pages_are_refused() -> None:
    service = Answering(lambda _: HttpResponse(200))
    assert application(service).handle(wire(origin="https://evil.example")).status == 403
    assert not service.asked
    assert application(service).handle(wire(origin="http://localhost:3000")).status == 200


def test_control_commands_are_not_for_services() -> None:
    service = Answering(lambda _: HttpResponse(200))
    assert application(service).handle(wire("GET", "/_headgate/health")).status == 401
    assert not service.asked


def test_what_is_refused_is_not_answered() -> None:
    service = Answering(lambda _: HttpResponse(200))
    refusal = AwsError("AccessDeniedException", "no", status=403)
    response = application(service, refusal=refusal).handle(wire(x_amz_target="AmazonSSM.GetParameter"))
    assert response.status == 403
    assert not service.asked


@pytest.mark.parametrize(
    ("service", "headers", "code"),
    [
        ("ssm", {"x_amz_target": "AmazonSSM.GetParameter"}, b'"ExpiredTokenException"'),
        ("iam", {"content_type": "application/x-www-form-urlencoded"}, b"<Code>ExpiredToken</Code>"),
        ("s3", {}, b"<Code>ExpiredToken</Code>"),
    ],
)
def test_expired_credentials_have_the_protocols_own_name(service: str, headers: dict[str, str], code: bytes) -> None:
    answered = Answering(lambda _: HttpResponse(200))
    response = application(answered).handle(wire(service=service, key="ASIA0000000000000001", **headers))
    assert isinstance(response.body, bytes)
    assert response.status == 403
    assert code in response.body
