"""Notification configurations: which are taken, which refused, and who is told of what."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from headgate.localcloud.s3.notification import read
from headgate.localcloud.s3.service import S3Service
from headgate.localcloud.s3.store import ObjectStore
from unit.localcloud.http_harness import Slot

QUEUE = "arn:aws:sqs:us-east-1:111111111111:q"
CREATED, REMOVED = "s3:ObjectCreated:*", "s3:ObjectRemoved:Delete"


@pytest.fixture
def s3(client_for: Any) -> Any:
    client = client_for()
    client.create_bucket(Bucket="data")
    return client


def queue(*events: str, prefix: str = "", suffix: str = "", arn: str = QUEUE, **more: Any) -> dict[str, Any]:
    rules = [{"Name": name, "Value": value} for name, value in (("prefix", prefix), ("Suffix", suffix)) if value]
    filtered = {"Filter": {"Key": {"FilterRules": rules}}} if rules else {}
    return {"QueueArn": arn, "Events": list(events), **filtered, **more}


def put(s3: Any, *queues: dict[str, Any], **more: Any) -> None:
    configuration = {"QueueConfigurations": list(queues)} if queues else {}
    s3.put_bucket_notification_configuration(Bucket="data", NotificationConfiguration=configuration | more)


def test_what_was_put_is_what_is_told(s3: Any, store: ObjectStore) -> None:
    put(s3, queue(CREATED, prefix="in/", suffix=".csv", Id="new"), EventBridgeConfiguration={})
    answer = s3.get_bucket_notification_configuration(Bucket="data")
    assert answer["QueueConfigurations"][0]["Id"] == "new"
    body = store.buckets.setting("data", "notification")
    assert body is not None
    notification = read(body)
    assert notification.event_bridge
    (wanting,) = notification.wanting("ObjectCreated:Copy", "in/a.csv")
    assert (wanting.id, wanting.arn) == ("new", QUEUE)
    for event, key in (
        ("ObjectCreated:Put", "in/a.txt"),
        ("ObjectCreated:Put", "a.csv"),
        ("ObjectRemoved:Delete", "in/a.csv"),
    ):
        assert notification.wanting(event, key) == ()
    put(s3)
    assert "QueueConfigurations" not in s3.get_bucket_notification_configuration(Bucket="data")


@pytest.mark.parametrize(
    ("one", "other", "ambiguous"),
    [
        (queue(CREATED), queue("s3:ObjectCreated:Put"), True),
        (queue(CREATED, prefix="a"), queue(CREATED, prefix="ab"), True),
        (queue(CREATED, prefix="a"), queue(CREATED, prefix="b"), False),
        (queue(CREATED, prefix="a", suffix=".x"), queue(CREATED, prefix="a", suffix=".y"), False),
        (queue(CREATED), queue(REMOVED), False),
    ],
)
def test_overlapping_rules_are_refused(one: Any, other: Any, ambiguous: bool, s3: Any) -> None:
    if not ambiguous:
        put(s3, one, other)
        return
    with pytest.raises(ClientError, match="ambiguously defined"):
        put(s3, one, other)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (queue("s3:ObjectTagging:Put"), "s3:ObjectTagging:Put"),
        (queue("s3:ObjectRestore:*"), "s3:ObjectRestore"),
        (queue(CREATED, arn="arn:aws:sns:us-east-1:111111111111:t"), "could not be parsed"),
        (queue(CREATED, arn="arn:aws:sqs:eu-west-1:111111111111:q"), "not in the bucket's region"),
        ({**queue(CREATED), "Filter": {"Key": {"FilterRules": [{"Name": "infix", "Value": "x"}]}}}, "prefix or suffix"),
    ],
)
def test_what_cannot_be_served_is_refused(given: Any, message: str, s3: Any) -> None:
    with pytest.raises(ClientError, match=message):
        put(s3, given)


@pytest.mark.parametrize(
    "inner", ["<Other/>", "<QueueConfiguration><Queue>arn:aws:sqs:r:a:q</Queue></QueueConfiguration>"]
)
def test_what_is_no_configuration_is_refused(inner: str) -> None:
    with pytest.raises(Exception, match="MalformedXML"):
        read(f"<NotificationConfiguration>{inner}</NotificationConfiguration>".encode())
    with pytest.raises(Exception, match="MalformedXML"):
        read(b"<Configuration/>")


def test_a_destination_that_takes_nothing_is_refused(server: tuple[Slot, str], store: ObjectStore, s3: Any) -> None:
    tried: list[tuple[str, str]] = []

    def refused(bucket: str, destination: str) -> str:
        tried.append((bucket, destination))
        return "its policy says no"

    server[0].service = S3Service(store, refused)
    with pytest.raises(ClientError, match=r"Unable to validate the following destination .*its policy says no"):
        put(s3, queue(CREATED))
    assert tried == [("data", QUEUE)]
    s3.put_bucket_notification_configuration(
        Bucket="data",
        NotificationConfiguration={"QueueConfigurations": [queue(CREATED)]},
        SkipDestinationValidation=True,
    )
