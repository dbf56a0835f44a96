"""Log files: events of a stretch of the history, gzipped JSON in a bucket, put there by CloudTrail itself.

Format: CloudTrail user guide, "CloudTrail log file examples" and "Finding your log files". What could not be put
stays undelivered and is tried again with what comes later. The same stretch always makes the same keys.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from headgate.localcloud.clock import Timer
from headgate.localcloud.seams import Caller, Json
from headgate.localcloud.trail.history import EventHistory
from headgate.localcloud.trail.trails import Trail, Trails

PRINCIPAL = "cloudtrail.amazonaws.com"
_EVERY = 300.0
"""CloudTrail delivers about every five minutes."""
_SOON = 1 << 20
"""This many bytes of undelivered events are delivered at once."""
_LOG = logging.getLogger(__name__)


class Timers(Protocol):
    """Virtual time."""

    def now(self) -> float: ...

    def call_at(self, when: float, work: Callable[[], object]) -> Timer: ...


ServiceClient = Callable[[str, Caller, str, Mapping[str, str]], Any]
"""LocalCloud.service_client."""


@dataclass(frozen=True, slots=True)
class LogFile:
    """One object: the events of an account in a region."""

    key: str
    events: tuple[Json, ...]

    @property
    def body(self) -> bytes:
        return gzip.compress(json.dumps({"Records": list(self.events)}).encode(), mtime=0)


class Delivery:
    """Brings events to the buckets of the trails that want them. `member_of` is an account's organization's id."""

    def __init__(
        self,
        trails: Trails,
        history: EventHistory,
        timers: Timers,
        client: ServiceClient,
        member_of: Callable[[str], str],
    ) -> None:
        self._trails = trails
        self._history = history
        self._timers = timers
        self._client = client
        self._member_of = member_of
        self._lock = threading.Lock()
        self._state = threading.Lock()
        self._due = False
        self._waiting = 0
        self.logging = any(trail.logging for trail in trails.all())

    def arrived(self, size: int) -> None:
        """An event of so many bytes was kept: see to it that it is delivered in time."""
        if not self.logging:
            return
        with self._state:
            self._waiting += size
            soon = self._waiting > _SOON
            begin, self._due = soon or not self._due, True
            if soon:
                self._waiting = 0
        if begin:
            self._timers.call_at(self._timers.now() + (0.0 if soon else _EVERY), self.flush)

    def changed(self) -> None:
        """Trails were made, started or stopped."""
        self.logging = any(trail.logging for trail in self._trails.all())

    def flush(self) -> int:
        """Deliver everything now; returns the number of log files."""
        with self._state:
            self._due, self._waiting = False, 0
        with self._lock:
            end = self._history.size()
            return sum(self._deliver(trail, end) for trail in self._trails.all() if trail.logging)

    def _deliver(self, trail: Trail, end: int) -> int:
        files = log_files(trail, self._history, end, self._member_of)
        client = self.client_of(trail)
        try:
            for file in files:
                client.put_object(Bucket=trail.bucket, Key=file.key, Body=file.body, **_settings(trail))
        except Exception as error:
            reason = getattr(error, "response", {}).get("Error", {}).get("Code") or repr(error)
            _LOG.warning("trail %s could not deliver to bucket %s: %s", trail.name, trail.bucket, error)
            self._trails.advance(trail, failure=reason)
            return 0
        changes: Json = {"cursor": end, "failure": ""}
        self._trails.advance(trail, **changes, **({"delivered": self._timers.now()} if files else {}))
        return len(files)

    def client_of(self, trail: Trail) -> Any:
        """S3 as CloudTrail uses it for a trail."""
        context = {
            "aws:SourceArn": trail.arn,
            "aws:SourceAccount": trail.account,
            "kms:EncryptionContext:aws:cloudtrail:arn": trail.arn,
        }
        return self._client(PRINCIPAL, Caller(trail.account, trail.region), "s3", context)


def _settings(trail: Trail) -> Json:
    settings: Json = {"ACL": "bucket-owner-full-control", "ContentType": "application/json", "ContentEncoding": "gzip"}
    if trail.kms_key:
        settings |= {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": trail.kms_key}
    return settings


def log_files(trail: Trail, history: EventHistory, end: int, member_of: Callable[[str], str]) -> list[LogFile]:
    """The log files of what happened between a trail's cursor and an offset: one per account and region."""
    groups: dict[tuple[str, str], list[Json]] = {}
    for offset, event in history.read(trail.cursor):
        if offset > end:
            break
        for account in trail.wants(event, member_of):
            groups.setdefault((account, event["awsRegion"]), []).append(event)
    return [
        LogFile(object_key(trail, account, region, events[-1]["eventTime"]), tuple(events))
        for (account, region), events in groups.items()
    ]


def object_key(trail: Trail, account: str, region: str, last: str) -> str:
    """Where a log file lies; `last` is the time of its last event."""
    moment = datetime.fromisoformat(last).astimezone(UTC)
    unique = hashlib.sha256(f"{trail.arn} {trail.cursor} {account} {region}".encode()).hexdigest()[:16]
    name = f"{account}_CloudTrail_{region}_{moment:%Y%m%dT%H%MZ}_{unique}.json.gz"
    return f"{base(trail)}{account}/CloudTrail/{region}/{moment:%Y/%m/%d}/{name}"


def base(trail: Trail) -> str:
    """What every key of a trail begins with, up to the account."""
    start = f"{trail.prefix}/" if trail.prefix else ""
    return f"{start}AWSLogs/{trail.organization + '/' if trail.organization else ''}"
