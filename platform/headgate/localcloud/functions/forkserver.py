"""A small process that has boto3 loaded and forks a child for every call of a handler.

`python -m headgate.localcloud.functions.forkserver DESCRIPTOR`: over that socket arrive, for every call, two
descriptors: a socket to the daemon and a file for the handler's output. The child says its pid first, then reads the
call, then answers; both are one line of JSON. When the daemon is gone the socket ends, and so does everything.
"""

from __future__ import annotations

import ctypes
import io
import json
import os
import signal
import socket
import sys
from contextlib import suppress
from typing import Any, NoReturn, cast

from headgate.localcloud import sdk_data
from headgate.localcloud.functions.handler import call_handler, forget_bundled

_PR_SET_PDEATHSIG = 1


def main(descriptor: int) -> None:
    """Serve until the daemon closes its end."""
    control = socket.socket(fileno=descriptor)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children are reaped by the kernel
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    wanted = _Wanted()
    _preload(wanted)
    while True:
        data, descriptors, _, _ = socket.recv_fds(control, 1, 2)
        if not data:
            return
        wanted.read_ahead()
        if os.fork() == 0:
            control.close()
            _child(*descriptors)
        for number in descriptors:
            os.close(number)


class _Wanted:
    """The SDK's data files that children have read: the server reads them too, and the next children find them."""

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)
        self._server = os.getpid()

    def tell(self, file_path: str) -> None:
        """A child has read a file. The pipe may be full: then a later child tells."""
        if os.getpid() != self._server:
            with suppress(OSError):
                os.write(self._writer, file_path.encode() + b"\n")

    def read_ahead(self) -> None:
        """Read what children have told of; lines are whole, as they are shorter than a pipe writes at once."""
        with suppress(BlockingIOError):
            for line in os.read(self._reader, 65536).splitlines():
                sdk_data.read(line.decode())


def _preload(wanted: _Wanted) -> None:
    """What nearly every handler imports; forked children share it."""
    import boto3

    sdk_data.share(wanted.tell)
    none = "none"
    boto3.Session(aws_access_key_id=none, aws_secret_access_key=none, region_name="us-east-1").client("sts")


def _child(connection: int, output: int) -> NoReturn:
    """One call, start to end; never returns."""
    os.setsid()
    _die_with_parent()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    status = 1
    try:
        with socket.socket(fileno=connection) as daemon, daemon.makefile("rwb") as stream:
            stream.write(json.dumps({"pid": os.getpid()}).encode() + b"\n")
            stream.flush()
            line = stream.readline()
            if line:
                answer = _run(json.loads(line), output)
                stream.write(json.dumps(answer).encode() + b"\n")
        status = 0
    finally:
        os._exit(status)


def _run(call: dict[str, Any], output: int) -> dict[str, Any]:
    for number in (1, 2):
        os.dup2(output, number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for stream in (sys.stdout, sys.stderr):
        cast("io.TextIOWrapper", stream).reconfigure(line_buffering=True)  # a killed handler's lines are not lost
    folders: list[str] = call["path"]
    os.environ.clear()
    os.environ.update(call["environment"])
    os.chdir(folders[0])
    forget_bundled(folders)
    sys.path[:0] = folders
    answer = call_handler(call)
    sys.stdout.flush()
    sys.stderr.flush()
    return answer


def _die_with_parent() -> None:
    """Linux only: a handler must not outlive the server that started it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == 1:
            os._exit(1)


if __name__ == "__main__":
    main(int(sys.argv[1]))
