"""One deployment at a time: a lease in the bucket that deployments publish to, held by conditional writes.

A holder that was killed holds it no longer than `LEASE_SECONDS`; on the same machine, whoever comes next sees at once
that the process is gone.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from headgate.errors import FailedError

LEASE_SECONDS = 120.0
_KEY = "leases/deployment.json"


@dataclass(frozen=True, slots=True)
class Holder:
    """Who deploys: on which machine, in which process, and until when the lease counts (seconds since the epoch)."""

    who: str
    host: str
    pid: int
    until: float

    @property
    def is_gone(self) -> bool:
        """Whether it is a process of this machine that has ended."""
        if self.host != socket.gethostname():
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        return False


@contextmanager
def deployment_lease(s3: Any, bucket: str, who: str, now: Callable[[], float] = time.time) -> Iterator[None]:
    """Hold the lease while the block runs. Raises FailedError that names the holder when somebody else has it."""
    lease = _Lease(s3, bucket, who, now)
    lease.take()
    stop = threading.Event()
    renewing = threading.Thread(target=lease.renew_until, args=(stop,), name="deployment lease", daemon=True)
    renewing.start()
    try:
        yield
    finally:
        stop.set()
        renewing.join()
        lease.release()


class _Lease:
    def __init__(self, s3: Any, bucket: str, who: str, now: Callable[[], float]) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._who = who
        self._now = now
        self._tag = ""

    def take(self) -> None:
        holder, tag = self._read()
        if holder is not None and holder.until > self._now() and not holder.is_gone:
            raise FailedError(
                f"{holder.who} is deploying from {holder.host} (process {holder.pid})",
                expected="one deployment at a time; a holder that was killed loses its lease in "
                f"{max(1, int(holder.until - self._now()))} s",
                next_command="headgate accounts plan",
            )
        condition = {"IfMatch": tag} if tag else {"IfNoneMatch": "*"}
        if not self._write(condition):
            raise FailedError("somebody else began to deploy just now", next_command="headgate accounts plan")

    def renew_until(self, stop: threading.Event) -> None:
        while not stop.wait(LEASE_SECONDS / 4):
            self._write({"IfMatch": self._tag})

    def release(self) -> None:
        """Let go, unless the lease has passed on to somebody else meanwhile."""
        _, tag = self._read()
        if tag == self._tag:
            self._s3.delete_object(Bucket=self._bucket, Key=_KEY)

    def _read(self) -> tuple[Holder | None, str]:
        from botocore.exceptions import ClientError

        try:
            found = self._s3.get_object(Bucket=self._bucket, Key=_KEY)
        except ClientError as error:
            if error.response["Error"]["Code"] in {"NoSuchKey", "404"}:
                return None, ""
            raise
        return Holder(**json.loads(found["Body"].read())), found["ETag"]

    def _write(self, condition: dict[str, str]) -> bool:
        from botocore.exceptions import ClientError

        holder = Holder(self._who, socket.gethostname(), os.getpid(), self._now() + LEASE_SECONDS)
        try:
            written = self._s3.put_object(
                Bucket=self._bucket, Key=_KEY, Body=json.dumps(asdict(holder)).encode(), **condition
            )
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] in {409, 412}:
                return False
            raise
        self._tag = written["ETag"]
        return True
