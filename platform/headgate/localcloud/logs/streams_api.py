"""Operations on log streams, and putting and getting events."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from headgate.localcloud.errors import unsupported
from headgate.localcloud.logs import resources
from headgate.localcloud.logs.errors import already_exists, invalid_parameter
from headgate.localcloud.logs.group import LogGroup
from headgate.localcloud.logs.lines import LAST_TIMESTAMP, LogEvent
from headgate.localcloud.logs.store import LogStore, milliseconds
from headgate.localcloud.logs.stream import StreamFile
from headgate.localcloud.seams import Caller, Json, Operation

PAGE_BYTES = 1 << 20
"""The most that one page of events holds, in bytes of messages."""

_MOST_EVENTS = 10000
_EVENT_OVERHEAD = 26
_BATCH_BYTES = 1 << 20
_DAY = 86400 * 1000
_TOO_OLD = 14 * _DAY
_TOO_NEW = 2 * 3600 * 1000
_TOKEN = re.compile(r"([fb])/(\d{1,56})/s")


class StreamOperations:
    """What can be done to log streams."""

    def __init__(self, store: LogStore) -> None:
        self._store = store

    def table(self) -> Mapping[str, Operation]:
        """The operations by the API's names."""
        return {
            "CreateLogStream": self.create,
            "DeleteLogStream": self.delete,
            "DescribeLogStreams": self.describe,
            "PutLogEvents": self.put,
            "GetLogEvents": self.get,
        }

    def create(self, caller: Caller, parameters: Json) -> Json:
        """Raises AwsError: ResourceNotFoundException, ResourceAlreadyExistsException."""
        group = resources.group(self._store, caller, parameters)
        name = resources.checked_stream_name(parameters["logStreamName"])
        _, created = group.add(name, milliseconds(self._store.clock.now()))
        if not created:
            raise already_exists("log stream")
        return {}

    def delete(self, caller: Caller, parameters: Json) -> Json:
        group = resources.group(self._store, caller, parameters)
        group.remove(resources.stream(group, parameters["logStreamName"]))
        return {}

    def describe(self, caller: Caller, parameters: Json) -> Json:
        """DescribeLogStreams, by name or by the time of the last event."""
        group = resources.group(self._store, caller, parameters)
        prefix, order = parameters.get("logStreamNamePrefix"), parameters.get("orderBy", "LogStreamName")
        if order not in {"LogStreamName", "LastEventTime"}:
            raise invalid_parameter(f"orderBy must be LogStreamName or LastEventTime, not '{order}'")
        if prefix is not None and order == "LastEventTime":
            raise invalid_parameter("cannot order by LastEventTime with a logStreamNamePrefix")
        found = [stream for stream in group.streams() if stream.name.startswith(prefix or "")]
        if order == "LastEventTime":
            found.sort(key=_last_event)
        if parameters.get("descending"):
            found.reverse()
        page, following = resources.page(found, parameters, 50)
        return {"logStreams": [_description(caller, group, stream) for stream in page], **following}

    def put(self, caller: Caller, parameters: Json) -> Json:
        """PutLogEvents: events that are too old or too new are rejected, the others kept."""
        group = resources.group(self._store, caller, parameters)
        stream = resources.stream(group, parameters["logStreamName"])
        now = milliseconds(self._store.clock.now())
        events = [LogEvent(event["timestamp"], now, event["message"]) for event in parameters["logEvents"]]
        _check_batch(events)
        oldest = max(now - _TOO_OLD, resources.oldest_visible(self._store, group))
        good = [event for event in events if oldest <= event.timestamp <= now + _TOO_NEW]
        stream.append(good)
        rejected = {}
        old = sum(event.timestamp < now - _TOO_OLD for event in events)
        expired = sum(event.timestamp < oldest for event in events)
        if old:
            rejected["tooOldLogEventEndIndex"] = old
        if expired > old:
            rejected["expiredLogEventEndIndex"] = expired
        if expired + len(good) < len(events):
            rejected["tooNewLogEventStartIndex"] = expired + len(good)
        answer: Json = {"nextSequenceToken": f"{stream.count():056d}"}
        return {**answer, "rejectedLogEventsInfo": rejected} if rejected else answer

    def get(self, caller: Caller, parameters: Json) -> Json:
        """GetLogEvents: a page forward or backward; at the end the forward token stays the same."""
        if parameters.get("unmask"):
            raise unsupported("masked log data")
        group = resources.group(self._store, caller, parameters)
        stream = resources.stream(group, parameters["logStreamName"])
        most = resources.limit(parameters, "limit", _MOST_EVENTS)
        low = stream.first_at(max(parameters.get("startTime", 0), resources.oldest_visible(self._store, group)))
        high = max(low, stream.first_at(parameters["endTime"]) if "endTime" in parameters else stream.count())
        start, end, forward = _span(parameters, low, high, most)
        events = _within_page(stream.read(start, end), forward=forward)
        start, end = (start, start + len(events)) if forward else (end - len(events), end)
        return {
            "events": [
                {"timestamp": event.timestamp, "message": event.message, "ingestionTime": event.ingested}
                for event in events
            ],
            "nextForwardToken": f"f/{end:056d}/s",
            "nextBackwardToken": f"b/{start:056d}/s",
        }


