"""S3's checksums of objects: verified when given, kept, and returned.

Five algorithms in base64 of big-endian bytes. A multipart upload has either a checksum of its parts' checksums
(COMPOSITE, with `-<number of parts>` at the end) or that of the whole object (FULL_OBJECT, CRCs only).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from headgate.localcloud.s3.crc import CRC32, CRC32C, CRC64NVME, Crc
from headgate.localcloud.s3.errors import S3Error, bad_digest, invalid_argument

HEADER = "x-amz-checksum-"
COMPOSITE = "COMPOSITE"
FULL_OBJECT = "FULL_OBJECT"

_CRCS: Mapping[str, Crc] = {"crc32": CRC32, "crc32c": CRC32C, "crc64nvme": CRC64NVME}


class Checksum(Protocol):
    def update(self, data: bytes) -> None: ...
    def digest(self) -> bytes: ...


class _Crc:
    def __init__(self, update: Callable[[bytes, int], int], width: int) -> None:
        self._update = update
        self._width = width
        self._value = 0

    def update(self, data: bytes) -> None:
        self._value = self._update(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(self._width // 8, "big")


_ALGORITHMS: Mapping[str, Callable[[], Checksum]] = {
    "crc32": lambda: _Crc(zlib.crc32, 32),
    "crc32c": lambda: _Crc(CRC32C.update, 32),
    "crc64nvme": lambda: _Crc(CRC64NVME.update, 64),
    "sha1": lambda: hashlib.sha1(usedforsecurity=False),
    "sha256": hashlib.sha256,
}


def new(algorithm: str) -> Checksum:
    """A checksum to feed, by its lower-case name. Raises S3Error (InvalidArgument)."""
    if algorithm not in _ALGORITHMS:
        known = ", ".join(name.upper() for name in _ALGORITHMS)
        raise invalid_argument(f"'{algorithm}' is not a checksum algorithm; known are {known}")
    return _ALGORITHMS[algorithm]()


def encode(checksum: Checksum) -> str:
    """A checksum's value as S3 writes it."""
    return base64.b64encode(checksum.digest()).decode()


def given(headers: Mapping[str, str]) -> dict[str, str]:
    """The checksums among headers, by algorithm. Raises S3Error (InvalidRequest) if there are several."""
    extra = {"type", "algorithm", "mode"}
    found = {
        name.removeprefix(HEADER): value
        for name, value in headers.items()
        if name.startswith(HEADER) and name.removeprefix(HEADER) not in extra
    }
    if len(found) > 1:
        raise S3Error("InvalidRequest", "expecting a single x-amz-checksum- header")
    return found


def announced(headers: Mapping[str, str]) -> str:
    """The algorithm that headers ask for, by value, trailer or name; empty if none."""
    by_value = next(iter(given(headers)), "")
    trailer = headers.get("x-amz-trailer", "").strip().lower()
    by_trailer = trailer.removeprefix(HEADER) if trailer.startswith(HEADER) else ""
    by_name = headers.get("x-amz-sdk-checksum-algorithm", "") or headers.get("x-amz-checksum-algorithm", "")
    return by_value or by_trailer or by_name.lower()


class Verifier:
    """Everything that a request claims about its body, checked while the body passes by."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = headers
        self._algorithm = announced(headers)
        self._checksum = new(self._algorithm) if self._algorithm else None
        claimed = headers.get("x-amz-content-sha256", "")
        self._sha256 = claimed if len(claimed) == 64 else ""
        self._payload = hashlib.sha256() if self._sha256 else None

    def update(self, data: bytes) -> None:
        if self._checksum is not None:
            self._checksum.update(data)
        if self._payload is not None:
            self._payload.update(data)

    def finish(self, trailers: Mapping[str, str], md5: bytes) -> dict[str, str]:
        """Compare with the claims of headers and trailers; returns the checksum to keep, by algorithm.

        Raises S3Error: BadDigest, InvalidDigest, XAmzContentSHA256Mismatch.
        """
        self._check_md5(md5)
        if self._payload is not None and self._payload.hexdigest() != self._sha256:
            message = "the provided 'x-amz-content-sha256' header does not match what was computed"
            raise S3Error("XAmzContentSHA256Mismatch", message)
        if self._checksum is None:
            return {}
        actual = encode(self._checksum)
        claim = given(self._headers).get(self._algorithm) or given(trailers).get(self._algorithm)
        if claim is not None and claim != actual:
            raise bad_digest(self._algorithm.upper())
        return {self._algorithm: actual}

    def _check_md5(self, md5: bytes) -> None:
        claim = self._headers.get("content-md5")
        if claim is None:
            return
        try:
            expected = base64.b64decode(claim, validate=True)
        except binascii.Error:
            expected = b""
        if len(expected) != len(md5):
            raise S3Error("InvalidDigest", "the Content-MD5 you specified is not valid")
        if expected != md5:
            raise bad_digest("Content-MD5")


def default_type(algorithm: str) -> str:
    """How a multipart upload's checksum is made when the client does not say."""
    return FULL_OBJECT if algorithm == "crc64nvme" else COMPOSITE


def check_type(algorithm: str, kind: str) -> None:
    """Raises S3Error (InvalidRequest) for a type that the algorithm cannot have."""
    impossible = {COMPOSITE: {"crc64nvme"}, FULL_OBJECT: {"sha1", "sha256"}}
    if kind not in impossible or algorithm in impossible[kind]:
        raise S3Error("InvalidRequest", f"the {kind} checksum type cannot be used with {algorithm.upper()}")


def of_parts(algorithm: str, kind: str, parts: Sequence[tuple[str, int]]) -> str:
    """The checksum of a multipart upload from its parts' checksums in base64 and sizes in bytes."""
    digests = [base64.b64decode(value) for value, _ in parts]
    if kind == COMPOSITE:
        checksum = new(algorithm)
        for digest in digests:
            checksum.update(digest)
        return f"{encode(checksum)}-{len(parts)}"
    crc, value = _CRCS[algorithm], 0
    for digest, (_, size) in zip(digests, parts, strict=True):
        value = crc.combine(value, int.from_bytes(digest, "big"), size)
    return base64.b64encode(value.to_bytes(crc.width // 8, "big")).decode()


def headers(checksums: Mapping[str, str], kind: str = "") -> dict[str, str]:
    """Checksums as response headers."""
    found = {HEADER + algorithm: value for algorithm, value in checksums.items()}
    return {**found, HEADER + "type": kind or FULL_OBJECT} if found else {}


ELEMENTS: Mapping[str, str] = {
    "crc32": "ChecksumCRC32",
    "crc32c": "ChecksumCRC32C",
    "crc64nvme": "ChecksumCRC64NVME",
    "sha1": "ChecksumSHA1",
    "sha256": "ChecksumSHA256",
}
"""What checksums are called in XML."""
