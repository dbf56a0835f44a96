"""SNS by e-mail: a subscription is pending until its token is confirmed, and then gets what is published.

moto takes e-mail subscriptions for confirmed and sends nothing. Held by tests/contract/test_mail.py.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from headgate.localcloud.mail import Outbox
from headgate.localcloud.seams import Json
from headgate.localcloud.server.moto_determinism import patch

Outside = Callable[[Callable[[], Json]], Json]
"""MotoHost.outside: what was posted is not posted again by a replay."""

Post = Callable[[Any, str, str], None]
"""Writes an e-mail to a subscription: subject and text."""

_ASKED = "headgate_token"
_MAIL = frozenset({"email", "email-json"})
_SUBJECT = "AWS Notification Message"


def install(outside: Outside, outbox: Outbox) -> None:
    """Install after `moto_deliveries`, whose publishing goes on for all other protocols."""

    def post(subscription: Any, subject: str, text: str) -> None:
        def work() -> Json:
            topic = subscription.topic_arn
            _, _, _, region, account, _ = topic.split(":", 5)
            outbox.post(account, region, topic, subscription.endpoint, subject, text)
            return {}

        outside(work)

    _install_subscribe(post)
    _install_publish(post)
    _install_confirm()


def _install_subscribe(post: Post) -> None:
    from moto.sns.models import SNSBackend

    original = SNSBackend.subscribe

    def subscribe(self: Any, topic_arn: str, endpoint: str, protocol: str) -> Any:
        made = original(self, topic_arn, endpoint, protocol)
        if protocol in _MAIL and not hasattr(made, _ASKED):
            _ask(made)
            post(made, "AWS Notification - Subscription Confirmation", _invitation(made))
        return made

    patch(SNSBackend, "subscribe", subscribe)


def _install_publish(post: Post) -> None:
    from moto.sns.models import Subscription

    original = Subscription.publish

    def publish(self: Any, message: str, message_id: str, **more: Any) -> None:
        if self.protocol not in _MAIL:
            original(self, message, message_id, **more)
        elif self.confirmed and _wanted(self, message, more):
            post(self, more.get("subject") or _SUBJECT, _text(self, message, message_id, more))

    patch(Subscription, "publish", publish)


def _install_confirm() -> None:
    from moto.sns.responses import SNSResponse

    original: Any = SNSResponse.confirm_subscription

    def confirm(self: Any) -> Any:
        from moto.core.responses import ActionResult
        from moto.sns.exceptions import SNSInvalidParameter

        topic, token = self._get_param("TopicArn"), self._get_param("Token")
        asked = [one for one in self.backend.subscriptions.values() if one.topic_arn == topic and hasattr(one, _ASKED)]
        if not asked:
            return original(self)
        found = next((one for one in asked if one.headgate_token == token), None)
        if found is None:
            raise SNSInvalidParameter("Invalid parameter: Token")
        found.confirmed = True
        found.attributes["PendingConfirmation"] = False
        return ActionResult({"SubscriptionArn": found.arn})

    patch(SNSResponse, "confirm_subscription", confirm)


def _ask(subscription: Any) -> None:
    from moto.moto_api._internal import mock_random

    subscription.headgate_token = "".join(mock_random.uuid4().hex for _ in range(2))
    subscription.attributes |= {"PendingConfirmation": True, "ConfirmationWasAuthenticated": False}


def _invitation(subscription: Any) -> str:
    topic = subscription.topic_arn
    return (
        f"You have chosen to subscribe to the topic:\n{topic}\n\nTo confirm this subscription:\n"
        f"aws sns confirm-subscription --topic-arn {topic} --token {subscription.headgate_token}"
    )


def _wanted(subscription: Any, message: str, more: Json) -> bool:
    matcher = subscription._filter_policy_matcher  # noqa: SLF001 - the seam
    return matcher is None or bool(matcher.matches(more.get("message_attributes"), message))


def _text(subscription: Any, message: str, message_id: str, more: Json) -> str:
    if more.get("message_structure") == "json":
        message = subscription._parse_message_structure(message, subscription.protocol)  # noqa: SLF001 - the seam
    if subscription.protocol == "email":
        return message
    data = subscription.get_post_data(message, message_id, more.get("subject"), more.get("message_attributes"))
    return json.dumps(data)
