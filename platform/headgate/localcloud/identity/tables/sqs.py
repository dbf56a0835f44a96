"""SQS. A queue is named by its URL, which ends in its account and its name; batches need the single action."""

from __future__ import annotations

from headgate.localcloud.identity.tables.model import Need
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


def _queue(parameters: Parameters, caller: Caller) -> tuple[str, ...]:
    *_, account, name = ("", "", *str(at(parameters, "QueueUrl") or "*").split("/"))
    owner = account if account.isdigit() else caller.account
    return (f"arn:aws:sqs:{caller.region}:{owner}:{name}",)


def _named(parameters: Parameters, caller: Caller) -> tuple[str, ...]:
    owner = at(parameters, "QueueOwnerAWSAccountId") or caller.account
    return (f"arn:aws:sqs:{caller.region}:{owner}:{at(parameters, 'QueueName') or '*'}",)


OPERATIONS: Operations = {
    "CreateQueue": creates("sqs:CreateQueue", _named, tag_action="sqs:TagQueue", tags="tags"),
    "GetQueueUrl": (Need("sqs:GetQueueUrl", _named),),
    **same("sqs", "*", "ListQueues"),
    **same(
        "sqs",
        _queue,
        "AddPermission ChangeMessageVisibility DeleteMessage DeleteQueue GetQueueAttributes ListDeadLetterSourceQueues "
        "ListQueueTags PurgeQueue ReceiveMessage RemovePermission SendMessage SetQueueAttributes",
    ),
    **allowed_by("sqs:SendMessage", _queue, "SendMessageBatch"),
    **allowed_by("sqs:DeleteMessage", _queue, "DeleteMessageBatch"),
    **allowed_by("sqs:ChangeMessageVisibility", _queue, "ChangeMessageVisibilityBatch"),
    **same("sqs", "{SourceArn}", "ListMessageMoveTasks StartMessageMoveTask"),
    "TagQueue": tags_resource("sqs:TagQueue", _queue, tags="Tags"),
    "UntagQueue": untags_resource("sqs:UntagQueue", _queue),
}
