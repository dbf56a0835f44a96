"""A store, and boto3 clients that talk to an S3Service over a small HTTP server of the standard library."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import parse_qsl, unquote

import pytest

from headgate.localcloud.s3.service import S3Service
from headgate.localcloud.s3.store import ObjectStore
from headgate.localcloud.seams import Caller, HttpRequest, Service

ACCOUNT = "111111111111"
OTHER = "222222222222"


@dataclass(slots=True)
class FakeClock:
    """Stands still until it is moved."""

    time: float = 1795244400.0
    moves: list[float] = field(default_factory=list)

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
    wbufsize = -1
    service: Service
    service_name = "s3"

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""

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
        response = self.service.handle(request)
        assert response is not None
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


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(tmp_path: Path, clock: FakeClock) -> Iterator[ObjectStore]:
    opened = ObjectStore(tmp_path / "s3", clock)
    yield opened
    opened.close()


@pytest.fixture
def endpoint(store: ObjectStore) -> Iterator[str]:
    """The URL under which an S3Service over `store` listens."""
    handler = type("Handler", (_Handler,), {"service": S3Service(store)})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


ClientFactory = Callable[..., Any]


@pytest.fixture
def client_for(endpoint: str) -> Iterator[ClientFactory]:
    """A function that makes boto3 clients: `client_for(account, region, **configuration)`."""
    import boto3
    from botocore.config import Config

    made = []

    def make(account: str = ACCOUNT, region: str = "us-east-1", url: str = endpoint, **configuration: Any) -> Any:
        session = boto3.session.Session(
            aws_access_key_id=account, aws_secret_access_key="secret", region_name=region
        )
        configuration.setdefault("retries", {"max_attempts": 0})
        made.append(session.client("s3", endpoint_url=url, config=Config(**configuration)))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def s3(client_for: ClientFactory) -> Any:
    """A client of account 111111111111 whose bucket `data` exists."""
    client = client_for()
    client.create_bucket(Bucket="data")
    return client
