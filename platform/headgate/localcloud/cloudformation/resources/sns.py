"""AWS::SNS::Topic, TopicPolicy and Subscription."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headgate.localcloud.cloudformation.resources.api import call, changed, exists, json_text, refuse, unless_gone
from headgate.localcloud.cloudformation.resources.declared import Declared
from headgate.localcloud.cloudformation.resources.tags import Tagging, all_tags, tag_list
from headgate.localcloud.cloudformation.types import Context
from headgate.localcloud.seams import Json

_TOPIC = {
    "ContentBasedDeduplication": "false",
    "DisplayName": "",
    "FifoThroughputScope": "Topic",
    "KmsMasterKeyId": "",
    "SignatureVersion": "1",
    "TracingConfig": "PassThrough",
}
"""Attributes, and what they are when a template does not say."""

_SUBSCRIPTION = {
    "DeliveryPolicy": "{}",
    "FilterPolicy": "{}",
    "FilterPolicyScope": "MessageAttributes",
    "RawMessageDelivery": "false",
    "RedrivePolicy": "{}",
    "SubscriptionRoleArn": "",
}
_TAGGING = Tagging("sns", "TagResource", "UntagResource", "ResourceArn")


def _text(value: Any) -> str:
    return (
        str(value).lower() if isinstance(value, bool) else json_text(value) if isinstance(value, dict) else str(value)
    )


def _attributes(properties: Json, names: Mapping[str, str]) -> dict[str, str]:
    return {name: _text(properties[name]) for name in names if properties.get(name) is not None}


def _topic_name(context: Context, properties: Json) -> str:
    fifo = properties.get("FifoTopic", False)
    return str(properties.get("TopicName") or (f"{context.name(251)}.fifo" if fifo else context.name(256)))


def _make_topic(context: Context, properties: Json) -> str:
    attributes = _attributes(properties, _TOPIC)
    if properties.get("FifoTopic"):
        attributes["FifoTopic"] = "true"
    tags = tag_list(all_tags(context, properties))
    name = _topic_name(context, properties)
    if exists(context, "sns", "GetTopicAttributes", TopicArn=_topic_arn(context, name)):
        raise refuse(f"the topic '{name}' exists already")  # CreateTopic would take it over
    arn: str = call(context, "sns", "CreateTopic", Name=name, Attributes=attributes, Tags=tags)["TopicArn"]
    return arn


def _topic_arn(context: Context, name: str) -> str:
    return f"arn:{context.partition}:sns:{context.region}:{context.account}:{name}"


def _converge_topic(context: Context, arn: str, old: Json, new: Json) -> None:
    for name, default in _TOPIC.items():
        if changed(old, new, name):
            value = _text(new.get(name, default))
            call(context, "sns", "SetTopicAttributes", TopicArn=arn, AttributeName=name, AttributeValue=value)
    before, after = old.get("Subscription") or [], new.get("Subscription") or []
    for one in [one for one in after if one not in before]:
        call(context, "sns", "Subscribe", one, TopicArn=arn)
    gone = [(one["Protocol"], one["Endpoint"]) for one in before if one not in after]
    if gone:
        for found in call(context, "sns", "ListSubscriptionsByTopic", TopicArn=arn)["Subscriptions"]:
            if (found["Protocol"], found["Endpoint"]) in gone:
                call(context, "sns", "Unsubscribe", SubscriptionArn=found["SubscriptionArn"])
    _TAGGING.apply(context, arn, old, new)


def _describe_topic(_: Context, arn: str, __: Json) -> Mapping[str, Any]:
    return {"TopicArn": arn, "TopicName": arn.rpartition(":")[2]}


def _remove_topic(context: Context, arn: str, _: Json) -> None:
    with unless_gone():
        call(context, "sns", "DeleteTopic", TopicArn=arn)


def _find_topic(context: Context, properties: Json) -> str | None:
    arn = _topic_arn(context, _topic_name(context, properties))
    return arn if exists(context, "sns", "GetTopicAttributes", TopicArn=arn) else None


def _set_policy(context: Context, topic: str, document: Any) -> None:
    policy = {"AttributeName": "Policy", "AttributeValue": json_text(document)}
    call(context, "sns", "SetTopicAttributes", policy, TopicArn=topic)


def _default_policy(topic: str) -> Json:
    """What a topic says when nobody has set a policy: its own account may do everything but hand it on."""
    account = topic.split(":")[4]
    actions = (
        "GetTopicAttributes",
        "SetTopicAttributes",
        "AddPermission",
        "RemovePermission",
        "DeleteTopic",
        "Subscribe",
        "ListSubscriptionsByTopic",
        "Publish",
    )
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [f"SNS:{action}" for action in actions],
        "Resource": topic,
        "Condition": {"StringEquals": {"AWS:SourceOwner": account}},
    }
    return {"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]}


def _converge_topics(context: Context, _: str, old: Json, new: Json) -> None:
    same = not changed(old, new, "PolicyDocument")
    for topic in new["Topics"]:
        if not (same and topic in (old.get("Topics") or ())):
            _set_policy(context, topic, new["PolicyDocument"])
    _reset(context, [topic for topic in old.get("Topics") or () if topic not in new["Topics"]])


def _reset(context: Context, topics: list[str]) -> None:
    for topic in topics:
        with unless_gone():
            _set_policy(context, topic, _default_policy(topic))


def _check_region(context: Context, properties: Json) -> None:
    if properties.get("Region", context.region) != context.region:
        raise refuse(f"a subscription in {properties['Region']} from a stack in {context.region} is not supported")


def _subscribe(context: Context, properties: Json) -> str:
    _check_region(context, properties)
    made = call(
        context,
        "sns",
        "Subscribe",
        {name: properties.get(name) for name in ("TopicArn", "Protocol", "Endpoint")},
        Attributes=_attributes(properties, _SUBSCRIPTION),
        ReturnSubscriptionArn=True,
    )
    arn: str = made["SubscriptionArn"]
    return arn


def _converge_subscription(context: Context, arn: str, old: Json, new: Json) -> None:
    _check_region(context, new)
    for name, default in _SUBSCRIPTION.items():
        if changed(old, new, name):
            value = {"AttributeName": name, "AttributeValue": _text(new.get(name, default))}
            call(context, "sns", "SetSubscriptionAttributes", value, SubscriptionArn=arn)


def _unsubscribe(context: Context, arn: str, _: Json) -> None:
    with unless_gone():
        call(context, "sns", "Unsubscribe", SubscriptionArn=arn)


TYPES = (
    Declared(
        "AWS::SNS::Topic",
        handled=frozenset({"FifoTopic", "Subscription", "Tags", "TopicName", *_TOPIC}),
        make=_make_topic,
        made=frozenset({"Tags", *_TOPIC}),
        converge=_converge_topic,
        describe=_describe_topic,
        remove=_remove_topic,
        find_id=_find_topic,
    ),
    Declared(
        "AWS::SNS::TopicPolicy",
        handled=frozenset({"PolicyDocument", "Topics"}),
        make=lambda context, _: context.name(64),
        converge=_converge_topics,
        describe=lambda _, name, __: {"Id": name},
        remove=lambda context, _, properties: _reset(context, properties["Topics"]),
    ),
    Declared(
        "AWS::SNS::Subscription",
        handled=frozenset({"Endpoint", "Protocol", "Region", "TopicArn", *_SUBSCRIPTION}),
        make=_subscribe,
        made=frozenset(_SUBSCRIPTION),
        converge=_converge_subscription,
        describe=lambda _, arn, __: {"Arn": arn},
        remove=_unsubscribe,
    ),
)
