"""What no well-behaved client sends, and what is on the wire."""

from __future__ import annotations

import errno
import hashlib
import io
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.localcloud.s3 import checksums
from headgate.localcloud.s3.blobs import StagedBlob
from headgate.localcloud.s3.body import chunks, kept_encoding
from headgate.localcloud.s3.conditions import ByteRange
from headgate.localcloud.s3.crc import CRC32, CRC32C, CRC64NVME
from headgate.localcloud.s3.errors import S3Error
from headgate.localcloud.s3.objects import FileRange
from headgate.localcloud.s3.service import S3Service
from headgate.localcloud.s3.xml import parse
from headgate.localcloud.seams import Caller, HttpRequest, HttpResponse

Send = Callable[..., HttpResponse]


@pytest.fixture
def send(store) -> Send:
    """Send a request straight to the service, as the server would hand it over."""
    service = S3Service(store)
    store.create_bucket("111111111111", "us-east-1", "data")

    def call(method: str, path: str, *, body: bytes = b"", query: str = "", **headers: str) -> HttpResponse:
        pairs = tuple((part.partition("=")[0], part.partition("=")[2]) for part in query.split("&") if part)
        given_headers = {name.replace("_", "-"): value for name, value in headers.items()}
        given_headers.setdefault("content-length", str(len(body)))
        request = HttpRequest(
            method, path, pairs, given_headers, io.BytesIO(body), "s3", Caller("111111111111", "us-east-1")
        )
        return service.handle(request)

    return call


def test_an_error_is_xml_with_a_request_id(send: Send) -> None:
    response = send("GET", "/data/<missing>")
    error = parse(cast("bytes", response.body), "Error")
    assert (response.status, error.findtext("Code"), error.findtext("Resource")) == (
        404,
        "NoSuchKey",
        "/data/<missing>",
    )
    assert error.findtext("RequestId") == response.headers["x-amz-request-id"]


@pytest.mark.parametrize("path", ["/data/missing", "/missing"])
def test_an_error_of_head_has_no_body(send: Send, path: str) -> None:
    response = send("HEAD", path)
    assert (response.status, response.body) == (404, b"")


@pytest.mark.parametrize(
    ("method", "path", "query"),
    [
        ("POST", "/", ""),
        ("PATCH", "/data/a", ""),
        ("GET", "/data", "inventory"),
        ("GET", "/data", "list-type=3"),
        ("PUT", "/data/a", "tagging&acl"),
        ("POST", "/data/a", "restore"),
    ],
)
def test_requests_without_a_route(send: Send, method: str, path: str, query: str) -> None:
    response = send(method, path, query=query)
    assert response.status == 501
    assert b"UnsupportedByLocalCloud" in cast("bytes", response.body)


