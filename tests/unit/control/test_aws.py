from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from headgate.control.aws import Boto, Call, Where, attempt, pages
from headgate.control.errors import CallFailed, Refused, Transient


class Session:
    """boto3's session with clients that answer by script; `made` are the services that clients were made for."""

    region_name = "eu-west-1"

    def __init__(self, **clients: Any) -> None:
        self.clients = clients
        self.made: list[str] = []

    def client(self, service: str) -> Any:
        self.made.append(service)
        return self.clients[service]


def client(service: str) -> Any:
    return boto3.client(service, region_name="eu-west-1", aws_access_key_id="none", aws_secret_access_key="none")


def aws(session: Session, *allowed: Call) -> Boto:
    return Boto(lambda: session, frozenset(allowed), lambda where, account: f"arn:aws:iam::{account or where}:role/in")  # type: ignore[arg-type,return-value]


def test_a_call_is_boto3s_and_its_client_is_made_once() -> None:
    ssm = client("ssm")
    session = Session(ssm=ssm)
    caller = aws(session, Call("ssm", "get_parameter"))
    with Stubber(ssm) as stub:
        for value in ("one", "two"):
            stub.add_response("get_parameter", {"Parameter": {"Value": value}}, {"Name": "/a"})
        answers = [caller.call("ssm", "get_parameter", Name="/a")["Parameter"]["Value"] for _ in range(2)]
    assert (answers, session.made) == (["one", "two"], ["ssm"])


def test_a_call_that_is_not_listed_is_refused() -> None:
    with pytest.raises(Refused, match="ssm put_parameter in the home account is not among the calls"):
        aws(Session(), Call("ssm", "get_parameter")).call("ssm", "put_parameter")


def test_a_call_in_another_account_is_made_as_the_role_there(monkeypatch: pytest.MonkeyPatch) -> None:
    sts, member = client("sts"), client("sagemaker")
    made: list[dict[str, Any]] = []

    def entered(**credentials: Any) -> Session:
        made.append(credentials)
        return Session(sagemaker=member)

    monkeypatch.setattr(boto3, "Session", entered)
    credentials = {
        "AccessKeyId": "AKIAEXAMPLEEXAMPLE00",
        "SecretAccessKey": "secret",
        "SessionToken": "token",
        "Expiration": "2030-01-01T00:00:00Z",
    }
    caller = aws(Session(sts=sts), Call("sagemaker", "list_endpoints", Where.TEAM))
    with Stubber(sts) as stub, Stubber(member) as answers:
        stub.add_response(
            "assume_role",
            {"Credentials": credentials},
            {
                "RoleArn": "arn:aws:iam::200000000000:role/in",
                "RoleSessionName": "headgate-vending",
                "DurationSeconds": 900,
            },
        )
        answers.add_response("list_endpoints", {"Endpoints": []}, {})
        answers.add_response("list_endpoints", {"Endpoints": []}, {})
        for _ in range(2):
            caller.call("sagemaker", "list_endpoints", where=Where.TEAM, account="200000000000")
    assert made == [
        {
            "aws_access_key_id": "AKIAEXAMPLEEXAMPLE00",
            "aws_secret_access_key": "secret",
            "aws_session_token": "token",
            "region_name": "eu-west-1",
        }
    ]


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("ThrottlingException", 400, Transient),
        ("Odd", 503, Transient),
        ("Odd", 429, Transient),
        ("AccessDeniedException", 400, CallFailed),
    ],
)
def test_an_error_is_told_apart_by_whether_it_may_pass(code: str, status: int, kind: type[CallFailed]) -> None:
    ssm = client("ssm")
    with Stubber(ssm) as stub:
        stub.add_client_error("get_parameter", code, "what it says", status)
        with pytest.raises(CallFailed, match=f"^ssm get_parameter failed: {code}: what it says$") as raised:
            aws(Session(ssm=ssm), Call("ssm", "get_parameter")).call("ssm", "get_parameter", Name="/a")
    assert type(raised.value) is kind


def test_an_errors_own_reason_is_kept() -> None:
    organizations = client("organizations")
    with Stubber(organizations) as stub:
        stub.add_client_error(
            "create_account", "ConstraintViolationException", "too many", 400, modeled_fields={"Reason": "LIMIT"}
        )
        with pytest.raises(CallFailed) as raised:
            attempt(
                "organizations",
                "create_account",
                lambda: organizations.create_account(Email="a@example.com", AccountName="a"),
            )
    assert raised.value.why == "LIMIT"


def test_a_request_that_boto3_will_not_send_will_not_pass() -> None:
    with pytest.raises(CallFailed, match=r"ParamValidation: .*Missing required parameter") as raised:
        aws(Session(ssm=client("ssm")), Call("ssm", "get_parameter")).call("ssm", "get_parameter")
    assert type(raised.value) is CallFailed


def test_a_lost_connection_may_pass() -> None:
    from botocore.exceptions import ConnectTimeoutError

    def lost() -> dict[str, Any]:
        raise ConnectTimeoutError(endpoint_url="https://example.com")

    with pytest.raises(Transient, match="ConnectTimeoutError"):
        attempt("ssm", "get_parameter", lost)


def test_pages_go_on_to_the_last() -> None:
    class Book:
        def call(self, *_: str, NextToken: str = "0", **__: Any) -> dict[str, Any]:  # noqa: N803 - AWS's name
            number = int(NextToken)
            return {"Pages": [number], **({"NextToken": str(number + 1)} if number < 3 else {})}

    assert list(pages(Book(), "any", "list", "Pages")) == [0, 1, 2, 3]
