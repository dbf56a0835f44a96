from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from headgate.localcloud.cloudformation.types import Physical, ResourceError
from headgate.localcloud.seams import Json
from unit.localcloud.cloudformation.resources.bench import Bench

pytestmark = pytest.mark.slow  # needs a daemon

TOPIC, TOPIC_POLICY, SUBSCRIPTION = "AWS::SNS::Topic", "AWS::SNS::TopicPolicy", "AWS::SNS::Subscription"
QUEUE, QUEUE_POLICY = "AWS::SQS::Queue", "AWS::SQS::QueuePolicy"
BUS, BUS_POLICY, RULE = "AWS::Events::EventBus", "AWS::Events::EventBusPolicy", "AWS::Events::Rule"
SCHEDULE, SCHEDULE_GROUP = "AWS::Scheduler::Schedule", "AWS::Scheduler::ScheduleGroup"


def policy(resource: str, action: str = "sqs:SendMessage") -> Json:
    statement = {"Sid": "S", "Effect": "Allow", "Principal": "*", "Action": action, "Resource": resource}
    return {"Version": "2012-10-17", "Statement": [statement]}


def queue(bench: Bench, logical_id: str = "Queue") -> Physical:
    return bench.create(QUEUE, {}, logical_id)


def test_a_queue_has_its_attributes_loses_them_and_goes(bench: Bench) -> None:
    sqs, dead = bench.client("sqs"), queue(bench, "Dead")
    old: Json = {
        "QueueName": "headgate-work",
        "KmsMasterKeyId": "alias/headgate",
        "MessageRetentionPeriod": 1209600,
        "RedrivePolicy": {"deadLetterTargetArn": dead.attributes["Arn"], "maxReceiveCount": 3},
        "VisibilityTimeout": 60,
        "Tags": [{"Key": "a", "Value": "b"}],
    }
    new = {"QueueName": "headgate-work", "DelaySeconds": 5}
    made = bench.create(QUEUE, old)
    assert made.attributes["Arn"] == f"arn:aws:sqs:eu-west-1:{bench.account}:headgate-work"
    assert made.attributes["QueueName"] == "headgate-work"

    def attributes() -> Json:
        found: Json = sqs.get_queue_attributes(QueueUrl=made.id, AttributeNames=["All"])["Attributes"]
        return found

    assert attributes()["MessageRetentionPeriod"] == "1209600"
    assert attributes()["KmsMasterKeyId"] == "alias/headgate"
    assert json.loads(attributes()["RedrivePolicy"])["maxReceiveCount"] == 3
    assert sqs.list_queue_tags(QueueUrl=made.id)["Tags"] == {"team": "forecasting", "a": "b"}
    bench.update(QUEUE, made, old, new)
    assert attributes()["MessageRetentionPeriod"] == "345600"
    assert (attributes()["DelaySeconds"], attributes()["VisibilityTimeout"]) == ("5", "30")
    assert not attributes().get("RedrivePolicy")
    assert sqs.list_queue_tags(QueueUrl=made.id)["Tags"] == {"team": "forecasting"}
    found = bench.find(QUEUE, new)
    assert found is not None
    assert found.id == made.id
    bench.delete(QUEUE, made, new)
    assert bench.find(QUEUE, new) is None


def test_a_queues_policy_is_put_on_all_that_it_names_and_taken_off(bench: Bench) -> None:
    sqs, one, two = bench.client("sqs"), queue(bench, "One").id, queue(bench, "Two").id
    old = {"Queues": [one], "PolicyDocument": policy("*")}
    new = {"Queues": [two], "PolicyDocument": policy("*", "sqs:*")}
    made = bench.create(QUEUE_POLICY, old)

    def of(url: str) -> Any:
        text = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"]).get("Attributes", {}).get("Policy")
        return json.loads(text) if text else None

    assert (of(one), of(two)) == (policy("*"), None)
    bench.update(QUEUE_POLICY, made, old, new)
    assert (of(one), of(two)) == (None, policy("*", "sqs:*"))
    bench.delete(QUEUE_POLICY, made, new)
    assert of(two) is None


def test_a_topic_has_its_key_its_subscribers_and_its_tags(bench: Bench) -> None:
    sns, arn = bench.client("sns"), queue(bench).attributes["Arn"]
    old = {"TopicName": "headgate-alarms", "KmsMasterKeyId": "alias/headgate", "DisplayName": "alarms"}
    new = {"TopicName": "headgate-alarms", "Subscription": [{"Protocol": "sqs", "Endpoint": arn}]}
    made = bench.create(TOPIC, old)
    assert made.id == f"arn:aws:sns:eu-west-1:{bench.account}:headgate-alarms"
    assert made.attributes == {"TopicArn": made.id, "TopicName": "headgate-alarms"}

    def state() -> Any:
        found = sns.get_topic_attributes(TopicArn=made.id)["Attributes"]
        subscribers = sns.list_subscriptions_by_topic(TopicArn=made.id)["Subscriptions"]
        return found.get("KmsMasterKeyId") or "", found["DisplayName"], [one["Endpoint"] for one in subscribers]

    assert state() == ("alias/headgate", "alarms", [])
    bench.update(TOPIC, made, old, new, tags={"team": "other"})
    assert state() == ("", "", [arn])
    assert sns.list_tags_for_resource(ResourceArn=made.id)["Tags"] == [{"Key": "team", "Value": "other"}]
    bench.update(TOPIC, made, new, old)
    assert state() == ("alias/headgate", "alarms", [])
    bench.delete(TOPIC, made, old)
    assert sns.list_topics()["Topics"] == []


