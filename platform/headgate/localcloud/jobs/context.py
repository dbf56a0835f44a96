"""What every kind of job needs of the local cloud, in one value."""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import shutil
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from headgate.localcloud.documents import Documents, Key
from headgate.localcloud.errors import validation
from headgate.localcloud.jobs.access import Access, Acting, RoleObjects
from headgate.localcloud.jobs.isolation import Isolation, probe
from headgate.localcloud.jobs.processes import Spawner
from headgate.localcloud.jobs.records import Records
from headgate.localcloud.jobs.supervision import Control
from headgate.localcloud.logs.store import LogStore
from headgate.localcloud.runtimes import RuntimeRegistry
from headgate.localcloud.s3.store import ObjectStore
from headgate.localcloud.seams import Caller, Clock

Credentials = Callable[[Caller, str], Mapping[str, str]]
"""The AWS_* variables of a role (by ARN) in the caller's account."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Times in seconds: `stop_grace` lies between TERM and KILL, `interval` between two looks at the disk."""

    stop_grace: float = 120.0
    interval: float = 1.0
    health_timeout: float = 480.0
    """How long a model's server may take until its first good /ping (SageMaker gives a container eight minutes)."""
    invocation_timeout: float = 60.0
    random: random.Random = field(default_factory=random.Random)


class Prober:
    """The isolation of this machine, found when it is first asked for and then remembered."""

    def __init__(self, find: Callable[[], Isolation] = probe) -> None:
        self._find = find
        self._lock = threading.Lock()
        self._found: Isolation | None = None

    def __call__(self) -> Isolation:
        with self._lock:
            if self._found is None:
                self._found = self._find()
            return self._found


@dataclass(frozen=True, slots=True)
class Context:
    """The parts of the local cloud that jobs stand on; `folder` holds their working folders."""

    documents: Documents
    objects: ObjectStore
    logs: LogStore
    runtimes: RuntimeRegistry
    clock: Clock
    folder: Path
    endpoint_url: Callable[[], str]
    credentials: Credentials
    settings: Settings
    records: Records
    spawner: Spawner
    isolation: Prober
    access: Access
    controls: dict[Key, Control] = field(default_factory=dict)

    def require_isolation(self) -> Isolation:
        """Raises AwsError (ValidationException) when jobs cannot run on this machine, with the fix."""
        found = self.isolation()
        if not found.available:
            raise validation(f"jobs cannot run on this machine: {found.reason}; to mend it: {found.fix}")
        return found

    def objects_of(self, who: Acting) -> RoleObjects:
        """The objects as a job may see them."""
        return RoleObjects(self.objects, self.access, who)

    @property
    def token(self) -> str:
        """What marks the processes of every job of this state folder; a job's own token follows after a dot."""
        return hashlib.sha256(os.fsencode(self.folder.resolve())).hexdigest()[:16]

    def working_folder(self) -> Path:
        """A new, empty folder for one job."""
        folder = self.folder / uuid.uuid4().hex
        folder.mkdir(parents=True)
        return folder


def remove_folder(folder: Path) -> None:
    """Delete a job's folder even if the job has locked folders in it. What its links point to is left alone."""
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        _unlock(folder)
        for root, folders, _ in os.walk(folder):  # from the top: what is in a folder shows once that is unlocked
            for name in folders:
                _unlock(Path(root, name))
        shutil.rmtree(folder, ignore_errors=True)


def _unlock(folder: Path) -> None:
    if not folder.is_symlink():
        with contextlib.suppress(OSError):
            folder.chmod(0o700)
