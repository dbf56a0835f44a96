"""A log store, and a boto3 client that talks to a LogsService over it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headgate.localcloud.logs.service import LogsService
from headgate.localcloud.logs.store import LogStore
from unit.localcloud.http_harness import FakeClock, make_client, serve


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(tmp_path: Path, clock: FakeClock) -> LogStore:
    return LogStore(tmp_path / "logs", clock)


@pytest.fixture
def logs(store: LogStore) -> Iterator[Any]:
    """A client of account 111111111111."""
    with serve(LogsService(store), "logs") as url:
        client = make_client("logs", url)
        yield client
        client.close()
