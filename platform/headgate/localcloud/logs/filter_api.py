"""FilterLogEvents: the events of many streams, merged by time and filtered."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterator
from dataclasses import dataclass

from headgate.localcloud.errors import unsupported
from headgate.localcloud.logs import resources
from headgate.localcloud.logs.errors import invalid_parameter
from headgate.localcloud.logs.group import LogGroup
from headgate.localcloud.logs.lines import LogEvent
from headgate.localcloud.logs.patterns import parse_pattern
from headgate.localcloud.logs.store import LogStore
from headgate.localcloud.logs.stream import StreamFile
from headgate.localcloud.logs.streams_api import PAGE_BYTES
from headgate.localcloud.paging import decode_token, encode_token
from headgate.localcloud.seams import Caller, Json

_MOST = 10000
_MOST_NAMES = 100
_BATCH = 1000


@dataclass(frozen=True, slots=True, order=True)
class _Place:
    """Where an event stands in the merged order of all streams."""

    timestamp: int
    stream: str
    position: int


class FilterOperation:
    """FilterLogEvents over one store."""

    def __init__(self, store: LogStore) -> None:
        self._store = store

    def filter(self, caller: Caller, parameters: Json) -> Json:
        """A page of matching events in the order of time. Unlike GetLogEvents, `endTime` itself is included."""
        if parameters.get("unmask") or parameters.get("startFromHead") is False:
            raise unsupported("FilterLogEvents with unmask or from the newest event backward")
        group = resources.group(self._store, caller, parameters)
        pattern = parse_pattern(parameters.get("filterPattern", ""))
        most = resources.limit(parameters, "limit", _MOST)
        after = _decode(parameters["nextToken"]) if "nextToken" in parameters else None
        start = max(parameters.get("startTime", 0), resources.oldest_visible(self._store, group))
        streams = [_events(stream, start, parameters.get("endTime"), after) for stream in _chosen(group, parameters)]
        events: list[Json] = []
        size, last = 0, _Place(0, "", 0)
        for place, event in heapq.merge(*streams, key=lambda item: item[0]):
            if not pattern.matches(event.message):
                continue
            size += len(event.message)
            if len(events) >= most or (events and size > PAGE_BYTES):
                return {"events": events, "searchedLogStreams": [], "nextToken": _encode(last)}
            events.append(_answer(place, event))
            last = place
        return {"events": events, "searchedLogStreams": []}


def _chosen(group: LogGroup, parameters: Json) -> list[StreamFile]:
    """The streams that a request names. Raises AwsError: InvalidParameterException, ResourceNotFoundException."""
    names, prefix = parameters.get("logStreamNames"), parameters.get("logStreamNamePrefix")
    if names is not None and prefix is not None:
        raise invalid_parameter("logStreamNames and logStreamNamePrefix are mutually exclusive")
    if names is None:
        return [stream for stream in group.streams() if stream.name.startswith(prefix or "")]
    if not 1 <= len(names) <= _MOST_NAMES:
        raise invalid_parameter(f"logStreamNames must have 1 to {_MOST_NAMES} names")
    return [resources.stream(group, name) for name in dict.fromkeys(names)]


def _events(stream: StreamFile, start: int, end: int | None, after: _Place | None) -> Iterator[tuple[_Place, LogEvent]]:
    """The events of one stream from `start` to `end` milliseconds that stand after a place, in order."""
    position = stream.first_at(start if after is None else max(start, after.timestamp))
    while events := stream.read(position, position + _BATCH):
        for event in events:
            if end is not None and event.timestamp > end:
                return
            place = _Place(event.timestamp, stream.name, position)
            position += 1
            if after is None or place > after:
                yield place, event


def _encode(place: _Place) -> str:
    return encode_token([place.timestamp, place.stream, place.position])


def _decode(token: str) -> _Place:
    """Raises AwsError (InvalidParameterException)."""
    try:
        match decode_token(token, list):
            case [int(timestamp), str(stream), int(position)]:
                return _Place(timestamp, stream, position)
    except ValueError as error:
        raise resources.bad_token() from error
    raise resources.bad_token()


def _answer(place: _Place, event: LogEvent) -> Json:
    stream = int.from_bytes(hashlib.sha256(place.stream.encode("utf-8", "surrogatepass")).digest()[:8], "big")
    return {
        "logStreamName": place.stream,
        "timestamp": event.timestamp,
        "message": event.message,
        "ingestionTime": event.ingested,
        "eventId": f"{event.timestamp:016d}{stream:020d}{place.position:020d}",
    }
