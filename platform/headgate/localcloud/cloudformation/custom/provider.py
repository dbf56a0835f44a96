"""Custom resources as a resource type: a request to a service token, an answer at a response URL.

Source: CloudFormation user guide, 'Custom resource request objects' and 'response objects'.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from headgate.localcloud.cloudformation.custom.responses import Answer, Responses
from headgate.localcloud.cloudformation.types import Context, Physical, ResourceError, ResourceType
from headgate.localcloud.seams import Json

_TIMEOUT = 3600
_NAMESPACE = uuid.UUID("5b0f4f0e-7d6d-4a53-8f5a-0d4b6f3a9b1c")
_SUBJECT = "AWS CloudFormation custom resource request"
_MASKED = ("ServiceTimeout",)


@dataclass(frozen=True, slots=True)
class CustomResources:
    """Resource types for `AWS::CloudFormation::CustomResource` and every `Custom::*`."""

    responses: Responses

    def provider(self, type_name: str) -> ResourceType:
        return CustomResource(type_name, self.responses)


@dataclass(frozen=True, slots=True)
class CustomResource:
    """One custom type. Any property is handled: it is passed on."""

    type_name: str
    responses: Responses
    handled: frozenset[str] = frozenset({"ServiceToken", "ServiceTimeout"})
    ignored: Mapping[str, str] = field(default_factory=dict)

    def create(self, context: Context, properties: Json) -> Physical:
        answer = self._ask(context, "Create", context.token, properties, {})
        if not answer.succeeded:
            raise ResourceError(answer.reason, physical_id=answer.physical_id)
        if not answer.physical_id:
            raise ResourceError(
                "Invalid PhysicalResourceId: the response has none; what a custom resource creates must have one",
                code="InvalidRequest",
            )
        return Physical(answer.physical_id, answer.data, no_echo=answer.no_echo)

    def update(self, context: Context, physical_id: str, old: Json, new: Json) -> Physical:
        more = {"PhysicalResourceId": physical_id, "OldResourceProperties": _stringified(_passed_on(old))}
        answer = self._ask(context, "Update", context.token, new, more)
        if not answer.succeeded:
            raise ResourceError(answer.reason)
        return Physical(answer.physical_id or physical_id, answer.data, no_echo=answer.no_echo)

    def delete(self, context: Context, physical_id: str, properties: Json) -> None:
        answer = self._ask(
            context, "Delete", f"{context.token}/{physical_id}", properties, {"PhysicalResourceId": physical_id}
        )
        if not answer.succeeded:
            raise ResourceError(answer.reason)

    def _ask(self, context: Context, kind: str, token: str, properties: Json, more: Json) -> Answer:
        """Send the request, unless it was sent before an interruption, and wait for what is answered."""
        request_id = str(uuid.uuid5(_NAMESPACE, f"{context.stack_id}/{context.logical_id}/{kind}/{token}"))
        timeout = float(properties.get("ServiceTimeout", _TIMEOUT))
        pending = self.responses.expect(request_id, timeout)
        if not pending.sent:
            event: Json = {
                "RequestType": kind,
                "ServiceToken": properties["ServiceToken"],
                "ResponseURL": pending.url,
                "StackId": context.stack_id,
                "RequestId": request_id,
                "LogicalResourceId": context.logical_id,
                "ResourceType": self.type_name,
                "ResourceProperties": _stringified(_passed_on(properties)),
                **more,
            }
            _send(context, str(properties["ServiceToken"]), event)
            self.responses.sent(request_id)
        try:
            answer = self.responses.wait(request_id, context)
        except TimeoutError as error:
            raise ResourceError(
                f"CloudFormation did not receive a response from your Custom Resource. Please check your logs for "
                f"requestId [{request_id}]. If you are using the Python cfn-response module, you may need to update "
                f"your Lambda function code so that CloudFormation can attach the updated version.",
                code="NotStabilized",
            ) from error
        finally:
            self.responses.forget(request_id)
        return answer


def _send(context: Context, service_token: str, event: Json) -> None:
    """Hand the request to the Lambda function or the topic. Raises ClientError, ResourceError for another token."""
    service = service_token.split(":")[2] if service_token.count(":") >= 5 else ""
    if service == "lambda":
        payload = json.dumps(event).encode()
        context.client("lambda").invoke(FunctionName=service_token, InvocationType="Event", Payload=payload)
    elif service == "sns":
        context.client("sns").publish(TopicArn=service_token, Subject=_SUBJECT, Message=json.dumps(event))
    else:
        raise ResourceError(
            f"Invalid service token: {service_token!r} is neither the ARN of a Lambda function nor of an SNS topic",
            code="InvalidRequest",
        )


def _passed_on(properties: Json) -> Json:
    return {name: value for name, value in properties.items() if name not in _MASKED}


def _stringified(value: Any) -> Any:
    """Scalars as text, as custom resources have always been sent them."""
    if isinstance(value, dict):
        return {key: _stringified(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_stringified(item) for item in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if value is None else str(value)
