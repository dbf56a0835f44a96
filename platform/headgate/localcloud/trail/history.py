"""The event history: every management event, appended to a file per account before the next request is served.

CloudTrail keeps 90 days of them, whether or not there is a trail. A line is one `write`, so events survive `kill -9`.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path

from headgate.localcloud.seams import Json


class EventHistory:
    """Events of all accounts in the order they happened. Safe to use from many threads."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / "events.jsonl"
        self._lock = threading.Lock()
        self._descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._mend()

    def append(self, event: Json) -> int:
        """Keep an event; returns its size in bytes."""
        line = json.dumps(event, separators=(",", ":"), default=str).encode() + b"\n"
        with self._lock:
            os.write(self._descriptor, line)
        return len(line)

    def size(self) -> int:
        """The offset behind the last event."""
        return os.fstat(self._descriptor).st_size

    def read(self, start: int = 0, *, mention: str = "") -> Iterator[tuple[int, Json]]:
        """Events from an offset on, each with the offset behind it; only those whose text has `mention` in it."""
        position, end, needle = start, self.size(), mention.encode()
        with self._file.open("rb") as stream:
            stream.seek(start)
            while position < end:
                line = stream.readline()
                position += len(line)
                if needle in line:
                    yield position, json.loads(line)

    def close(self) -> None:
        with self._lock:
            os.close(self._descriptor)

    def _mend(self) -> None:
        """Drop half a line, which a daemon that was killed while writing may have left."""
        data_end = self.size()
        with self._file.open("rb") as stream:
            position = data_end
            while position > 0:
                start = max(0, position - 65536)
                stream.seek(start)
                cut = stream.read(position - start).rfind(b"\n")
                if cut >= 0:
                    os.ftruncate(self._descriptor, start + cut + 1)
                    return
                position = start
        os.ftruncate(self._descriptor, 0)
