from __future__ import annotations

from collections.abc import Iterator

import pytest

from contract.local_daemon import LocalDaemon
from unit.localcloud.cloudformation.resources.bench import Bench


@pytest.fixture(scope="session")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalDaemon]:
    """One daemon for all resource types: every test has an account of its own in it."""
    made = LocalDaemon(tmp_path_factory.mktemp("cloud") / "state")
    yield made
    made.close()


@pytest.fixture
def bench(daemon: LocalDaemon) -> Iterator[Bench]:
    made = Bench(daemon)
    yield made
    made.close()