def test_a_topic_that_is_there_is_not_taken_over_unless_it_was_begun_here(bench: Bench) -> None:
    bench.client("sns").create_topic(Name="mine")
    with pytest.raises(ResourceError, match="exists already"):
        bench.create(TOPIC, {"TopicName": "mine"})
    found = bench.find(TOPIC, {"TopicName": "mine", "DisplayName": "found"})
    assert found is not None
    assert bench.client("sns").get_topic_attributes(TopicArn=found.id)["Attributes"]["DisplayName"] == "found"


def test_a_topics_policy_is_put_and_put_back(bench: Bench) -> None:
    sns, topic = bench.client("sns"), bench.create(TOPIC, {}, "Topic").id

    def statements() -> Any:
        return json.loads(sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"])["Statement"]

    first = [statement["Sid"] for statement in statements()]
    old = {"Topics": [topic], "PolicyDocument": policy(topic, "sns:Publish")}
    new = {"Topics": [topic], "PolicyDocument": policy(topic, "sns:Subscribe")}
    made = bench.create(TOPIC_POLICY, old)
    bench.update(TOPIC_POLICY, made, old, new)
    assert [statement["Action"] for statement in statements()] == ["sns:Subscribe"]
    bench.delete(TOPIC_POLICY, made, new)
    assert [statement["Sid"] for statement in statements()] == first


def test_a_subscription_filters_as_it_says(bench: Bench) -> None:
    sns, topic, arn = bench.client("sns"), bench.create(TOPIC, {}, "Topic").id, queue(bench).attributes["Arn"]
    old = {"TopicArn": topic, "Protocol": "sqs", "Endpoint": arn, "FilterPolicy": {"kind": ["drift"]}}
    new = {**old, "FilterPolicy": {"kind": ["alarm"]}, "RawMessageDelivery": True}
    made = bench.create(SUBSCRIPTION, old)
    bench.update(SUBSCRIPTION, made, old, new)
    found = sns.get_subscription_attributes(SubscriptionArn=made.id)["Attributes"]
    assert json.loads(found["FilterPolicy"]) == {"kind": ["alarm"]}
    assert found["RawMessageDelivery"] == "true"
    bench.delete(SUBSCRIPTION, made, new)
    assert sns.list_subscriptions()["Subscriptions"] == []
    with pytest.raises(ResourceError, match="us-west-2"):
        bench.create(SUBSCRIPTION, {**old, "Region": "us-west-2"})


def test_a_bus_takes_statements_one_by_one_and_loses_them_one_by_one(bench: Bench) -> None:
    events = bench.client("events")
    bus = bench.create(BUS, {"Name": "headgate", "Tags": [{"Key": "a", "Value": "b"}]}, "Bus")
    assert bus.attributes["Arn"] == f"arn:aws:events:eu-west-1:{bench.account}:event-bus/headgate"

    def statements() -> Json:
        text = events.describe_event_bus(Name="headgate").get("Policy")
        return {one["Sid"]: one for one in json.loads(text)["Statement"]} if text else {}

    own = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "events:PutEvents",
        "Resource": bus.attributes["Arn"],
        "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1234567890"}},
    }
    first = {"EventBusName": "headgate", "StatementId": "Organization", "Statement": own}
    second = {
        "EventBusName": "headgate",
        "StatementId": "Neighbour",
        "Action": "events:PutEvents",
        "Principal": "222222222222",
    }
    one, two = bench.create(BUS_POLICY, first), bench.create(BUS_POLICY, second)
    assert one.id == "headgate|Organization"
    assert set(statements()) == {"Organization", "Neighbour"}
    assert statements()["Organization"]["Condition"] == own["Condition"]
    wider = {**first, "Statement": {**own, "Action": ["events:PutEvents", "events:DescribeEventBus"]}}
    bench.update(BUS_POLICY, one, first, wider)
    assert len(statements()["Organization"]["Action"]) == 2
    assert set(statements()) == {"Organization", "Neighbour"}
    found = bench.find(BUS_POLICY, first)
    assert found is not None
    bench.delete(BUS_POLICY, one, wider)
    assert set(statements()) == {"Neighbour"}
    bench.delete(BUS_POLICY, two, second)
    bench.delete(BUS, bus, {"Name": "headgate"})
    assert [each["Name"] for each in events.list_event_buses()["EventBuses"]] == ["default"]