def _span(parameters: Json, low: int, high: int, most: int) -> tuple[int, int, bool]:
    """The positions of a page and whether it reads forward. Raises AwsError (InvalidParameterException)."""
    if "nextToken" in parameters:
        match = _TOKEN.fullmatch(parameters["nextToken"])
        if match is None:
            raise resources.bad_token()
        forward, position = match[1] == "f", min(max(int(match[2]), low), high)
    else:
        forward = bool(parameters.get("startFromHead"))
        position = low if forward else high
    return (position, min(position + most, high), True) if forward else (max(position - most, low), position, False)


def _within_page(events: list[LogEvent], *, forward: bool) -> list[LogEvent]:
    """As many events as fit into a page, from its start or its end, but at least one."""
    size, count = 0, 0
    for event in events if forward else reversed(events):
        size += len(event.message.encode("utf-8", "surrogatepass")) + _EVENT_OVERHEAD
        if size > PAGE_BYTES and count:
            break
        count += 1
    return events[:count] if forward else events[len(events) - count :]


def _check_batch(events: Sequence[LogEvent]) -> None:
    """The limits of PutLogEvents. Raises AwsError (InvalidParameterException)."""
    if not events:
        raise invalid_parameter("log events must contain at least one event")
    if len(events) > _MOST_EVENTS:
        raise invalid_parameter(f"log events must have length less than or equal to {_MOST_EVENTS}")
    times = [event.timestamp for event in events]
    if min(times) < 0 or max(times) > LAST_TIMESTAMP:
        raise invalid_parameter("timestamps must be between 0 and the end of the year 9999")
    if times != sorted(times):
        raise invalid_parameter("log events in a single PutLogEvents request must be in chronological order")
    if times[-1] - times[0] > _DAY:
        raise invalid_parameter(
            "the batch of log events in a single PutLogEvents request cannot span more than 24 hours"
        )
    if not all(event.message for event in events):
        raise invalid_parameter("a log event's message must have at least one character")
    if sum(len(event.message.encode("utf-8", "surrogatepass")) + _EVENT_OVERHEAD for event in events) > _BATCH_BYTES:
        raise invalid_parameter(f"upload too large: the batch exceeds {_BATCH_BYTES} bytes")


def _last_event(stream: StreamFile) -> tuple[int, str]:
    bounds = stream.bounds()
    return (bounds[1] if bounds else 0, stream.name)


def _description(caller: Caller, group: LogGroup, stream: StreamFile) -> Json:
    found: Json = {
        "logStreamName": stream.name,
        "creationTime": stream.created,
        "arn": f"{resources.group_arn(caller, group.settings.name)}:log-stream:{stream.name}",
        "storedBytes": 0,
    }
    bounds = stream.bounds()
    if bounds is not None:
        first, last, ingested = bounds
        found |= {
            "firstEventTimestamp": first,
            "lastEventTimestamp": last,
            "lastIngestionTime": ingested,
            "uploadSequenceToken": f"{stream.count():056d}",
        }
    return found
