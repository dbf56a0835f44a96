"""AWS::SQS::Queue and QueuePolicy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headgate.localcloud.cloudformation.resources.api import call, changed, code_of, json_text, unless_gone
from headgate.localcloud.cloudformation.resources.declared import Declared
from headgate.localcloud.cloudformation.resources.tags import Tagging, all_tags
from headgate.localcloud.cloudformation.types import Context
from headgate.localcloud.seams import Json

_DEFAULTS = {
    "ContentBasedDeduplication": "false",
    "DeduplicationScope": "queue",
    "DelaySeconds": "0",
    "FifoThroughputLimit": "perQueue",
    "KmsDataKeyReusePeriodSeconds": "300",
    "KmsMasterKeyId": "",
    "MaximumMessageSize": "262144",
    "MessageRetentionPeriod": "345600",
    "ReceiveMessageWaitTimeSeconds": "0",
    "RedriveAllowPolicy": "",
    "RedrivePolicy": "",
    "SqsManagedSseEnabled": "true",
    "VisibilityTimeout": "30",
}
"""Attributes, and what they are when a template does not say."""

_TAGGING = Tagging("sqs", "TagQueue", "UntagQueue", "QueueUrl", pair=None)


def _name(context: Context, properties: Json) -> str:
    fifo = properties.get("FifoQueue", False)
    return str(properties.get("QueueName") or (f"{context.name(75)}.fifo" if fifo else context.name(80)))


def _text(value: Any) -> str:
    return (
        str(value).lower() if isinstance(value, bool) else json_text(value) if isinstance(value, dict) else str(value)
    )


def _make(context: Context, properties: Json) -> str:
    attributes = {name: _text(properties[name]) for name in _DEFAULTS if properties.get(name) is not None}
    if properties.get("FifoQueue"):
        attributes["FifoQueue"] = "true"
    tags = all_tags(context, properties) or None
    name = _name(context, properties)
    url: str = call(context, "sqs", "CreateQueue", QueueName=name, Attributes=attributes or None, tags=tags)["QueueUrl"]
    return url


def _converge(context: Context, url: str, old: Json, new: Json) -> None:
    values = {
        name: _text(new[name]) if new.get(name) is not None else default
        for name, default in _DEFAULTS.items()
        if changed(old, new, name)
    }
    if values:
        call(context, "sqs", "SetQueueAttributes", QueueUrl=url, Attributes=values)
    _TAGGING.apply(context, url, old, new)


def _describe(context: Context, url: str, _: Json) -> Mapping[str, Any]:
    found = call(context, "sqs", "GetQueueAttributes", QueueUrl=url, AttributeNames=["QueueArn"])
    return {"Arn": found["Attributes"]["QueueArn"], "QueueUrl": url, "QueueName": url.rpartition("/")[2]}


def _remove(context: Context, url: str, _: Json) -> None:
    with unless_gone():
        call(context, "sqs", "DeleteQueue", QueueUrl=url)


def _find(context: Context, properties: Json) -> str | None:
    from botocore.exceptions import ClientError

    try:
        return str(call(context, "sqs", "GetQueueUrl", QueueName=_name(context, properties))["QueueUrl"])
    except ClientError as error:
        if "NonExistentQueue" in code_of(error) or "QueueDoesNotExist" in code_of(error):
            return None
        raise


def _set_policy(context: Context, queues: list[str], text: str) -> None:
    for queue in queues:
        with unless_gone():
            call(context, "sqs", "SetQueueAttributes", QueueUrl=queue, Attributes={"Policy": text})


def _converge_policy(context: Context, _: str, old: Json, new: Json) -> None:
    same = not changed(old, new, "PolicyDocument")
    before = old.get("Queues") or []
    for queue in new["Queues"]:
        if not (same and queue in before):
            policy = {"Policy": json_text(new["PolicyDocument"])}
            call(context, "sqs", "SetQueueAttributes", QueueUrl=queue, Attributes=policy)
    _set_policy(context, [queue for queue in before if queue not in new["Queues"]], "")


TYPES = (
    Declared(
        "AWS::SQS::Queue",
        handled=frozenset({"FifoQueue", "QueueName", "Tags", *_DEFAULTS}),
        make=_make,
        made=frozenset({"Tags", *_DEFAULTS}),
        converge=_converge,
        describe=_describe,
        remove=_remove,
        find_id=_find,
    ),
    Declared(
        "AWS::SQS::QueuePolicy",
        handled=frozenset({"PolicyDocument", "Queues"}),
        make=lambda context, _: context.name(64),
        converge=_converge_policy,
        describe=lambda _, name, __: {"Id": name},
        remove=lambda context, _, properties: _set_policy(context, properties["Queues"], ""),
    ),
)
