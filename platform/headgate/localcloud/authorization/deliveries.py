"""May a delivery inside AWS happen? SNS to queues and functions, and Lambda's reading of queues and streams."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headgate.localcloud.authorization.arns import parse
from headgate.localcloud.authorization.directory import CloudDirectory
from headgate.localcloud.authorization.gate import Gate
from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Caller


class Deliveries:
    """Answers with the reason of a refusal, empty when the delivery is allowed."""

    def __init__(self, gate: Gate, directory: CloudDirectory) -> None:
        self._gate = gate
        self._directory = directory

    def refused(self, principal: str, source: str, target: str) -> str:
        """A service that brings something of `source` (an ARN) to a queue or function, as itself.

        The target's policy has to let it.
        """
        found, origin = parse(target), parse(source)
        if found is None or origin is None:
            return f"{target} is no ARN"
        if self._directory.resource(target) is None:
            return ""  # what does not exist is the delivery's own error
        context = {"aws:SourceArn": source, "aws:SourceAccount": origin.account}
        caller = Caller(found.account, found.region, "", principal, context)
        if found.service == "sqs":
            url = f"https://sqs.{found.region}.amazonaws.com/{found.account}/{found.resource}"
            return self._refusal("sqs", "SendMessage", {"QueueUrl": url}, caller)
        return self._refusal("lambda", "Invoke", {"FunctionName": target}, caller)

    def unreadable(self, function: str, role: str, source: str) -> str:
        """A function whose event source mapping reads a queue or a stream, with the function's role."""
        name, found = parse(function), parse(source)
        if name is None or found is None:
            return f"{source} is no ARN"
        session = f"arn:aws:sts::{name.account}:assumed-role/{role.rpartition('/')[2]}/{name.name.partition(':')[0]}"
        caller = Caller(name.account, name.region, session)
        if found.service == "sqs":
            url = f"https://sqs.{found.region}.amazonaws.com/{found.account}/{found.resource}"
            asked: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
                ("sqs", "ReceiveMessage", {"QueueUrl": url}),
                ("sqs", "DeleteMessage", {"QueueUrl": url, "ReceiptHandle": "-"}),
                ("sqs", "GetQueueAttributes", {"QueueUrl": url}),
            )
        else:
            asked = (("dynamodbstreams", "DescribeStream", {"StreamArn": source}),)
        refusals = (self._refusal(service, operation, given, caller) for service, operation, given in asked)
        return next((reason for reason in refusals if reason), "")

    def _refusal(self, service: str, operation: str, parameters: Mapping[str, Any], caller: Caller) -> str:
        try:
            self._gate.require(service, operation, parameters, caller)
        except AwsError as error:
            return error.message
        return ""
