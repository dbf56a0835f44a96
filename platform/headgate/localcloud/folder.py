"""The state folder as files: who runs on it, which format it has. Standard library only; both sides use it."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from headgate.errors import FailedError, Location, UserError

FORMAT = 1
"""Raised when a newer Headgate writes what an older one could not read."""

_OURS = (
    *("version", "daemon.json", "daemon.log", "daemon.log.1", "daemon.lock", "start.lock", "port"),
    *("s3", "logs", "jobs", "functions", "moto", "trail", "people"),
)
_OURS_BY_PREFIX = ("state.db",)


@dataclass(frozen=True, slots=True)
class Daemon:
    """What a running daemon says of itself in daemon.json. `token` opens its control commands."""

    pid: int
    url: str
    account: str
    version: str
    token: str = field(repr=False)

    def as_json(self) -> Mapping[str, object]:
        return {
            "pid": self.pid,
            "url": self.url,
            "account": self.account,
            "version": self.version,
            "token": self.token,
        }


@dataclass(frozen=True, slots=True)
class Folder:
    """One state folder. A lock, not a pid, says whether a daemon runs: a lock cannot outlive its process."""

    root: Path

    @property
    def log(self) -> Path:
        return self.root / "daemon.log"

    @property
    def daemon_file(self) -> Path:
        return self.root / "daemon.json"

    @property
    def _lock_file(self) -> Path:
        return self.root / "daemon.lock"

    @property
    def _port_file(self) -> Path:
        return self.root / "port"

    def prepare(self) -> None:
        """Create the folder, or check that this Headgate can read it.

        Raises UserError if a newer Headgate wrote it, FailedError if it cannot be created.
        """
        with self._usable():
            self.root.mkdir(parents=True, exist_ok=True)
            ignore = self.root / ".gitignore"
            if not ignore.exists():
                ignore.write_text("*\n", encoding="utf-8")
            version = self.root / "version"
            if not version.exists():
                _write(version, json.dumps({"format": FORMAT}) + "\n")
        self.check_version()

    def check_version(self) -> int | None:
        """The folder's format, None when it has none yet. Raises UserError if it is newer than ours or unreadable."""
        version = self.root / "version"
        if not version.exists():
            return None
        with self._usable():
            text = version.read_text(encoding="utf-8", errors="replace")
        try:
            found = int(json.loads(text)["format"])
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(
                "the state folder's version file cannot be read",
                where=Location(str(version)),
                expected=f'{{"format": {FORMAT}}}',
                next_command="headgate cloud reset",
            ) from error
        if found > FORMAT:
            raise UserError(
                f"the state folder has format {found}, written by a newer Headgate; this one reads up to {FORMAT}",
                where=Location(str(version)),
                expected="a newer Headgate (upgrade the package), or another folder",
                next_command="headgate cloud reset    # gives up what the folder holds",
            )
        return found

    @contextmanager
    def starting(self) -> Iterator[None]:
        """Held while a daemon is started or stopped; a second starter waits here, then finds the first's daemon.

        Raises UserError or FailedError when the folder cannot be used.
        """
        with self._usable():
            self.root.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.root / "start.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def claim(self) -> int | None:
        """Become this folder's daemon: the lock's descriptor, to be kept open, or None if another one runs."""
        descriptor = os.open(self._lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        while not _try_lock(descriptor, fcntl.LOCK_EX):
            if not _try_lock(descriptor, fcntl.LOCK_SH):
                os.close(descriptor)
                return None
            # Nobody owns it: `holder` was looking from another process just then.
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        return descriptor

    def holder(self) -> int | None:
        """The pid of the daemon that runs on this folder, or None if none does."""
        with self._usable():
            if not self._lock_file.exists():
                return None
            descriptor = os.open(self._lock_file, os.O_RDWR | os.O_CLOEXEC)
        try:
            if _try_lock(descriptor, fcntl.LOCK_SH):
                return None
            text = os.pread(descriptor, 32, 0).decode().strip()
            return int(text) if text.isdigit() else 0
        finally:
            os.close(descriptor)

    @contextmanager
    def _usable(self) -> Iterator[None]:
        """Say it when the folder is none, or not this user's."""
        other = "HEADGATE_STATE_DIR naming another one"
        try:
            if self.root.exists() and not self.root.is_dir():
                raise UserError("the state folder is a file", where=str(self.root), expected=f"a folder, or {other}")
            yield
        except OSError as error:
            raise FailedError(
                f"the state folder cannot be used: {(error.strerror or str(error)).lower()}",
                where=str(self.root),
                expected=f"a folder that this user may write, or {other}",
            ) from error

    def publish(self, daemon: Daemon, port: int) -> None:
        """Say where the daemon listens, and remember the port for the next start."""
        _write(self._port_file, f"{port}\n")
        _write(self.daemon_file, json.dumps(daemon.as_json()) + "\n")

    def daemon(self) -> Daemon | None:
        """The running daemon, or None; a file left by a killed one does not count."""
        holder = self.holder()
        if holder is None:
            return None
        try:
            value = json.loads(self.daemon_file.read_text(encoding="utf-8"))
            found = Daemon(value["pid"], value["url"], value["account"], value["version"], value["token"])
        except (OSError, ValueError, KeyError):
            return None
        return found if found.pid == holder else None

    def last_port(self) -> int:
        """The port of the last daemon, 0 if there was none."""
        try:
            return int(self._port_file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return 0

    def contents(self) -> list[Path]:
        """What the local cloud keeps here, and nothing of what others put beside it."""
        if not self.root.is_dir():
            return []
        return [
            path for path in sorted(self.root.iterdir()) if path.name in _OURS or path.name.startswith(_OURS_BY_PREFIX)
        ]


def _try_lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write(file: Path, text: str) -> None:
    """Replace a file in one step; only its owner may read it."""
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    temporary.replace(file)
