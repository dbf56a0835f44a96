"""The real daemon, started and ended in every way. Each start takes about half a second."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from headgate import __version__
from headgate.errors import FailedError, UserError
from headgate.localcloud import lifecycle
from headgate.localcloud.folder import Folder
from headgate.localcloud.lifecycle import Endpoint
from headgate.localcloud.server.journal import Journal

pytestmark = pytest.mark.slow  # each starts processes of its own


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "state"
    lifecycle.stop(tmp_path / "state")


def kill(pid: int, number: signal.Signals = signal.SIGKILL) -> None:
    """Send a signal and wait for the end."""
    descriptor = os.pidfd_open(pid)
    signal.pidfd_send_signal(descriptor, number)
    assert select.select([descriptor], [], [], 20)[0]
    os.close(descriptor)


def test_a_daemon_is_started_once_found_again_and_stopped(state: Path) -> None:
    assert not lifecycle.status(state).exists
    first = lifecycle.ensure_running(state)
    assert lifecycle.ensure_running(state) == first
    status = lifecycle.status(state)
    assert status.endpoint == first
    assert status.health["ready"]
    assert status.resident_bytes is not None
    assert 10e6 < status.resident_bytes < 400e6
    assert lifecycle.stop(state)
    assert lifecycle.status(state).endpoint is None
    assert not (state / "daemon.json").exists()
    assert not lifecycle.stop(state)


def test_starters_that_race_get_the_same_daemon(state: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        endpoints: list[Endpoint] = list(pool.map(lambda _: lifecycle.ensure_running(state), range(4)))
    assert len({endpoint.pid for endpoint in endpoints}) == 1


def test_daemons_that_race_without_a_starter_leave_one(state: Path) -> None:
    command = [sys.executable, "-m", "headgate.localcloud", "--state-dir", str(state)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) for _ in range(2)]
    lines = []
    for process in processes:
        assert process.stdout is not None
        lines.append(json.loads(process.stdout.readline()))
    assert sorted("ready" in line for line in lines) == [False, True]
    assert {"error": "already-runs"} in lines
    for process in processes:
        process.terminate()
        assert process.wait(20) == 0
        assert process.stdout is not None
        process.stdout.close()


def test_after_a_kill_it_starts_again_on_the_same_port(state: Path) -> None:
    first = lifecycle.ensure_running(state)
    kill(first.pid)
    second = lifecycle.ensure_running(state)
    assert second.pid != first.pid
    assert second.url == first.url
    assert second.token != first.token


def test_if_the_last_port_is_taken_meanwhile_another_is_used(state: Path) -> None:
    first = lifecycle.ensure_running(state)
    lifecycle.stop(state)
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", first.port))
        other.listen()
        assert lifecycle.ensure_running(state).port != first.port


def test_a_wished_port_that_is_taken_is_the_users_to_change(state: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(UserError, match=r"port \d+ cannot be used: address already in use"):
            lifecycle.ensure_running(state, port=other.getsockname()[1])


def test_a_running_daemon_does_not_change_its_port(state: Path) -> None:
    endpoint = lifecycle.ensure_running(state)
    assert lifecycle.ensure_running(state, port=endpoint.port) == endpoint
    with pytest.raises(UserError, match=f"already runs on port {endpoint.port}, not 1"):
        lifecycle.ensure_running(state, port=1)


def test_a_folder_of_a_newer_version_is_not_touched(state: Path) -> None:
    state.mkdir()
    (state / "version").write_text('{"format": 99}')
    with pytest.raises(UserError, match="format 99"):
        lifecycle.ensure_running(state)
    assert [path.name for path in state.iterdir()] == ["version"]
    command = [sys.executable, "-m", "headgate.localcloud", "--state-dir", str(state)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"] == "user-error"


def test_a_daemon_that_cannot_start_tells_why_with_the_end_of_its_log(state: Path) -> None:
    (state / "state.db").mkdir(parents=True)
    with pytest.raises(FailedError, match="the daemon failed to start: OperationalError") as caught:
        lifecycle.ensure_running(state)
    assert any("Traceback" in line for line in caught.value.details)
    assert Folder(state).holder() is None


def test_a_damaged_journal_keeps_it_from_starting(state: Path) -> None:
    journal = Journal(state / "moto" / "journal")
    for number in range(2):
        journal.append({"n": number})
    journal.close()
    data = bytearray(journal.file.read_bytes())
    data[6] ^= 0xFF
    journal.file.write_bytes(data)
    with pytest.raises(FailedError, match=r"record at byte 0 of .* is damaged"):
        lifecycle.ensure_running(state)


def test_a_daemon_that_hangs_is_killed(state: Path) -> None:
    endpoint = lifecycle.ensure_running(state)
    os.kill(endpoint.pid, signal.SIGSTOP)
    assert lifecycle.stop(state, timeout=0.2)
    assert Folder(state).holder() is None


def test_sigterm_ends_it_cleanly(state: Path) -> None:
    endpoint = lifecycle.ensure_running(state)
    kill(endpoint.pid, signal.SIGTERM)
    assert (state / "daemon.log").read_text().rstrip().endswith("stopped")


def test_runtimes_are_handed_over_and_kept_for_the_next_start(state: Path) -> None:
    spec = {"name": "r", "plugin": "p", "image_patterns": ["x"], "target": "m:a", "search_path": [], "config": {}}
    endpoint = lifecycle.ensure_running(state, runtimes=[spec])
    with pytest.raises(FailedError, match="refused 'runtimes'"):
        lifecycle.control(endpoint, "POST", "runtimes", {"project": "", "specs": {"not": "a list"}})
    with pytest.raises(FailedError, match=r"refused 'runtimes'.*image_patterns"):
        lifecycle.tell_runtimes(endpoint, [{"name": "r", "plugin": "p"}])
    kill(endpoint.pid)
    endpoint = lifecycle.ensure_running(state)
    assert lifecycle.control(endpoint, "GET", "runtimes") == {"projects": [{"project": "", "specs": [spec]}]}


def test_a_daemon_of_another_version_is_told_and_can_be_stopped(state: Path) -> None:
    endpoint = lifecycle.ensure_running(state)
    file = state / "daemon.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "version": "0.0.1"}))
    with pytest.raises(UserError, match=rf"runs Headgate 0\.0\.1, and this is {re.escape(__version__)}") as told:
        lifecycle.ensure_running(state)
    assert told.value.next_command == "headgate cloud down"
    assert lifecycle.stop(state)
    assert lifecycle.ensure_running(state).pid != endpoint.pid


def test_reset_removes_what_is_the_clouds_and_nothing_else(state: Path) -> None:
    lifecycle.ensure_running(state)
    (state / "environments").mkdir()
    (state / "environments" / "cached").write_text("")
    removed = lifecycle.reset(state)
    assert state / "state.db" in removed
    assert sorted(path.name for path in state.iterdir()) == [".gitignore", "environments"]
    assert lifecycle.reset(state) == []


def test_a_daemon_that_is_gone_is_a_clear_error(state: Path) -> None:
    endpoint = Endpoint("http://127.0.0.1:1", 1, "123456789012", state)
    with pytest.raises(FailedError, match="does not answer"):
        lifecycle.control(endpoint, "GET", "health")


def test_the_users_aws_settings_do_not_reach_the_daemon(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "does-not-exist")
    monkeypatch.setenv("MOTO_ACCOUNT_ID", "999999999999")
    endpoint = lifecycle.ensure_running(state)
    environment = Path(f"/proc/{endpoint.pid}/environ").read_bytes()
    assert b"does-not-exist" not in environment
    assert b"MOTO_ACCOUNT_ID" not in environment
    assert b"PYTHONHASHSEED=0" in environment
