"""How each kind of target is called: one boto3 call, as the target's role or as EventBridge itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from headgate.localcloud.errors import unsupported
from headgate.localcloud.events.errors import invalid
from headgate.localcloud.events.transform import InvalidTransformError, check_input
from headgate.localcloud.seams import Json

FORWARDED = "headgate-delivery="
"""Begins the trace header of an event that comes from another bus: which delivery holds it, envelope and all."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is handed to a target: `delivery` names the delivery, `text` is the input."""

    delivery: str
    target: Json
    text: str


Call = Callable[[Any, Parcel], object]
"""Calls a target with a boto3 client. Raises botocore's errors, ValueError for an input that the kind cannot take."""

_COMMON = frozenset(
    {"Id", "Arn", "RoleArn", "Input", "InputPath", "InputTransformer", "RetryPolicy", "DeadLetterConfig"}
)


@dataclass(frozen=True, slots=True)
class TargetKind:
    """`service` is what boto3 calls it; `parameters` are the members of a target that this kind takes."""

    service: str
    call: Call
    needs_role: bool = False
    parameters: frozenset[str] = frozenset()


def _lambda(client: Any, parcel: Parcel) -> None:
    client.invoke(FunctionName=parcel.target["Arn"], InvocationType="Event", Payload=parcel.text.encode())


def queue_url(client: Any, arn: str) -> str:
    """A queue's URL, made of its ARN: asking for it would need more than the sqs:SendMessage that its policy grants."""
    account, name = arn.split(":")[4:6]
    return f"{client.meta.endpoint_url}/{account}/{name}"


def _queue(client: Any, parcel: Parcel) -> None:
    url = queue_url(client, parcel.target["Arn"])
    group = parcel.target.get("SqsParameters", {}).get("MessageGroupId")
    client.send_message(QueueUrl=url, MessageBody=parcel.text, **({"MessageGroupId": group} if group else {}))


def _topic(client: Any, parcel: Parcel) -> None:
    client.publish(TopicArn=parcel.target["Arn"], Message=parcel.text)


def _machine(client: Any, parcel: Parcel) -> None:
    client.start_execution(stateMachineArn=parcel.target["Arn"], input=parcel.text)


def _pipeline(client: Any, parcel: Parcel) -> None:
    """The parameters are the target's own; SageMaker takes nothing of the event but through an input transformer."""
    parameters = parcel.target.get("SageMakerPipelineParameters", {}).get("PipelineParameterList", [])
    client.start_pipeline_execution(
        PipelineName=parcel.target["Arn"].rsplit("/", 1)[1],
        PipelineParameters=parameters or _pipeline_parameters(parcel.text),
    )


def _pipeline_parameters(text: str) -> list[dict[str, str]]:
    """An input of the form {"PipelineParameterList": [...]} is what a transformer makes for a pipeline."""
    value = json.loads(text)
    found = value.get("PipelineParameterList") if isinstance(value, dict) else None
    return list(found) if isinstance(found, list) else []


def _log_group(client: Any, parcel: Parcel) -> None:
    """Log groups get a stream for each event and its own time, as EventBridge names them by event."""
    group = parcel.target["Arn"].split(":log-group:")[1].removesuffix(":*")
    event = json.loads(parcel.text)
    stream = str(event.get("id", "events")) if isinstance(event, dict) else "events"
    moment = int(event["timestamp"]) if isinstance(event, dict) and "timestamp" in event else _milliseconds(event)
    client.create_log_stream(logGroupName=group, logStreamName=stream)
    client.put_log_events(
        logGroupName=group, logStreamName=stream, logEvents=[{"timestamp": moment, "message": parcel.text}]
    )


def _milliseconds(event: Any) -> int:
    from datetime import datetime

    text = event.get("time") if isinstance(event, Mapping) else None
    if not isinstance(text, str):
        raise ValueError("a log group's input has a `time` or a `timestamp`")  # noqa: TRY004 - of the event, not of code
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def _bus(client: Any, parcel: Parcel) -> None:
    """The event itself is read from the delivery: see `headgate.localcloud.events.service`."""
    event = json.loads(parcel.text)
    answer = client.put_events(
        Entries=[
            {
                "Source": "headgate.forwarded",
                "TraceHeader": f"{FORWARDED}{parcel.delivery}",
                "DetailType": event["detail-type"],
                "Detail": json.dumps(event["detail"]),
                "EventBusName": parcel.target["Arn"],
            }
        ]
    )
    if answer["FailedEntryCount"]:
        raise ValueError(answer["Entries"][0]["ErrorMessage"])


_KINDS: Mapping[str, TargetKind] = {
    "lambda": TargetKind("lambda", _lambda),
    "sqs": TargetKind("sqs", _queue, parameters=frozenset({"SqsParameters"})),
    "sns": TargetKind("sns", _topic),
    "states": TargetKind("stepfunctions", _machine, needs_role=True),
    "sagemaker": TargetKind(
        "sagemaker", _pipeline, needs_role=True, parameters=frozenset({"SageMakerPipelineParameters"})
    ),
    "logs": TargetKind("logs", _log_group),
    "events": TargetKind("events", _bus),
}


def kind_of(target: Json) -> TargetKind:
    """How a target is called. Raises AwsError (501) for what the local cloud cannot call."""
    service = target["Arn"].split(":")[2] if target["Arn"].count(":") >= 5 else ""
    if service not in _KINDS or (service == "events" and ":event-bus/" not in target["Arn"]):
        raise unsupported(f"EventBridge targets of the kind {target['Arn']}")
    return _KINDS[service]


def check_target(target: Json) -> None:
    """Raises AwsError for a target that could never be called."""
    kind = kind_of(target)
    others = sorted(set(target) - _COMMON - kind.parameters)
    if others:
        raise unsupported(f"{others[0]} of targets such as {target['Arn']}")
    if kind.needs_role and "RoleArn" not in target:
        raise invalid(f"RoleArn is required for target {target['Arn']}.")
    try:
        check_input(target)
    except InvalidTransformError as error:
        raise invalid(f"Invalid input for target {target['Id']}: {error}.") from error
