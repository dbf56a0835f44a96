"""A store, and boto3 clients that talk to an S3Service over it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from headgate.localcloud.s3.service import S3Service
from headgate.localcloud.s3.store import ObjectStore
from unit.localcloud.http_harness import FakeClock, Slot, make_client, serve


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(tmp_path: Path, clock: FakeClock) -> Iterator[ObjectStore]:
    opened = ObjectStore(tmp_path / "s3", clock)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def server() -> Iterator[tuple[Slot, str]]:
    """A server for all tests: its place for a service, and its URL."""
    slot = Slot()
    with serve(slot, "s3") as url:
        yield slot, url


@pytest.fixture
def endpoint(server: tuple[Slot, str], store: ObjectStore) -> str:
    """The URL under which an S3Service over `store` listens."""
    slot, url = server
    slot.service = S3Service(store)
    return url


@pytest.fixture(scope="session")
def clients() -> Iterator[dict[str, Any]]:
    """Clients by what they were made with: making one takes longer than most tests."""
    made: dict[str, Any] = {}
    yield made
    for client in made.values():
        client.close()


@pytest.fixture
def client_for(endpoint: str, clients: dict[str, Any]) -> Callable[..., Any]:
    """A function that makes S3 clients: `client_for(account=..., region=..., **configuration)`."""

    def make(url: str = endpoint, **arguments: Any) -> Any:
        name = repr((url, sorted(arguments.items())))
        if name not in clients:
            clients[name] = make_client("s3", url, **arguments)
        return clients[name]

    return make


@pytest.fixture
def s3(client_for: Callable[..., Any]) -> Any:
    """A client of account 111111111111 whose bucket `data` exists."""
    client = client_for()
    client.create_bucket(Bucket="data")
    return client
