"""PostObject: uploads from HTML forms, checked against the signed policy in the form."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, BinaryIO

from headgate.localcloud.s3 import changes, headers
from headgate.localcloud.s3.access import require
from headgate.localcloud.s3.blobs import CHUNK, StagedBlob
from headgate.localcloud.s3.checksums import Verifier
from headgate.localcloud.s3.errors import S3Error, access_denied, invalid_argument
from headgate.localcloud.s3.request import S3Request
from headgate.localcloud.s3.xml import document, element
from headgate.localcloud.seams import HttpResponse

_LONGEST_LINE = 16384
_MOST_FIELDS = 20 * 1024
_NAME = re.compile(r';\s*name="([^"]*)"')
_FILENAME = re.compile(r';\s*filename="([^"]*)"')
_FREE_FIELDS = frozenset({"x-amz-signature", "x-amz-security-token", "file", "policy", "signature", "awsaccesskeyid"})
"""Fields that a policy need not name."""


@dataclass(frozen=True, slots=True)
class Form:
    """The fields before the file, by lower-case name, and the file's content, to be read once."""

    fields: Mapping[str, str]
    filename: str
    content: Iterator[bytes]


def post_object(request: S3Request) -> HttpResponse:
    """PostObject. The file must be the last field that matters, as on S3."""
    form = read_form(request.headers.get("content-type", ""), request.http.body)
    fields = dict(form.fields)
    key = fields.get("key", "").replace("${filename}", form.filename)
    if not key:
        raise invalid_argument("bucket POST must contain a field named 'key'", "key")
    fields |= {"key": key, "bucket": request.bucket}
    require(request, request.bucket, key, "s3:PutObject")
    sizes = check_policy(fields, request.store.clock.now())
    asked = {name: value for name, value in fields.items() if name not in {"key", "bucket"}}
    if "acl" in asked:
        asked["x-amz-acl"] = asked.pop("acl")
    headers.refuse_unsupported(asked)
    bucket = request.store.bucket(request.bucket)
    attributes = headers.attributes_of(asked, request.store, request.bucket)
    with request.store.stage() as staged:
        attributes = headers.with_checksum(attributes, _receive(form, staged, asked, sizes))
        info = request.store.put_staged(request.bucket, key, staged, attributes, event=changes.POST)
    location = f"/{info.bucket}/{info.key}"
    found = {**headers.write_headers(info, bucket.versioning), "location": location}
    redirect, status = fields.get("success_action_redirect", ""), fields.get("success_action_status", "204")
    if redirect:
        return HttpResponse(303, {**found, "location": redirect})
    if status != "201":
        return HttpResponse(200 if status == "200" else 204, found)
    parts = {"Location": location, "Bucket": info.bucket, "Key": info.key, "ETag": f'"{info.etag}"'}
    body = document("PostResponse", *(element(name, value) for name, value in parts.items()))
    return HttpResponse(201, {**found, "content-type": "application/xml"}, body)


def read_form(content_type: str, body: BinaryIO) -> Form:
    """Read `multipart/form-data` up to the content of the file. Raises S3Error (MalformedPOSTRequest)."""
    match = re.search(r'boundary="?([^";]+)"?', content_type)
    if not content_type.startswith("multipart/form-data") or match is None:
        raise _malformed("the content type is not multipart/form-data with a boundary")
    boundary = b"--" + match[1].encode("latin-1")
    fields: dict[str, str] = {}
    if body.readline(_LONGEST_LINE).rstrip() != boundary:
        raise _malformed("the body does not begin with the boundary")
    while True:
        part = _part_headers(body)
        if not part:
            raise invalid_argument("POST requires exactly one file upload per request", "file")
        disposition = part.get("content-disposition", "")
        name = _NAME.search(disposition)
        if name is None:
            raise _malformed("a field has no name")
        content = _until(body, boundary)
        if name[1].lower() == "file":
            filename = _FILENAME.search(disposition)
            return Form(fields, filename[1].rpartition("/")[2] if filename else "", content)
        value = b"".join(content)
        fields[name[1].lower()] = value.decode("utf-8", "replace")
        if sum(map(len, fields.values())) > _MOST_FIELDS:
            raise S3Error("MaxPostPreDataLengthExceeded", "your POST request fields preceding the file were too large")


