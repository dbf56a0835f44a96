"""One organization for the whole test run, built as a platform team builds it: with the `headgate` command.

Its state folder is built once, by whichever test worker comes first, and copied for each module that works on it: what
one module breaks, another does not see, and starting on the copy is what a restart of the local cloud is.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from headgate.aws.sessions import STATE_FOLDER
from headgate.localcloud import lifecycle

DECLARATION = Path(__file__).with_name("organization.yaml")
_HEADGATE = Path(sys.executable).with_name("headgate")
_TEAMS = ("churn", "pricing", "gone")


def built_once(shared: Path) -> Path:
    """The folder of the organization, made in `shared`, which all workers see.

    Every team has its accounts, churn and pricing have a project `forecast`, and the team gone is in quarantine.
    """
    folder = shared / "organization"
    with _only_one(shared / "organization.lock"):
        if not folder.exists():
            unfinished = shared / "organization.unfinished"
            shutil.rmtree(unfinished, ignore_errors=True)
            _build(unfinished)
            unfinished.replace(folder)
    return folder


def copied(built: Path, to: Path) -> Path:
    """A copy of the organization that may be changed."""
    shutil.copytree(built, to)
    return to


def _build(folder: Path) -> None:
    (folder / "accounts").mkdir(parents=True)
    shutil.copy(DECLARATION, folder / "accounts")
    try:
        _wait(folder, ("accounts", "apply", "--yes"))
        _wait(folder, *(("accounts", "request", team) for team in _TEAMS))
        _wait(
            folder,
            *(("accounts", "project", team, "forecast") for team in ("churn", "pricing")),
            ("accounts", "quarantine", "gone", "--reason", "a key was found in public"),
        )
    finally:
        lifecycle.stop(folder / STATE_FOLDER)


def _wait(folder: Path, *commands: tuple[str, ...]) -> None:
    """Run commands side by side; all have to succeed."""
    started = [
        subprocess.Popen(
            [_HEADGATE, *command],
            cwd=folder,
            env={**_own_environment(), "NO_COLOR": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for command in commands
    ]
    ended = [(process.communicate()[0], process.returncode) for process in started]
    for command, (said, code) in zip(commands, ended, strict=True):
        assert code == 0, f"headgate {' '.join(command)}: exit {code}\n{said}"


def _own_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "HEADGATE_", "MLFLOW_"))}


@contextmanager
def _only_one(file: Path) -> Iterator[None]:
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
