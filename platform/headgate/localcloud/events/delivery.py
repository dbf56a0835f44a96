"""Deliveries: what has been matched is written down, delivered in the background, tried again, and not lost.

A delivery is a document until its target has taken it, so `kill -9` loses none; after a restart a target may see one
twice, as on AWS. What is refused for good goes to the target's dead-letter queue, or is dropped and logged.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

from headgate.localcloud.documents import Documents, Key, MissingError
from headgate.localcloud.events.failures import RoleError, error_code, passes
from headgate.localcloud.events.targets import Parcel, TargetKind, queue_url
from headgate.localcloud.seams import Caller, Json

_WORKERS = 8
_DEFAULT_ATTEMPTS = 185
_DEFAULT_AGE = 86400
_LONGEST_PAUSE = 300.0
_LOG = logging.getLogger(__name__)


class Timeline(Protocol):
    """The clock that retries wait on."""

    def now(self) -> float: ...

    def call_at(self, when: float, work: Callable[[], object]) -> object: ...


class Callers(Protocol):
    """Clients against this cloud, as a role or as AWS's own service."""

    def client(self, caller: Caller, service: str, role_arn: str) -> Any: ...

    def service_client(self, principal: str, caller: Caller, service: str, context: Mapping[str, str]) -> Any: ...


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose deliveries they are: the kind of their documents, the service that calls, and how it calls targets.

    `source_name` is what a dead-letter queue's message calls the rule, schedule, … that the delivery is of.
    """

    kind: str
    principal: str
    target_kind: Callable[[Json], TargetKind]
    source_name: str = "RULE_ARN"


class Deliveries:
    """Delivers to targets, each on its own. Safe to use from many threads."""

    def __init__(self, documents: Documents, timeline: Timeline, callers: Callers, origin: Origin) -> None:
        self._origin = origin
        self._documents = documents
        self._timeline = timeline
        self._callers = callers
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="event delivery")
        self._closed = False

    def accept(self, account: str, region: str, deliveries: Iterable[Json]) -> list[Key]:
        """Write deliveries down; `start` begins them. One has `target`, `input`, `event`, `source_arn`, `hops`."""
        keys = []
        for delivery in deliveries:
            key = Key(account, region, self._origin.kind, str(uuid.uuid4()))
            self._documents.insert(key, {**delivery, "attempts": 0, "accepted": self._timeline.now()})
            keys.append(key)
        return keys

    def start(self, keys: Iterable[Key]) -> None:
        """Deliver in the background."""
        for key in keys:
            if not self._closed:
                self._pool.submit(self._guarded, key)

    def recover(self) -> None:
        """Go on with what a killed daemon had accepted."""
        self.start(key for key, _ in self._documents.list(self._origin.kind))

    def forwarded(self, name: str) -> Json | None:
        """The delivery that a bus is being given an event by, None when there is none of that name."""
        return next(
            (body for key, body in self._documents.list(self._origin.kind, prefix=name) if key.name == name), None
        )

    def close(self) -> None:
        """Begin no more deliveries and wait for those at work."""
        self._closed = True
        self._pool.shutdown(cancel_futures=True)

    def _guarded(self, key: Key) -> None:
        try:
            self._deliver(key)
        except Exception:
            _LOG.exception("delivery %s of an event failed", key.name)

    def _deliver(self, key: Key) -> None:
        delivery = self._documents.find(key)
        if delivery is None:
            return
        target = delivery["target"]
        try:
            kind = self._origin.target_kind(target)
            kind.call(self._client(key, kind.service, delivery), Parcel(key.name, target, delivery["input"]))
        except Exception as error:  # whatever a target answers decides what becomes of the delivery
            self._failed(key, delivery, error)
        else:
            self._forget(key)

    def _client(self, key: Key, service: str, delivery: Json) -> Any:
        context = {"aws:SourceArn": delivery["source_arn"], "aws:SourceAccount": key.account}
        caller = Caller(key.account, key.region, service=self._origin.principal, context=context)
        role = delivery["target"].get("RoleArn")
        if role:
            try:
                return self._callers.client(caller, service, role)
            except Exception as error:
                raise RoleError(str(error)) from error
        return self._callers.service_client(self._origin.principal, caller, service, context)

    def _failed(self, key: Key, delivery: Json, error: Exception) -> None:
        policy = delivery["target"].get("RetryPolicy", {})
        attempts = delivery["attempts"] + 1
        age = self._timeline.now() - delivery["accepted"]
        exhausted = ""
        if attempts > policy.get("MaximumRetryAttempts", _DEFAULT_ATTEMPTS):
            exhausted = "MaximumRetryAttempts"
        elif age >= policy.get("MaximumEventAgeInSeconds", _DEFAULT_AGE):
            exhausted = "MaximumEventAgeInSeconds"
        if passes(error) and not exhausted:
            self._documents.update(key, lambda body: body.update(attempts=attempts))
            pause = min(2.0 ** (attempts - 1), _LONGEST_PAUSE)
            self._timeline.call_at(self._timeline.now() + pause, lambda: self.start([key]))
            return
        target = delivery["target"]["Arn"]
        _LOG.warning("an event for %s by %s is not delivered: %s", target, delivery["source_arn"], error)
        queue = delivery["target"].get("DeadLetterConfig", {}).get("Arn")
        if queue:
            self._give_up(key, delivery, queue, error, exhausted if passes(error) else "")
        self._forget(key)

    def _give_up(self, key: Key, delivery: Json, queue: str, error: Exception, exhausted: str) -> None:
        """Put the event on the dead-letter queue, with the reasons as message attributes as EventBridge does."""
        context = {"aws:SourceArn": delivery["source_arn"], "aws:SourceAccount": key.account}
        sqs = self._callers.service_client(self._origin.principal, Caller(key.account, key.region), "sqs", context)
        attributes = {
            self._origin.source_name: delivery["source_arn"],
            "TARGET_ARN": delivery["target"]["Arn"],
            "ERROR_CODE": error_code(error),
            "ERROR_MESSAGE": str(error)[:500],
            "RETRY_ATTEMPTS": str(delivery["attempts"]),
            **({"EXHAUSTED_RETRY_CONDITION": exhausted} if exhausted else {}),
        }
        try:
            sqs.send_message(
                QueueUrl=queue_url(sqs, queue),
                MessageBody=delivery["input"],
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
                },
            )
        except Exception:
            _LOG.exception("the dead-letter queue %s took no event", queue)

    def _forget(self, key: Key) -> None:
        try:
            self._documents.delete(key)
        except MissingError:
            _LOG.debug("delivery %s was made twice", key.name)
