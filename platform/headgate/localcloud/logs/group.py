"""One log group: its folder, its settings, and the journal of its streams."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from headgate.localcloud.logs.names import CONTINUED, stream_path
from headgate.localcloud.logs.stream import StreamFile
from headgate.localcloud.seams import Json

SETTINGS = ".group.json"
JOURNAL = ".streams.jsonl"


@dataclass(frozen=True, slots=True)
class GroupSettings:
    """What CloudWatch Logs knows of a group; `created` is in milliseconds since the epoch."""

    name: str
    created: int
    retention_days: int | None = None
    kms_key: str = ""
    log_class: str = "STANDARD"
    tags: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> Json:
        return asdict(self)


class LogGroup:
    """A group and its streams. The daemon alone writes here, so what is in memory is what is on disk."""

    def __init__(self, folder: Path, settings: GroupSettings) -> None:
        self.folder = folder
        self.settings = settings
        self._lock = threading.RLock()
        self._streams: dict[str, StreamFile] = {}
        for name, created in _read_journal(folder / JOURNAL):
            self._streams[name] = StreamFile(name, created, folder / stream_path(name))

    @staticmethod
    def create(folder: Path, settings: GroupSettings) -> LogGroup:
        """Make the folder; the group is there once its settings file is. What a killed `delete` left goes first."""
        if folder.exists():
            _remove_folder(folder)
        folder.mkdir(parents=True)
        group = LogGroup(folder, settings)
        group.change(settings)
        return group

    @staticmethod
    def load(folder: Path) -> LogGroup:
        """Read a group that `create` has made."""
        return LogGroup(folder, GroupSettings(**json.loads((folder / SETTINGS).read_text())))

    def change(self, settings: GroupSettings) -> None:
        """Replace the settings, atomically."""
        with self._lock:
            temporary = self.folder / (SETTINGS + ".new")
            temporary.write_text(json.dumps(settings.as_json()))
            temporary.replace(self.folder / SETTINGS)
            self.settings = settings

    def set_retention(self, days: int | None) -> None:
        self.change(replace(self.settings, retention_days=days))

    def set_key(self, key: str) -> None:
        self.change(replace(self.settings, kms_key=key))

    def set_tags(self, tags: Mapping[str, str]) -> None:
        self.change(replace(self.settings, tags=dict(tags)))

    def find(self, name: str) -> StreamFile | None:
        with self._lock:
            return self._streams.get(name)

    def streams(self) -> list[StreamFile]:
        """All streams in the order of their names."""
        with self._lock:
            return [self._streams[name] for name in sorted(self._streams)]

    def add(self, name: str, created: int) -> tuple[StreamFile, bool]:
        """The stream of that name, and whether it is new."""
        with self._lock:
            found = self._streams.get(name)
            if found is not None:
                return found, False
            stream = StreamFile(name, created, self.folder / stream_path(name))
            stream.file.unlink(missing_ok=True)  # what a killed `remove` left
            stream.append([])
            self._record({"created": created, "stream": name})
            self._streams[name] = stream
            return stream, True

    def remove(self, stream: StreamFile) -> None:
        with self._lock:
            self._record({"deleted": stream.name})
            self._streams.pop(stream.name, None)
            stream.delete()

    def delete(self) -> None:
        """Remove the group and everything in it; its settings go first, so a kill leaves no half of a group."""
        with self._lock:
            (self.folder / SETTINGS).unlink(missing_ok=True)
            for stream in self.streams():
                self.remove(stream)
            _remove_folder(self.folder)

    def _record(self, entry: Json) -> None:
        journal = self.folder / JOURNAL
        with journal.open("ab", buffering=0) as file:
            torn = file.tell() and not _ends_line(journal)
            file.write((b"\n" if torn else b"") + json.dumps(entry).encode() + b"\n")


def find_groups(folder: Path) -> Iterator[LogGroup]:
    """The groups of one account and region; a long name has a folder within a folder."""
    for entry in sorted(folder.iterdir()):
        if (entry / SETTINGS).exists():
            yield LogGroup.load(entry)
        elif entry.name.endswith(CONTINUED):
            yield from find_groups(entry)


def _read_journal(journal: Path) -> list[tuple[str, int]]:
    """The streams that are left, with their creation times; a line torn by a kill was never acknowledged."""
    streams: dict[str, int] = {}
    lines = journal.read_bytes().split(b"\n") if journal.exists() else []
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if "deleted" in entry:
            streams.pop(entry["deleted"], None)
        else:
            streams[entry["stream"]] = entry["created"]
    return list(streams.items())


def _ends_line(file: Path) -> bool:
    with file.open("rb") as opened:
        opened.seek(-1, os.SEEK_END)
        return opened.read(1) == b"\n"


def _remove_folder(folder: Path) -> None:
    for root, folders, files in os.walk(folder, topdown=False):
        for name in files:
            (Path(root) / name).unlink()
        for name in folders:
            (Path(root) / name).rmdir()
    folder.rmdir()
