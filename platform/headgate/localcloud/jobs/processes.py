"""Start programs in a sandbox and end them, leaving nothing behind.

Every program is started by one long-lived thread: Linux sends a 'parent died' signal when the *thread* that started
a child ends, so a short-lived thread would take an endpoint's server with it.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from headgate.localcloud.jobs.isolation import Handshake, Isolation, Sandbox, redirected, wrap

MARK = "HEADGATE_JOB"
"""Marks every process of a job in its environment, so that strays can be found without a process namespace."""
_READY = 0.25
_GONE = 2.0


@dataclass(frozen=True, slots=True)
class Program:
    """What to start on one host of a job; paths are as seen inside the sandbox, `file_limit` is in bytes."""

    host: str
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    working_directory: str
    sandbox: Sandbox
    token: str
    file_limit: int | None = None


@dataclass(slots=True)
class Process:
    """A started program. `output` is its standard output and error, non-blocking; `ended` is readable at its end."""

    host: str
    token: str
    output: int
    ended: int
    _popen: subprocess.Popen[bytes]
    _group: int
    _init: int | None = None
    _code: int | None = field(default=None)

    @property
    def pid(self) -> int:
        return self._popen.pid

    def code(self) -> int | None:
        """The exit code, 128 + n for a program ended by signal n, or None while it runs."""
        if self._code is None:
            code = self._popen.poll()
            if code is not None:
                self._code = 128 - code if code < 0 else code
        return self._code

    def terminate(self) -> None:
        """Ask the program and what it started to end (SIGTERM)."""
        self._await_first_child()
        self._signal_group(signal.SIGTERM)

    def kill(self) -> None:
        """End the program and everything it started (SIGKILL)."""
        if self._init is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._init, signal.SIGKILL)
        else:
            self._signal_group(signal.SIGKILL)
        self._popen.kill()

    def close(self) -> int:
        """After its end: make sure that nothing is left, free what it held, and return the exit code."""
        self.kill()
        self._popen.wait()
        code = self.code()
        if self._init is not None:
            select.select([self._init], [], [], _GONE)
            os.close(self._init)
        else:
            kill_strays(self.token)
        for descriptor in (self.output, self.ended):
            os.close(descriptor)
        return 0 if code is None else code

    def _signal_group(self, number: signal.Signals) -> None:
        try:
            os.killpg(self._group, number)
        except ProcessLookupError:
            self._popen.kill()
        except PermissionError:
            self._popen.send_signal(number)

    def _await_first_child(self) -> None:
        # In the millisecond before bwrap's init has started the program, the only member of its group is an init
        # that ignores signals; a stop sent then would be lost.
        if self._init is None:
            return
        children = Path(f"/proc/{self._group}/task/{self._group}/children")
        deadline = time.monotonic() + _READY
        while time.monotonic() < deadline and self._popen.poll() is None:
            with contextlib.suppress(OSError):
                if children.read_text().strip():
                    return
            time.sleep(0.002)


class Spawner:
    """Starts programs, from one thread that lives as long as the daemon."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="headgate-spawn")

    def start(self, isolation: Isolation, program: Program) -> Process:
        """Start a program. Raises OSError when the sandbox itself cannot be started."""
        return self._thread.submit(_start, isolation, program).result()

    def close(self) -> None:
        self._thread.shutdown()


def _start(isolation: Isolation, program: Program) -> Process:
    output, output_end = os.pipe()
    os.set_blocking(output, False)
    handshake = _Handshake() if isolation.name == "bubblewrap" else None
    environment = {**program.environment, MARK: program.token}
    cwd = None
    if isolation.name == "redirect":
        environment = {name: redirected(value, program.sandbox) for name, value in environment.items()}
        cwd = redirected(program.working_directory, program.sandbox)
    theirs = handshake.theirs if handshake else None
    try:
        popen = subprocess.Popen(
            wrap(isolation, program.sandbox, program.argv, cwd=program.working_directory, handshake=theirs),
            env=environment,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output_end,
            stderr=output_end,
            pass_fds=(theirs.info, theirs.block) if theirs else (),
            start_new_session=True,
        )
    except BaseException:
        os.close(output)
        if handshake:
            handshake.abandon()
        raise
    finally:
        os.close(output_end)
    group, init = popen.pid, None
    if handshake:
        group = handshake.inner_pid() or popen.pid
        if isolation.process_namespace and group != popen.pid:
            with contextlib.suppress(ProcessLookupError):
                init = os.pidfd_open(group)
    _limit_files((popen.pid, group), program.file_limit)
    if handshake:
        handshake.release()
    return Process(program.host, program.token, output, os.pidfd_open(popen.pid), popen, group, init)


class _Handshake:
    """Holds bwrap back until the limits of what it has made are set."""

    def __init__(self) -> None:
        self._info, info_end = os.pipe()
        block_end, self._block = os.pipe()
        self.theirs = Handshake(info_end, block_end)

    def inner_pid(self) -> int | None:
        """What bwrap says of the process it has made; None when it failed before that."""
        self._close_theirs()
        text = b""
        with os.fdopen(self._info, "rb", buffering=0) as file:
            while b"}" not in text:
                chunk = file.read(4096)
                if not chunk:
                    return None
                text += chunk
        return int(json.loads(text)["child-pid"])

    def release(self) -> None:
        with contextlib.suppress(BrokenPipeError):
            os.write(self._block, b".")
        os.close(self._block)

    def abandon(self) -> None:
        self._close_theirs()
        os.close(self._info)
        os.close(self._block)

    def _close_theirs(self) -> None:
        os.close(self.theirs.info)
        os.close(self.theirs.block)


def _limit_files(pids: Iterable[int], limit: int | None) -> None:
    if limit is None:
        return
    for pid in set(pids):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (limit, limit))


def kill_strays(token: str) -> int:
    """Kill every process whose environment carries the token, or a token that starts with it and a dot.

    Looks again until there is none left, since one may have started another meanwhile; returns how many there were.
    """
    count = 0
    deadline = time.monotonic() + _GONE
    while time.monotonic() < deadline:
        found = _strays(f"{MARK}={token}".encode())
        if not found:
            break
        count += len(found)
        for pid in found:
            _kill_and_wait(pid)
    return count


def _strays(mark: bytes) -> list[int]:
    found: list[int] = []
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            values = Path(entry.path, "environ").read_bytes().split(b"\0")
            if any(value == mark or value.startswith(mark + b".") for value in values):
                found.append(int(entry.name))
    return found


def _kill_and_wait(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        descriptor = os.pidfd_open(pid)
        try:
            signal.pidfd_send_signal(descriptor, signal.SIGKILL)
            select.select([descriptor], [], [], _GONE)
        finally:
            os.close(descriptor)
