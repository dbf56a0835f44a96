"""Alarms in a real daemon, and the seams of `server/moto_alarms.py`."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from botocore.exceptions import ClientError

from contract.local_daemon import ACCOUNT, REGION, LocalDaemon
from headgate.localcloud import lifecycle

pytestmark = pytest.mark.slow  # a daemon

Json = dict[str, Any]


def alarm(daemon: LocalDaemon, name: str, **members: Any) -> None:
    defaults = {
        "AlarmName": name,
        "Namespace": "Headgate",
        "MetricName": "Drift",
        "Dimensions": [{"Name": "Model", "Value": name}],
        "Statistic": "Maximum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 5,
        "ComparisonOperator": "GreaterThanThreshold",
    }
    daemon.client("cloudwatch").put_metric_alarm(**(defaults | members))


def described(daemon: LocalDaemon, name: str) -> Json:
    (found,) = daemon.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    one: Json = found
    return one


def put(daemon: LocalDaemon, name: str, value: float) -> None:
    datum = {"MetricName": "Drift", "Dimensions": [{"Name": "Model", "Value": name}], "Value": value}
    daemon.client("cloudwatch").put_metric_data(Namespace="Headgate", MetricData=[datum])


def pass_a_minute(daemon: LocalDaemon) -> None:
    """To just behind the next minute of the virtual clock, when alarms are looked at."""
    now = lifecycle.control(daemon.endpoint, "GET", "clock")["now"]
    lifecycle.control(daemon.endpoint, "POST", "clock", {"advance": 60 - now % 60 + 0.001})


def until_state(daemon: LocalDaemon, name: str, value: str) -> Json:
    for _ in range(400):
        found = described(daemon, name)
        if found["StateValue"] == value:
            return found
        threading.Event().wait(0.05)
    raise AssertionError(found)


def listening(daemon: LocalDaemon, name: str) -> tuple[str, str, str]:
    """A topic that CloudWatch may publish to, a queue that gets its messages and alarms' events, and its URL."""
    sns, sqs = daemon.client("sns"), daemon.client("sqs")
    topic = sns.create_topic(Name=name)["TopicArn"]
    source = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    statement = {"Effect": "Allow", "Principal": {"Service": "cloudwatch.amazonaws.com"}, "Action": "sns:Publish"}
    policy = {"Version": "2012-10-17", "Statement": [{**statement, "Resource": topic, "Condition": source}]}
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps(policy))
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
    services = {"Service": ["sns.amazonaws.com", "events.amazonaws.com"]}
    let = {"Effect": "Allow", "Principal": services, "Action": "sqs:SendMessage", "Resource": arn}
    sqs.set_queue_attributes(
        QueueUrl=url, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [let]})}
    )
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    return topic, url, arn


def received(daemon: LocalDaemon, url: str, count: int) -> list[Json]:
    sqs = daemon.client("sqs")
    found: list[Json] = []
    for _ in range(400):
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            found.append(json.loads(message["Body"]))
        if len(found) >= count:
            return found
        threading.Event().wait(0.05)
    raise AssertionError(found)


def test_a_metric_that_breaches_is_told_to_topic_and_bus_and_its_end_too(daemon: LocalDaemon) -> None:
    topic, url, arn = listening(daemon, "drift")
    events = daemon.client("events")
    events.put_rule(Name="alarms", EventPattern=json.dumps({"source": ["aws.cloudwatch"]}))
    events.put_targets(Rule="alarms", Targets=[{"Id": "q", "Arn": arn}])
    alarm(daemon, "drift", AlarmActions=[topic], OKActions=[topic], AlarmDescription="too far")
    assert described(daemon, "drift")["StateValue"] == "INSUFFICIENT_DATA"
    put(daemon, "drift", 9)
    put(daemon, "another", 99)
    pass_a_minute(daemon)
    found = until_state(daemon, "drift", "ALARM")
    assert "[9.0] was greater than the threshold (5.0)" in found["StateReason"]
    told = received(daemon, url, 2)
    (of_topic,) = [one for one in told if "Message" in one]
    message = json.loads(of_topic["Message"])
    assert of_topic["Subject"] == 'ALARM: "drift" in Europe (Ireland)'
    assert (message["NewStateValue"], message["OldStateValue"]) == ("ALARM", "INSUFFICIENT_DATA")
    assert message["Trigger"]["Dimensions"] == [{"value": "drift", "name": "Model"}]
    (event,) = [one for one in told if "detail" in one]
    assert event["detail-type"] == "CloudWatch Alarm State Change"
    assert event["detail"]["state"]["value"] == "ALARM"
    assert event["detail"]["configuration"]["description"] == "too far"
    put(daemon, "drift", 1)
    pass_a_minute(daemon)
    until_state(daemon, "drift", "OK")
    assert len(received(daemon, url, 2)) == 2


