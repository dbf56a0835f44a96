"""A store, and boto3 clients that talk to an S3Service over it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from headgate.localcloud.s3.service import S3Service
from headgate.localcloud.s3.store import ObjectStore
from unit.localcloud.http_harness import FakeClock, make_client, serve


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(tmp_path: Path, clock: FakeClock) -> Iterator[ObjectStore]:
    opened = ObjectStore(tmp_path / "s3", clock)
    yield opened
    opened.close()


@pytest.fixture
def endpoint(store: ObjectStore) -> Iterator[str]:
    """The URL under which an S3Service over `store` listens."""
    with serve(S3Service(store), "s3") as url:
        yield url


@pytest.fixture
def client_for(endpoint: str) -> Iterator[Callable[..., Any]]:
    """A function that makes S3 clients: `client_for(account=..., region=..., **configuration)`."""
    made: list[Any] = []

    def make(url: str = endpoint, **arguments: Any) -> Any:
        made.append(make_client("s3", url, **arguments))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def s3(client_for: Callable[..., Any]) -> Any:
    """A client of account 111111111111 whose bucket `data` exists."""
    client = client_for()
    client.create_bucket(Bucket="data")
    return client
