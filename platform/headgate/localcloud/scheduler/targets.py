"""Targets of Scheduler: those that EventBridge has too, and any API by `arn:aws:scheduler:::aws-sdk:service:action`."""

from __future__ import annotations

import json
import re
from typing import Any

from headgate.localcloud.errors import unsupported
from headgate.localcloud.events.targets import Parcel, TargetKind, kind_of
from headgate.localcloud.seams import Json

_UNIVERSAL = re.compile(r"^arn:[\w-]+:scheduler:::aws-sdk:([a-z0-9-]+):([A-Za-z0-9]+)$")
_READS = re.compile(r"^(get|describe|list|poll|receive|search|scan|query|select|batchGet)", re.IGNORECASE)
_MEMBERS = frozenset(
    {"Arn", "RoleArn", "Input", "RetryPolicy", "DeadLetterConfig", "SqsParameters", "SageMakerPipelineParameters"}
)
_BOTO3 = {"sfn": "stepfunctions", "eventbridge": "events"}
"""Services by the names that Scheduler has from AWS's SDK for Java."""


def target_kind(target: Json) -> TargetKind:
    """How a target is called. Raises AwsError (501) for what the local cloud cannot call."""
    universal = _UNIVERSAL.match(target["Arn"])
    if universal is None:
        return kind_of(target)
    service, action = _BOTO3.get(universal[1], universal[1]), universal[2]
    if _READS.match(action):
        raise unsupported(f"{target['Arn']} (Scheduler calls nothing that only reads)")
    return TargetKind(service, lambda client, parcel: _call(client, action, parcel), needs_role=True)


def check_target(target: Json) -> None:
    """Raises AwsError for a target that could never be called."""
    others = sorted(set(target) - _MEMBERS)
    if others:
        raise unsupported(f"{others[0]} of schedules' targets")
    target_kind(target)


def _call(client: Any, action: str, parcel: Parcel) -> None:
    operations = {name.lower(): method for method, name in client.meta.method_to_api_mapping.items()}
    if action.lower() not in operations:
        raise ValueError(f"{client.meta.service_model.service_name} has no action {action}")
    getattr(client, operations[action.lower()])(**json.loads(parcel.text))
