"""CloudWatch Logs as boto3 sees it."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from headgate.localcloud.logs.patterns import parse_pattern
from headgate.localcloud.logs.store import LogStore
from unit.localcloud.http_harness import FakeClock

NOW = 1795244400000
GROUP = "/aws/sagemaker/TrainingJobs"


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


@pytest.fixture
def group(logs) -> str:
    logs.create_log_group(logGroupName=GROUP)
    return GROUP


@pytest.fixture
def stream(logs, group) -> dict[str, str]:
    """Group and stream as arguments."""
    logs.create_log_stream(logGroupName=group, logStreamName="job/algo-1")
    return {"logGroupName": group, "logStreamName": "job/algo-1"}


def put(logs, stream: dict[str, str], *messages: str, start: int = NOW) -> Any:
    events = [{"timestamp": start + number, "message": message} for number, message in enumerate(messages)]
    return logs.put_log_events(**stream, logEvents=events)


def texts(answer: Any) -> list[str]:
    return [event["message"] for event in answer["events"]]


def test_groups_are_created_once_and_deleted_once(logs, group) -> None:
    with pytest.raises(ClientError) as error:
        logs.create_log_group(logGroupName=group)
    assert code(error) == "ResourceAlreadyExistsException"
    logs.delete_log_group(logGroupName=group)
    with pytest.raises(ClientError) as error:
        logs.delete_log_group(logGroupName=group)
    assert code(error) == "ResourceNotFoundException"


def test_what_a_group_is(logs) -> None:
    logs.create_log_group(logGroupName="g", kmsKeyId="key", tags={"a": "b"}, logGroupClass="INFREQUENT_ACCESS")
    (found,) = logs.describe_log_groups()["logGroups"]
    assert found == {
        "logGroupName": "g",
        "creationTime": NOW,
        "metricFilterCount": 0,
        "arn": "arn:aws:logs:us-east-1:111111111111:log-group:g:*",
        "logGroupArn": "arn:aws:logs:us-east-1:111111111111:log-group:g",
        "storedBytes": 0,
        "logGroupClass": "INFREQUENT_ACCESS",
        "kmsKeyId": "key",
    }
    assert logs.list_tags_log_group(logGroupName="g")["tags"] == {"a": "b"}


def test_groups_by_prefix_pattern_and_page(logs) -> None:
    for name in ("/a/1", "/a/2", "/a/3", "/B/1"):
        logs.create_log_group(logGroupName=name)
    pages = logs.get_paginator("describe_log_groups").paginate(
        logGroupNamePrefix="/a", PaginationConfig={"PageSize": 2}
    )
    assert [[item["logGroupName"] for item in page["logGroups"]] for page in pages] == [["/a/1", "/a/2"], ["/a/3"]]
    found = logs.describe_log_groups(logGroupNamePattern="b/")["logGroups"]
    assert [item["logGroupName"] for item in found] == ["/B/1"]
    only = logs.describe_log_groups(logGroupIdentifiers=["/a/2"])["logGroups"]
    assert [item["logGroupName"] for item in only] == ["/a/2"]
    for wrong in ({"logGroupNamePrefix": "a", "logGroupNamePattern": "abc"}, {"nextToken": "?"}, {"limit": 51}):
        with pytest.raises(ClientError) as error:
            logs.describe_log_groups(**wrong)
        assert code(error) == "InvalidParameterException"


def test_tags(logs, group) -> None:
    arn = f"arn:aws:logs:us-east-1:111111111111:log-group:{group}"
    logs.tag_log_group(logGroupName=group, tags={"a": "1"})
    logs.tag_resource(resourceArn=arn, tags={"b": "2", "c": "3"})
    logs.untag_resource(resourceArn=arn, tagKeys=["b"])
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"a": "1", "c": "3"}
    logs.untag_log_group(logGroupName=group, tags=["a", "nope"])
    assert logs.list_tags_log_group(logGroupName=group)["tags"] == {"c": "3"}
    for wrong, expected in (
        ({"resourceArn": arn + "x"}, "ResourceNotFoundException"),
        ({"resourceArn": arn.replace("us-east-1", "eu-west-1")}, "UnsupportedByLocalCloud"),
        ({"resourceArn": "arn:aws:logs:us-east-1:111111111111:destination:x"}, "UnsupportedByLocalCloud"),
        ({"resourceArn": "arn:aws:sqs:us-east-1:111111111111:log-group:x"}, "InvalidParameterException"),
    ):
        with pytest.raises(ClientError) as error:
            logs.list_tags_for_resource(**wrong)
        assert code(error) == expected
    with pytest.raises(ClientError) as error:
        logs.tag_resource(resourceArn=arn, tags={str(number): "x" for number in range(50)})
    assert code(error) == "InvalidParameterException"


def test_a_key_is_associated_and_let_go(logs, stream) -> None:
    key = "arn:aws:kms:us-east-1:111111111111:key/k"
    logs.associate_kms_key(logGroupName=GROUP, kmsKeyId=key)
    assert logs.describe_log_groups()["logGroups"][0]["kmsKeyId"] == key
    logs.disassociate_kms_key(logGroupName=GROUP)
    assert "kmsKeyId" not in logs.describe_log_groups()["logGroups"][0]
    with pytest.raises(ClientError, match="query results"):
        logs.disassociate_kms_key(resourceIdentifier=key)


def test_retention_hides_what_has_expired(logs, stream, clock: FakeClock) -> None:
    put(logs, stream, "old")
    clock.time += 2 * 86400
    put(logs, stream, "new", start=NOW + 2 * 86400_000)
    logs.put_retention_policy(logGroupName=GROUP, retentionInDays=1)
    assert logs.describe_log_groups()["logGroups"][0]["retentionInDays"] == 1
    assert texts(logs.get_log_events(**stream)) == texts(logs.filter_log_events(logGroupName=GROUP)) == ["new"]
    expired = put(logs, stream, "too late", start=NOW + 1)
    assert expired["rejectedLogEventsInfo"] == {"expiredLogEventEndIndex": 1}
    logs.delete_retention_policy(logGroupName=GROUP)
    assert texts(logs.get_log_events(**stream)) == ["old", "new"]
    with pytest.raises(ClientError) as error:
        logs.put_retention_policy(logGroupName=GROUP, retentionInDays=2)
    assert code(error) == "InvalidParameterException"


def test_streams_are_created_once_and_deleted_once(logs, stream) -> None:
    with pytest.raises(ClientError) as error:
        logs.create_log_stream(**stream)
    assert code(error) == "ResourceAlreadyExistsException"
    logs.delete_log_stream(**stream)
    for call in (logs.delete_log_stream, logs.get_log_events):
        with pytest.raises(ClientError) as error:
            call(**stream)
        assert code(error) == "ResourceNotFoundException"


@pytest.mark.parametrize("name", ["../../../x", "a/../b", "日本/[$LATEST]#1", "...", "/"])
def test_any_name_of_a_stream(logs, group, store: LogStore, tmp_path, name: str) -> None:
    logs.create_log_stream(logGroupName=group, logStreamName=name)
    put(logs, {"logGroupName": group, "logStreamName": name}, "x")
    assert [item["logStreamName"] for item in logs.describe_log_streams(logGroupName=group)["logStreams"]] == [name]
    assert store.path("111111111111", "us-east-1", group, name).resolve().is_relative_to(tmp_path / "logs")


def test_streams_by_name_and_by_last_event(logs, group, clock: FakeClock) -> None:
    for number, name in enumerate(("b", "a", "c")):
        logs.create_log_stream(logGroupName=group, logStreamName=name)
        put(logs, {"logGroupName": group, "logStreamName": name}, "x", start=NOW + number)
    logs.create_log_stream(logGroupName=group, logStreamName="empty")

    def names(**arguments: Any) -> list[str]:
        pages = logs.get_paginator("describe_log_streams").paginate(
            logGroupName=group, PaginationConfig={"PageSize": 2}, **arguments
        )
        return [item["logStreamName"] for page in pages for item in page["logStreams"]]

    assert names() == ["a", "b", "c", "empty"]
    assert names(orderBy="LastEventTime", descending=True) == ["c", "a", "b", "empty"]
    assert names(logStreamNamePrefix="a") == ["a"]
    (found,) = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix="c")["logStreams"]
    assert (found["firstEventTimestamp"], found["lastEventTimestamp"], found["lastIngestionTime"]) == (
        NOW + 2,
        NOW + 2,
        NOW,
    )
    assert found["arn"] == f"arn:aws:logs:us-east-1:111111111111:log-group:{group}:log-stream:c"
    for wrong in ({"orderBy": "LastEventTime", "logStreamNamePrefix": "a"}, {"orderBy": "Size"}):
        with pytest.raises(ClientError) as error:
            logs.describe_log_streams(logGroupName=group, **wrong)
        assert code(error) == "InvalidParameterException"


def test_events_come_back_with_their_times(logs, stream, store: LogStore) -> None:
    put(logs, stream, "one", "two\nlines\n", "\tthree\r")
    answer = logs.get_log_events(**stream, startFromHead=True)
    assert answer["events"] == [
        {"timestamp": NOW + number, "message": message, "ingestionTime": NOW}
        for number, message in enumerate(["one", "two\nlines\n", "\tthree\r"])
    ]
    text = store.path("111111111111", "us-east-1", GROUP, "job/algo-1").read_text()
    assert text.startswith("2026-11-21T07:00:00.000Z one\n2026-11-21T07:00:00.001Z-1 two\n\tlines\n\t\n")


def test_reading_forward_ends_with_the_same_token(logs, stream) -> None:
    put(logs, stream, *map(str, range(5)))
    first = logs.get_log_events(**stream, startFromHead=True, limit=3)
    second = logs.get_log_events(**stream, nextToken=first["nextForwardToken"], limit=3)
    third = logs.get_log_events(**stream, nextToken=second["nextForwardToken"], limit=3)
    assert [texts(page) for page in (first, second, third)] == [["0", "1", "2"], ["3", "4"], []]
    assert third["nextForwardToken"] == second["nextForwardToken"]
    put(logs, stream, "5", start=NOW + 5)
    assert texts(logs.get_log_events(**stream, nextToken=third["nextForwardToken"])) == ["5"]


def test_reading_backward_from_the_end(logs, stream) -> None:
    put(logs, stream, *map(str, range(5)))
    last = logs.get_log_events(**stream, limit=2)
    before = logs.get_log_events(**stream, nextToken=last["nextBackwardToken"], limit=2)
    first = logs.get_log_events(**stream, nextToken=before["nextBackwardToken"], limit=2)
    nothing = logs.get_log_events(**stream, nextToken=first["nextBackwardToken"], limit=2)
    assert [texts(page) for page in (last, before, first, nothing)] == [["3", "4"], ["1", "2"], ["0"], []]
    assert nothing["nextBackwardToken"] == first["nextBackwardToken"]
    assert texts(logs.get_log_events(**stream, nextToken=last["nextForwardToken"])) == []


def test_the_end_of_a_time_range_is_excluded_here_and_included_in_filters(logs, stream) -> None:
    put(logs, stream, "0", "1", "2", "3")
    span = {"startTime": NOW + 1, "endTime": NOW + 2}
    assert texts(logs.get_log_events(**stream, **span)) == ["1"]
    assert texts(logs.filter_log_events(logGroupName=GROUP, **span)) == ["1", "2"]


def test_a_page_holds_a_megabyte(logs, stream) -> None:
    for number in range(3):
        put(logs, stream, str(number) * 500_000, start=NOW + number)
    forward = logs.get_log_events(**stream, startFromHead=True)
    assert [text[0] for text in texts(forward)] == ["0", "1"]
    assert [text[0] for text in texts(logs.get_log_events(**stream, nextToken=forward["nextForwardToken"]))] == ["2"]
    assert [text[0] for text in texts(logs.get_log_events(**stream))] == ["1", "2"]
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=GROUP)
    assert [[text[0] for text in texts(page)] for page in pages] == [["0", "1"], ["2"]]


def test_events_that_are_too_old_or_too_new_are_rejected(logs, stream) -> None:
    day = 86400_000
    old = put(logs, stream, "old", start=NOW - 15 * day)
    assert old["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1}
    new = put(logs, stream, "fine", "too new", start=NOW + 2 * 3600_000)
    assert new["rejectedLogEventsInfo"] == {"tooNewLogEventStartIndex": 1}
    assert texts(logs.get_log_events(**stream)) == ["fine"]


@pytest.mark.parametrize(
    "events",
    [
        [{"timestamp": NOW + 1, "message": "b"}, {"timestamp": NOW, "message": "a"}],
        [{"timestamp": NOW - 86400_000, "message": "a"}, {"timestamp": NOW + 1, "message": "b"}],
        [{"timestamp": NOW, "message": "x" * 600_000}] * 2,
        [{"timestamp": NOW, "message": "x"}] * 10_001,
        [{"timestamp": 253402300800000, "message": "x"}],
    ],
)
def test_batches_that_are_refused(logs, stream, events) -> None:
    with pytest.raises(ClientError) as error:
        logs.put_log_events(**stream, logEvents=events)
    assert code(error) == "InvalidParameterException"
    assert texts(logs.get_log_events(**stream)) == []


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"nextToken": "f/1"}, "InvalidParameterException"),
        ({"limit": 10_001}, "InvalidParameterException"),
        ({"unmask": True}, "UnsupportedByLocalCloud"),
        ({"logGroupName": "nope"}, "ResourceNotFoundException"),
        ({"logGroupIdentifier": "nope"}, "InvalidParameterException"),
    ],
)
def test_wrong_arguments_of_get(logs, stream, arguments, expected: str) -> None:
    with pytest.raises(ClientError) as error:
        logs.get_log_events(**{**stream, **arguments})
    assert code(error) == expected


def test_names_that_are_refused(logs, group) -> None:
    for call in (
        lambda: logs.create_log_group(logGroupName="no spaces"),
        lambda: logs.create_log_stream(logGroupName=group, logStreamName="a:b"),
        lambda: logs.create_log_stream(logGroupName=group, logStreamName="a*"),
    ):
        with pytest.raises(ClientError) as error:
            call()
        assert code(error) == "InvalidParameterException"


def test_a_group_by_its_arn(logs, stream) -> None:
    put(logs, stream, "x")
    arn = f"arn:aws:logs:us-east-1:111111111111:log-group:{GROUP}"
    assert texts(logs.get_log_events(logGroupIdentifier=arn, logStreamName="job/algo-1")) == ["x"]


def test_a_filter_merges_streams_by_time(logs, group) -> None:
    for number, name in enumerate(("a", "b", "c")):
        arguments = {"logGroupName": group, "logStreamName": name}
        logs.create_log_stream(**arguments)
        put(logs, arguments, *(f"{name}{turn}" for turn in range(4)), start=NOW + number)
    pages = list(logs.get_paginator("filter_log_events").paginate(logGroupName=group, PaginationConfig={"PageSize": 5}))
    whole = ["a0", "a1", "b0", "a2", "b1", "c0", "a3", "b2", "c1", "b3", "c2", "c3"]
    assert [text for page in pages for text in texts(page)] == whole
    assert [len(page["events"]) for page in pages] == [5, 5, 2]
    ids = [event["eventId"] for page in pages for event in page["events"]]
    assert len(set(ids)) == 12
    assert {len(name) for name in ids} == {56}
    assert texts(logs.filter_log_events(logGroupName=group, logStreamNames=["b"]))[0] == "b0"
    assert texts(logs.filter_log_events(logGroupName=group, logStreamNamePrefix="c", limit=1)) == ["c0"]
    for wrong, expected in (
        ({"logStreamNames": ["a"], "logStreamNamePrefix": "a"}, "InvalidParameterException"),
        ({"logStreamNames": ["nope"]}, "ResourceNotFoundException"),
        ({"logStreamNames": [str(number) for number in range(101)]}, "InvalidParameterException"),
        ({"nextToken": "WzFd"}, "InvalidParameterException"),
        ({"unmask": True}, "UnsupportedByLocalCloud"),
    ):
        with pytest.raises(ClientError) as error:
            logs.filter_log_events(logGroupName=group, **wrong)
        assert code(error) == expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("", ["ERROR disk full", "WARN disk slow", "INFO ok"]),
        ("disk", ["ERROR disk full", "WARN disk slow"]),
        ("disk -slow", ["ERROR disk full"]),
        ('"disk slow"', ["WARN disk slow"]),
        ('-"disk slow" disk', ["ERROR disk full"]),
        ("?ERROR ?INFO", ["ERROR disk full", "INFO ok"]),
        ("error", []),
        (" ERROR   full ", ["ERROR disk full"]),
    ],
)
def test_filter_patterns(logs, stream, pattern: str, expected: list[str]) -> None:
    put(logs, stream, "ERROR disk full", "WARN disk slow", "INFO ok")
    assert texts(logs.filter_log_events(logGroupName=GROUP, filterPattern=pattern)) == expected


def test_quotes_within_a_phrase() -> None:
    assert parse_pattern(r'"say \"hi\""').matches('they say "hi"')


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("{ $.level = 1 }", "UnsupportedByLocalCloud"),
        ("[a, b]", "UnsupportedByLocalCloud"),
        ("%a+%", "UnsupportedByLocalCloud"),
        ("?a b", "UnsupportedByLocalCloud"),
        ("a-b", "InvalidParameterException"),
        ('"open', "InvalidParameterException"),
    ],
)
def test_patterns_that_are_refused(logs, stream, pattern: str, expected: str) -> None:
    with pytest.raises(ClientError) as error:
        logs.filter_log_events(logGroupName=GROUP, filterPattern=pattern)
    assert code(error) == expected


@pytest.mark.parametrize(
    "call",
    [
        lambda logs: logs.start_query(logGroupName=GROUP, startTime=0, endTime=1, queryString="fields @message"),
        lambda logs: logs.put_subscription_filter(
            logGroupName=GROUP, filterName="f", filterPattern="", destinationArn="arn:x"
        ),
        lambda logs: logs.create_log_group(logGroupName="d", logGroupClass="DELIVERY"),
        lambda logs: logs.describe_log_groups(includeLinkedAccounts=True),
        lambda logs: logs.create_log_group(logGroupName="d", deletionProtectionEnabled=True),
    ],
)
def test_what_is_not_supported_says_so(logs, group, call) -> None:
    with pytest.raises(ClientError) as error:
        call(logs)
    assert code(error) == "UnsupportedByLocalCloud"
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_what_jobs_write_is_what_the_api_reads(logs, store: LogStore, clock: FakeClock) -> None:
    with store.writer("111111111111", "us-east-1", GROUP, "job/algo-1") as writer:
        writer.write("validation:rmse 3.5")
        clock.time += 1
        writer.write("done")
    answer = logs.get_log_events(logGroupName=GROUP, logStreamName="job/algo-1")
    assert [(event["timestamp"], event["message"]) for event in answer["events"]] == [
        (NOW, "validation:rmse 3.5"),
        (NOW + 1000, "done"),
    ]
