"""Several hosts of one job as one group, in which each trains on its own part of the data."""

from __future__ import annotations

import contextlib
import threading
import time
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from headgate_runtimes.algorithms.errors import AlgorithmFailure

_RETRIES = 60
_TIMEOUT_SECONDS = 300
_POLL_SECONDS = 0.02
_LISTENING = "0A"
"""The state of a listening socket in /proc/net/tcp."""


def tracker_port(job_name: str) -> int:
    """The port where a job's hosts meet: the same for all of them, and of another job most likely another."""
    return 20000 + zlib.crc32(job_name.encode()) % 12000


def wait_for_listener(port: int, table: Path = Path("/proc/net/tcp"), seconds: float = _TIMEOUT_SECONDS) -> bool:
    """Wait until something listens at a local port; whether it does. Looks without connecting.

    A connection to try would count as a worker, and the library's own retries wait for seconds each. Where the kernel
    has no table of listeners the library's retries must do.
    """
    end = time.monotonic() + seconds
    pause = threading.Event()
    while table.is_file() and time.monotonic() < end:
        for line in table.read_text(encoding="ascii").splitlines()[1:]:
            fields = line.split()
            if fields[3] == _LISTENING and fields[1].endswith(f":{port:04X}"):
                return True
        pause.wait(_POLL_SECONDS)
    return False


@contextlib.contextmanager
def join_hosts(xgboost: Any, hosts: tuple[str, ...], current_host: str, port: int) -> Iterator[None]:
    """Meet the other hosts; inside, XGBoost trains on all of them together.

    Raises:
        AlgorithmFailure: the port is taken.
    """
    if len(hosts) == 1:
        yield
        return
    from xgboost.tracker import RabitTracker

    tracker = None
    if current_host == min(hosts):
        try:
            tracker = RabitTracker(n_workers=len(hosts), host_ip="127.0.0.1", port=port)
            tracker.start()
        except Exception as error:
            raise AlgorithmFailure(f"port {port}, where the job's hosts meet, cannot be used: {error}") from error
    else:
        wait_for_listener(port)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        context = xgboost.collective.CommunicatorContext(
            dmlc_tracker_uri="127.0.0.1",
            dmlc_tracker_port=port,
            dmlc_task_id=current_host,
            dmlc_retry=_RETRIES,
            dmlc_timeout=_TIMEOUT_SECONDS,
        )
        with context:
            yield
    if tracker is not None:
        tracker.wait_for()
