"""SQS long polling without holding moto up, and without journaling the polls that find nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from headgate.localcloud.seams import HttpRequest, HttpResponse


@dataclass(frozen=True, slots=True)
class Poll:
    """A ReceiveMessage request. `body` is the same request with no wait; `wait` is in seconds.

    `moves` says that even an empty answer may have moved messages to a dead-letter queue.
    """

    body: bytes
    wait: float
    moves: bool


def read_poll(request: HttpRequest, body: bytes) -> Poll:
    """Take a ReceiveMessage request apart; both protocols, JSON and query. Call it in moto's turn."""
    as_json = "x-amz-target" in request.headers
    members: dict[str, Any] = json.loads(body or b"{}") if as_json else dict(parse_qsl(body.decode()))
    queue = _queue(request, str(members.get("QueueUrl") or request.path))
    default = queue.receive_message_wait_time_seconds if queue else 0
    wait = float(members.get("WaitTimeSeconds", default) or 0)
    if not 0 <= wait <= 20:  # moto's to refuse
        return Poll(body, 0.0, moves=False)
    members["WaitTimeSeconds"] = 0
    bare = json.dumps(members).encode() if as_json else urlencode(members).encode()
    return Poll(bare, wait, moves=bool(queue and queue.redrive_policy))


def is_empty(response: HttpResponse) -> bool:
    """Whether a successful answer holds no message."""
    body = response.body if isinstance(response.body, bytes) else b""
    if response.status != 200:
        return False
    if body.lstrip().startswith(b"<"):
        return b"<Message>" not in body
    return not json.loads(body or b"{}").get("Messages")


def _queue(request: HttpRequest, url: str) -> Any:
    from moto.sqs.models import sqs_backends

    queues = sqs_backends[request.caller.account][request.caller.region].queues
    return queues.get(url.rstrip("/").rpartition("/")[2])
