"""The types that the parts of the local cloud meet at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Protocol

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, and from where: resolved once per request from the access key.

    `service` is an AWS service's principal (`events.amazonaws.com`) when AWS itself calls. `context` holds what is
    known of the request's origin under the names of IAM's condition keys: `aws:SourceArn`, `aws:PrincipalTag/<key>` of
    the session's tags, ... `access_key` names the session, whose policies narrow what it may do.
    """

    account: str
    region: str
    principal: str = ""
    service: str = ""
    context: Mapping[str, str] = field(default_factory=dict, hash=False)
    access_key: str = ""

    def arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a network something runs: a subnet, by its id."""

    account: str
    region: str
    subnet: str


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One AWS API request; `body` can be read once, `headers` have lower-case names.

    `path` is percent-decoded, `raw_path` is as it was sent; `query` is decoded and in the order sent. `authorized` says
    that IAM's policies have been asked, those of the resource too. `place` is the subnet that it comes from, if any.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: BinaryIO
    service: str
    caller: Caller
    raw_path: str = ""
    raw_query: str = ""
    authorized: bool = False
    place: Place | None = None


@dataclass(slots=True)
class HttpResponse:
    """The answer: bytes, or an iterator of chunks with `content-length` among the headers."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | Iterator[bytes] = b""


class Service(Protocol):
    """An AWS service that the local cloud answers itself instead of leaving it to moto."""

    def handle(self, request: HttpRequest) -> HttpResponse | None:
        """Answer, or None to let moto answer. Raises AwsError."""
        ...


Operation = Callable[[Caller, Json], Json]
"""One operation of a JSON service: validated parameters in, response members out. Raises AwsError."""


@dataclass(frozen=True, slots=True)
class StateFolder:
    """Where everything lives on disk. One daemon per folder."""

    root: Path

    @property
    def database(self) -> Path:
        return self.root / "state.db"

    @property
    def objects(self) -> Path:
        return self.root / "s3"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def jobs(self) -> Path:
        return self.root / "jobs"

    @property
    def functions(self) -> Path:
        return self.root / "functions"

    @property
    def trail(self) -> Path:
        return self.root / "trail"

    @property
    def moto(self) -> Path:
        return self.root / "moto"


class Clock(Protocol):
    """Time as a dependency, so that tests never wait."""

    def now(self) -> float:
        """Seconds since the epoch."""
        ...
