r"""The text format of a log stream: one event a line, for people and for `grep`.

    2026-11-21T07:00:00.123Z epoch 1 loss 0.5
    2026-11-21T07:00:00.124Z+1500 put with a timestamp 1500 ms before it arrived
    2026-11-21T07:00:02.000Z Traceback (most recent call last):
    \tthe second line of the same event, after one tab

The time is UTC in milliseconds; `+1500` is how much later the event was ingested, left out when it is zero. A message
is kept byte for byte: only `\n` ends a line, and a continuation begins with exactly one tab that is not part of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

LAST_TIMESTAMP = 253402300799999
"""The last millisecond of the year 9999."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EVENT = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})Z([+-]\d+)? ")


@dataclass(frozen=True, slots=True)
class LogEvent:
    """`timestamp` and `ingested` are milliseconds since the epoch."""

    timestamp: int
    ingested: int
    message: str


def format_event(event: LogEvent) -> bytes:
    """The event as lines, with the final newline."""
    time = (_EPOCH + timedelta(milliseconds=event.timestamp)).isoformat(timespec="milliseconds")
    late = event.ingested - event.timestamp
    stamp = f"{time.removesuffix('+00:00')}Z{f'{late:+d}' if late else ''} "
    body = event.message.encode("utf-8", "surrogatepass").replace(b"\n", b"\n\t")
    return stamp.encode() + body + b"\n"


def parse_stamp(line: bytes) -> tuple[int, int, int] | None:
    """Timestamp and ingestion time of an event's first line, and where its message begins.

    None if the line does not begin an event.
    """
    match = _EVENT.match(line)
    if match is None:
        return None
    time = datetime.fromisoformat(match[1].decode()).replace(tzinfo=UTC) - _EPOCH
    timestamp = (time.days * 86400 + time.seconds) * 1000 + time.microseconds // 1000
    return timestamp, timestamp + int(match[2] or 0), match.end()


def parse_event(lines: bytes) -> LogEvent:
    """The event of one first line and its continuations. Raises ValueError if it does not begin with a time."""
    stamp = parse_stamp(lines)
    if stamp is None:
        raise ValueError(f"not the first line of an event: {lines[:60]!r}")
    timestamp, ingested, start = stamp
    return LogEvent(timestamp, ingested, _decode(lines[start:].removesuffix(b"\n").replace(b"\n\t", b"\n")))


def _decode(body: bytes) -> str:
    try:
        return body.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:  # a write torn by a kill may end inside of a character
        return body.decode("utf-8", "replace")
