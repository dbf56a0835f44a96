"""The bytes of objects: immutable files in a sharded folder.

A blob is written to `staging/`, made read-only, and renamed into `blobs/<two hex digits>/`; only then does a row of
the index name it. Killed in between, it is an orphan, and the next start sweeps it. Nobody ever writes to a blob
again, so a job may hard-link it as input: no copy, no extra disk, and deleting the object does not disturb the job.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

CHUNK = 1 << 20
"""How much is read or written at once, in bytes: memory stays flat whatever an object's size."""

_READ_ONLY = 0o444


class StagedBlob:
    """A blob being written. Leaving the `with` block discards it unless the store has taken it over."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self._digest = hashlib.md5(usedforsecurity=False)
        self._file: BinaryIO | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.seal()
        self.path.unlink(missing_ok=True)

    @property
    def md5(self) -> bytes:
        """The MD5 digest of what was written so far, 16 bytes."""
        return self._digest.digest()

    def write(self, data: bytes) -> None:
        if self._file is None:
            self._file = self.path.open("xb", buffering=0)
        view = memoryview(data)
        while view:
            view = view[self._file.write(view) :]
        self.size += len(data)
        self._digest.update(data)

    def absorb(self, source: BinaryIO) -> None:
        """Write all of an open file."""
        while chunk := source.read(CHUNK):
            self.write(chunk)

    def adopt(self, source: Path) -> None:
        """Take a whole file over by rename; across file systems, or when the file has other names, by copying.

        A file that something else could still write to through another hard link would not be immutable.
        """
        with source.open("rb") as file:
            before = os.fstat(file.fileno())
            if before.st_nlink > 1 and before.st_mode & 0o222:
                self.absorb(file)
            else:
                self._digest = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False))
                self.size = before.st_size
                if not self._rename(source):
                    self._digest, self.size = hashlib.md5(usedforsecurity=False), 0
                    file.seek(0)
                    self.absorb(file)
        source.unlink(missing_ok=True)

    def seal(self) -> None:
        """Close the file; nothing can be written afterwards."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _rename(self, source: Path) -> bool:
        try:
            source.rename(self.path)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            return False
        return True


class BlobFolder:
    """Blobs by id. Ids are hex strings that the caller makes unique."""

    def __init__(self, root: Path, new_id: Callable[[], str]) -> None:
        self._staging = root / "staging"
        self._new_id = new_id
        self._staging.mkdir(parents=True, exist_ok=True)
        self._shards = [root / "blobs" / f"{number:02x}" for number in range(256)]
        for shard in self._shards:
            shard.mkdir(parents=True, exist_ok=True)

    def path(self, blob: str) -> Path:
        """Where a blob is; somewhere with nothing for the empty id of a delete marker."""
        return self._shards[int(blob[:2] or "0", 16)] / (blob or "none")

    def stage(self) -> StagedBlob:
        """A new blob to write to; use as a context manager."""
        return StagedBlob(self._staging / self._new_id())

    def publish(self, staged: StagedBlob) -> str:
        """Make a staged blob read-only and permanent; returns its id. The index must name it before the next start."""
        if not staged.size and not staged.path.exists():
            staged.path.touch(exist_ok=False)
        staged.seal()
        staged.path.chmod(_READ_ONLY)
        staged.path.rename(self.path(staged.path.name))
        return staged.path.name

    def link(self, blob: str) -> str:
        """Another name for the same bytes; returns the new id."""
        copy = self._new_id()
        os.link(self.path(blob), self.path(copy))
        return copy

    def join(self, blobs: Iterable[str], staged: StagedBlob) -> None:
        """Write blobs one after another into a staged blob; its MD5 is not computed."""
        with staged.path.open("xb") as target:
            for blob in blobs:
                with self.path(blob).open("rb") as source:
                    shutil.copyfileobj(source, target, CHUNK)
        staged.size = staged.path.stat().st_size

    def remove(self, blobs: Iterable[str]) -> None:
        for blob in blobs:
            self.path(blob).unlink(missing_ok=True)

    def sweep(self, known: set[str]) -> int:
        """Remove what was staged, and every blob that no row of the index names; returns how many files went."""
        orphans = [Path(entry.path) for entry in os.scandir(self._staging)]
        for shard in self._shards:
            orphans += [Path(entry.path) for entry in os.scandir(shard) if entry.name not in known]
        for orphan in orphans:
            orphan.unlink()
        return len(orphans)


def require_regular_file(path: Path) -> None:
    """Refuse links, folders and devices: what a job wrote may point anywhere outside of its sandbox.

    Raises ValueError.
    """
    if not stat.S_ISREG(path.lstat().st_mode):
        raise ValueError(f"'{path}' is not a regular file, so it cannot become an object")