def check_policy(fields: Mapping[str, str], now: float) -> range | None:
    """Check a form against its policy; returns the sizes in bytes that the file may have, None for any.

    Raises S3Error: AccessDenied when a condition does not hold, InvalidPolicyDocument.
    """
    if "policy" not in fields:
        return None
    try:
        policy = json.loads(base64.b64decode(fields["policy"]))
        expiration = datetime.fromisoformat(policy["expiration"])
        conditions = [_condition(condition) for condition in policy["conditions"]]
    except (ValueError, KeyError, TypeError) as error:
        raise S3Error("InvalidPolicyDocument", "the policy in the form is not valid") from error
    if expiration.replace(tzinfo=expiration.tzinfo or UTC).timestamp() < now:
        raise access_denied("invalid according to Policy: Policy expired.")
    named, sizes = set[str](), None
    for kind, name, value in conditions:
        if kind == "content-length-range":
            sizes = range(int(name), int(value) + 1)
            continue
        actual = fields.get(name, "")
        if not (actual.startswith(value) if kind == "starts-with" else actual == value):
            raise access_denied(
                f'invalid according to Policy: Policy Condition failed: ["{kind}", "${name}", "{value}"]'
            )
        named.add(name)
    extra = [name for name in fields if name not in named | _FREE_FIELDS and not name.startswith("x-ignore-")]
    if extra := [name for name in extra if name != "bucket"]:
        raise access_denied(f"invalid according to Policy: Extra input fields: {', '.join(sorted(extra))}")
    return sizes


def _condition(condition: Any) -> tuple[str, str, str]:
    """A condition as kind, name of the field in lower case, and value. Raises ValueError."""
    if isinstance(condition, dict) and len(condition) == 1:
        ((name, value),) = condition.items()
        return "eq", name.lower(), str(value)
    kind, name, value = condition
    kind = kind.lower()
    if kind not in {"eq", "starts-with", "content-length-range"}:
        raise ValueError(f"unknown condition {kind}")
    return kind, str(name).removeprefix("$").lower(), str(value)


def _receive(form: Form, staged: StagedBlob, asked: Mapping[str, str], sizes: range | None) -> dict[str, str]:
    verifier = Verifier({name: value for name, value in asked.items() if name != "x-amz-content-sha256"})
    for chunk in form.content:
        staged.write(chunk)
        verifier.update(chunk)
        if sizes is not None and staged.size >= sizes.stop:
            raise S3Error("EntityTooLarge", "your proposed upload exceeds the maximum allowed size")
    if sizes is not None and staged.size < sizes.start:
        raise S3Error("EntityTooSmall", "your proposed upload is smaller than the minimum allowed size")
    return verifier.finish({}, staged.md5)


def _part_headers(body: BinaryIO) -> dict[str, str]:
    found: dict[str, str] = {}
    while line := body.readline(_LONGEST_LINE).strip():
        name, _, value = line.decode("utf-8", "replace").partition(":")
        found[name.strip().lower()] = value.strip()
    return found


def _until(body: BinaryIO, boundary: bytes) -> Iterator[bytes]:
    """What comes before a line that begins with `boundary`, and that line is read too.

    The end of the line before belongs to the boundary, so a line's end is held back until the next line is known.
    """
    held = b""
    while line := body.readline(CHUNK):
        if held == b"\r\n" and line.startswith(boundary):
            return
        data = held + line
        held = b"\r\n" if data.endswith(b"\r\n") else b"\r" if data.endswith(b"\r") else b""
        if len(data) > len(held):
            yield data[: len(data) - len(held)]
    raise _malformed("the body ends before the boundary")


def _malformed(why: str) -> S3Error:
    return S3Error("MalformedPOSTRequest", f"the body of your POST request is not well-formed: {why}", status=400)
