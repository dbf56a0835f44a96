"""Any AWS request as an operation and its parameters, whichever protocol it speaks: what authorization looks at.

The protocol is seen from how the request was made, because several services answer more than one.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, quote

from headgate.localcloud.errors import AwsError
from headgate.localcloud.s3.addressing import bucket_and_key
from headgate.localcloud.seams import HttpRequest, Json
from headgate.localcloud.server import cbor, query, rest
from headgate.localcloud.server.operations import operation_name

_S3_BODIES = frozenset({"CreateBucket", "DeleteObjects", "PutBucketTagging", "PutObjectTagging"})
"""Operations of S3 whose XML says what they are about; the others' bodies stay unread."""
_LARGEST_BODY = 4 << 20
"""Bytes of such XML (a DeleteObjects of 1,000 keys has at most 2 MB)."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for. `operation` is empty when no operation of the service has such a request."""

    service: str
    operation: str
    parameters: Json


def read(request: HttpRequest) -> tuple[Asked, HttpRequest]:
    """The operation and parameters, and the request again, whose body can still be read once.

    Raises AwsError for a body that its protocol cannot have.
    """
    if request.service == "s3":
        return _s3(request)
    body = request.body.read()
    request.body.seek(0)
    return _other(request, body), request


def _other(request: HttpRequest, body: bytes) -> Asked:
    service = _service(request)
    name = operation_name(request, body)
    try:
        if "x-amz-target" in request.headers:
            return Asked(service, name, _json(body))
        if request.headers.get("smithy-protocol") == "rpc-v2-cbor":
            return Asked(service, name, _cbor(body))
        form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)) if _is_form(request) else {}
        form = dict(request.query) | form
        if "Action" in form:
            return Asked(service, name, query.parse(service, name, form))
        found = rest.read(request, request.raw_path or quote(request.path), body)
    except LookupError:
        return Asked(service, name, {})
    return Asked(service, *found) if found else Asked(service, name, {})


def _service(request: HttpRequest) -> str:
    """Two APIs sign as `dynamodb`, and two as `elasticloadbalancing` or `email`; the target tells."""
    target = request.headers.get("x-amz-target", "")
    return "dynamodbstreams" if target.startswith("DynamoDBStreams") else request.service


def _is_form(request: HttpRequest) -> bool:
    return request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")


def _json(body: bytes) -> Json:
    try:
        value: Any = json.loads(body or b"{}")
    except ValueError as error:
        raise AwsError("SerializationException", f"the request is not JSON: {error}") from error
    return value if isinstance(value, dict) else {}


def _cbor(body: bytes) -> Json:
    try:
        value = cbor.loads(body) if body else {}
    except ValueError as error:
        raise AwsError("SerializationException", str(error)) from error
    return value if isinstance(value, dict) else {}


def _s3(request: HttpRequest) -> tuple[Asked, HttpRequest]:
    bucket, key = bucket_and_key(request)
    path = f"/{quote(bucket)}/{quote(key)}" if key else f"/{quote(bucket)}"
    found = rest.read(request, path, b"")
    if found is None:
        form = request.method == "POST" and bucket and not key and not request.query
        return Asked("s3", "PostObject" if form else "", {"Bucket": bucket}), request
    operation, parameters = found
    if operation not in _S3_BODIES:
        return Asked("s3", operation, parameters), request
    body = request.body.read(_LARGEST_BODY + 1)
    if len(body) > _LARGEST_BODY:
        raise AwsError("MaxMessageLengthExceeded", "Your request was too big.")
    again = replace(request, body=io.BytesIO(body))
    return Asked("s3", operation, (rest.read(request, path, body) or found)[1]), again
