"""An S3 of the local cloud, and a client of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headgate.localcloud.s3.service import S3Service
from headgate.localcloud.s3.store import ObjectStore
from unit.localcloud.http_harness import FakeClock, make_client, serve


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
