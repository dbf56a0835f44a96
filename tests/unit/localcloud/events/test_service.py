"""Buses, rules, targets: what is delivered to whom, as whom, and what becomes of what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.localcloud.clock import Timeline
from headgate.localcloud.documents import Documents
from headgate.localcloud.errors import AwsError
from headgate.localcloud.events.service import EventBridge
from headgate.localcloud.seams import Caller
from unit.localcloud.events.conftest import ACCOUNT, OTHER, REGION, Bench, Targets, refused

LAMBDA = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/deliver"
ALL = '{"source": ["mine"]}'
THERE = Caller(OTHER, REGION, f"arn:aws:iam::{OTHER}:root")


def test_an_event_reaches_the_targets_of_the_rules_that_want_it(bench: Bench) -> None:
    arn = bench.rule("wanted", '{"detail": {"n": [1]}}', {"Id": "a", "Arn": LAMBDA})
    bench.rule("not", '{"detail": {"n": [2]}}', {"Id": "a", "Arn": LAMBDA})
    answer = bench.put(n=1)
    ((operation, identity, request),) = bench.targets.wait(1)
    event = json.loads(request["Payload"])
    assert (operation, identity) == ("invoke", f"events.amazonaws.com for {arn}")
    assert event["detail"] == {"n": 1}
    assert event["id"] == answer["Entries"][0]["EventId"]
    assert (event["account"], event["region"], event["time"]) == (ACCOUNT, REGION, "1970-01-12T13:46:40Z")


@pytest.mark.parametrize(
    ("target", "operation", "member"),
    [
        ({"Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:q"}, "send_message", "MessageBody"),
        ({"Arn": f"arn:aws:sns:{REGION}:{ACCOUNT}:t"}, "publish", "Message"),
        ({"Arn": f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:m", "RoleArn": ROLE}, "start_execution", "input"),
    ],
)
def test_each_kind_of_target(target: dict[str, Any], operation: str, member: str, bench: Bench) -> None:
    bench.rule("r", ALL, {"Id": "a", **target, "InputPath": "$.detail"})
    bench.put(n=1)
    ((called, identity, request),) = bench.targets.wait(1)
    assert called == operation
    assert json.loads(request[member]) == {"n": 1}
    assert identity == target.get("RoleArn", f"events.amazonaws.com for arn:aws:events:{REGION}:{ACCOUNT}:rule/r")


def test_a_pipeline_gets_parameters_from_a_transformer(bench: Bench) -> None:
    template = '{"PipelineParameterList": [{"Name": "Data", "Value": "<uri>"}]}'
    target = {
        "Id": "a",
        "Arn": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:pipeline/training",
        "RoleArn": ROLE,
        "InputTransformer": {"InputPathsMap": {"uri": "$.detail.uri"}, "InputTemplate": template},
    }
    bench.rule("r", ALL, target)
    bench.put(uri="s3://b/k")
    ((operation, _, request),) = bench.targets.wait(1)
    assert operation == "start_pipeline_execution"
    assert request["PipelineName"] == "training"
    assert request["PipelineParameters"] == [{"Name": "Data", "Value": "s3://b/k"}]


def test_a_log_group_gets_a_line(bench: Bench) -> None:
    bench.rule("r", ALL, {"Id": "a", "Arn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/events/all:*"})
    bench.put(n=1)
    calls = bench.targets.wait(2)
    assert [call[0] for call in calls] == ["create_log_stream", "put_log_events"]
    assert calls[1][2]["logGroupName"] == "/aws/events/all"
    assert calls[1][2]["logEvents"][0]["timestamp"] == 1_000_000_000


def test_a_disabled_rule_delivers_nothing(bench: Bench) -> None:
    bench.rule("off", ALL, {"Id": "a", "Arn": LAMBDA, "Input": '"off"'})
    bench.rule("on", ALL, {"Id": "a", "Arn": LAMBDA, "Input": '"on"'})
    bench.call("DisableRule", Name="off")
    bench.put()
    bench.call("EnableRule", Name="off")
    bench.put()
    payloads = sorted(call[2]["Payload"] for call in bench.targets.wait(3))
    assert payloads == [b'"off"', b'"on"', b'"on"']


def test_a_scheduled_rule_fires_as_the_clock_moves_and_gets_no_events(bench: Bench) -> None:
    bench.call("PutRule", Name="hourly", ScheduleExpression="rate(1 hour)")
    bench.call("PutTargets", Rule="hourly", Targets=[{"Id": "a", "Arn": LAMBDA}])
    bench.put()
    bench.timeline.advance(3 * 3600)
    calls = bench.targets.wait(3)
    events = [json.loads(call[2]["Payload"]) for call in calls]
    assert {event["detail-type"] for event in events} == {"Scheduled Event"}
    assert sorted(event["time"][11:16] for event in events) == ["14:46", "15:46", "16:46"]
    bench.call("DisableRule", Name="hourly")
    bench.timeline.advance(3600)
    bench.rule("r", ALL, {"Id": "a", "Arn": LAMBDA, "Input": '"last"'})
    bench.put()
    assert len(bench.targets.wait(4)) == 4, "nothing came of the hour in which it was disabled"


def test_events_go_on_to_another_accounts_bus_as_they_are(bench: Bench) -> None:
    there = bench.call("CreateEventBus", THERE, Name="central")["EventBusArn"]
    bench.rule("collect", '{"source": ["aws.sagemaker"]}', {"Id": "a", "Arn": LAMBDA}, bus="central", caller=THERE)
    bench.rule("forward", '{"source": ["aws.sagemaker"]}', {"Id": "a", "Arn": there, "RoleArn": ROLE})
    bench.bridge.publish(ACCOUNT, REGION, "aws.sagemaker", "State Change", {"n": 1}, ("arn:x",))
    forwarded, delivered = bench.targets.wait(2)
    assert forwarded[:2] == ("put_events", ROLE)
    event = json.loads(delivered[2]["Payload"])
    assert (event["source"], event["account"], event["detail"], event["resources"]) == (
        "aws.sagemaker",
        ACCOUNT,
        {"n": 1},
        ["arn:x"],
    )


def test_a_circle_of_buses_ends(bench: Bench) -> None:
    arn = bench.call("CreateEventBus", Name="loop")["EventBusArn"]
    bench.rule("again", ALL, {"Id": "a", "Arn": arn, "RoleArn": ROLE}, bus="loop")
    bench.put(bus="loop")
    bench.targets.wait(6)
    bench.bridge.close()
    assert len(bench.targets.calls) == 6


def test_nobody_claims_to_be_aws(bench: Bench) -> None:
    answer = bench.put(source="aws.sagemaker")
    assert answer["FailedEntryCount"] == 1
    assert answer["Entries"][0]["ErrorCode"] == "NotAuthorizedForSourceException"
    forged = {"Source": "x", "DetailType": "y", "Detail": "{}", "TraceHeader": "headgate-delivery=guessed"}
    assert bench.call("PutEvents", Entries=[forged])["FailedEntryCount"] == 0, "a foreign trace header is no delivery"


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ({"Source": "x", "DetailType": "y"}, "InvalidArgument"),
        ({"Source": "x", "DetailType": "y", "Detail": "{"}, "MalformedDetail"),
        ({"Source": "x", "DetailType": "y", "Detail": "[]"}, "MalformedDetail"),
        ({"Source": "x", "DetailType": "y", "Detail": json.dumps({"a": "x" * 300_000})}, "InvalidArgument"),
        ({"Source": "x", "DetailType": "y", "Detail": "{}", "EventBusName": "none"}, "ResourceNotFoundException"),
    ],
)
def test_a_refused_entry_says_why_and_the_others_go_through(entry: dict[str, Any], code: str, bench: Bench) -> None:
    good = {"Source": "x", "DetailType": "y", "Detail": "{}"}
    answer = bench.call("PutEvents", Entries=[entry, good])
    assert answer["FailedEntryCount"] == 1
    assert answer["Entries"][0]["ErrorCode"] == code
    assert "EventId" in answer["Entries"][1]


def test_what_may_pass_is_tried_again_on_the_clock(bench: Bench) -> None:
    bench.targets.errors["invoke"] = [refused("ServiceException", 500), refused("TooManyRequestsException", 429)]
    bench.rule("r", ALL, {"Id": "a", "Arn": LAMBDA})
    bench.put()
    for count in (1, 2):
        bench.targets.wait(count)
        _until(lambda: _attempts(bench) == count)  # noqa: B023 - asked at once
        bench.timeline.advance(60)
    bench.targets.wait(3)
    _until(lambda: not bench.documents.list("event-delivery"))


def test_what_is_refused_goes_to_the_dead_letter_queue_with_the_reason(bench: Bench) -> None:
    bench.targets.errors["invoke"] = [refused("AccessDeniedException", 403)]
    bench.rule("r", ALL, {"Id": "a", "Arn": LAMBDA, "DeadLetterConfig": {"Arn": QUEUE}})
    bench.put(n=1)
    _, (operation, _, request) = bench.targets.wait(2)
    assert operation == "send_message"
    assert json.loads(request["MessageBody"])["detail"] == {"n": 1}
    assert request["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_PERMISSIONS"
    _until(lambda: not bench.documents.list("event-delivery"))


def test_retries_end_where_the_target_says(bench: Bench) -> None:
    bench.targets.errors["invoke"] = [refused("ServiceException", 500)] * 3
    policy = {"MaximumRetryAttempts": 0}
    bench.rule("r", ALL, {"Id": "a", "Arn": LAMBDA, "RetryPolicy": policy, "DeadLetterConfig": {"Arn": QUEUE}})
    bench.put()
    assert [call[0] for call in bench.targets.wait(2)] == ["invoke", "send_message"]


def test_what_was_accepted_is_delivered_after_a_crash(documents: Documents) -> None:
    """The first process dies between accepting and delivering."""
    timeline = Timeline(None, lambda: 0.0)
    first = EventBridge(documents, timeline, Targets())
    first.deliveries.close()
    bench = Bench(first, Targets(), timeline, documents)
    bench.rule("r", ALL, {"Id": "a", "Arn": LAMBDA})
    bench.put(n=1)
    targets = Targets()
    second = EventBridge(documents, timeline, targets)
    second.recover()
    ((_, _, request),) = targets.wait(1)
    assert json.loads(request["Payload"])["detail"] == {"n": 1}
    second.close()
    timeline.close()


def test_schedules_go_on_after_a_restart(documents: Documents) -> None:
    timeline = Timeline(None, lambda: 1000.0)
    first = EventBridge(documents, timeline, Targets())
    bench = Bench(first, Targets(), timeline, documents)
    bench.call("PutRule", Name="r", ScheduleExpression="rate(5 minutes)")
    bench.call("PutTargets", Rule="r", Targets=[{"Id": "a", "Arn": LAMBDA}])
    first.close()
    again = Timeline(None, lambda: 1000.0)
    targets = Targets()
    second = EventBridge(documents, again, targets)
    second.recover()
    again.advance(300)
    targets.wait(1)
    for part in (second, timeline, again):
        part.close()


def test_permissions_make_the_bus_policy(bench: Bench) -> None:
    bench.call("CreateEventBus", Name="b")
    condition = {"Type": "StringEquals", "Key": "aws:PrincipalOrgID", "Value": "o-1"}
    bench.call(
        "PutPermission",
        EventBusName="b",
        StatementId="org",
        Principal="*",
        Action="events:PutEvents",
        Condition=condition,
    )
    bench.call("PutPermission", EventBusName="b", StatementId="one", Principal=OTHER, Action="events:PutEvents")
    policy = json.loads(bench.call("DescribeEventBus", Name="b")["Policy"])
    assert [statement["Sid"] for statement in policy["Statement"]] == ["org", "one"]
    assert policy["Statement"][0]["Condition"] == {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}
    bench.call("RemovePermission", EventBusName="b", StatementId="org")
    bench.call("RemovePermission", EventBusName="b", StatementId="one")
    assert "Policy" not in bench.call("DescribeEventBus", Name="b")


@pytest.mark.parametrize(
    ("operation", "request_", "code"),
    [
        ("PutRule", {"Name": "r"}, "ValidationException"),
        ("PutRule", {"Name": "r", "EventPattern": "{}"}, "InvalidEventPatternException"),
        ("PutRule", {"Name": "r", "ScheduleExpression": "rate(x)"}, "ValidationException"),
        ("PutRule", {"Name": "r", "ScheduleExpression": "at(2030-01-01T00:00:00)"}, "ValidationException"),
        ("PutRule", {"Name": "r", "EventPattern": ALL, "EventBusName": "none"}, "ResourceNotFoundException"),
        ("PutTargets", {"Rule": "none", "Targets": [{"Id": "a", "Arn": LAMBDA}]}, "ResourceNotFoundException"),
        (
            "PutTargets",
            {"Rule": "r", "Targets": [{"Id": "a", "Arn": "arn:aws:kinesis:x:1:s"}]},
            "UnsupportedByLocalCloud",
        ),
        (
            "PutTargets",
            {"Rule": "r", "Targets": [{"Id": "a", "Arn": f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:m"}]},
            "ValidationException",
        ),
        ("CreateEventBus", {"Name": "default"}, "ResourceAlreadyExistsException"),
        ("DescribeEventBus", {"Name": "none"}, "ResourceNotFoundException"),
        ("CreateArchive", {"ArchiveName": "a", "EventSourceArn": "x"}, "UnsupportedByLocalCloud"),
    ],
)
def test_what_cannot_be_is_refused(operation: str, request_: dict[str, Any], code: str, bench: Bench) -> None:
    with pytest.raises(AwsError) as raised:
        bench.call(operation, **request_)
    assert raised.value.code == code


def test_what_is_in_use_stays(bench: Bench) -> None:
    bench.call("CreateEventBus", Name="b")
    bench.rule("r", ALL, {"Id": "a", "Arn": LAMBDA}, bus="b")
    with pytest.raises(AwsError, match="has targets"):
        bench.call("DeleteRule", Name="r", EventBusName="b")
    with pytest.raises(AwsError, match="still has rules"):
        bench.call("DeleteEventBus", Name="b")
    bench.call("RemoveTargets", Rule="r", EventBusName="b", Ids=["a"])
    bench.call("DeleteRule", Name="r", EventBusName="b")
    bench.call("DeleteEventBus", Name="b")
    assert [each["Name"] for each in bench.call("ListEventBuses")["EventBuses"]] == ["default"]


def test_rules_are_listed_described_and_found_by_target(bench: Bench) -> None:
    arn = bench.rule("r", ALL, {"Id": "a", "Arn": LAMBDA})
    described = bench.call("DescribeRule", Name="r")
    assert (described["Arn"], described["State"], described["EventPattern"]) == (arn, "ENABLED", ALL)
    assert [rule["Name"] for rule in bench.call("ListRules", NamePrefix="r")["Rules"]] == ["r"]
    assert bench.call("ListTargetsByRule", Rule="r")["Targets"] == [{"Id": "a", "Arn": LAMBDA}]
    assert bench.call("ListRuleNamesByTarget", TargetArn=LAMBDA)["RuleNames"] == ["r"]
    assert bench.call("TestEventPattern", EventPattern=ALL, Event='{"source": "mine"}') == {"Result": True}


def test_tags(bench: Bench) -> None:
    bus = bench.call("CreateEventBus", Name="b", Tags=[{"Key": "team", "Value": "churn"}])["EventBusArn"]
    assert bench.call("ListTagsForResource", ResourceARN=bus)["Tags"] == [{"Key": "team", "Value": "churn"}]
    rule = bench.rule("r", ALL)
    bench.call("TagResource", ResourceARN=rule, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    bench.call("UntagResource", ResourceARN=rule, TagKeys=["a"])
    assert bench.call("ListTagsForResource", ResourceARN=rule)["Tags"] == [{"Key": "b", "Value": "2"}]
    with pytest.raises(AwsError, match="does not exist"):
        bench.call("ListTagsForResource", ResourceARN=f"{rule}x")


def test_five_targets_are_the_most(bench: Bench) -> None:
    bench.rule("r", ALL)
    targets = [{"Id": str(number), "Arn": LAMBDA} for number in range(6)]
    with pytest.raises(AwsError, match="maximum number"):
        bench.call("PutTargets", Rule="r", Targets=targets)
    assert bench.call("ListTargetsByRule", Rule="r")["Targets"] == []


def test_the_senders_account_is_in_the_event(bench: Bench) -> None:
    """Routing has put the call into the bus's account; the envelope names whose it was."""
    bench.rule("r", ALL, {"Id": "a", "Arn": LAMBDA})
    bench.put(caller=Caller(ACCOUNT, REGION, f"arn:aws:sts::{OTHER}:assumed-role/x/y"))
    ((_, _, request),) = bench.targets.wait(1)
    assert json.loads(request["Payload"])["account"] == OTHER


