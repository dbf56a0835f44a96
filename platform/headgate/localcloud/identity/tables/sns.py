"""SNS. What is done with a subscription is on everything, by the reference."""

from __future__ import annotations

from headgate.localcloud.identity.tables.model import Keys, Need
from headgate.localcloud.identity.tables.parts import (
    Operations,
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
    **same("sns", "*", "GetSubscriptionAttributes ListSubscriptions ListTopics SetSubscriptionAttributes Unsubscribe"),
    "TagResource": tags_resource("sns:TagResource", "{ResourceArn}"),
    "UntagResource": untags_resource("sns:UntagResource", "{ResourceArn}"),
}
