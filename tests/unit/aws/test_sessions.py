from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from headgate.aws.sessions import Session, connect, local_environment, state_folder
from headgate.errors import FailedError, UserError
from headgate.localcloud import lifecycle
from headgate.localcloud.lifecycle import Endpoint
from headgate.localcloud.seams import HttpResponse
from headgate.localcloud.server.http import HttpServer, WireRequest


@contextmanager
def cloud(answers: dict[tuple[str, str], tuple[int, str]]) -> Iterator[tuple[str, list[WireRequest]]]:
    """Something that answers by method and path; anything else is 404."""
    asked: list[WireRequest] = []

    def handler(request: WireRequest) -> HttpResponse:
        asked.append(request)
        status, body = answers.get((request.method, request.target.partition("?")[0]), (404, ""))
        return HttpResponse(status, {"content-type": "text/xml"}, body.encode())

    server = HttpServer(0, handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}", asked
    finally:
        server.drain(5)
        thread.join()


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, Any]]:
    """What `ensure_running` was asked; it starts nothing."""
    calls: list[tuple[Path, Any]] = []

    def ensure_running(state: Path, *, runtimes: Any = None, project: str = "") -> Endpoint:
        assert project == str(state.parent)
        calls.append((state, runtimes))
        return Endpoint("http://127.0.0.1:1", 1, "123456789012", state)

    monkeypatch.setattr(lifecycle, "ensure_running", ensure_running)
    return calls


def identity(account: str) -> dict[tuple[str, str], tuple[int, str]]:
    text = (
        '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
        f"<Account>{account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
    )
    return {("POST", "/"): (200, text)}


def test_local_starts_the_projects_cloud_and_hands_over_runtimes(
    tmp_path: Path, started: list[tuple[Path, Any]]
) -> None:
    session = connect(tmp_path, runtimes=[{"name": "r"}], account="111122223333", region="eu-west-1", environ={})
    assert started == [(tmp_path / ".headgate", [{"name": "r"}])]
    assert (session.target, session.account, session.region) == ("local", "111122223333", "eu-west-1")
    assert session.bucket == "headgate-111122223333-eu-west-1"
    assert session.role_arn == "arn:aws:iam::111122223333:role/headgate-execution"
    client = session.client("sagemaker")
    assert client is session.client("sagemaker")
    assert client.meta.endpoint_url == "http://127.0.0.1:1"
    assert client.meta.region_name == "eu-west-1"


def test_the_users_aws_profile_is_no_business_of_the_local_cloud(
    tmp_path: Path, started: list[tuple[Path, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "does-not-exist")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "real")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "real")
    session = connect(tmp_path, environ={})
    request = session.client("sts").generate_presigned_url("get_caller_identity")
    assert "HEADGATE123456789012" in request


def test_what_the_project_declares_wins(tmp_path: Path, started: list[tuple[Path, Any]]) -> None:
    session = connect(tmp_path, role_arn="arn:aws:iam::1:role/mine", bucket="mine", environ={})
    assert (session.role_arn, session.bucket) == ("arn:aws:iam::1:role/mine", "mine")


def test_the_state_folder_can_be_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert state_folder(tmp_path, {}) == tmp_path / ".headgate"
    assert state_folder(tmp_path, {"HEADGATE_STATE_DIR": "/elsewhere"}) == Path("/elsewhere")
    monkeypatch.chdir(tmp_path)
    assert state_folder(Path("project"), {"HEADGATE_STATE_DIR": "mine"}) == tmp_path / "mine"


def test_another_process_gets_the_same_cloud(tmp_path: Path, started: list[tuple[Path, Any]]) -> None:
    assert connect(tmp_path, environ={}).environment() == local_environment(
        "http://127.0.0.1:1", "123456789012", "us-east-1"
    )


def test_a_cloud_that_has_gone_away_is_named(tmp_path: Path, started: list[tuple[Path, Any]]) -> None:
    session = connect(tmp_path, environ={})
    with pytest.raises(FailedError, match="the local cloud does not answer"):
        session.client("sts").get_caller_identity()


def test_aws_without_credentials_is_one_screen(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no AWS credentials"):
        connect(tmp_path, "aws", region="eu-west-1")


def test_aws_without_a_region_is_one_screen(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no AWS region"):
        connect(tmp_path, "aws")


def test_an_unknown_profile_is_one_screen(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="AWS profile 'nobody' does not exist"):
        connect(tmp_path, "aws", profile="nobody")


@pytest.fixture
def aws_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")


def test_on_aws_the_account_is_that_of_the_credentials(
    tmp_path: Path, aws_keys: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with cloud(identity("444455556666")) as (url, _):
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        session = connect(tmp_path, "aws", environ={"AWS_PROFILE": "dev"})
        assert (session.target, session.account, session.region) == ("aws", "444455556666", "eu-west-1")
        assert session.endpoint_url is None
        assert session.environment()["AWS_PROFILE"] == "dev"
        with pytest.raises(UserError, match="no execution role"):
            _ = session.role_arn
        with pytest.raises(UserError, match="of account 444455556666, the project is for account 777788889999"):
            connect(tmp_path, "aws", account="777788889999")


def test_expired_credentials_are_one_screen(tmp_path: Path, aws_keys: None, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "<ErrorResponse><Error><Code>ExpiredToken</Code><Message>m</Message></Error></ErrorResponse>"
    with cloud({("POST", "/"): (403, text)}) as (url, _):
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        with pytest.raises(UserError, match="have expired"):
            connect(tmp_path, "aws")


def local_session(url: str, region: str = "eu-west-1") -> Session:
    import boto3

    made = boto3.Session(aws_access_key_id="a", aws_secret_access_key="b", region_name=region)
    return Session("local", "123456789012", region, 0.1, url, _boto3=made)


def test_the_bucket_is_created_when_it_is_missing_and_only_then() -> None:
    path = "/headgate-123456789012-eu-west-1"
    with cloud({("PUT", path): (200, "")}) as (url, asked):
        local_session(url).ensure_bucket()
        assert [(request.method, request.target) for request in asked] == [("HEAD", path), ("PUT", path)]
    with cloud({("HEAD", path): (200, "")}) as (url, asked):
        local_session(url).ensure_bucket()
        assert [request.method for request in asked] == ["HEAD"]


def test_the_home_region_takes_no_location() -> None:
    path = "/headgate-123456789012-us-east-1"
    with cloud({("PUT", path): (200, "")}) as (url, asked):
        local_session(url, "us-east-1").ensure_bucket()
        assert asked[1].headers.get("content-length", "0") == "0"


def test_somebody_elses_bucket_is_the_users_to_change() -> None:
    with (
        cloud({("HEAD", "/headgate-123456789012-eu-west-1"): (403, "")}) as (url, _),
        pytest.raises(UserError, match="is not open to account 123456789012"),
    ):
        local_session(url).ensure_bucket()
