"""Hold a job to the volume that it asked for.

Three guards: no single file can grow past the volume (RLIMIT_FSIZE, set when a program starts), what the job has
written is measured each second, and again when it has ended.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

MINIMUM_FREE = 256 << 20
"""Bytes of this machine's disk that a job may not use up."""


@dataclass(frozen=True, slots=True)
class Volume:
    """The folders of a job's hosts and the size of each host's volume in bytes."""

    hosts: Sequence[Path]
    limit: int

    def exceeded(self) -> str | None:
        """Whether a host has written more than its volume holds, in words."""
        for host in self.hosts:
            used = written_bytes(host)
            if used > self.limit:
                return self._too_much(f"{used / (1 << 30):.2f} GB")
        return None

    def problem(self) -> str | None:
        """Why a running job must end: its volume is full, or this machine's disk nearly is."""
        found = self.exceeded()
        if found:
            return found
        free = shutil.disk_usage(self.hosts[0]).free
        if free < MINIMUM_FREE:
            return f"No space left on device: this machine's disk has {free >> 20} MB free"
        return None

    def explains(self) -> str | None:
        """Why a program may have failed: the volume is full, or one of its files reached the limit."""
        problem = self.problem()
        if problem:
            return problem
        for host in self.hosts:
            for _, status in _files(host):
                if status.st_size >= self.limit:
                    return self._too_much("a file as large as that")
        return None

    def _too_much(self, what: str) -> str:
        return (
            f"No space left on device: the job wrote {what}, and its volume is {self.limit / (1 << 30):g} GB "
            "(VolumeSizeInGB); ask for a larger volume"
        )


def written_bytes(folder: Path) -> int:
    """Bytes on disk of what a job has written below a folder; inputs that are links to the store do not count."""
    return sum(status.st_blocks * 512 for _, status in _files(folder) if not _is_linked_input(status))


def _is_linked_input(status: os.stat_result) -> bool:
    return status.st_nlink > 1 and not status.st_mode & 0o222


def _files(folder: Path) -> list[tuple[str, os.stat_result]]:
    found: list[tuple[str, os.stat_result]] = []
    pending = [os.fspath(folder)]
    while pending:
        try:
            with os.scandir(pending.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(entry.path)
                        continue
                    status = entry.stat(follow_symlinks=False)
                    if stat.S_ISREG(status.st_mode):
                        found.append((entry.path, status))
        except OSError:
            continue  # removed by the job while we look
    return found
