"""An append-only file of what must happen again after a restart.

Each record is one `write` of a frame: lengths, a checksum, a JSON head and raw bytes. A daemon that is killed leaves
at most one torn frame at the end, whose request was never acknowledged; opening the file drops it. Written frames sit
in the page cache, so they survive `kill -9` of the process; a power cut may lose the last moments.
"""

from __future__ import annotations

import json
import os
import struct
import threading
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from headgate.errors import FailedError
from headgate.localcloud.seams import Json

_FRAME = struct.Struct(">4sIII")
_MAGIC = b"hgj1"


class JournalError(FailedError):
    """The journal is damaged before its end, which no crash of the daemon can do."""


@dataclass(frozen=True, slots=True)
class Record:
    """`head` says what it is; `body` is the bytes of a request or of a result; `end` is the offset behind it."""

    head: Json
    body: bytes
    end: int


class Journal:
    """Records in the order in which they were appended. Safe to append from many threads."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self.file = file
        self._lock = threading.Lock()
        self._descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._size = _sound_length(file)
        os.ftruncate(self._descriptor, self._size)

    @property
    def size(self) -> int:
        """Bytes of whole records."""
        return self._size

    def append(self, head: Json, body: bytes = b"") -> int:
        """Write one record; it survives the process once this returns. Returns the offset behind it."""
        meta = json.dumps(head, separators=(",", ":")).encode()
        checksum = zlib.crc32(body, zlib.crc32(meta))
        frame = memoryview(_FRAME.pack(_MAGIC, len(meta), len(body), checksum) + meta + body)
        with self._lock:
            written = 0
            try:
                while written < len(frame):
                    written += os.write(self._descriptor, frame[written:])
            except OSError:
                os.ftruncate(self._descriptor, self._size)
                raise
            self._size += written
            return self._size

    def read(self, start: int = 0) -> Iterator[Record]:
        """The records from an offset on, as far as they were written when this was called."""
        limit = self._size
        with self.file.open("rb") as stream:
            stream.seek(start)
            position = start
            while position < limit:
                record = _next(stream.read(_FRAME.size), stream.read, position)
                if record is None:
                    raise JournalError(f"record at byte {position} is damaged", where=str(self.file))
                position = record.end
                yield record

    def close(self) -> None:
        """Let go of the file; who still appends gets an OSError."""
        with self._lock:
            if self._descriptor >= 0:
                os.close(self._descriptor)
            self._descriptor = -1


def _next(frame: bytes, read: Callable[[int], bytes], position: int) -> Record | None:
    """The record whose frame this is, or None when it is cut off or does not match its checksum."""
    if len(frame) < _FRAME.size:
        return None
    magic, meta_length, body_length, checksum = _FRAME.unpack(frame)
    if magic != _MAGIC:
        return None
    meta, body = read(meta_length), read(body_length)
    if len(meta) < meta_length or len(body) < body_length or zlib.crc32(body, zlib.crc32(meta)) != checksum:
        return None
    return Record(json.loads(meta), body, position + _FRAME.size + meta_length + body_length)


def _sound_length(file: Path) -> int:
    """Where the last whole record ends. Raises JournalError when something whole follows a damaged record."""
    total = file.stat().st_size
    position = 0
    with file.open("rb") as stream:
        while position < total:
            record = _next(stream.read(_FRAME.size), stream.read, position)
            if record is None:
                break
            position = record.end
        stream.seek(min(position + 1, total))
        if position < total and _MAGIC in stream.read():
            raise JournalError(
                f"the journal's record at byte {position} of {total} is damaged, and records follow it",
                where=str(file),
                expected="the file as the daemon wrote it: the disk or another program changed it; restore a copy",
                next_command="headgate cloud reset    # gives up what the folder holds",
            )
    return position