def _attempts(bench: Bench) -> int:
    return next((body["attempts"] for _, body in bench.documents.list("event-delivery")), 0)


def _until(question: Any) -> None:
    """Wait for something that another thread does next."""
    import time

    limit = time.monotonic() + 10
    while not question():
        assert time.monotonic() < limit
        time.sleep(0.001)


def test_rules_hear_of_recorded_calls_and_of_reads_only_if_they_say_so(bench: Bench) -> None:
    pattern = '{"detail-type": ["AWS API Call via CloudTrail"]}'
    for name, state in (("writes", "ENABLED"), ("all", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS")):
        bench.call("PutRule", Name=name, EventPattern=pattern, State=state)
        bench.call("PutTargets", Rule=name, Targets=[{"Id": "a", "Arn": LAMBDA, "Input": f'"{name}"'}])
    record = {"awsRegion": REGION, "eventSource": "organizations.amazonaws.com", "eventType": "AwsApiCall"}
    bench.bridge.publish_call(ACCOUNT, {**record, "readOnly": True})
    assert [call[2]["Payload"] for call in bench.targets.wait(1)] == [b'"all"']
    bench.bridge.publish_call(ACCOUNT, {**record, "readOnly": False})
    assert sorted(call[2]["Payload"] for call in bench.targets.wait(3)) == [b'"all"', b'"all"', b'"writes"']


def test_a_rule_that_changes_is_asked_anew(bench: Bench) -> None:
    bench.put()
    assert not bench.bridge.heard(OTHER, REGION)
    bench.rule("r", ALL, {"Id": "a", "Arn": LAMBDA, "Input": '"first"'})
    bench.put()
    bench.targets.wait(1)
    bench.call("PutTargets", Rule="r", Targets=[{"Id": "a", "Arn": LAMBDA, "Input": '"second"'}])
    bench.put()
    assert [call[2]["Payload"] for call in bench.targets.wait(2)] == [b'"first"', b'"second"']
    bench.call("RemoveTargets", Rule="r", Ids=["a"])
    bench.call("DeleteRule", Name="r")
    assert not bench.bridge.heard(ACCOUNT, REGION)


def test_what_is_published_in_a_transaction_that_fails_was_never_there(bench: Bench) -> None:
    bench.rule("r", ALL.replace("mine", "aws.test"), {"Id": "a", "Arn": LAMBDA})

    def fails() -> None:
        with bench.documents.transaction():
            bench.bridge.publish(ACCOUNT, REGION, "aws.test", "x", {"n": 1})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    bench.bridge.publish(ACCOUNT, REGION, "aws.test", "x", {"n": 2})
    ((_, _, request),) = bench.targets.wait(1)
    assert json.loads(request["Payload"])["detail"] == {"n": 2}
