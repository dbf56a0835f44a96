"""From changes of documents to events on the default bus of the account that they are of.

An event is accepted in the transaction of the change itself: it is delivered exactly when the change has happened,
killed daemons included. Where no rule listens a change costs one look into memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from headgate.localcloud.documents import Documents, Key
from headgate.localcloud.notices import cloudformation, pipelines, sagemaker
from headgate.localcloud.notices.calls import image_notices
from headgate.localcloud.notices.changes import Change, Maker
from headgate.localcloud.seams import HttpRequest, HttpResponse, Json
from headgate.localcloud.server.parameters import Asked
from headgate.localcloud.trail.trails import accounts_of


class Bus(Protocol):
    """EventBridge, as services see it."""

    def heard(self, account: str, region: str) -> bool: ...

    @property
    def publish(self) -> Callable[[str, str, str, str, Json, tuple[str, ...]], None]: ...


class EventBridge(Bus, Protocol):
    """EventBridge, as CloudTrail sees it."""

    def publish_call(self, account: str, record: Json) -> None: ...


class Calls:
    """Tells the buses of what CloudTrail records and of images in ECR."""

    def __init__(self, documents: Documents, bus: EventBridge, logged_for: Callable[[Json], list[str]]) -> None:
        self._documents = documents
        self._bus = bus
        self._logged_for = logged_for

    def told(self, record: Json) -> None:
        """An event that CloudTrail has recorded: EventBridge hears of it where a trail is logging."""
        with self._documents.transaction():
            if not any(self._bus.heard(account, record["awsRegion"]) for account in accounts_of(record)):
                return
        for account in self._logged_for(record):
            self._bus.publish_call(account, record)

    def answered(self, request: HttpRequest, asked: Asked, owner: str, response: HttpResponse | None) -> None:
        """A request that was answered."""
        for notice in image_notices(asked, owner, request, response):
            self._bus.publish(
                owner, request.caller.region, notice.source, notice.detail_type, notice.detail, notice.resources
            )


class Announcer:
    """Watches documents from its making on."""

    def __init__(self, documents: Documents, bus: Bus) -> None:
        self._documents = documents
        self._bus = bus
        self._makers: Mapping[str, Maker] = {
            **sagemaker.makers(),
            **pipelines.makers(),
            **cloudformation.makers(),
        }
        documents.watch(self._makers, self._changed)

    def _changed(self, key: Key, before: Json | None, after: Json | None) -> None:
        if not self._bus.heard(key.account, key.region):
            return
        notice = self._makers[key.kind](Change(key, before, after, self._documents.find))
        if notice is not None:
            self._bus.publish(
                key.account, key.region, notice.source, notice.detail_type, notice.detail, notice.resources
            )
