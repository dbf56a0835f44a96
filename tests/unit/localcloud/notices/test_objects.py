"""S3's notifications: who hears of which change of an object, and in what words."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from headgate.localcloud.clock import Timeline
from headgate.localcloud.documents import Documents
from headgate.localcloud.errors import AwsError
from headgate.localcloud.notices.changes import Notice
from headgate.localcloud.notices.objects import ObjectNotices
from headgate.localcloud.s3 import multipart
from headgate.localcloud.s3.changes import Requester, requester
from headgate.localcloud.s3.multipart import ListedPart
from headgate.localcloud.s3.store import Attributes, ObjectStore
from headgate.localcloud.seams import Caller, Json
from unit.localcloud.notices.conftest import ACCOUNT, REGION, arn

BOTH = (
    f"<QueueConfiguration><Id>mine</Id><Queue>{arn('q', 'sqs')}</Queue><Event>s3:ObjectCreated:*</Event>"
    "<Event>s3:ObjectRemoved:*</Event></QueueConfiguration><EventBridgeConfiguration/>"
)


@dataclass
class World:
    """Stands for everything around: calls of services, events, and what policies say."""

    calls: list[tuple[str, str, Json]] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    denied: set[str] = field(default_factory=set)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def client(self, caller: Caller, service: str, role_arn: str) -> Any:
        raise AssertionError(role_arn)

    def service_client(self, principal: str, caller: Caller, service: str, context: Mapping[str, str]) -> Any:
        return _Client(self, f"{principal} for {context['aws:SourceArn']} of {context['aws:SourceAccount']}", service)

    def publish(self, account: str, region: str, source: str, title: str, detail: Json, resources: Any) -> None:
        assert (account, region) == (ACCOUNT, REGION)
        self._add(self.notices, Notice(source, title, detail, resources))

    def require(self, service: str, operation: str, parameters: Mapping[str, Any], caller: Caller) -> None:
        self.called(f"{caller.service} for {caller.context['aws:SourceArn']}", f"may {operation}", dict(parameters))

    def called(self, who: str, operation: str, request: Json) -> Any:
        if operation in self.denied:
            raise AwsError("AccessDenied", f"no {operation}", status=403)
        self._add(self.calls, (who, operation, request))
        return {}

    def _add(self, told: list[Any], one: Any) -> None:
        with self.changed:
            told.append(one)
            self.changed.notify_all()

    def wait(self, messages: int, notices: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: (len(self.calls), len(self.notices)) == (messages, notices), 10), self


@dataclass
class _Client:
    world: World
    who: str
    service: str

    @property
    def meta(self) -> Any:
        return SimpleNamespace(endpoint_url="http://cloud")

    def __getattr__(self, operation: str) -> Any:
        return lambda **request: self.world.called(self.who, operation, request)


@dataclass
class Bench:
    objects: ObjectStore
    documents: Documents
    timeline: Timeline
    world: World
    notices: ObjectNotices

    def configure(self, inner: str) -> None:
        text = f"<NotificationConfiguration>{inner}</NotificationConfiguration>"
        self.objects.put_setting("data", "notification", text.encode())

    def again(self) -> ObjectNotices:
        """What a new daemon over the same state makes."""
        self.notices = ObjectNotices(
            self.objects, self.documents, self.timeline, self.world, self.world.publish, self.world.require
        )
        return self.notices

    def record(self, number: int = 0) -> Json:
        (one,) = json.loads(self.world.calls[number][2]["MessageBody"])["Records"]
        found: Json = one
        return found


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    timeline, documents, world = Timeline(None, lambda: 1_000_000.5), Documents(tmp_path / "state.db"), World()
    objects = ObjectStore(tmp_path / "s3", timeline)
    objects.create_bucket(ACCOUNT, REGION, "data")
    notices = ObjectNotices(objects, documents, timeline, world, world.publish, world.require)
    made = Bench(objects, documents, timeline, world, notices)
    yield made
    made.notices.close()
    timeline.close()
    objects.close()
    documents.close()


def test_a_queue_and_the_bus_hear_of_a_new_object(bench: Bench) -> None:
    bench.configure(BOTH)
    token = requester.set(Requester(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root", "R1"))
    try:
        info = bench.objects.put_bytes("data", "in/new file.csv", b"hello")
    finally:
        requester.reset(token)
    bench.world.wait(1, 1)
    who, operation, _ = bench.world.calls[0]
    assert (who, operation) == (f"s3.amazonaws.com for arn:aws:s3:::data of {ACCOUNT}", "send_message")
    record = bench.record()
    assert record["eventName"] == "ObjectCreated:Put"
    assert record["eventTime"] == "1970-01-12T13:46:40.500Z"
    assert record["userIdentity"] == {"principalId": f"AWS:arn:aws:iam::{ACCOUNT}:root"}
    assert record["s3"]["configurationId"] == "mine"
    assert record["s3"]["object"] == {
        "key": "in/new+file.csv", "size": 5, "eTag": info.etag, "sequencer": "0000000000000001",
    }  # fmt: skip
    (event,) = bench.world.notices
    assert (event.source, event.detail_type, event.resources) == ("aws.s3", "Object Created", ("arn:aws:s3:::data",))
    assert event.detail == {
        "version": "0",
        "bucket": {"name": "data"},
        "object": {"key": "in/new file.csv", "size": 5, "etag": info.etag, "sequencer": "0000000000000001"},
        "request-id": "R1",
        "requester": ACCOUNT,
        "source-ip-address": "127.0.0.1",
        "reason": "PutObject",
    }


def test_every_way_to_make_and_to_lose_an_object(bench: Bench) -> None:
    bench.configure(BOTH)
    objects = bench.objects
    first = objects.put_bytes("data", "a", b"1")
    objects.copy(first, "data", "b", Attributes())
    upload = multipart.create(objects, "data", "c", Attributes())
    with objects.stage() as staged:
        staged.write(b"part")
        part = multipart.put_part(objects, upload, 1, staged, {})
    multipart.complete(objects, upload, [ListedPart(1, part.etag, {})], {})
    objects.delete("data", "a")
    objects.delete("data", "never there")
    objects.set_versioning("data", "Enabled")
    version = objects.put_bytes("data", "a", b"2").version_id
    objects.delete("data", "a")
    objects.delete_version("data", "a", str(version))
    objects.delete_version("data", "a", "never there")
    bench.world.wait(7, 7)
    told = [(event.detail["reason"], event.detail.get("deletion-type", "")) for event in bench.world.notices]
    assert told == [
        ("PutObject", ""),
        ("CopyObject", ""),
        ("CompleteMultipartUpload", ""),
        ("DeleteObject", "Permanently Deleted"),
        ("PutObject", ""),
        ("DeleteObject", "Delete Marker Created"),
        ("DeleteObject", "Permanently Deleted"),
    ]
    deleted = bench.world.notices[-1]
    assert (deleted.detail_type, deleted.detail["object"]["version-id"]) == ("Object Deleted", version)
    assert "size" not in deleted.detail["object"]
    names = {bench.record(number)["eventName"] for number in range(7)}
    assert {"ObjectCreated:CompleteMultipartUpload", "ObjectRemoved:DeleteMarkerCreated"} <= names


def test_a_topic_gets_a_subject_and_a_function_the_records(bench: Bench) -> None:
    function = arn("function:f", "lambda")
    bench.configure(
        f"<TopicConfiguration><Topic>{arn('t', 'sns')}</Topic><Event>s3:ObjectCreated:*</Event>"
        "<Filter><S3Key><FilterRule><Name>prefix</Name><Value>t/</Value></FilterRule></S3Key></Filter>"
        f"</TopicConfiguration><CloudFunctionConfiguration><CloudFunction>{function}</CloudFunction>"
        "<Event>s3:ObjectCreated:Put</Event></CloudFunctionConfiguration>"
    )
    bench.objects.put_bytes("data", "t/a", b"1")
    bench.world.wait(2, 0)
    calls = {operation: request for _, operation, request in bench.world.calls}
    assert calls["publish"]["Subject"] == "Amazon S3 Notification"
    assert calls["invoke"]["FunctionName"] == function
    (record,) = json.loads(calls["invoke"]["Payload"])["Records"]
    assert record["s3"]["configurationId"] == "notification-2"


def test_a_change_that_is_rolled_back_is_not_told(bench: Bench) -> None:
    bench.configure(BOTH)

    def fails() -> None:
        with bench.objects.database.transaction():
            bench.objects.put_bytes("data", "a", b"1")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    bench.objects.put_bytes("data", "b", b"1")
    bench.world.wait(1, 1)
    assert bench.record()["s3"]["object"]["key"] == "b"


def test_what_a_killed_daemon_left_is_told_after_the_next_start(bench: Bench) -> None:
    bench.configure(BOTH)
    bench.notices.close()
    bench.objects.put_bytes("data", "a", b"1")
    assert not bench.world.calls
    bench.again().recover()
    bench.world.wait(1, 1)
    bench.notices.close()
    assert bench.objects.database.rows("SELECT * FROM notices") == []
    assert bench.documents.list("object-delivery") == []


def test_destinations_are_tried_as_s3_itself(bench: Bench) -> None:
    refused = bench.notices.refused
    assert refused("data", arn("q", "sqs")) == ""
    assert refused("data", arn("t", "sns")) == ""
    assert refused("data", arn("function:f", "lambda")) == ""
    (_, _, sent), (_, _, published), (who, asked, _) = bench.world.calls
    assert json.loads(sent["MessageBody"])["Event"] == "s3:TestEvent"
    assert json.loads(published["Message"])["Bucket"] == "data"
    assert (who, asked) == ("s3.amazonaws.com for arn:aws:s3:::data", "may Invoke")
    bench.world.denied |= {"send_message", "may Invoke"}
    assert "no send_message" in refused("data", arn("q", "sqs"))
    assert "no may Invoke" in refused("data", arn("function:f", "lambda"))
