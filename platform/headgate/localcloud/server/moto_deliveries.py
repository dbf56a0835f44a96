"""Deliveries inside moto, each asked for first: SNS to queues and functions, event source mappings.

What is refused is not delivered: SNS gives it to the subscription's dead-letter queue, a queue keeps its messages.
Held by tests/contract/test_moto_deliveries.py.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any, Protocol

from headgate.localcloud.seams import Json
from headgate.localcloud.server.moto_determinism import patch

Outside = Callable[[Callable[[], Json]], Json]
"""MotoHost.outside: the decision is journaled, so that a replay does not ask policies of a later time."""

_LOG = logging.getLogger(__name__)
_SNS = "sns.amazonaws.com"
_GUARDED = frozenset({"sqs", "lambda"})


class Rules(Protocol):
    """Who says whether a delivery may happen; the reason of a refusal, else the empty string."""

    def refused(self, principal: str, source: str, target: str) -> str: ...

    def unreadable(self, function: str, role: str, source: str) -> str: ...


def install(outside: Outside, rules: Callable[[], Rules]) -> None:
    """Ask before moto delivers."""
    _install_sns(outside, rules)
    _install_event_sources(outside, rules)


def _install_sns(outside: Outside, rules: Callable[[], Rules]) -> None:
    from moto.sns.models import Subscription

    deliver = Subscription.publish

    def publish(self: Any, message: str, message_id: str, **more: Any) -> None:
        if self.protocol not in _GUARDED:
            deliver(self, message, message_id, **more)
            return
        self.account_id = self.endpoint.split(":")[4]  # moto takes the topic's account for the target's
        topic, endpoint = self.topic_arn, self.endpoint
        reason = outside(lambda: {"reason": rules().refused(_SNS, topic, endpoint)})["reason"]
        if not reason:
            deliver(self, message, message_id, **more)
            return
        _LOG.warning("SNS did not deliver message %s of %s: %s", message_id, topic, reason)
        _to_dead_letters(self, outside, rules, message, message_id, more)

    patch(Subscription, "publish", publish)


def _to_dead_letters(
    subscription: Any, outside: Outside, rules: Callable[[], Rules], message: str, message_id: str, more: Json
) -> None:
    from moto.sqs.models import sqs_backends

    redrive = json.loads(subscription.attributes.get("RedrivePolicy") or "{}")
    queue = redrive.get("deadLetterTargetArn", "")
    if not queue:
        return
    reason = outside(lambda: {"reason": rules().refused(_SNS, subscription.topic_arn, queue)})["reason"]
    if reason:
        _LOG.warning("SNS lost message %s of %s: %s", message_id, subscription.topic_arn, reason)
        return
    _, _, _, region, account, name = queue.split(":", 5)
    data = subscription.get_post_data(message, message_id, more.get("subject"), more.get("message_attributes"))
    sqs_backends[account][region].send_message(name, json.dumps(data))


def _install_event_sources(outside: Outside, rules: Callable[[], Rules]) -> None:
    from moto.awslambda.models import LambdaBackend

    send_batch, send_items = LambdaBackend.send_sqs_batch, LambdaBackend.send_dynamodb_items

    def unreadable(self: Any, function_arn: str, source: str) -> bool:
        function = self._lambdas.get_arn(function_arn)
        role = str(function.role) if function is not None else ""
        reason = outside(lambda: {"reason": rules().unreadable(function_arn, role, source)})["reason"]
        if reason:
            _LOG.warning("Lambda did not read %s for %s: %s", source, function_arn, reason)
        return bool(reason)

    def send_sqs_batch(self: Any, function_arn: str, messages: Any, queue_arn: str) -> bool:
        if not messages or unreadable(self, function_arn, queue_arn):
            return False
        return bool(send_batch(self, function_arn, messages, queue_arn))

    def send_dynamodb_items(self: Any, function_arn: str, items: list[Any], source: str) -> Any:
        return None if unreadable(self, function_arn, source) else send_items(self, function_arn, items, source)

    patch(LambdaBackend, "send_sqs_batch", send_sqs_batch)
    patch(LambdaBackend, "send_dynamodb_items", send_dynamodb_items)