def test_messages_on_a_queue_alarm(daemon: LocalDaemon) -> None:
    """The form of the tooling account's own alarm."""
    sqs = daemon.client("sqs")
    url = sqs.create_queue(QueueName="undelivered")["QueueUrl"]
    queue = {
        "Namespace": "AWS/SQS",
        "MetricName": "ApproximateNumberOfMessagesVisible",
        "Dimensions": [{"Name": "QueueName", "Value": "undelivered"}],
        "Period": 300,
        "Threshold": 0,
        "TreatMissingData": "notBreaching",
    }
    alarm(daemon, "undelivered", **queue)
    pass_a_minute(daemon)
    until_state(daemon, "undelivered", "OK")
    sqs.send_message(QueueUrl=url, MessageBody="lost")
    pass_a_minute(daemon)
    until_state(daemon, "undelivered", "ALARM")


def test_a_state_that_is_set_is_told_and_survives_change_and_kill(daemon: LocalDaemon) -> None:
    topic, url, _ = listening(daemon, "set")
    alarm(daemon, "set", AlarmActions=[topic], TreatMissingData="ignore")
    cloudwatch = daemon.client("cloudwatch")
    cloudwatch.set_alarm_state(AlarmName="set", StateValue="ALARM", StateReason="a test")
    (told,) = received(daemon, url, 1)
    assert json.loads(told["Message"])["NewStateReason"] == "a test"
    alarm(daemon, "set", AlarmActions=[topic], TreatMissingData="ignore", Threshold=7)
    assert described(daemon, "set")["StateValue"] == "ALARM", "a change leaves the state"
    daemon.kill_and_restart()
    assert described(daemon, "set")["StateValue"] == "ALARM"
    cloudwatch = daemon.client("cloudwatch")
    cloudwatch.set_alarm_state(AlarmName="set", StateValue="OK", StateReason="over")
    cloudwatch.set_alarm_state(AlarmName="set", StateValue="ALARM", StateReason="again")
    (told,) = received(daemon, url, 1)
    assert json.loads(told["Message"])["NewStateReason"] == "again"
    cloudwatch.disable_alarm_actions(AlarmNames=["set"])
    cloudwatch.delete_alarms(AlarmNames=["set"])
    alarm(daemon, "set")
    assert described(daemon, "set")["StateValue"] == "INSUFFICIENT_DATA"


def test_what_a_topics_policy_does_not_let_in_is_not_published(daemon: LocalDaemon) -> None:
    sns = daemon.client("sns")
    closed = sns.create_topic(Name="closed")["TopicArn"]
    open_topic, url, arn = listening(daemon, "open")
    sns.subscribe(TopicArn=closed, Protocol="sqs", Endpoint=arn)
    alarm(daemon, "closed", AlarmActions=[closed, open_topic])
    daemon.client("cloudwatch").set_alarm_state(AlarmName="closed", StateValue="ALARM", StateReason="a test")
    (told,) = received(daemon, url, 1)
    assert told["TopicArn"] == open_topic


@pytest.mark.parametrize(
    ("members", "named"),
    [
        ({"ComparisonOperator": "GreaterThanUpperThreshold"}, "GreaterThanUpperThreshold"),
        ({"ExtendedStatistic": "p99"}, "ExtendedStatistic"),
        ({"Period": 10}, "a period of 10 seconds"),
        ({"Namespace": "AWS/Lambda", "MetricName": "Errors"}, "AWS/Lambda Errors"),
        ({"AlarmActions": ["arn:aws:automate:eu-west-1:ec2:stop"]}, "alarm actions"),
    ],
)
def test_alarms_that_nobody_would_evaluate_are_refused_by_name(members: Json, named: str, daemon: LocalDaemon) -> None:
    with pytest.raises(ClientError, match=named):
        alarm(daemon, "refused", **members)


def test_composite_alarms_are_refused(daemon: LocalDaemon) -> None:
    with pytest.raises(ClientError, match="composite alarms"):
        daemon.client("cloudwatch").put_composite_alarm(AlarmName="c", AlarmRule="TRUE")
