"""A log store, and a boto3 client that talks to a LogsService over it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headgate.localcloud.documents import Documents
from headgate.localcloud.logs.service import LogsService
from headgate.localcloud.logs.store import LogStore
from unit.localcloud.http_harness import FakeClock, Slot, make_client, serve


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(tmp_path: Path, clock: FakeClock) -> LogStore:
    return LogStore(tmp_path / "logs", clock)


@pytest.fixture
def documents(tmp_path: Path) -> Iterator[Documents]:
    opened = Documents(tmp_path / "state.db")
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def server() -> Iterator[tuple[Slot, Any]]:
    """A server for all tests: its place for a service, and a client of account 111111111111."""
    slot = Slot()
    with serve(slot, "logs") as url:
        client = make_client("logs", url)
        yield slot, client
        client.close()


@pytest.fixture
def logs(server: tuple[Slot, Any], store: LogStore, documents: Documents) -> Any:
    """A client that talks to a LogsService over `store`."""
    slot, client = server
    slot.service = LogsService(store, documents)
    return client
