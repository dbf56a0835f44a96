"""Seams of `server/moto_mail.py`: e-mail subscriptions, from the question to the message in the outbox."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from contract.local_daemon import ACCOUNT, LocalDaemon
from headgate.localcloud import lifecycle

pytestmark = pytest.mark.slow  # a daemon


def mails(daemon: LocalDaemon, to: str) -> list[dict[str, Any]]:
    found = lifecycle.control(daemon.endpoint, "GET", "mail")["messages"]
    return [one for one in found if one["to"] == to]


def subscribed(daemon: LocalDaemon, name: str, protocol: str = "email") -> tuple[str, str]:
    """A topic and a subscription by e-mail, which nobody has confirmed."""
    sns = daemon.client("sns")
    topic = sns.create_topic(Name=name)["TopicArn"]
    answer = sns.subscribe(
        TopicArn=topic, Protocol=protocol, Endpoint=f"{name}@example.com", ReturnSubscriptionArn=True
    )
    return topic, answer["SubscriptionArn"]


def pending(daemon: LocalDaemon, subscription: str) -> str:
    attributes = daemon.client("sns").get_subscription_attributes(SubscriptionArn=subscription)["Attributes"]
    value: str = attributes["PendingConfirmation"]
    return value.lower()


def token(daemon: LocalDaemon, to: str) -> str:
    return str(mails(daemon, to)[0]["text"]).rpartition("--token ")[2]


def test_a_subscription_gets_nothing_until_it_is_confirmed(daemon: LocalDaemon) -> None:
    sns = daemon.client("sns")
    topic, subscription = subscribed(daemon, "lead")
    assert pending(daemon, subscription) == "true"
    sns.publish(TopicArn=topic, Message="too early")
    with pytest.raises(ClientError, match="Token"):
        sns.confirm_subscription(TopicArn=topic, Token="guessed")
    confirmed = sns.confirm_subscription(TopicArn=topic, Token=token(daemon, "lead@example.com"))
    assert confirmed["SubscriptionArn"] == subscription
    assert pending(daemon, subscription) == "false"
    sns.publish(TopicArn=topic, Message="the budget is spent", Subject="Budget")
    sns.publish(TopicArn=topic, Message="no subject")
    question, *told = mails(daemon, "lead@example.com")
    assert question["subject"] == "AWS Notification - Subscription Confirmation"
    assert [(one["subject"], one["text"]) for one in told] == [
        ("Budget", "the budget is spent"),
        ("AWS Notification Message", "no subject"),
    ]
    assert {(one["account"], one["from"]) for one in told} == {(ACCOUNT, topic)}


def test_subscribing_again_asks_no_second_time(daemon: LocalDaemon) -> None:
    subscribed(daemon, "twice")
    subscribed(daemon, "twice")
    assert len(mails(daemon, "twice@example.com")) == 1


def test_mail_and_confirmation_survive_a_kill_and_are_not_sent_twice(daemon: LocalDaemon) -> None:
    topic, subscription = subscribed(daemon, "owner", "email-json")
    daemon.client("sns").confirm_subscription(TopicArn=topic, Token=token(daemon, "owner@example.com"))
    daemon.client("sns").publish(TopicArn=topic, Message="before")
    daemon.kill_and_restart()
    assert pending(daemon, subscription) == "false"
    daemon.client("sns").publish(TopicArn=topic, Message="after")
    _, *told = mails(daemon, "owner@example.com")
    assert [json.loads(one["text"])["Message"] for one in told] == ["before", "after"]


def test_a_filter_policy_keeps_mail_away(daemon: LocalDaemon) -> None:
    sns = daemon.client("sns")
    topic, subscription = subscribed(daemon, "filtered")
    sns.confirm_subscription(TopicArn=topic, Token=token(daemon, "filtered@example.com"))
    sns.set_subscription_attributes(
        SubscriptionArn=subscription, AttributeName="FilterPolicy", AttributeValue='{"level": ["high"]}'
    )
    for level in ("low", "high"):
        attributes = {"level": {"DataType": "String", "StringValue": level}}
        sns.publish(TopicArn=topic, Message=level, MessageAttributes=attributes)
    _, *told = mails(daemon, "filtered@example.com")
    assert [one["text"] for one in told] == ["high"]
