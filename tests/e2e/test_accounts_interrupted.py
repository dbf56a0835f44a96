"""Deployments that are killed, or meet another one: whatever is left behind, the next one finishes."""

from __future__ import annotations

import itertools
import os
import random
import select
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.conftest import HEADGATE, Cli
from e2e.test_accounts import DECLARATION, declare
from headgate.localcloud import lifecycle

pytestmark = [pytest.mark.slow]

SEED = 20260301
ROUNDS = 4


@pytest.fixture
def organization(tmp_path: Path) -> Iterator[Cli]:
    declare(tmp_path, DECLARATION)
    made = Cli(tmp_path)
    yield made
    made.run("cloud", "down")
    shutil.rmtree(tmp_path, ignore_errors=True)


def start(organization: Cli, *arguments: str) -> subprocess.Popen[str]:
    """A command whose standard error is its progress, a line each."""
    return subprocess.Popen(
        [HEADGATE, *arguments],
        cwd=organization.folder,
        env={**os.environ, "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()


def said(process: subprocess.Popen[str], lines: int) -> bool:
    """Wait until a process has said so many lines; false when it ended before."""
    assert process.stderr is not None
    return sum(1 for _ in itertools.islice(process.stderr, lines)) == lines


@pytest.mark.timeout(300)
def test_an_apply_that_was_killed_anywhere_is_finished_by_the_next(organization: Cli) -> None:
    """Killed while the organization is prepared, while stacks are made, while accounts are created: at a random line
    of what it says, further on each time.
    """
    chance = random.Random(SEED)
    for _ in range(ROUNDS):
        process = start(organization, "accounts", "apply", "--yes")
        if not said(process, chance.randrange(1, 60)):
            process.communicate()
            break
        kill(process)
        assert organization.run("accounts", "plan").returncode == 0, "what is half made can be looked at"
    organization.ok("accounts", "apply", "--yes")
    assert [each["kind"] for each in organization.json("accounts", "plan")] == ["vend"]
    applied = organization.json("accounts", "apply")
    assert applied["changed"] == [], "nothing is done twice"
    assert sorted(applied["accounts"]) == ["data-lake", "governance", "tooling"]


@pytest.mark.timeout(300)
def test_of_two_applies_at_once_one_is_told_about_the_other(organization: Cli) -> None:
    """On nothing yet, where there is no lease to hold, and on what is there."""
    organization.ok("cloud", "up")
    told = [failures_of_two(organization) for _ in range(2)]
    for failures in told:
        for told_to in failures:
            assert "is deploying from" in told_to or "just now" in told_to, told_to
    organization.ok("accounts", "apply", "--yes")
    assert [each["kind"] for each in organization.json("accounts", "plan")] == ["vend"]


def failures_of_two(organization: Cli) -> list[str]:
    """Two applies side by side; what those said that failed."""
    processes = [start(organization, "accounts", "apply", "--yes") for _ in range(2)]
    ended = [(process.communicate()[1], process.returncode) for process in processes]
    assert any(code == 0 for _, code in ended), ended
    return [text for text, code in ended if code != 0]


@pytest.mark.timeout(300)
def test_vending_goes_on_after_the_cloud_was_killed_under_it(organization: Cli) -> None:
    """The next request finds what there is, and the account is one."""
    organization.ok("accounts", "apply", "--yes")
    chance = random.Random(SEED)
    for _ in range(2):
        process = start(organization, "accounts", "request", "churn")
        assert process.stderr is not None
        readable = select.select([process.stderr], [], [], 60)[0]
        assert readable, "vending says how it goes"
        process.stderr.readline()
        select.select([], [], [], chance.uniform(0, 3))
        if process.poll() is None:
            kill_cloud(organization)
        output = process.communicate()
        if process.returncode == 0:
            break
        assert process.returncode == 1, output
    (vended,) = organization.json("accounts", "request", "churn")
    assert vended["state"] == "active"
    assert organization.json("accounts", "plan") == []


def kill_cloud(organization: Cli) -> None:
    status = lifecycle.status(organization.folder / ".headgate")
    assert status.endpoint is not None
    descriptor = os.pidfd_open(status.endpoint.pid)
    signal.pidfd_send_signal(descriptor, signal.SIGKILL)
    assert select.select([descriptor], [], [], 20)[0]
    os.close(descriptor)
