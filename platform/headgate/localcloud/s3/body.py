r"""The body of an upload: plain, or in the `aws-chunked` encoding with trailing headers.

`aws-chunked`: each chunk is `<hex size>[;chunk-signature=...]\r\n<bytes>\r\n`; a chunk of size zero ends the data,
then come trailing headers, one a line, and an empty line. Signatures are not checked: the local cloud has no secrets.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import BinaryIO

from headgate.localcloud.s3.blobs import CHUNK, StagedBlob
from headgate.localcloud.s3.checksums import HEADER, Verifier
from headgate.localcloud.s3.errors import S3Error
from headgate.localcloud.s3.xml import MAX_DOCUMENT
from headgate.localcloud.seams import HttpRequest

_LONGEST_LINE = 16384


def receive(request: HttpRequest, staged: StagedBlob) -> dict[str, str]:
    """Write a request's body into a blob, verified; returns the checksum to keep, by algorithm.

    Raises S3Error: BadDigest, IncompleteBody and the like.
    """
    verifier, trailers = Verifier(request.headers), dict[str, str]()
    for chunk in chunks(request, trailers):
        staged.write(chunk)
        verifier.update(chunk)
    return verifier.finish(trailers, staged.md5)


def read_document(request: HttpRequest, *, about_object: bool = False) -> bytes:
    """A small body whole, verified. Raises S3Error (EntityTooLarge, BadDigest).

    With `about_object` the checksum headers are about an object and not about this body.
    """
    headers = {name: value for name, value in request.headers.items() if not (about_object and name.startswith(HEADER))}
    verifier, trailers, parts, size = Verifier(headers), dict[str, str](), [], 0
    for chunk in chunks(request, trailers):
        size += len(chunk)
        if size > MAX_DOCUMENT:
            raise S3Error("EntityTooLarge", f"the body of this request may have at most {MAX_DOCUMENT} bytes")
        verifier.update(chunk)
        parts.append(chunk)
    body = b"".join(parts)
    verifier.finish(trailers, hashlib.md5(body, usedforsecurity=False).digest())
    return body


def chunks(request: HttpRequest, trailers: dict[str, str]) -> Iterator[bytes]:
    """The data of a body; `trailers` is filled with trailing headers once all has been read."""
    headers = request.headers
    if is_aws_chunked(headers.get("content-encoding", ""), headers.get("x-amz-content-sha256", "")):
        expected = headers.get("x-amz-decoded-content-length")
        source = _decoded(request.body, trailers)
    else:
        expected = headers.get("content-length")
        source = _plain(request.body, None if expected is None else int(expected))
    size = 0
    for chunk in source:
        size += len(chunk)
        yield chunk
    if expected is not None and size != int(expected):
        raise _incomplete(f"{size} bytes came, {expected} were announced")


def is_aws_chunked(content_encoding: str, content_sha256: str) -> bool:
    return "aws-chunked" in content_encoding or content_sha256.startswith("STREAMING-")


def kept_encoding(content_encoding: str) -> str:
    """The Content-Encoding to keep with an object: `aws-chunked` is about the transfer only."""
    return ",".join(part.strip() for part in content_encoding.split(",") if part.strip() != "aws-chunked")


def _plain(body: BinaryIO, length: int | None) -> Iterator[bytes]:
    left = length
    while left is None or left > 0:
        chunk = body.read(CHUNK if left is None else min(CHUNK, left))
        if not chunk:
            return
        if left is not None:
            left -= len(chunk)
        yield chunk


def _decoded(body: BinaryIO, trailers: dict[str, str]) -> Iterator[bytes]:
    while size := _chunk_size(body):
        while size:
            chunk = body.read(min(CHUNK, size))
            if not chunk:
                raise _incomplete("the body ends inside of a chunk")
            size -= len(chunk)
            yield chunk
        if body.readline(3) != b"\r\n":
            raise _incomplete("a chunk does not end where its size says")
    while line := body.readline(_LONGEST_LINE).strip():
        name, _, value = line.decode("latin-1").partition(":")
        trailers[name.strip().lower()] = value.strip()


def _chunk_size(body: BinaryIO) -> int:
    line = body.readline(_LONGEST_LINE)
    try:
        return int(line.partition(b";")[0], 16)
    except ValueError as error:
        raise _incomplete("a chunk does not begin with its size") from error


def _incomplete(why: str) -> S3Error:
    return S3Error("IncompleteBody", f"the request body is not what its headers say: {why}")
