"""Starting, finding and stopping a state folder's daemon, from the client's side. Standard library only.

Readiness and death are events here, not guesses: a starting daemon reports through a pipe, a second starter waits on
a lock, and a stopping daemon is waited for by a descriptor of its process.
"""

from __future__ import annotations

import http.client
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from headgate import __version__
from headgate.errors import FailedError, HeadgateError, UserError
from headgate.localcloud.folder import Daemon, Folder

ALREADY_RUNS = "already-runs"
_STOP_SECONDS = 20.0
_LOG_TAIL = 20


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A running local cloud. `url` is what AWS_ENDPOINT_URL is set to; `token` opens its control commands."""

    url: str
    pid: int
    account: str
    state_dir: Path
    token: str = field(repr=False, default="")

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])


@dataclass(frozen=True, slots=True)
class Status:
    """What there is to say about a folder; `endpoint` is None when nothing runs. Sizes are in bytes."""

    state_dir: Path
    exists: bool
    endpoint: Endpoint | None
    health: Mapping[str, Any] = field(default_factory=dict)
    resident_bytes: int | None = None


def ensure_running(
    state_dir: Path,
    *,
    runtimes: Sequence[Mapping[str, Any]] | None = None,
    project: str = "",
    port: int | None = None,
    timeout: float = 60.0,
) -> Endpoint:
    """The folder's daemon, started if it does not run, and told the container runtimes if there are any.

    Two callers that race for one folder get the same daemon. `runtimes` are RuntimeSpec.as_json() objects; they replace
    what the daemon had of this project, which its folder names, or had of no project. Raises UserError (the port is
    taken or another one, the folder is from a newer Headgate, the daemon is of another one) and FailedError (it did
    not start within `timeout` seconds; the log's end is in the details).
    """
    folder = Folder(state_dir.resolve())
    folder.check_version()
    running = folder.daemon()
    if running is None or not _answers(folder, running):
        with folder.starting():
            running = _living(folder, timeout) or _start(folder, port, timeout)
    endpoint = _endpoint(folder, running)
    if port and endpoint.port != port:
        raise UserError(
            f"the local cloud of this folder already runs on port {endpoint.port}, not {port}",
            where=str(folder.root),
            expected=f"--port {endpoint.port}, or a stopped one",
            next_command="headgate cloud down",
        )
    if running.version != __version__:
        raise UserError(
            f"the local cloud of this folder runs Headgate {running.version}, and this is {__version__}",
            where=str(folder.root),
            expected="a cloud that is started anew; what it holds stays",
            next_command="headgate cloud down",
        )
    if runtimes is not None:
        tell_runtimes(endpoint, runtimes, project)
    return endpoint


def tell_runtimes(endpoint: Endpoint, runtimes: Sequence[Mapping[str, Any]], project: str = "") -> None:
    """Hand over the container runtimes of a project, by its folder, or those that are no project's."""
    control(endpoint, "POST", "runtimes", {"project": project, "specs": list(runtimes)})


def status(state_dir: Path) -> Status:
    """Whether a daemon runs on the folder, and how it is. Never starts one."""
    folder = Folder(state_dir.resolve())
    running = folder.daemon()
    if running is None:
        return Status(folder.root, folder.root.is_dir(), None)
    endpoint = _endpoint(folder, running)
    return Status(folder.root, True, endpoint, control(endpoint, "GET", "health"), _resident(endpoint.pid))


def stop(state_dir: Path, *, timeout: float = _STOP_SECONDS) -> bool:
    """Stop the folder's daemon and everything it runs; false if none ran. Raises FailedError if it will not die."""
    folder = Folder(state_dir.resolve())
    if folder.holder() is None:
        folder.daemon_file.unlink(missing_ok=True)
        return False
    with folder.starting():
        pid = folder.holder()
        if not pid:
            return False
        running = folder.daemon()
        with _Process(pid, folder) as process:
            asked = running is not None and _ask_to_stop(_endpoint(folder, running), min(timeout, 5.0))
            if asked and process.ended(timeout):
                return True
            for number, patience in ((signal.SIGTERM, timeout), (signal.SIGKILL, 5.0)):
                process.signal(number)
                if process.ended(patience):
                    folder.daemon_file.unlink(missing_ok=True)
                    return True
    raise FailedError(f"the daemon (pid {pid}) does not end", where=str(folder.root))


def reset(state_dir: Path) -> list[Path]:
    """Stop the daemon and remove what the local cloud keeps in the folder; returns what was removed."""
    stop(state_dir)
    folder = Folder(state_dir.resolve())
    removed = folder.contents()
    for path in removed:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    return removed


def control(endpoint: Endpoint, method: str, command: str, body: object = None, *, timeout: float = 30.0) -> Any:
    """One control command; returns its JSON answer. Raises FailedError if the daemon refuses it or is gone."""
    connection = http.client.HTTPConnection("127.0.0.1", endpoint.port, timeout=timeout)
    payload = b"" if body is None else json.dumps(body).encode()
    headers = {"x-headgate-token": endpoint.token, "content-type": "application/json"}
    try:
        connection.request(method, f"/_headgate/{command}", payload, headers)
        response = connection.getresponse()
        answer = json.loads(response.read() or b"null")
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise FailedError(
            f"the local cloud does not answer: {error}", where=endpoint.url, next_command="headgate cloud status"
        ) from error
    finally:
        connection.close()
    if response.status != http.client.OK:
        raise FailedError(f"the local cloud refused '{command}': {answer.get('message', answer)}", where=endpoint.url)
    return answer


def _living(folder: Folder, timeout: float) -> Daemon | None:
    """The daemon that answers; one that is just ending is waited for. Raises FailedError if it does neither."""
    pid = folder.holder()
    if not pid:
        return None
    with _Process(pid, folder) as process:
        running = folder.daemon()
        if running is not None and _answers(folder, running):
            return running
        if process.ended(timeout):
            return None
    raise FailedError(
        f"the daemon (pid {pid}) neither answers nor ends", where=str(folder.log), next_command="headgate cloud down"
    )


def _answers(folder: Folder, daemon: Daemon) -> bool:
    try:
        control(_endpoint(folder, daemon), "GET", "health", timeout=5.0)
    except FailedError:
        return False
    return True


def _endpoint(folder: Folder, daemon: Daemon) -> Endpoint:
    return Endpoint(daemon.url, daemon.pid, daemon.account, folder.root, daemon.token)


def _start(folder: Folder, port: int | None, timeout: float) -> Daemon:
    folder.prepare()
    reading, writing = os.pipe()
    command = [sys.executable, "-P", "-m", "headgate.localcloud", "--detach", "--state-dir", str(folder.root)]
    command += ["--ready-descriptor", str(writing)] + (["--port", str(port)] if port else [])
    try:
        try:
            _spawn(command, folder.root, writing)
        finally:
            os.close(writing)
        message = _read_report(reading, timeout)
    finally:
        os.close(reading)
    if "ready" in message:
        return Daemon(**message["ready"])
    if message.get("error") == ALREADY_RUNS:
        running = folder.daemon()
        if running is not None:
            return running
    raise _start_error(folder, message)


def _spawn(command: list[str], folder: Path, descriptor: int) -> None:
    """Run the daemon's first process, which ends as soon as it has left the daemon to itself."""
    nowhere = subprocess.DEVNULL
    subprocess.run(
        command,
        env=_environment(os.environ),
        pass_fds=(descriptor,),
        stdin=nowhere,
        stdout=nowhere,
        stderr=nowhere,
        cwd=folder,
        start_new_session=True,
        check=False,
    )


def _environment(inherited: Mapping[str, str]) -> dict[str, str]:
    """The daemon's environment: nothing of the user's AWS settings may leak into a cloud of their own."""
    kept = {name: value for name, value in inherited.items() if not name.startswith(("AWS_", "MOTO_"))}
    return {
        **kept,
        "PYTHONHASHSEED": "0",
        "MALLOC_ARENA_MAX": "2",  # many threads would each grow an arena
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def _read_report(descriptor: int, timeout: float) -> dict[str, Any]:
    """The daemon's one line; empty if it died without a word or said nothing in time."""
    deadline = time.monotonic() + timeout
    data = b""
    while not data.endswith(b"\n"):
        ready, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
        piece = os.read(descriptor, 65536) if ready else b""
        if not piece:
            return {}
        data += piece
    report: dict[str, Any] = json.loads(data)
    return report


def _start_error(folder: Folder, message: Mapping[str, Any]) -> HeadgateError:
    if message.get("exit_code") == UserError.exit_code:
        return UserError(
            str(message["message"]),
            where=message.get("file"),
            expected=message.get("expected"),
            next_command=message.get("next_command"),
        )
    tail: tuple[str, ...] = ()
    with suppress(OSError):
        tail = tuple(folder.log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_TAIL:])
    return FailedError(
        str(message.get("message") or "the local cloud did not start"),
        where=str(folder.log),
        next_command="headgate doctor",
        details=tail,
    )


def _ask_to_stop(endpoint: Endpoint, timeout: float) -> bool:
    try:
        control(endpoint, "POST", "stop", timeout=timeout)
    except FailedError:
        return False
    return True


class _Process:
    """The daemon's process, held by descriptor where the system has those, so that a reused pid is never meant."""

    def __init__(self, pid: int, folder: Folder) -> None:
        self._pid = pid
        self._folder = folder
        self._descriptor: int | None = None
        if hasattr(os, "pidfd_open"):
            with suppress(ProcessLookupError):
                self._descriptor = os.pidfd_open(pid)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)

    def ended(self, timeout: float) -> bool:
        """Wait at most so many seconds for the end."""
        if self._descriptor is not None:
            ready, _, _ = select.select([self._descriptor], [], [], timeout)
            return bool(ready)
        deadline = time.monotonic() + timeout
        while self._folder.holder() == self._pid:  # no descriptors of processes here: the lock tells
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            if self._descriptor is not None:
                signal.pidfd_send_signal(self._descriptor, number)
            elif self._folder.holder() == self._pid:
                os.kill(self._pid, number)


def _resident(pid: int) -> int | None:
    """Resident memory of a process, in bytes; None where /proc does not tell."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")
