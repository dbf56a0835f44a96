"""An S3 and a CloudFormation of the local cloud, and clients of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headgate.localcloud.s3.service import S3Service
from headgate.localcloud.s3.store import ObjectStore
from unit.localcloud.cloudformation.conftest import Place
from unit.localcloud.http_harness import FakeClock, Slot, make_client, serve


@pytest.fixture
def s3(tmp_path: Path) -> Iterator[Any]:
    """A client of S3 with one bucket, `deployments`."""
    store = ObjectStore(tmp_path / "s3", FakeClock())
    with serve(S3Service(store), "s3") as url:
        client = make_client("s3", url)
        client.create_bucket(Bucket="deployments")
        yield client
        client.close()
    store.close()


@pytest.fixture(scope="session")
def wire() -> Iterator[tuple[Slot, str]]:
    """A server that CloudFormation is put behind."""
    slot = Slot()
    with serve(slot, "cloudformation") as url:
        yield slot, url


@pytest.fixture
def place(tmp_path: Path, wire: tuple[Slot, str]) -> Iterator[Place]:
    """The local cloud's CloudFormation, with resource types that keep things in a dictionary."""
    made = Place(tmp_path, *wire)
    yield made
    made.stop()
