"""What the handlers of S3's operations are given."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from headgate.localcloud.s3.errors import invalid_argument
from headgate.localcloud.s3.store import ObjectStore
from headgate.localcloud.seams import Caller, HttpRequest, HttpResponse

RefusedDestination = Callable[[str, str], str]
"""Why a destination (an ARN) takes no notifications of a bucket; empty when it does."""


def lets_everything_in(bucket: str, destination: str) -> str:  # noqa: ARG001 - a RefusedDestination
    """Takes destinations as they are given."""
    return ""


@dataclass(frozen=True, slots=True)
class S3Request:
    """One request, with its bucket and key found and its query as a mapping."""

    http: HttpRequest
    store: ObjectStore
    bucket: str
    key: str
    query: Mapping[str, str]
    refused: RefusedDestination = lets_everything_in

    @property
    def caller(self) -> Caller:
        return self.http.caller

    @property
    def headers(self) -> Mapping[str, str]:
        return self.http.headers

    @property
    def version_id(self) -> str | None:
        return self.query.get("versionId") or None

    def number(self, name: str, default: int, highest: int) -> int:
        """A query parameter that is a whole number from 0; more than `highest` is `highest`, as on S3.

        Raises S3Error (InvalidArgument).
        """
        value = self.query.get(name, "")
        if not value:
            return default
        if not (value.isascii() and value.isdigit()):
            raise invalid_argument(f"argument {name} must be an integer between 0 and 2147483647", name, value)
        return min(int(value), highest)

    def choice(self, name: str, *allowed: str) -> str:
        """A query parameter with few values, or the empty string. Raises S3Error (InvalidArgument)."""
        value = self.query.get(name, "")
        if value and value not in allowed:
            raise invalid_argument(f"invalid {name} specified in request", name, value)
        return value


Handler = Callable[[S3Request], HttpResponse]


@dataclass(frozen=True, slots=True)
class Route:
    """An operation: what answers it and the IAM action that it is. `public` needs no permission on a bucket."""

    handler: Handler
    action: str
    public: bool = False


def xml_response(body: bytes, headers: Mapping[str, str] | None = None) -> HttpResponse:
    return HttpResponse(200, {"content-type": "application/xml", **(headers or {})}, body)


def encode_token(last: str) -> str:
    """Where a listing goes on, in a form that clients do not read."""
    return base64.b64encode(last.encode()).decode()


def decode_token(token: str) -> str:
    """What `encode_token` was given. Raises S3Error (InvalidArgument)."""
    try:
        return base64.b64decode(token, validate=True).decode()
    except (binascii.Error, UnicodeError) as error:
        raise invalid_argument("the continuation token provided is incorrect", "continuation-token") from error
