"""The pytest plugin. Light on purpose: pytest imports it in every run, Headgate's or not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from headgate.testing.project import ProjectMaker


@pytest.fixture
def headgate_project(tmp_path: Path) -> Iterator[ProjectMaker]:
    """Makes projects from dicts, to run `headgate` in; see `headgate.testing.project.ProjectMaker`.

    Modules that were imported from the test's folder are forgotten when it ends.
    """
    from headgate.testing.project import ProjectMaker

    with ProjectMaker(tmp_path) as maker:
        yield maker
