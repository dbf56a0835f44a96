"""A small HTTP/1.1 server for one model: keep-alive, pipelining, chunked bodies; one event loop, one model thread.

Models are called one at a time, as each worker of SageMaker's containers does. Calls that have been quick are made on
the event loop itself, which saves two changes of thread; a model that takes longer gets a thread of its own, so that
`/ping` is answered while it works.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import os
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol

MAX_BODY = 100 * 1024 * 1024
_MAX_HEAD = 64 * 1024
_QUICK_SECONDS = 0.005
_REASONS = {
    200: "OK",
    204: "No Content",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    411: "Length Required",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


@dataclass(frozen=True, slots=True)
class Request:
    """One request; header names are lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def content_type(self) -> str | None:
        return self.headers.get("content-type")

    @property
    def accept(self) -> str | None:
        """The Accept header, None when it allows anything."""
        given = self.headers.get("accept", "").split(",")[0].strip()
        return None if given in {"", "*/*"} else given


@dataclass(frozen=True, slots=True)
class Response:
    """One answer."""

    body: bytes
    content_type: str = "application/json"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class BadRequestError(Exception):
    """The client's mistake; `status` is the HTTP status and the text the answer's body."""

    def __init__(self, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.status = status


class Model(Protocol):
    """What answers invocations."""

    def invoke(self, request: Request) -> Response:
        """Answer `POST /invocations`. Raises BadRequestError for the client's mistakes."""
        ...


class Host:
    """The contract's three routes around a model."""

    def __init__(self, model: Model, *, log: Callable[[str], None]) -> None:
        self._model = model
        self._log = log
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="model")
        self._typical = 1.0
        """Seconds that calls have lately taken; the first goes to the thread."""

    async def answer(self, request: Request) -> Response:
        """The response to any request."""
        if request.path == "/invocations":
            if request.method != "POST":
                return Response(b"use POST", "text/plain", 405)
            return await self._invoke(request)
        if request.method != "GET":
            return Response(b"use GET", "text/plain", 405)
        if request.path == "/ping":
            return Response(b"\n")
        if request.path == "/execution-parameters":
            return Response(execution_parameters())
        return Response(b"not found", "text/plain", 404)

    async def _invoke(self, request: Request) -> Response:
        if self._typical < _QUICK_SECONDS:
            return self._call(request)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._call, request)

    def _call(self, request: Request) -> Response:
        start = time.perf_counter()
        try:
            response = self._model.invoke(request)
        except BadRequestError as error:
            self._log(f"{error.status} {error}")
            response = Response(str(error).encode(), "text/plain", error.status)
        except Exception as error:
            trace = traceback.format_exc()
            self._log(trace.rstrip())
            status = getattr(error, "status_code", 500)
            response = Response(f"{error}\n{trace}".encode(), "text/plain", status if isinstance(status, int) else 500)
        taken = time.perf_counter() - start
        self._typical = taken if taken > _QUICK_SECONDS else 0.8 * min(self._typical, 0.05) + 0.2 * taken
        return response


def execution_parameters() -> bytes:
    """What batch transform asks a container for: how many requests at once, of what size, of how many records."""
    return json.dumps(
        {"MaxConcurrentTransforms": os.cpu_count() or 1, "BatchStrategy": "MULTI_RECORD", "MaxPayloadInMB": 6}
    ).encode()


class _Connection(asyncio.Protocol):
    """One client's connection: requests are parsed as bytes arrive, and answered in order."""

    def __init__(self, host: Host, open_connections: set[_Connection]) -> None:
        self._host = host
        self._open = open_connections
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self._busy: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  what the type checker cannot know
        self._transport = transport
        self._open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._open.discard(self)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._busy is None:
            self._next()

    def finish(self) -> asyncio.Task[None] | None:
        """Close when nothing is under way; else the task that is."""
        if self._busy is None and self._transport is not None:
            self._transport.close()
        return self._busy

    def _next(self) -> None:
        try:
            parsed = parse_request(self._buffer, self._continue)
        except BadRequestError as error:
            self._send(Response(str(error).encode(), "text/plain", error.status), keep=False)
            return
        if parsed is None:
            return
        request, consumed = parsed
        del self._buffer[:consumed]
        self._busy = asyncio.get_running_loop().create_task(self._answer(request))

    async def _answer(self, request: Request) -> None:
        keep = request.headers.get("connection", "").lower() != "close"
        try:
            self._send(await self._host.answer(request), keep=keep)
        finally:
            self._busy = None
        if keep and self._buffer:
            self._next()

    def _continue(self) -> None:
        if self._transport is not None:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _send(self, response: Response, *, keep: bool) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        extra = "".join(f"{name}: {value}\r\n" for name, value in response.headers.items())
        close = "" if keep else "connection: close\r\n"
        head = (
            f"HTTP/1.1 {response.status} {_REASONS.get(response.status, '')}\r\n"
            f"content-type: {response.content_type}\r\ncontent-length: {len(response.body)}\r\n{extra}{close}\r\n"
        )
        self._transport.write(head.encode("latin-1", "replace") + response.body)
        if not keep:
            self._transport.close()


