"""HTTP/1.1 on loopback over the standard library's server, one thread per connection.

A thread per connection and not a pool: what runs in the cloud calls the cloud again (a Lambda handler that is being
invoked, say), and a pool whose workers all wait for such calls would never answer them. WSGI is not used because it
loses header names with underscores, which S3 metadata has.
"""

from __future__ import annotations

import contextlib
import io
import logging
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler
from typing import BinaryIO, cast

from headgate.localcloud.seams import HttpResponse

_LOG = logging.getLogger(__name__)

_LINE_LIMIT = 65536
_DRAIN_LIMIT = 1 << 20
_BODYLESS = frozenset({204, 304})


@dataclass(frozen=True, slots=True)
class WireRequest:
    """One request as it came over the wire. `target` is path and query as sent; header names are lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: BinaryIO


Handler = Callable[[WireRequest], HttpResponse]


class BadRequestError(Exception):
    """The bytes are not HTTP; the connection is answered with 400 and closed."""


class _Body(io.RawIOBase):
    """A request's body, by its length or in chunks. Asks for it (100 Continue) when it is first read."""

    def __init__(self, source: BinaryIO, length: int | None, ask: Callable[[], None] | None) -> None:
        self._source = source
        self._chunked = length is None
        self._left = length or 0
        self._ended = length == 0
        self._ask = ask

    @property
    def untouched(self) -> bool:
        """Whether the client still waits to be asked for the body."""
        return self._ask is not None and not self._ended

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        if self._ask is not None:
            self._ask()
            self._ask = None
        if self._chunked and self._left == 0 and not self._ended:
            self._next_chunk()
        if self._ended:
            return 0
        view = memoryview(buffer)[: min(len(buffer), self._left)]
        count = self._source.readinto(view)  # type: ignore[attr-defined]
        if not count:
            raise ConnectionError("the client closed the connection in the middle of a body")
        self._left -= count
        if self._left == 0:
            self._finish_piece()
        return int(count)

    def _next_chunk(self) -> None:
        size = _line(self._source).partition(b";")[0].strip()
        try:
            self._left = int(size, 16)
        except ValueError as error:
            raise BadRequestError(f"chunk size {size!r} is no hexadecimal number") from error
        if self._left == 0:
            while _line(self._source) != b"":
                pass
            self._ended = True

    def _finish_piece(self) -> None:
        if self._chunked:
            _line(self._source)
        else:
            self._ended = True


def _line(source: BinaryIO) -> bytes:
    """One line without its end. Raises BadRequestError when it is too long or cut off."""
    line = source.readline(_LINE_LIMIT + 1)
    if not line.endswith(b"\n"):
        raise BadRequestError("a line is longer than 64 KB or cut off")
    return line.rstrip(b"\r\n")


class _Connection(BaseHTTPRequestHandler):
    """Requests of one client, one after the other, until either side closes. The standard library reads the HTTP."""

    protocol_version = "HTTP/1.1"
    default_request_version = "HTTP/1.1"  # even a first line that makes no sense is answered with a status line
    error_content_type = "text/plain"
    error_message_format = "%(message)s: %(explain)s\n"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: HttpServer

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):
            super().handle()

    def handle_expect_100(self) -> bool:
        """The body is asked for when it is first read, not before: a request may be refused without it."""
        return True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's signature
        """Requests are not logged one by one."""

    def serve(self) -> None:
        """Answer one request, and see to it that the next one begins where it should."""
        try:
            headers = _headers(self.headers)
            raw = _Body(cast("BinaryIO", self.rfile), _length(headers), self._asker(headers))
            body = cast("BinaryIO", io.BufferedReader(raw, 65536))
            with self.server.busy():
                target = self.path if self.path.startswith("/") else _path_of(self.path)
                response = self.server.handler(WireRequest(self.command, target, headers, body))
                self.close_connection = self.close_connection or raw.untouched
                self._send(response)
            self.close_connection = self.close_connection or not _drained(body)
        except BadRequestError as error:
            self.send_error(400, explain=str(error))

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = serve  # noqa: N815 - the library's names

    def _asker(self, headers: Mapping[str, str]) -> Callable[[], None] | None:
        if self.request_version == "HTTP/1.1" and headers.get("expect", "").lower() == "100-continue":
            return self._continue
        return None

    def _continue(self) -> None:
        self.send_response_only(100)
        self.end_headers()
        self.wfile.flush()

    def _send(self, response: HttpResponse) -> None:
        headers = {name.lower(): value for name, value in response.headers.items()}
        bodyless = response.status in _BODYLESS or self.command == "HEAD"
        chunked = False
        if isinstance(response.body, bytes):
            if response.status not in _BODYLESS and not (bodyless and "content-length" in headers):
                headers["content-length"] = str(len(response.body))
        elif "content-length" not in headers and not bodyless:
            chunked = self.request_version == "HTTP/1.1"
            self.close_connection = self.close_connection or not chunked
            if chunked:
                headers["transfer-encoding"] = "chunked"
        headers.setdefault("date", self.date_time_string())
        headers.setdefault("server", "headgate")
        self.send_response_only(response.status)
        for name, value in headers.items():
            self.send_header(name, value.encode("utf-8", "surrogateescape").decode("latin-1"))
        closing = self.close_connection
        self.send_header("connection", "close" if closing else "keep-alive")
        self.close_connection = closing
        self.end_headers()
        try:
            for piece in () if bodyless else _pieces(response):
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
            if chunked:
                self.wfile.write(b"0\r\n\r\n")
            self.wfile.flush()
        finally:
            _close(response)