def test_a_bus_keeps_its_own_policy_and_description(bench: Bench) -> None:
    events = bench.client("events")
    arn = f"arn:aws:events:eu-west-1:{bench.account}:event-bus/own"
    old = {"Name": "own", "Policy": policy(arn, "events:PutEvents"), "Description": "first"}
    new = {"Name": "own", "Description": "second"}
    made = bench.create(BUS, old)
    assert json.loads(events.describe_event_bus(Name="own")["Policy"])["Statement"][0]["Action"] == "events:PutEvents"
    bench.update(BUS, made, old, new)
    found = events.describe_event_bus(Name="own")
    assert not found.get("Policy")
    assert found["Description"] == "second"


@pytest.mark.parametrize("bus", [None, "headgate"])
def test_a_rule_has_its_pattern_and_its_targets(bench: Bench, bus: str | None) -> None:
    events, one, two = bench.client("events"), queue(bench, "One"), queue(bench, "Two")
    where: Json = {}
    if bus:
        bench.create(BUS, {"Name": bus}, "Bus")
        where = {"EventBusName": bus}
    old = {
        **where,
        "Name": "ended",
        "EventPattern": {"source": ["aws.states"], "detail": {"status": ["FAILED"]}},
        "Targets": [
            {"Id": "one", "Arn": one.attributes["Arn"]},
            {"Id": "two", "Arn": two.attributes["Arn"], "Input": '{"n": 1}'},
        ],
    }
    new = {
        **where,
        "Name": "ended",
        "EventPattern": {"source": ["aws.sagemaker"]},
        "State": "DISABLED",
        "Targets": [{"Id": "two", "Arn": two.attributes["Arn"], "Input": '{"n": 2}'}],
    }
    made = bench.create(RULE, old)
    assert made.id == (f"{bus}|ended" if bus else "ended")
    suffix = f"{bus}/ended" if bus else "ended"
    assert made.attributes["Arn"] == f"arn:aws:events:eu-west-1:{bench.account}:rule/{suffix}"

    def targets() -> Any:
        found = events.list_targets_by_rule(Rule="ended", **where)["Targets"]
        return sorted((target["Id"], target.get("Input")) for target in found)

    assert targets() == [("one", None), ("two", '{"n": 1}')]
    bench.update(RULE, made, old, new)
    assert targets() == [("two", '{"n": 2}')]
    found = events.describe_rule(Name="ended", **where)
    assert json.loads(found["EventPattern"]) == {"source": ["aws.sagemaker"]}
    assert found["State"] == "DISABLED"
    tags = events.list_tags_for_resource(ResourceARN=made.attributes["Arn"])["Tags"]
    assert tags == [{"Key": "team", "Value": "forecasting"}]
    bench.delete(RULE, made, new)
    with pytest.raises(ClientError, match="ResourceNotFound"):
        events.describe_rule(Name="ended", **where)


def test_a_schedule_is_made_in_its_group_changed_and_removed(bench: Bench) -> None:
    scheduler, arn = bench.client("scheduler"), queue(bench).attributes["Arn"]
    group = bench.create(SCHEDULE_GROUP, {"Name": "headgate", "Tags": [{"Key": "a", "Value": "b"}]}, "Group")
    assert group.attributes["State"] == "ACTIVE"
    role = f"arn:aws:iam::{bench.account}:role/scheduler"
    old = {
        "Name": "nightly",
        "GroupName": "headgate",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "ScheduleExpression": "rate(1 day)",
        "Target": {"Arn": arn, "RoleArn": role, "Input": "{}"},
    }
    new = {**old, "ScheduleExpression": "cron(0 3 * * ? *)", "State": "DISABLED"}
    made = bench.create(SCHEDULE, old)
    assert made.attributes["Arn"].endswith(f"{bench.account}:schedule/headgate/nightly")
    bench.update(SCHEDULE, made, old, new)
    found = scheduler.get_schedule(Name="nightly", GroupName="headgate")
    assert (found["ScheduleExpression"], found["State"]) == ("cron(0 3 * * ? *)", "DISABLED")
    moved = {name: value for name, value in new.items() if name != "GroupName"}
    bench.update(SCHEDULE, made, new, moved)
    assert scheduler.get_schedule(Name="nightly")["GroupName"] == "default"
    bench.delete(SCHEDULE, made, moved)
    assert scheduler.list_schedules()["Schedules"] == []
    bench.update(SCHEDULE_GROUP, group, {"Name": "headgate"}, {"Name": "headgate"}, tags={"c": "d"})
    tags = scheduler.list_tags_for_resource(ResourceArn=group.attributes["Arn"])["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in tags}["c"] == "d"
    assert bench.find(SCHEDULE_GROUP, {"Name": "headgate"}) is not None
    bench.delete(SCHEDULE_GROUP, group, {"Name": "headgate"})
    assert bench.find(SCHEDULE_GROUP, {"Name": "headgate"}) is None
