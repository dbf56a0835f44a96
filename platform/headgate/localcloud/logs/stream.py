"""One log stream: a file that is only ever appended to, and an index of it in memory."""

from __future__ import annotations

import threading
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from headgate.localcloud.logs.lines import LogEvent, format_event, parse_event, parse_stamp


class StreamFile:
    """The file of a stream. Safe to use from many threads; the index is read from the file, so outside writers count.

    Positions count events in the order of their timestamps, and in the order of arrival within one millisecond.
    """

    def __init__(self, name: str, created: int, file: Path) -> None:
        self.name = name
        self.created = created
        self.file = file
        self.deleted = False
        self._changed = threading.Condition()
        self._timestamps = array("q")
        self._offsets = array("q")
        self._in_order = True
        self._order: Sequence[int] = range(0)
        self._scanned = 0
        self._ingested = created
        self._writer: BinaryIO | None = None
        self._writers = 0

    def append(self, events: Sequence[LogEvent]) -> None:
        """Write events in one system call; they survive `kill -9` of the process once this has returned."""
        with self._changed:
            if self.deleted:
                return
            if self._writer is not None:
                self._writer.write(b"".join(map(format_event, events)))
            else:
                with self._open() as file:
                    file.write(b"".join(map(format_event, events)))
            self._changed.notify_all()

    def hold_open(self) -> None:
        """Keep the file open between writes, until `release` has been called as often."""
        with self._changed:
            self._writers += 1
            if self._writer is None:
                self._writer = self._open()

    def release(self) -> None:
        with self._changed:
            self._writers -= 1
            if not self._writers and self._writer is not None:
                self._writer.close()
                self._writer = None

    def size(self) -> int:
        """The file's size in bytes."""
        return self.file.stat().st_size if self.file.exists() else 0

    def wait_for_more(self, size: int, timeout: float | None) -> bool:
        """Block until the file is larger than `size` bytes, or the stream is deleted; False on timeout (seconds)."""
        with self._changed:
            return self._changed.wait_for(lambda: self.deleted or self.size() > size, timeout)

    def delete(self) -> None:
        """Remove the file; writers that still hold it write to nothing, and followers wake up."""
        with self._changed:
            self.deleted = True
            self.file.unlink(missing_ok=True)
            self._changed.notify_all()

    def count(self) -> int:
        """How many events there are."""
        with self._changed:
            self._refresh()
            return len(self._timestamps)

    def bounds(self) -> tuple[int, int, int] | None:
        """First and last timestamp and last ingestion time in milliseconds; None when there are no events."""
        with self._changed:
            self._refresh()
            if not self._timestamps:
                return None
            return min(self._timestamps), max(self._timestamps), self._ingested

    def first_at(self, timestamp: int) -> int:
        """The position of the first event at or after a time in milliseconds; `count()` if there is none."""
        with self._changed:
            self._refresh()
            low, high = 0, len(self._timestamps)
            while low < high:
                middle = (low + high) // 2
                if self._timestamps[self._order[middle]] < timestamp:
                    low = middle + 1
                else:
                    high = middle
            return low

    def read(self, start: int, end: int) -> list[LogEvent]:
        """The events at positions `start` to `end`, `end` not included."""
        with self._changed:
            self._refresh()
            numbers = list(self._order[start:end])
            if not numbers:
                return []
            with self.file.open("rb") as file:
                return [parse_event(self._lines(file, number)) for number in numbers]

    def _lines(self, file: BinaryIO, number: int) -> bytes:
        begin = self._offsets[number]
        end = self._offsets[number + 1] if number + 1 < len(self._offsets) else self._scanned
        if file.tell() != begin:
            file.seek(begin)
        return file.read(end - begin)

    def _refresh(self) -> None:
        """Index what has been written since the last time; a line without its end stays for the next."""
        if self.size() <= self._scanned:
            return
        with self.file.open("rb") as file:
            file.seek(self._scanned)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                self._index(line)
        numbers = range(len(self._timestamps))
        self._order = numbers if self._in_order else sorted(numbers, key=self._timestamps.__getitem__)

    def _index(self, line: bytes) -> None:
        stamp = parse_stamp(line)
        if stamp is not None:
            if self._timestamps and stamp[0] < self._timestamps[-1]:
                self._in_order = False
            self._timestamps.append(stamp[0])
            self._offsets.append(self._scanned)
            self._ingested = max(self._ingested, stamp[1])
        self._scanned += len(line)

    def _open(self) -> BinaryIO:
        """Open for appending. A line torn by a kill is ended, so that the next event begins on its own line."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        file = self.file.open("ab+", buffering=0)
        if file.tell():
            file.seek(-1, 2)
            if file.read(1) != b"\n":
                file.write(b"\n")
        return file