def aws_chunked(*pieces: bytes, trailer: bytes = b"") -> bytes:
    framed = b"".join(b"%x;chunk-signature=abc\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    return framed + b"0;chunk-signature=def\r\n" + trailer + b"\r\n"


def put_chunked(send: Send, body: bytes, length: int, **headers: str) -> HttpResponse:
    return send(
        "PUT",
        "/data/a",
        body=body,
        content_encoding="aws-chunked,gzip",
        x_amz_content_sha256="STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
        x_amz_decoded_content_length=str(length),
        **headers,
    )


def test_signed_chunks_with_a_trailing_checksum(send: Send, store) -> None:
    body = aws_chunked(b"hel", b"lo", trailer=b"x-amz-checksum-crc32:NhCmhg==\r\nx-amz-trailer-signature:abc\r\n")
    response = put_chunked(send, body, 5, x_amz_trailer="x-amz-checksum-crc32")
    assert (response.status, response.headers["x-amz-checksum-crc32"]) == (200, "NhCmhg==")
    info = store.get("data", "a")
    assert info.path.read_bytes() == b"hello"
    assert info.attributes.headers["content-encoding"] == "gzip"


@pytest.mark.parametrize(
    ("body", "length"),
    [
        (aws_chunked(b"hello"), 6),
        (aws_chunked(b"hello")[:10], 5),
        (b"zz\r\nhello\r\n0\r\n\r\n", 5),
        (b"4\r\nhello\r\n0\r\n\r\n", 5),
        (b"", 5),
    ],
)
def test_chunks_that_are_cut_off_or_wrong(send: Send, store, body: bytes, length: int) -> None:
    response = put_chunked(send, body, length)
    assert b"<Code>IncompleteBody</Code>" in cast("bytes", response.body)
    assert store.find("data", "a") is None


def test_a_wrong_trailing_checksum(send: Send, store) -> None:
    body = aws_chunked(b"hello", trailer=b"x-amz-checksum-crc32:AAAAAA==\r\n")
    response = put_chunked(send, body, 5, x_amz_trailer="x-amz-checksum-crc32")
    assert b"<Code>BadDigest</Code>" in cast("bytes", response.body)
    assert store.find("data", "a") is None


def test_a_plain_body_that_is_cut_off(send: Send, store) -> None:
    response = send("PUT", "/data/a", body=b"hel", content_length="5")
    assert b"<Code>IncompleteBody</Code>" in cast("bytes", response.body)
    assert store.find("data", "a") is None


def test_the_payload_hash_is_checked(send: Send) -> None:
    right = hashlib.sha256(b"hello").hexdigest()
    assert send("PUT", "/data/a", body=b"hello", x_amz_content_sha256=right).status == 200
    wrong = send("PUT", "/data/a", body=b"hallo", x_amz_content_sha256=right)
    assert b"<Code>XAmzContentSHA256Mismatch</Code>" in cast("bytes", wrong.body)


def test_one_checksum_a_request(send: Send) -> None:
    response = send("PUT", "/data/a", x_amz_checksum_crc32="AAAAAA==", x_amz_checksum_sha1="x")
    assert b"<Code>InvalidRequest</Code>" in cast("bytes", response.body)
    unknown = send("PUT", "/data/a", x_amz_checksum_md4="x")
    assert b"&apos;md4&apos; is not" in cast("bytes", unknown.body) or b"'md4' is not" in cast("bytes", unknown.body)


def test_bodies_and_documents_that_are_too_large(send: Send) -> None:
    upload = send("PUT", "/data/a", content_length=str(6 << 30))
    assert b"<Code>EntityTooLarge</Code>" in cast("bytes", upload.body)
    document = send("PUT", "/data", query="cors", body=b" " * (3 << 20))
    assert b"<Code>EntityTooLarge</Code>" in cast("bytes", document.body)


def test_a_full_disk_is_said_and_leaves_nothing(send: Send, store, monkeypatch) -> None:
    def full(self: object, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(StagedBlob, "write", full)
    response = send("PUT", "/data/a", body=b"hello")
    assert response.status == 507
    assert b"<Code>InsufficientStorage</Code>" in cast("bytes", response.body)
    assert store.find("data", "a") is None


def test_an_index_that_cannot_grow_is_a_full_disk(send: Send, store) -> None:
    (pages,) = store.database.row("PRAGMA page_count")
    store.database.row(f"PRAGMA max_page_count={pages + 12}")
    statuses = [send("PUT", f"/data/{number:01000d}").status for number in range(60)]
    assert statuses[0] == 200
    assert statuses[-1] == 507
    assert len(store.list("data")) == statuses.count(200)
    store.database.row("PRAGMA max_page_count=100000")
    assert send("PUT", "/data/a").status == 200


def test_other_errors_of_the_disk_are_bugs(send: Send, monkeypatch) -> None:
    def broken(self: object, data: bytes) -> None:
        raise OSError(errno.EIO, "input/output error")

    monkeypatch.setattr(StagedBlob, "write", broken)
    with pytest.raises(OSError, match="input/output"):
        send("PUT", "/data/a", body=b"hello")


@given(st.lists(st.binary(min_size=1, max_size=50), max_size=6))
def test_chunks_come_out_as_they_went_in(pieces: list[bytes]) -> None:
    whole = b"".join(pieces)
    headers = {"content-encoding": "aws-chunked", "x-amz-decoded-content-length": str(len(whole))}
    body = io.BytesIO(aws_chunked(*pieces, trailer=b"x-amz-checksum-sha1: abc\r\n"))
    trailers: dict[str, str] = {}
    request = HttpRequest("PUT", "/", (), headers, body, "s3", Caller("1", "us-east-1"))
    assert b"".join(chunks(request, trailers)) == whole
    assert trailers == {"x-amz-checksum-sha1": "abc"}


def test_the_encoding_of_the_transfer_is_not_kept() -> None:
    assert kept_encoding("aws-chunked") == ""
    assert kept_encoding("gzip, aws-chunked,br") == "gzip,br"


def test_a_body_that_nobody_reads_to_the_end_closes_its_file(tmp_path) -> None:
    (tmp_path / "a").write_bytes(b"0123456789")
    file: BinaryIO = (tmp_path / "a").open("rb")
    body = FileRange(file, ByteRange(2, 5))
    assert next(body) == b"234"
    body.close()
    assert file.closed
    other = (tmp_path / "a").open("rb")
    del body
    assert b"".join(FileRange(other, ByteRange(8, 10))) == b"89"
    assert other.closed


def test_known_values_of_crcs() -> None:
    assert CRC32.update(b"123456789") == 0xCBF43926
    assert CRC32C.update(b"123456789") == 0xE3069283
    assert CRC64NVME.update(b"123456789") == 0xAE8B14860A799888


@pytest.mark.parametrize("size", [0, 1, 4095, 4096, 4097, 300_000, 1_500_001])
def test_large_blocks_give_the_same_crc_as_the_standard_library(size: int) -> None:
    data = bytes(number * 7 % 251 for number in range(1000)) * (size // 1000 + 1)
    assert CRC32.update(data[:size]) == zlib.crc32(data[:size])
    assert CRC32.update(data[:size], zlib.crc32(b"before")) == zlib.crc32(data[:size], zlib.crc32(b"before"))


@given(st.binary(max_size=300), st.binary(max_size=300), st.sampled_from([CRC32, CRC32C, CRC64NVME]))
def test_crcs_of_parts_combine(first: bytes, second: bytes, crc: Any) -> None:
    assert crc.combine(crc.update(first), crc.update(second), len(second)) == crc.update(first + second)
    assert crc.update(second, crc.update(first)) == crc.update(first + second)


def test_full_object_checksums_follow_from_the_parts() -> None:
    def encoded(algorithm: str, data: bytes) -> str:
        checksum = checksums.new(algorithm)
        checksum.update(data)
        return checksums.encode(checksum)

    parts = [b"first part", b"second"]
    for algorithm in ("crc32", "crc32c", "crc64nvme"):
        listed = [(encoded(algorithm, part), len(part)) for part in parts]
        assert checksums.of_parts(algorithm, checksums.FULL_OBJECT, listed) == encoded(algorithm, b"".join(parts))
    assert checksums.default_type("crc64nvme") == checksums.FULL_OBJECT
    with pytest.raises(S3Error, match="CRC64NVME"):
        checksums.check_type("crc64nvme", checksums.COMPOSITE)
