from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from headgate.localcloud.clock import Timeline, Timer
from headgate.localcloud.documents import Documents
from headgate.localcloud.errors import AwsError
from headgate.localcloud.organizations.model import Account, Organization, Unit
from headgate.localcloud.organizations.store import OrganizationStore
from headgate.localcloud.seams import Caller, HttpRequest, HttpResponse, Json
from headgate.localcloud.server.parameters import Asked
from headgate.localcloud.sts.sessions import Sessions
from headgate.localcloud.trail.history import EventHistory
from headgate.localcloud.trail.recorder import Recorder
from headgate.localcloud.trail.service import CloudTrail
from unit.localcloud.http_harness import FakeClock

ACCOUNT, MEMBER, STRANGER = "111111111111", "222222222222", "333333333333"
REGION = "eu-west-1"
BUCKET = "trail-logs"


class Timers(Timeline):
    """Virtual time that stands still; remembers what is to be done when, and does it when it is told."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(source=clock.now)
        self.due: list[tuple[float, Callable[[], object]]] = []

    def call_at(self, when: float, work: Callable[[], object]) -> Timer:
        self.due.append((when, work))
        return Timer(when, work)


class World:
    """CloudTrail over an empty folder. `objects` are what was put; `refused` is the error of the next puts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = FakeClock()
        self.timers = Timers(self.clock)
        self.documents = Documents(folder / "state.db")
        self.sessions = Sessions(self.documents, self.clock)
        self.organizations = OrganizationStore(self.documents)
        self.objects: dict[str, dict[str, Any]] = {}
        self.clients: list[tuple[str, Caller, Mapping[str, str]]] = []
        self.refused: Exception | None = None
        self.unusable: AwsError | None = None
        self.asked: list[tuple[str, Json]] = []
        self.start()

    def start(self) -> None:
        self.history = EventHistory(self.folder / "trail")
        recorder = Recorder(self.history, self.sessions, self.timers)
        self.recorder = recorder
        self.service = CloudTrail(
            self.documents, self.history, self.organizations, self.timers, self._client, self._may_deliver
        )
        recorder.arrived = self.service.delivery.arrived

    def organize(self) -> None:
        with self.organizations.changing():
            trusted = {"cloudtrail.amazonaws.com": 1.0}
            self.organizations.put(Organization("o-1", ACCOUNT, "r-1", 1.0, (), trusted))
            self.organizations.put(Unit("r-1", "o-1", "", "Root"))
            for account in (ACCOUNT, MEMBER):
                self.organizations.put(Account(account, "o-1", "r-1", account, f"{account}@example.com", 1.0))

    def call(self, operation: str, account: str = ACCOUNT, region: str = REGION, **parameters: Any) -> Json:
        headers = {"x-amz-target": f"CloudTrail_20131101.{operation}"}
        caller = Caller(account, region, f"arn:aws:iam::{account}:root")
        body = io.BytesIO(json.dumps(parameters).encode())
        response = self.service.handle(HttpRequest("POST", "/", (), headers, body, "cloudtrail", caller))
        assert response is not None
        assert isinstance(response.body, bytes)
        answer: Json = json.loads(response.body)
        return answer

    def trail(self, **more: Any) -> None:
        self.call("CreateTrail", Name="trail", S3BucketName=BUCKET, **more)
        self.call("StartLogging", Name="trail")

    def happen(
        self,
        operation: str = "CreateUser",
        service: str = "iam",
        account: str = ACCOUNT,
        *,
        region: str = REGION,
        owner: str = "",
        caller: Caller | None = None,
        error: AwsError | None = None,
        response: HttpResponse | None = None,
        **parameters: Any,
    ) -> None:
        caller = caller or Caller(account, region, f"arn:aws:iam::{account}:root", access_key=f"HEADGATE{account}")
        request = HttpRequest("POST", "/", (), {"user-agent": "test"}, io.BytesIO(), service, caller)
        answer = response or (None if error else HttpResponse(200))
        self.recorder.record(request, Asked(service, operation, parameters), owner or caller.account, answer, error)

    def delivered(self) -> list[Json]:
        """All events in the bucket."""
        files = (json.loads(gzip.decompress(one["Body"])) for one in self.objects.values())
        return [event for file in files for event in file["Records"]]

    def put_object(self, **given: Any) -> None:
        if self.refused is not None:
            raise self.refused
        self.objects[given["Key"]] = given

    def _client(self, principal: str, caller: Caller, service: str, context: Mapping[str, str]) -> Any:
        assert service == "s3"
        self.clients.append((principal, caller, context))
        return self

    def _may_deliver(self, caller: Caller, operation: str, parameters: Json) -> None:
        assert caller.service == "cloudtrail.amazonaws.com"
        self.asked.append((operation, parameters))
        if self.unusable is not None:
            raise self.unusable


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)
