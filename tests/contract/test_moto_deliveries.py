"""Seams of `server/moto_deliveries.py`: SNS subscriptions and Lambda event source mappings inside moto."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contract.local_daemon import ACCOUNT, REGION, LocalDaemon

pytestmark = pytest.mark.slow

OTHER = "222233334444"
WRITER = """
    import boto3, uuid

    def handler(event, context):
        for record in event["Records"]:
            name = f"/{context.function_name}/{uuid.uuid4().hex}"
            boto3.client("ssm").put_parameter(Name=name, Value=record.get("body") or "item", Type="String")
"""


def queue(
    daemon: LocalDaemon, name: str, account: str = ACCOUNT, policy: dict[str, Any] | None = None
) -> tuple[str, str]:
    """URL and ARN of a queue, with one statement as its policy."""
    client = daemon.client("sqs", account)
    url = client.create_queue(QueueName=name)["QueueUrl"]
    arn = f"arn:aws:sqs:{REGION}:{account}:{name}"
    if policy is not None:
        document = {"Version": "2012-10-17", "Statement": [{"Action": "sqs:SendMessage", "Resource": arn, **policy}]}
        client.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(document)})
    return url, arn


def bodies(daemon: LocalDaemon, url: str, account: str = ACCOUNT) -> list[str]:
    answer = daemon.client("sqs", account).receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    return [json.loads(message["Body"])["Message"] for message in answer.get("Messages", [])]


def lets_sns(source: str) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Condition": {"ArnEquals": {"aws:SourceArn": source}},
    }


def test_a_queue_takes_only_what_its_policy_lets_in(daemon: LocalDaemon) -> None:
    sns = daemon.client("sns")
    let, refused = (sns.create_topic(Name=name)["TopicArn"] for name in ("let", "refused"))
    url, arn = queue(daemon, "guarded", policy=lets_sns(let))
    for topic in (let, refused):
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        sns.publish(TopicArn=topic, Message=topic)
    assert bodies(daemon, url) == [let]


def test_what_is_refused_goes_to_the_subscriptions_dead_letter_queue(daemon: LocalDaemon) -> None:
    sns = daemon.client("sns")
    topic = sns.create_topic(Name="dead")["TopicArn"]
    _, closed = queue(daemon, "closed", policy=lets_sns("arn:aws:sns:eu-west-1:123456789012:another"))
    url, dead = queue(daemon, "dead-letters", policy=lets_sns(topic))
    attributes = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": dead})}
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=closed, Attributes=attributes)
    sns.publish(TopicArn=topic, Message="kept")
    assert bodies(daemon, url) == ["kept"]


def test_a_topic_delivers_to_another_accounts_queue(daemon: LocalDaemon) -> None:
    sns = daemon.client("sns")
    topic = sns.create_topic(Name="abroad")["TopicArn"]
    url, arn = queue(daemon, "abroad", OTHER, lets_sns(topic))
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    sns.publish(TopicArn=topic, Message="hello")
    assert bodies(daemon, url, OTHER) == ["hello"]


def test_a_function_runs_only_for_the_topic_that_its_policy_names(daemon: LocalDaemon) -> None:
    sns = daemon.client("sns")
    let, refused = (sns.create_topic(Name=name)["TopicArn"] for name in ("let-f", "refused-f"))
    arn = daemon.function("topical", WRITER)
    daemon.client("lambda").add_permission(
        FunctionName="topical",
        StatementId="sns",
        Action="lambda:InvokeFunction",
        Principal="sns.amazonaws.com",
        SourceArn=let,
    )
    for topic in (refused, let):
        sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)
        sns.publish(TopicArn=topic, Message="m")
    found = daemon.client("ssm").get_parameters_by_path(Path="/topical")["Parameters"]
    assert len(found) == 1


def test_a_functions_role_has_to_be_able_to_read_the_queue(daemon: LocalDaemon) -> None:
    iam = daemon.client("iam")
    statement = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    role = iam.create_role(RoleName="poller", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    url, arn = queue(daemon, "polled")
    function = daemon.function("polls", WRITER, Role=role)
    daemon.client("lambda").create_event_source_mapping(FunctionName=function, EventSourceArn=arn)
    sqs = daemon.client("sqs")
    sqs.send_message(QueueUrl=url, MessageBody="kept")
    assert not daemon.client("ssm").get_parameters_by_path(Path="/polls")["Parameters"]
    actions = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "ssm:PutParameter"]
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}
    iam.put_role_policy(RoleName="poller", PolicyName="p", PolicyDocument=json.dumps(policy))
    sqs.send_message(QueueUrl=url, MessageBody="again")
    found = daemon.client("ssm").get_parameters_by_path(Path="/polls")["Parameters"]
    assert sorted(one["Value"] for one in found) == ["again", "kept"]


def test_decisions_are_not_taken_again_when_the_journal_is_replayed(daemon: LocalDaemon) -> None:
    sns = daemon.client("sns")
    topic = sns.create_topic(Name="replayed")["TopicArn"]
    url, arn = queue(daemon, "replayed", policy=lets_sns(topic))
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    sns.publish(TopicArn=topic, Message="before")
    _, _ = queue(daemon, "replayed", policy=lets_sns("arn:aws:sns:eu-west-1:123456789012:another"))
    daemon.kill_and_restart()
    assert bodies(daemon, url) == ["before"]
