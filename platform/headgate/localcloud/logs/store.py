"""The log store: groups and streams of every account and region, as files under one folder.

`<root>/<account>/<region>/<group>/<stream>.log` holds a stream in the format of `lines.py`. Jobs write through
`writer`, the CloudWatch Logs API reads and writes the same files, and a person may `tail -f` them.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from headgate.localcloud.logs.group import GroupSettings, LogGroup, find_groups
from headgate.localcloud.logs.lines import LogEvent
from headgate.localcloud.logs.names import group_path, stream_path
from headgate.localcloud.logs.stream import StreamFile
from headgate.localcloud.seams import Clock

__all__ = ["LogEvent", "LogStore", "LogWriter"]

Place = tuple[str, str]
"""An account and a region."""


class LogWriter:
    """Appends lines to one stream. Safe to use from many threads; every line is on disk once `write` returns."""

    def __init__(self, stream: StreamFile, clock: Clock) -> None:
        self._stream = stream
        self._clock = clock
        self._open = True
        stream.hold_open()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def write(self, line: str, timestamp: float | None = None) -> None:
        """Write one event; `timestamp` is in seconds since the epoch and defaults to now.

        One newline at the end is dropped, others are kept within the event. After `close` it does nothing, and so it
        does when the stream has been deleted: a job does not fail for its log.
        """
        now = milliseconds(self._clock.now())
        event = LogEvent(now if timestamp is None else milliseconds(timestamp), now, line.removesuffix("\n"))
        if self._open:
            self._stream.append([event])

    def close(self) -> None:
        if self._open:
            self._open = False
            self._stream.release()


class LogStore:
    """All log groups. Safe to use from many threads; one process at a time writes."""

    def __init__(self, root: Path, clock: Clock) -> None:
        self.clock = clock
        self._root = root
        self._lock = threading.RLock()
        self._groups: dict[Place, dict[str, LogGroup]] = {}
        root.mkdir(parents=True, exist_ok=True)
        for folder in sorted(root.glob("*/*")):
            place = (folder.parent.name, folder.name)
            self._groups[place] = {group.settings.name: group for group in find_groups(folder)}

    # For jobs and people

    def writer(self, account: str, region: str, group: str, stream: str) -> LogWriter:
        """Append to a stream; group and stream are created if need be."""
        found, _ = self.add_group(account, region, group)
        opened, _ = found.add(stream, milliseconds(self.clock.now()))
        return LogWriter(opened, self.clock)

    def path(self, account: str, region: str, group: str, stream: str) -> Path:
        """Where a stream's file is, or would be."""
        return self._folder(account, region, group) / stream_path(stream)

    def size(self, account: str, region: str, group: str, stream: str) -> int:
        """The size of a stream's file in bytes; 0 if it is not there."""
        found = self.find_stream(account, region, group, stream)
        return found.size() if found else 0

    def wait_for_more(
        self, account: str, region: str, group: str, stream: str, size: int, timeout: float | None = None
    ) -> bool:
        """Block until a stream's file is larger than `size` bytes, or the stream is deleted.

        False when `timeout` seconds have passed, or at once if there is no such stream.
        """
        found = self.find_stream(account, region, group, stream)
        return found.wait_for_more(size, timeout) if found else False

    # For the API

    def find_group(self, account: str, region: str, group: str) -> LogGroup | None:
        with self._lock:
            return self._groups.get((account, region), {}).get(group)

    def find_stream(self, account: str, region: str, group: str, stream: str) -> StreamFile | None:
        found = self.find_group(account, region, group)
        return found.find(stream) if found else None

    def groups(self, account: str, region: str) -> list[LogGroup]:
        """All groups of an account and region in the order of their names."""
        with self._lock:
            found = self._groups.get((account, region), {})
            return [found[name] for name in sorted(found)]

    def add_group(
        self,
        account: str,
        region: str,
        group: str,
        *,
        kms_key: str = "",
        log_class: str = "STANDARD",
        tags: Mapping[str, str] | None = None,
    ) -> tuple[LogGroup, bool]:
        """The group of that name, and whether it is new; the settings are for a new one."""
        with self._lock:
            found = self.find_group(account, region, group)
            if found is not None:
                return found, False
            settings = GroupSettings(
                name=group,
                created=milliseconds(self.clock.now()),
                kms_key=kms_key,
                log_class=log_class,
                tags=dict(tags or {}),
            )
            created = LogGroup.create(self._folder(account, region, group), settings)
            self._groups.setdefault((account, region), {})[group] = created
            return created, True

    def delete_group(self, account: str, region: str, group: LogGroup) -> None:
        with self._lock:
            self._groups[account, region].pop(group.settings.name, None)
            group.delete()

    def _folder(self, account: str, region: str, group: str) -> Path:
        return self._root / _plain(account) / _plain(region) / group_path(group)


def milliseconds(seconds: float) -> int:
    """Seconds as whole milliseconds, to the nearest."""
    return round(seconds * 1000)


def _plain(part: str) -> str:
    """An account or region as a folder. Raises ValueError if it is anything else."""
    if not part.replace("-", "").isalnum():
        raise ValueError(f"'{part}' is neither an account nor a region")
    return part
