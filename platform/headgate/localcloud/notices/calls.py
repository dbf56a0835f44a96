"""What CloudTrail and ECR tell EventBridge of requests, and Organizations of accounts that were created.

They are told once the request has been answered, by best effort as on AWS: what a killed daemon had not told yet is in
the event history, and on no bus. Sources: CloudTrail User Guide, 'CloudTrail record contents' and 'Non-API events
captured by CloudTrail'; Organizations User Guide, 'Logging with CloudTrail'; ECR User Guide, 'Amazon ECR events'.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from headgate.localcloud.documents import Documents, Key
from headgate.localcloud.notices.changes import Notice, given, iso
from headgate.localcloud.seams import HttpRequest, HttpResponse, Json
from headgate.localcloud.server.parameters import Asked

CREATION = "organization-create-account"
_ORGANIZATION = "organization"
_INTERNAL = "AWS Internal"
_HOME = "us-east-1"
_ENDED = frozenset({"SUCCEEDED", "FAILED"})

Publish = Callable[[str, str, str, str, Json, tuple[str, ...]], None]
"""EventBridge.publish."""


def image_notices(asked: Asked, owner: str, request: HttpRequest, response: HttpResponse | None) -> list[Notice]:
    """ECR's events of a request that put or deleted images."""
    if asked.service != "ecr" or asked.operation not in {"PutImage", "BatchDeleteImage"}:
        return []
    if response is None or response.status >= 400 or not isinstance(response.body, bytes):
        return []
    answer = json.loads(response.body or b"{}")
    repository = str(asked.parameters.get("repositoryName", ""))
    arn = f"arn:aws:ecr:{request.caller.region}:{owner}:repository/{repository}"
    if asked.operation == "PutImage":
        images, action = [answer.get("image", {}).get("imageId", {})], "PUSH"
    else:
        images, action = answer.get("imageIds", []), "DELETE"
    return [Notice("aws.ecr", "ECR Image Action", _image(repository, action, one), (arn,)) for one in images]


def _image(repository: str, action: str, image: Json) -> Json:
    return given(
        {
            "result": "SUCCESS",
            "repository-name": repository,
            "image-digest": image.get("imageDigest"),
            "action-type": action,
            "image-tag": image.get("imageTag", ""),
        }
    )


class AccountResults:
    """Organizations' CreateAccountResult, recorded once the creation of an account has ended."""

    def __init__(self, documents: Documents, keep: Callable[[Json], None], now: Callable[[], float]) -> None:
        self._documents = documents
        self._keep = keep
        self._now = now
        documents.watch((CREATION,), self._changed)

    def _changed(self, key: Key, before: Json | None, after: Json | None) -> None:
        state = (after or {}).get("state")
        if after is None or state not in _ENDED or (before or {}).get("state") == state:
            return
        organization = self._documents.find(Key(key.account, key.region, _ORGANIZATION, after["organization"]))
        if organization is not None:
            record = creation_record(after, organization["management_account"], self._now())
            self._documents.after_commit(lambda: self._keep(record))


def creation_record(creation: Json, account: str, now: float) -> Json:
    """The service event of an account's creation, as CloudTrail has it."""
    status: dict[str, Any] = given(
        {
            "id": creation["id"],
            "state": creation["state"],
            "accountName": "****",
            "accountId": creation["account"] or None,
            "failureReason": creation["failure"] or None,
            "requestedTimestamp": _worded(creation["requested"]),
            "completedTimestamp": _worded(creation["completed"]),
        }
    )
    return {
        "eventVersion": "1.11",
        "userIdentity": {"accountId": account, "invokedBy": _INTERNAL},
        "eventTime": iso(now),
        "eventSource": "organizations.amazonaws.com",
        "eventName": "CreateAccountResult",
        "awsRegion": _HOME,
        "sourceIPAddress": _INTERNAL,
        "userAgent": _INTERNAL,
        "requestParameters": None,
        "responseElements": None,
        "eventID": str(uuid.uuid4()),
        "readOnly": False,
        "eventType": "AwsServiceEvent",
        "managementEvent": True,
        "recipientAccountId": account,
        "eventCategory": "Management",
        "serviceEventDetails": {"createAccountStatus": status},
    }


def _worded(seconds: float) -> str:
    """`Sep 16, 2020 9:20:50 PM`."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%b} {moment.day}, {moment.year} {moment:%I:%M:%S %p}".replace(" 0", " ")
