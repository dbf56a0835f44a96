"""One daemon on one state folder, from its lock to its last breath."""

from __future__ import annotations

import json
import logging
import os
import secrets
import signal
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from headgate import __version__
from headgate.errors import FailedError, HeadgateError, UserError
from headgate.localcloud.folder import Daemon, Folder
from headgate.localcloud.seams import HttpResponse, StateFolder
from headgate.localcloud.server.http import Handler, HttpServer, WireRequest

_LOG = logging.getLogger("headgate.localcloud")
_LOG_LIMIT = 10 << 20
_DRAIN_SECONDS = 3.0

ALREADY_RUNS = "already-runs"


@dataclass(frozen=True, slots=True)
class Options:
    """`port` None means the last one, or any free one. `ready` is a descriptor to report to, once."""

    state: Path
    port: int | None = None
    ready: int | None = None


class _Wire:
    """Lets the server be bound before there is anything to call: a taken port fails first, and at no cost."""

    def __init__(self) -> None:
        self._handler: Handler | None = None

    def connect(self, handler: Handler) -> None:
        self._handler = handler

    def __call__(self, request: WireRequest) -> HttpResponse:
        if self._handler is None:
            raise ConnectionError("the daemon is still starting")
        return self._handler(request)


def run(options: Options) -> int:
    """Serve until told to stop; returns the exit code. What keeps it from starting goes to `ready` and the log."""
    folder = Folder(options.state)
    lock = None
    try:
        folder.prepare()
        lock = folder.claim()
        if lock is None:
            _report(options.ready, {"error": ALREADY_RUNS})
            return 0
        _serve(folder, options)
    except HeadgateError as error:
        _LOG.error("%s", error.message)
        _give_up(options, lock, error.exit_code, error.as_json())
        return error.exit_code
    except Exception as error:
        _LOG.exception("the daemon failed to start")
        _give_up(options, lock, FailedError.exit_code, {"message": f"the daemon failed to start: {error!r}"})
        return FailedError.exit_code
    os.close(lock)
    return 0


def _give_up(options: Options, lock: int | None, exit_code: int, error: dict[str, object]) -> None:
    """Free the folder first: whoever reads the report may start the next daemon at once."""
    if lock is not None:
        os.close(lock)
    _report(options.ready, {"error": "failure", "exit_code": exit_code, **error})


def _serve(folder: Folder, options: Options) -> None:
    from headgate.localcloud.cloud import LocalCloud, SystemClock
    from headgate.localcloud.server.identity import DEFAULT_ACCOUNT

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    token = secrets.token_urlsafe(24)
    server, wire = _listen(folder, options.port)
    url = f"http://127.0.0.1:{server.port}"
    cloud = LocalCloud(StateFolder(folder.root), clock=SystemClock(), endpoint_url=lambda: url)
    wire.connect(cloud.application(token, stop.set).handle)
    cloud.start()
    threading.Thread(target=server.serve_forever, name="accept", daemon=True).start()
    daemon = Daemon(os.getpid(), url, DEFAULT_ACCOUNT, __version__, token)
    folder.publish(daemon, server.port)
    _LOG.info("listening on %s, pid %d", url, daemon.pid)
    _report(options.ready, {"ready": daemon.as_json()})
    stop.wait()
    _LOG.info("stopping")
    server.drain(_DRAIN_SECONDS)
    cloud.close()
    folder.daemon_file.unlink(missing_ok=True)
    _LOG.info("stopped")


def _listen(folder: Folder, wish: int | None) -> tuple[HttpServer, _Wire]:
    """The server on the wished port, else on the last one, else on any. Raises UserError if the wished one is taken."""
    wire = _Wire()
    if wish:
        try:
            return HttpServer(wish, wire), wire
        except OSError as error:
            raise UserError(
                f"port {wish} cannot be used: {(error.strerror or str(error)).lower()}",
                where="--port",
                expected="a free port of this machine, or no --port for any free one",
                next_command="headgate cloud up",
            ) from error
    last = folder.last_port()
    try:
        return HttpServer(last, wire), wire
    except OSError as error:
        if last == 0:
            raise FailedError(f"no port of the loopback interface can be used: {error.strerror}") from error
    _LOG.warning("port %d of the last time is taken; using another", last)
    return HttpServer(0, wire), wire


def _report(descriptor: int | None, message: dict[str, object]) -> None:
    """Tell whoever waits for the start, once. It may have given up; that is no error of ours."""
    if descriptor is None:
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()
        return
    try:
        os.write(descriptor, json.dumps(message).encode() + b"\n")
    except BrokenPipeError:
        _LOG.info("nobody waits for the start any more")
    finally:
        os.close(descriptor)


def log_to(file: Path) -> None:
    """Send standard output, errors and logging to the daemon's log; a large old log becomes `daemon.log.1`."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.exists() and file.stat().st_size > _LOG_LIMIT:
        file.replace(file.with_name("daemon.log.1"))
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    for stream in (1, 2):
        os.dup2(descriptor, stream)
    os.close(descriptor)


def configure_logging() -> None:
    """Times in UTC, one line each; other libraries only when they warn."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.WARNING, force=True)
    logging.getLogger("headgate").setLevel(logging.INFO)
