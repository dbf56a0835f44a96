"""From changes of documents to events on the default bus of the account that they are of.

An event is accepted in the transaction of the change itself: it is delivered exactly when the change has happened,
killed daemons included. Where no rule listens a change costs one look into memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from headgate.localcloud.documents import Documents, Key
from headgate.localcloud.notices import cloudformation, pipelines, sagemaker
from headgate.localcloud.notices.changes import Change, Maker
from headgate.localcloud.seams import Json


class Bus(Protocol):
    """EventBridge, as services see it."""

    def heard(self, account: str, region: str) -> bool: ...

    @property
    def publish(self) -> Callable[[str, str, str, str, Json, tuple[str, ...]], None]: ...


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
