"""What EventBridge hears of requests, of images and of accounts that were created."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headgate.localcloud.documents import Documents, Key
from headgate.localcloud.notices.announcer import Calls
from headgate.localcloud.notices.calls import AccountResults, image_notices
from headgate.localcloud.seams import Caller, HttpRequest, HttpResponse, Json
from headgate.localcloud.server.parameters import Asked
from unit.localcloud.notices.conftest import ACCOUNT, REGION, Bus, arn


class CallBus(Bus):
    calls: list[tuple[str, Json]]

    def publish_call(self, account: str, record: Json) -> None:
        self.calls.append((account, record))


@pytest.fixture
def documents(tmp_path: Path) -> Iterator[Documents]:
    opened = Documents(tmp_path / "state.db")
    yield opened
    opened.close()


def record(account: str = ACCOUNT) -> Json:
    return {"awsRegion": REGION, "recipientAccountId": account, "userIdentity": {"accountId": account}}


def test_recorded_calls_are_told_where_a_trail_logs_and_a_rule_listens(documents: Documents) -> None:
    bus = CallBus()
    bus.calls = []
    asked: list[Json] = []

    def logged_for(event: Json) -> list[str]:
        asked.append(event)
        return [event["recipientAccountId"]]

    calls = Calls(documents, bus, logged_for)
    calls.told(record())
    calls.told(record("999999999999"))
    assert bus.calls == [(ACCOUNT, record())]
    assert len(asked) == 1, "trails are not asked where nobody listens"


REQUEST = HttpRequest("POST", "/", (), {}, io.BytesIO(), "ecr", Caller(ACCOUNT, REGION))


def answered(operation: str, answer: Any, status: int = 200) -> list[Any]:
    asked = Asked("ecr", operation, {"repositoryName": "churn"})
    return image_notices(asked, ACCOUNT, REQUEST, HttpResponse(status, {}, json.dumps(answer).encode()))


def test_images_that_are_pushed_and_deleted_are_told(documents: Documents) -> None:
    image = {"imageDigest": "sha256:1", "imageTag": "v1"}
    (pushed,) = answered("PutImage", {"image": {"imageId": image}})
    assert (pushed.source, pushed.detail_type) == ("aws.ecr", "ECR Image Action")
    assert pushed.resources == (arn("repository/churn", "ecr"),)
    assert pushed.detail == {
        "result": "SUCCESS",
        "repository-name": "churn",
        "image-digest": "sha256:1",
        "action-type": "PUSH",
        "image-tag": "v1",
    }
    deleted = answered("BatchDeleteImage", {"imageIds": [image, {"imageDigest": "sha256:2"}]})
    assert [one.detail["action-type"] for one in deleted] == ["DELETE", "DELETE"]
    assert answered("PutImage", {"message": "no"}, 400) == []
    assert answered("DescribeImages", {}) == []
    bus = CallBus()
    response = HttpResponse(200, {}, json.dumps({"image": {"imageId": image}}).encode())
    Calls(documents, bus, lambda _: []).answered(REQUEST, Asked("ecr", "PutImage", {}), ACCOUNT, response)
    assert [notice.detail_type for notice in bus.notices] == ["ECR Image Action"]


def test_the_creation_of_an_account_is_told_once_when_it_ends(documents: Documents) -> None:
    kept: list[Json] = []
    AccountResults(documents, kept.append, lambda: 1600291254.0)
    documents.put(Key("", "", "organization", "o-1"), {"management_account": ACCOUNT})
    creation = {
        "id": "car-1", "organization": "o-1", "account": "444455556666", "requested": 1600291250.0,
        "state": "IN_PROGRESS", "completed": 0.0, "failure": "",
    }  # fmt: skip
    key = Key("", "", "organization-create-account", "car-1")
    documents.put(key, creation)
    assert kept == []
    ended = creation | {"state": "SUCCEEDED", "completed": 1600291254.0}
    documents.put(key, ended)
    documents.put(key, ended)
    (event,) = kept
    assert (event["eventName"], event["eventType"], event["awsRegion"]) == (
        "CreateAccountResult",
        "AwsServiceEvent",
        "us-east-1",
    )
    assert event["recipientAccountId"] == ACCOUNT
    assert event["serviceEventDetails"]["createAccountStatus"] == {
        "id": "car-1",
        "state": "SUCCEEDED",
        "accountName": "****",
        "accountId": "444455556666",
        "requestedTimestamp": "Sep 16, 2020 9:20:50 PM",
        "completedTimestamp": "Sep 16, 2020 9:20:54 PM",
    }
