"""What happens to objects, by the names of S3's event types, and on whose behalf."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass

from headgate.localcloud.s3.values import ObjectInfo

PUT = "ObjectCreated:Put"
POST = "ObjectCreated:Post"
COPY = "ObjectCreated:Copy"
COMPLETE_UPLOAD = "ObjectCreated:CompleteMultipartUpload"
DELETE = "ObjectRemoved:Delete"
DELETE_MARKER = "ObjectRemoved:DeleteMarkerCreated"
EVENTS = (PUT, POST, COPY, COMPLETE_UPLOAD, DELETE, DELETE_MARKER)

Observer = Callable[[str, ObjectInfo], None]
"""Called within the transaction of a change, with its event type and the version that came or went."""


def nobody(event: str, info: ObjectInfo) -> None:
    """Hears of nothing."""


@dataclass(frozen=True, slots=True)
class Requester:
    """Who asked S3 for the change, as notifications name him: an account or a service; empty inside the local cloud."""

    account: str = ""
    principal: str = ""
    request_id: str = ""


requester: ContextVar[Requester] = ContextVar("requester", default=Requester())  # noqa: B039 - it is frozen
"""Whose request is being answered in this thread. Jobs write to the store without one."""
