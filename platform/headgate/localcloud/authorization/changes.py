"""Which requests may change what policies are decided by: not those that only move data."""

from __future__ import annotations

from headgate.localcloud.server.operations import changes_state

_DATA = {
    "dynamodb": frozenset({"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"}),
    "monitoring": frozenset({"PutMetricData", "SetAlarmState"}),
    "sns": frozenset({"Publish", "PublishBatch"}),
    "sqs": frozenset(
        {"SendMessage", "SendMessageBatch", "ReceiveMessage", "DeleteMessage", "DeleteMessageBatch"}
        | {"ChangeMessageVisibility", "ChangeMessageVisibilityBatch"}
    ),
}


def changes_policies(service: str, operation: str, method: str) -> bool:
    """Whether facts about the service's resources have to be looked up again after the request."""
    return operation not in _DATA.get(service, ()) and changes_state(service, operation, method)
