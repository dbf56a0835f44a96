"""A Service behind a small HTTP server of the standard library, and boto3 clients that talk to it."""

from __future__ import annotations

import functools
import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, BinaryIO, cast
from urllib.parse import parse_qsl, unquote

import boto3
from botocore.config import Config

from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Caller, HttpRequest, HttpResponse, Service
from headgate.localcloud.server.protocol import error_response

ACCOUNT = "111111111111"
OTHER = "222222222222"


@dataclass(slots=True)
class FakeClock:
    """Stands still until it is moved. Seconds since the epoch."""

    time: float = 1795244400.0

    def now(self) -> float:
        return self.time


class _Chunked(io.RawIOBase):
    """The body of a request that comes with `Transfer-Encoding: chunked`."""

    def __init__(self, source: BinaryIO) -> None:
        self._source, self._left, self._ended = source, 0, False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._left == 0 and not self._ended:
            self._left = int(self._source.readline().partition(b";")[0], 16)
            if self._left == 0:
                self._ended = True
                self._source.readline()
        if self._ended:
            return 0
        data = self._source.read(min(len(buffer), self._left))
        buffer[: len(data)] = data
        self._left -= len(data)
        if self._left == 0:
            self._source.readline()
        return len(data)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    service: Service
    service_name = "s3"

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""

    def _answer(self, request: HttpRequest) -> HttpResponse:
        try:
            response = self.service.handle(request)
        except AwsError as error:
            return error_response(error, self.service_name, request.headers, "request-1")
        assert response is not None
        return response

    def _serve(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        raw_path, _, raw_query = self.path.partition("?")
        credential = headers.get("authorization", "").partition("Credential=")[2].split("/")
        query = tuple(parse_qsl(raw_query, keep_blank_values=True))
        account = (credential[0] or dict(query).get("AWSAccessKeyId", "") or ACCOUNT)[:12]
        region = credential[2] if len(credential) > 2 else "us-east-1"
        length = int(headers.get("content-length", 0))
        chunked = headers.get("transfer-encoding") == "chunked"
        body = cast("BinaryIO", io.BufferedReader(_Chunked(self.rfile)) if chunked else _Known(self.rfile, length))
        request = HttpRequest(
            self.command,
            unquote(raw_path),
            query,
            headers,
            body,
            self.service_name,
            Caller(account, region, f"arn:aws:iam::{account}:root"),
            raw_path=raw_path,
            raw_query=raw_query,
        )
        response = self._answer(request)
        while body.read(65536):
            pass
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if isinstance(response.body, bytes) and "content-length" not in response.headers:
            self.send_header("content-length", str(len(response.body)))
        self.end_headers()
        pieces = [response.body] if isinstance(response.body, bytes) else response.body
        for piece in pieces:
            if self.command != "HEAD":
                self.wfile.write(piece)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _serve  # noqa: N815


class _Known(io.BufferedReader):
    """The body of a request with a known length."""

    def __init__(self, source: BinaryIO, length: int) -> None:
        super().__init__(_Limited(source, length))


class _Limited(io.RawIOBase):
    def __init__(self, source: BinaryIO, length: int) -> None:
        self._source, self._left = source, length

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._source.read(min(len(buffer), self._left))
        buffer[: len(data)] = data
        self._left -= len(data)
        return len(data)


class Slot:
    """A service that can be exchanged, so that one server and its clients do for many tests."""

    def __init__(self) -> None:
        self.service: Service | None = None

    def handle(self, request: HttpRequest) -> HttpResponse | None:
        assert self.service is not None
        return self.service.handle(request)


@contextmanager
def serve(service: Service, name: str) -> Iterator[str]:
    """The URL under which a service listens."""
    handler = type("Handler", (_Handler,), {"service": service, "service_name": name})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def make_client(name: str, url: str, account: str = ACCOUNT, region: str = "us-east-1", **configuration: Any) -> Any:
    """A boto3 client whose access key is its account."""
    configuration.setdefault("retries", {"max_attempts": 0})
    return _session().client(
        name,
        region_name=region,
        endpoint_url=url,
        aws_access_key_id=account,
        aws_secret_access_key="secret",
        config=Config(**configuration),
    )


@functools.cache
def _session() -> boto3.session.Session:
    """One session for all tests: it keeps botocore's data files, which take most of a client's time, in memory."""
    return boto3.session.Session()
