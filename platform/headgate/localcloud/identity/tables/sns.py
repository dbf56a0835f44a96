"""SNS. What is done with a subscription is on its topic."""

from __future__ import annotations

from headgate.localcloud.identity.tables.model import Keys, Need
from headgate.localcloud.identity.tables.parts import (
    Operations,
    allowed_by,
    creates,
    same,
    tags_resource,
    untags_resource,
)
from headgate.localcloud.identity.tables.paths import Parameters, at
from headgate.localcloud.seams import Caller

_TOPIC = "{TopicArn}"
_SUBSCRIBING: Keys = {"sns:Protocol": "Protocol", "sns:Endpoint": "Endpoint"}


def _target(parameters: Parameters, _: Caller) -> tuple[str, ...]:
    return (str(at(parameters, "TopicArn") or at(parameters, "TargetArn") or "*"),)


def _topic_of(parameters: Parameters, _: Caller) -> tuple[str, ...]:
    """The topic's ARN is the subscription's without its last part."""
    return (str(at(parameters, "SubscriptionArn") or "*").rpartition(":")[0] or "*",)


OPERATIONS: Operations = {
    "CreateTopic": creates("sns:CreateTopic", "arn:aws:sns:{region}:{account}:{Name}", tag_action="sns:TagResource"),
    "Publish": (Need("sns:Publish", _target),),
    "PublishBatch": (Need("sns:Publish", _TOPIC),),
    **same("sns", _TOPIC, "Subscribe", _SUBSCRIBING),
    **same(
        "sns",
        _TOPIC,
        "AddPermission ConfirmSubscription DeleteTopic GetTopicAttributes ListSubscriptionsByTopic RemovePermission "
        "SetTopicAttributes",
    ),
    **same("sns", "{ResourceArn}", "GetDataProtectionPolicy ListTagsForResource PutDataProtectionPolicy"),
    **same("sns", _topic_of, "GetSubscriptionAttributes SetSubscriptionAttributes"),
    **allowed_by("sns:Unsubscribe", _topic_of, "Unsubscribe"),
    **same("sns", "*", "ListSubscriptions ListTopics"),
    "TagResource": tags_resource("sns:TagResource", "{ResourceArn}"),
    "UntagResource": untags_resource("sns:UntagResource", "{ResourceArn}"),
}
