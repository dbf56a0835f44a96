"""A scaffolded project with its own local cloud, shared by the tests of a module; driven as a user would."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from e2e.organization.proofs import Proofs

HEADGATE = Path(sys.executable).with_name("headgate")


@dataclass(frozen=True)
class Cli:
    """The `headgate` command in a project's folder."""

    folder: Path

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [HEADGATE, *arguments],
            cwd=self.folder,
            env={**os.environ, "NO_COLOR": "1", **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    def ok(self, *arguments: str, **environment: str) -> str:
        """Standard output of a command that must succeed."""
        done = self.run(*arguments, **environment)
        assert done.returncode == 0, f"{arguments}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def json(self, *arguments: str) -> Any:
        return json.loads(self.ok(*arguments, "--output", "json"))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """A command in the background, in a process group of its own."""
        return subprocess.Popen(
            [HEADGATE, *arguments],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    """A diabetes project whose cloud goes down with the module."""
    folder = tmp_path_factory.mktemp("e2e")
    Cli(folder).ok("new", "diabetes", "--template", "tabular", "--yes")
    project = Cli(folder / "diabetes")
    yield project
    project.run("cloud", "down")
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def organization_folder(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The folder of an organization in which teams have their accounts; nothing runs on it, and it is to be copied."""
    from e2e.organization.building import built_once

    base = tmp_path_factory.getbasetemp()
    return built_once(base if worker_id == "master" else base.parent)


@pytest.fixture(scope="module")
def proofs(organization_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proofs]:
    """A local cloud of the module's own, in this process, on a copy of that organization."""
    from e2e.organization.building import copied
    from e2e.organization.hosting import HostedCloud
    from e2e.organization.proofs import proofs_of

    folder = copied(organization_folder, tmp_path_factory.mktemp("proofs") / "organization")
    with contextlib.closing(HostedCloud(folder)) as cloud:
        yield proofs_of(cloud)
    shutil.rmtree(folder, ignore_errors=True)
