"""The daemon's side of running handlers: code on disk, a call to the fork server, a deadline, the log."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from headgate.localcloud.errors import unsupported
from headgate.localcloud.functions.values import Function, Outcome
from headgate.localcloud.seams import Caller, Clock, Json

_START_SECONDS = 30.0
_KEPT_VARIABLES = ("PATH", "LD_LIBRARY_PATH", "SSL_CERT_FILE")

Credentials = Callable[[Caller, str, str], Mapping[str, str]]
"""Takes a caller, a role's ARN and the session's name, returns environment variables."""

AddressFor = Callable[[Function], str]
"""The cloud's address for what a function calls: its VPC's, if it is in one."""

WriteLog = Callable[[Function, str, str], None]
"""Takes a function, the name of a log stream and the text of a call's log."""


class FunctionRunner:
    """Calls handlers. The fork server starts with the first call; `close` ends it and every handler."""

    def __init__(
        self, folder: Path, credentials: Credentials, address_for: AddressFor, write_log: WriteLog, clock: Clock
    ) -> None:
        self._folder = folder
        self._credentials = credentials
        self._address_for = address_for
        self._write_log = write_log
        self._clock = clock
        self._lock = threading.Lock()
        self._server: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def invoke(self, function: Function, event: str) -> Outcome:
        """Run the handler on a JSON event until it returns, fails, dies or takes too long.

        Raises AwsError (501) for runtimes other than Python.
        """
        if not function.runtime.startswith("python3"):
            raise unsupported(f"the Lambda runtime '{function.runtime or 'of a container image'}' (only python3.*)")
        request_id = str(uuid.uuid4())
        day = time.strftime("%Y/%m/%d", time.gmtime(self._clock.now()))
        stream = f"{day}/[{function.version}]{uuid.uuid4().hex}"
        call = self._call(function, event, request_id, stream)
        started = time.monotonic()
        with tempfile.TemporaryFile() as output:
            answer = self._supervise(call, function.timeout, output)
            output.seek(0)
            printed = output.read().decode("utf-8", "replace")
        log = _log(function, request_id, printed, answer, time.monotonic() - started)
        self._write_log(function, stream, log)
        return Outcome(str(answer["payload"]), bool(answer["failed"]), log)

    def close(self) -> None:
        with self._lock:
            if self._control is not None:
                self._control.close()
                self._control = None
            if self._server is not None:
                self._server.kill()
                self._server.wait()
                self._server = None

    def _call(self, function: Function, event: str, request_id: str, stream: str) -> Json:
        path = [str(self._unpacked(function.code))]
        for layer in function.layers:
            folder = self._unpacked(layer)
            path += [str(found) for found in (folder / "python", folder) if found.is_dir()]
        return {
            "name": function.name,
            "version": function.version,
            "arn": function.arn,
            "memory": function.memory,
            "timeout": function.timeout,
            "handler": function.handler,
            "event": event,
            "request_id": request_id,
            "log_group": function.log_group,
            "log_stream": stream,
            "path": path,
            "environment": self._environment(function, path[0], stream),
        }

    def _environment(self, function: Function, code: str, stream: str) -> dict[str, str]:
        source = {"aws:SourceArn": function.arn, "aws:SourceAccount": function.account}
        caller = Caller(function.account, function.region, service="lambda.amazonaws.com", context=source)
        return {
            **{name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ},
            "HOME": tempfile.gettempdir(),
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "PYTHONDONTWRITEBYTECODE": "1",
            **function.environment,
            "_HANDLER": function.handler,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_VERSION": function.version,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
            "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
            "AWS_LAMBDA_LOG_STREAM_NAME": stream,
            "LAMBDA_TASK_ROOT": code,
            **self._credentials(caller, function.role_arn, function.name),
            "AWS_ENDPOINT_URL": self._address_for(function),
        }

    def _unpacked(self, archive: bytes) -> Path:
        """The archive's folder, by its digest: unpacked once, whole or not at all."""
        folder = self._folder / hashlib.sha256(archive).hexdigest()
        if folder.is_dir():
            return folder
        self._folder.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(dir=self._folder, prefix=".unpacking-"))
        try:
            with zipfile.ZipFile(io.BytesIO(archive)) as zipped:
                zipped.extractall(staging)
            with suppress(FileExistsError, OSError):
                staging.rename(folder)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        return folder

    def _supervise(self, call: Json, timeout: float, output: BinaryIO) -> Json:
        connection = self._connect(output)
        with connection, connection.makefile("rwb") as stream:
            connection.settimeout(_START_SECONDS)
            hello = stream.readline()
            if not hello:
                return _exited(call)
            connection.settimeout(timeout)
            deadline = time.monotonic() + timeout
            try:
                stream.write(json.dumps(call).encode() + b"\n")
                stream.flush()
                line = stream.readline()
            except TimeoutError:
                _kill(int(json.loads(hello)["pid"]))
                return _timed_out(call, timeout)
            except ConnectionError:
                line = b""
            if time.monotonic() > deadline:
                return _timed_out(call, timeout)
            answer: Json = json.loads(line) if line.endswith(b"\n") else _exited(call)
            return answer

    def _connect(self, output: BinaryIO) -> socket.socket:
        """A socket to a fresh child; the fork server is started, or started again if it died."""
        ours, theirs = socket.socketpair()
        with theirs, self._lock:
            for attempt in (1, 2):
                control = self._running()
                try:
                    socket.send_fds(control, [b"c"], [theirs.fileno(), output.fileno()])
                    break
                except OSError:
                    if attempt == 2:
                        ours.close()
                        raise
                    self._server = None
        return ours

    def _running(self) -> socket.socket:
        if self._control is not None and self._server is not None and self._server.poll() is None:
            return self._control
        if self._control is not None:
            self._control.close()
        ours, theirs = socket.socketpair()
        module = "headgate.localcloud.functions.forkserver"
        with theirs:
            self._server = subprocess.Popen(
                [sys.executable, "-P", "-m", module, str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._control = ours
        return ours


def _kill(pid: int) -> None:
    """End a handler and whatever it started: it leads a session of its own."""
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def _timed_out(call: Json, timeout: float) -> Json:
    message = f"RequestId: {call['request_id']} Error: Task timed out after {timeout:.2f} seconds"
    return {"failed": True, "payload": json.dumps({"errorType": "Sandbox.Timedout", "errorMessage": message})}


def _exited(call: Json) -> Json:
    message = f"RequestId: {call['request_id']} Error: Runtime exited without providing a reason"
    return {"failed": True, "payload": json.dumps({"errorType": "Runtime.ExitError", "errorMessage": message})}


def _log(function: Function, request_id: str, printed: str, answer: Mapping[str, Any], seconds: float) -> str:
    """The call's log with the lines that Lambda puts around what the handler prints."""
    milliseconds = seconds * 1000
    lines = [f"START RequestId: {request_id} Version: {function.version}", *printed.splitlines()]
    error = json.loads(answer["payload"]) if answer["failed"] else {}
    if error.get("errorType") in {"Sandbox.Timedout", "Runtime.ExitError"}:
        lines.append(error["errorMessage"])
    duration = f"Duration: {milliseconds:.2f} ms\tBilled Duration: {int(milliseconds) + 1} ms"
    lines += [
        f"END RequestId: {request_id}",
        f"REPORT RequestId: {request_id}\t{duration}\tMemory Size: {function.memory} MB",
    ]
    return "\n".join(lines) + "\n"
