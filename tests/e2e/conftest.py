"""A scaffolded project with its own local cloud, shared by the tests of a module; driven as a user would."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

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
