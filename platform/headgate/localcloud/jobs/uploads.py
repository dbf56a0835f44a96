"""Carry what a job has written into the object store."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from headgate.localcloud.archive import files_below
from headgate.localcloud.jobs.access import Objects
from headgate.localcloud.s3.store import parse_s3_uri


def join_uri(uri: str, *parts: str) -> str:
    """An S3 address with parts appended, one slash between any two."""
    return "/".join([uri.rstrip("/"), *(part.strip("/") for part in parts)])


def written_files(folder: Path) -> Iterator[Path]:
    """The files that count as output: regular ones, and links that lead to a regular file within the folder."""
    root = os.path.realpath(folder)
    for path in files_below(folder):
        real = os.path.realpath(path)
        if (real == root or real.startswith(root + os.sep)) and Path(real).is_file():
            yield path


def move_folder(objects: Objects, folder: Path, uri: str) -> int:
    """Move every file below a folder to below an S3 address; returns how many. The job must have ended.

    A link's target is copied, everything else becomes the object itself, without copying within a file system.
    """
    bucket, prefix = parse_s3_uri(uri)
    files = list(written_files(folder))
    # Links first: their targets are gone from the folder once they have been moved.
    for path in sorted(files, key=lambda path: not path.is_symlink()):
        key = _key(prefix, path.relative_to(folder).as_posix())
        if path.is_symlink():
            objects.put_file(bucket, key, Path(os.path.realpath(path)))
        else:
            objects.put_file(bucket, key, path, move=True)
    return len(files)


def _key(prefix: str, relative: str) -> str:
    return f"{prefix.rstrip('/')}/{relative}".lstrip("/")


@dataclass(slots=True)
class Synchronizer:
    """Copies what is new or changed below a folder to an S3 address, time after time, while the job goes on.

    A file that is still growing is copied as it is now and again when it has changed, as SageMaker does.
    """

    objects: Objects
    folder: Path
    uri: str
    _seen: dict[str, tuple[int, int]] = field(default_factory=dict)

    def remember(self) -> None:
        """Take what is there now as already uploaded, such as a restored checkpoint."""
        self._seen = dict(self._state())

    def sync(self) -> int:
        """Upload what has changed since the last call; returns how many files."""
        bucket, prefix = parse_s3_uri(self.uri)
        count = 0
        for relative, state in self._state():
            if self._seen.get(relative) == state:
                continue
            try:
                self.objects.put_file(bucket, _key(prefix, relative), Path(os.path.realpath(self.folder / relative)))
            except (FileNotFoundError, ValueError):
                continue  # the job has renamed or removed it meanwhile; the next call sees what became of it
            self._seen[relative] = state
            count += 1
        return count

    def _state(self) -> Iterator[tuple[str, tuple[int, int]]]:
        if not self.folder.is_dir():
            return
        for path in written_files(self.folder):
            try:
                status = path.stat()
            except FileNotFoundError:
                continue
            if stat.S_ISREG(status.st_mode):
                yield path.relative_to(self.folder).as_posix(), (status.st_mtime_ns, status.st_size)


def sync_all(synchronizers: Iterable[Synchronizer]) -> None:
    for synchronizer in synchronizers:
        synchronizer.sync()
