from __future__ import annotations

from collections.abc import Iterator

import pytest

from contract.local_daemon import LocalDaemon


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalDaemon]:
    """One daemon per module of tests."""
    made = LocalDaemon(tmp_path_factory.mktemp("cloud") / "state")
    yield made
    made.close()
