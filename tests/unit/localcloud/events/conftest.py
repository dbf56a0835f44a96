"""EventBridge over a document store, with a clock that is moved by hand and targets that remember what they got."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from headgate.localcloud.clock import Timeline
from headgate.localcloud.documents import Documents
from headgate.localcloud.events.service import EventBridge
from headgate.localcloud.seams import Caller, Json

ACCOUNT = "111122223333"
OTHER = "444455556666"
REGION = "eu-west-1"
CALLER = Caller(ACCOUNT, REGION, f"arn:aws:iam::{ACCOUNT}:root")


@dataclass
class Targets:
    """What stands for the cloud: every call that a delivery makes, in the order made, and the errors to answer with."""

    bridge: EventBridge | None = None
    calls: list[tuple[str, str, Mapping[str, Any]]] = field(default_factory=list)
    errors: dict[str, list[ClientError]] = field(default_factory=dict)
    meta: Any = field(default_factory=lambda: SimpleNamespace(endpoint_url="http://cloud"))
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def client(self, caller: Caller, service: str, role_arn: str) -> Any:
        return _Client(self, caller, service, role_arn)

    def service_client(self, principal: str, caller: Caller, service: str, context: Mapping[str, str]) -> Any:
        return _Client(self, caller, service, f"{principal} for {context['aws:SourceArn']}")

    def called(self, caller: Caller, identity: str, operation: str, request: Mapping[str, Any]) -> Any:
        with self._changed:
            self.calls.append((operation, identity, request))
            self._changed.notify_all()
            if self.errors.get(operation):
                raise self.errors[operation].pop(0)
        if operation == "put_events" and self.bridge:
            return self.bridge.put_events(caller, dict(request))
        return {"FailedEntryCount": 0}

    def wait(self, count: int) -> list[tuple[str, str, Mapping[str, Any]]]:
        """The calls, once there are so many."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.calls) >= count, 10), self.calls
            return list(self.calls)


@dataclass
class _Client:
    targets: Targets
    caller: Caller
    service: str
    identity: str

    @property
    def meta(self) -> Any:
        return self.targets.meta

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        return lambda **request: self.targets.called(self.caller, self.identity, operation, request)


@dataclass
class Bench:
    """EventBridge and what is around it. `call` is the API."""

    bridge: EventBridge
    targets: Targets
    timeline: Timeline
    documents: Documents

    def call(self, operation: str, caller: Caller = CALLER, **request: Any) -> Json:
        return self.bridge._service.operations.call(caller, operation, request)

    def put(self, source: str = "mine", caller: Caller = CALLER, bus: str = "default", **detail: Any) -> Json:
        import json

        entry = {"Source": source, "DetailType": "Test", "Detail": json.dumps(detail), "EventBusName": bus}
        return self.call("PutEvents", caller, Entries=[entry])

    def rule(self, name: str, pattern: str, *targets: Json, bus: str = "default", caller: Caller = CALLER) -> str:
        arn: str = self.call("PutRule", caller, Name=name, EventPattern=pattern, EventBusName=bus)["RuleArn"]
        if targets:
            self.call("PutTargets", caller, Rule=name, EventBusName=bus, Targets=list(targets))
        return arn


@pytest.fixture
def documents(tmp_path: Path) -> Iterator[Documents]:
    opened = Documents(tmp_path / "state.db")
    yield opened
    opened.close()


@pytest.fixture
def bench(documents: Documents) -> Iterator[Bench]:
    """Real time stands still at 1,000,000 seconds; `timeline.advance` moves it."""
    timeline = Timeline(None, lambda: 1_000_000.0)
    targets = Targets()
    bridge = EventBridge(documents, timeline, targets)
    targets.bridge = bridge
    yield Bench(bridge, targets, timeline, documents)
    bridge.close()
    timeline.close()


def refused(code: str, status: int = 400) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}, "x")