def parse_request(buffer: bytearray, send_continue: Callable[[], None]) -> tuple[Request, int] | None:
    """The first request in a buffer and its length in bytes; None while it is not all there.

    Raises:
        BadRequestError: no HTTP, or too large.
    """
    end = buffer.find(b"\r\n\r\n")
    if end < 0:
        if len(buffer) > _MAX_HEAD:
            raise BadRequestError("the request's headers are too large", 413)
        return None
    first, *lines = bytes(buffer[:end]).decode("latin-1").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1"):
        raise BadRequestError("not an HTTP/1.1 request")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    start = end + 4
    if "chunked" in headers.get("transfer-encoding", "").lower():
        decoded = _chunks(buffer, start)
    else:
        length = headers.get("content-length", "0")
        if not length.isdigit():
            raise BadRequestError("content-length is not a number")
        if int(length) > MAX_BODY:
            raise BadRequestError(f"the payload is larger than {MAX_BODY} bytes", 413)
        stop = start + int(length)
        decoded = (bytes(buffer[start:stop]), stop) if len(buffer) >= stop else None
    if decoded is None:
        if headers.get("expect", "").lower() == "100-continue" and len(buffer) == start:
            send_continue()
        return None
    return Request(words[0], words[1].partition("?")[0], headers, decoded[0]), decoded[1]


def _chunks(buffer: bytearray, position: int) -> tuple[bytes, int] | None:
    body = bytearray()
    while True:
        line = buffer.find(b"\r\n", position)
        if line < 0:
            return None
        try:
            size = int(bytes(buffer[position:line]).partition(b";")[0], 16)
        except ValueError as error:
            raise BadRequestError("a chunk's size is not a number") from error
        if len(body) + size > MAX_BODY:
            raise BadRequestError(f"the payload is larger than {MAX_BODY} bytes", 413)
        stop = line + 2 + size + 2
        if len(buffer) < stop:
            return None
        if size == 0:
            return bytes(body), stop
        body += buffer[line + 2 : stop - 2]
        position = stop


def serve(load: Callable[[], Model], *, log: Callable[[str], None] | None = None) -> int:
    """Load a model and answer for it until TERM, on 127.0.0.1 at `SAGEMAKER_BIND_TO_PORT` (else 8080).

    Nothing listens before the model is there, so `/ping` cannot be answered too early. Requests under way at TERM are
    answered before the program ends.
    """
    write = log or _to_standard_error
    port = int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))
    start = time.perf_counter()
    try:
        model = load()
    except Exception as error:
        write(traceback.format_exc().rstrip())
        write(f"the model could not be loaded: {error or type(error).__name__}")
        return 1
    try:
        listener = socket.create_server(("127.0.0.1", port), backlog=1024)
    except OSError as error:
        write(f"port {port} is taken: {error.strerror}")
        return 1
    write(f"model loaded in {time.perf_counter() - start:.2f} s")
    asyncio.run(_run(Host(model, log=write), listener, write))
    return 0


def _to_standard_error(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


async def _run(host: Host, listener: socket.socket, log: Callable[[str], None]) -> None:
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError, RuntimeError):
            loop.add_signal_handler(number, stopping.set)
    connections: set[_Connection] = set()
    server = await loop.create_server(functools.partial(_Connection, host, connections), sock=listener)
    log(f"listening on port {listener.getsockname()[1]}")
    await stopping.wait()
    server.close()
    if under_way := [task for connection in list(connections) if (task := connection.finish())]:
        await asyncio.wait(under_way)
    for connection in list(connections):
        connection.finish()