def _pieces(response: HttpResponse) -> Iterator[bytes]:
    body = [response.body] if isinstance(response.body, bytes) else response.body
    return (piece for piece in body if piece)


def _close(response: HttpResponse) -> None:
    """Let a streaming body release its file even when nobody reads it."""
    close = getattr(response.body, "close", None)
    if close is not None:
        close()


def _path_of(target: str) -> str:
    """The path of an absolute target (`http://host/path`), as proxies send it."""
    return "/" + target.partition("://")[2].partition("/")[2]


def _headers(message: Message) -> dict[str, str]:
    """Headers by lower-case name; one that is repeated is joined with commas. Raises BadRequestError."""
    if message.defects:
        raise BadRequestError(f"the headers are malformed: {type(message.defects[0]).__name__}")
    headers: dict[str, str] = {}
    for name, value in message.items():
        text = value.strip().encode("latin-1", "surrogateescape").decode("utf-8", "surrogateescape")
        key = name.lower()
        headers[key] = f"{headers[key]},{text}" if key in headers else text
    return headers


def _length(headers: Mapping[str, str]) -> int | None:
    """The body's length, or None when it comes in chunks."""
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return None
    text = headers.get("content-length", "0")
    if not text.isdigit():
        raise BadRequestError(f"content-length {text!r} is no number")
    return int(text)


def _drained(body: BinaryIO) -> bool:
    """Read what the handler left of the body; false if it is too much to bother."""
    left = _DRAIN_LIMIT
    while left > 0:
        count = len(body.read(65536))
        if not count:
            return True
        left -= count
    return False


class HttpServer(socketserver.ThreadingTCPServer):
    """Listens on 127.0.0.1. `handler` must answer everything; what it raises closes the connection.

    Raises OSError (EADDRINUSE) when the port is taken; port 0 means any free one.
    """

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 256

    def __init__(self, port: int, handler: Handler) -> None:
        self.handler = handler
        self._active = 0
        self._changed = threading.Condition()
        super().__init__(("127.0.0.1", port), _Connection)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    @contextlib.contextmanager
    def busy(self) -> Iterator[None]:
        """Counts a request as being served, for `drain`."""
        with self._changed:
            self._active += 1
        try:
            yield
        finally:
            with self._changed:
                self._active -= 1
                self._changed.notify_all()

    def drain(self, timeout: float) -> bool:
        """Stop accepting, then wait for requests being served, at most `timeout` seconds; true if none is left."""
        ending = threading.Thread(target=self.shutdown)
        ending.start()
        while ending.is_alive():  # the accepting thread looks up when somebody connects
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port)).close()
            ending.join(0.01)
        self.server_close()
        with self._changed:
            return self._changed.wait_for(lambda: self._active == 0, timeout)

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002 - socketserver's signature
        """What the handler lets through is a bug: it is logged, and costs its connection only."""
        _LOG.error("connection from %s failed", client_address, exc_info=True)
