"""Several hosts of one job as one group, in which each trains on its own part of the data."""

from __future__ import annotations

import contextlib
import warnings
import zlib
from collections.abc import Iterator
from typing import Any

from headgate_runtimes.algorithms.errors import AlgorithmFailure

_RETRIES = 60
_TIMEOUT_SECONDS = 300


def tracker_port(job_name: str) -> int:
    """The port where a job's hosts meet: the same for all of them, and of another job most likely another."""
    return 20000 + zlib.crc32(job_name.encode()) % 12000


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
