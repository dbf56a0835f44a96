"""Multipart uploads: what s3transfer does, and what each operation promises."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import zlib

import pytest
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

MB = 1 << 20
BODY = os.urandom(MB) * 20


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def upload(s3, sizes: list[int], **arguments) -> tuple[str, list[dict[str, object]]]:
    """Begin an upload of parts of `BODY` with these sizes."""
    upload_id = s3.create_multipart_upload(Bucket="data", Key="big", **arguments)["UploadId"]
    parts, start = [], 0
    for number, size in enumerate(sizes, 1):
        body = BODY[start : start + size]
        part = s3.upload_part(Bucket="data", Key="big", UploadId=upload_id, PartNumber=number, Body=body)
        parts.append({"PartNumber": number, "ETag": part["ETag"]})
        start += size
    return upload_id, parts


def complete(s3, upload_id: str, parts: list[dict[str, object]], **arguments):
    return s3.complete_multipart_upload(
        Bucket="data", Key="big", UploadId=upload_id, MultipartUpload={"Parts": parts}, **arguments
    )


def test_s3transfer_up_and_down_in_parts_of_20_mb(s3, tmp_path) -> None:
    config = TransferConfig(multipart_threshold=5 * MB, multipart_chunksize=5 * MB, max_concurrency=4)
    s3.upload_fileobj(io.BytesIO(BODY), "data", "big", Config=config, ExtraArgs={"Metadata": {"a": "b"}})
    head = s3.head_object(Bucket="data", Key="big")
    digests = b"".join(hashlib.md5(BODY[start : start + 5 * MB]).digest() for start in range(0, len(BODY), 5 * MB))
    assert head["ETag"] == f'"{hashlib.md5(digests).hexdigest()}-4"'
    assert head["Metadata"] == {"a": "b"}
    s3.download_file("data", "big", str(tmp_path / "copy"), Config=config)
    assert (tmp_path / "copy").read_bytes() == BODY


def test_parts_can_be_read_by_number(s3) -> None:
    complete(s3, *upload(s3, [5 * MB, 5 * MB, 3]))
    part = s3.get_object(Bucket="data", Key="big", PartNumber=3)
    assert (part["Body"].read(), part["PartsCount"]) == (BODY[10 * MB : 10 * MB + 3], 3)
    with pytest.raises(ClientError) as error:
        s3.get_object(Bucket="data", Key="big", PartNumber=4)
    assert code(error) == "InvalidPartNumber"
    attributes = s3.get_object_attributes(Bucket="data", Key="big", ObjectAttributes=["ObjectParts"])
    assert attributes["ObjectParts"]["TotalPartsCount"] == 3


def test_nothing_is_there_before_completion_or_after_abortion(s3, store) -> None:
    upload_id, _ = upload(s3, [5 * MB])
    assert store.find("data", "big") is None
    s3.abort_multipart_upload(Bucket="data", Key="big", UploadId=upload_id)
    with pytest.raises(ClientError) as error:
        s3.list_parts(Bucket="data", Key="big", UploadId=upload_id)
    assert code(error) == "NoSuchUpload"
    assert store.blobs.sweep(set()) == 0


def test_completion_leaves_one_file(s3, store) -> None:
    upload_id, parts = upload(s3, [5 * MB, 5 * MB, 5])
    complete(s3, upload_id, parts[:2])
    assert store.get("data", "big").size == 10 * MB
    assert store.blobs.sweep(store.versions.blobs()) == 0


def test_completing_twice_answers_the_same(s3) -> None:
    upload_id, parts = upload(s3, [10])
    first, second = complete(s3, upload_id, parts), complete(s3, upload_id, parts)
    assert first["ETag"] == second["ETag"]


def test_a_part_can_be_sent_again(s3, store) -> None:
    upload_id, _ = upload(s3, [10])
    part = s3.upload_part(Bucket="data", Key="big", UploadId=upload_id, PartNumber=1, Body=b"better")
    complete(s3, upload_id, [{"PartNumber": 1, "ETag": part["ETag"]}])
    assert s3.get_object(Bucket="data", Key="big")["Body"].read() == b"better"
    assert store.blobs.sweep(store.versions.blobs()) == 0


def test_completions_that_are_refused(s3) -> None:
    upload_id, parts = upload(s3, [10, 10])
    for wrong, expected in (
        (parts, "EntityTooSmall"),
        (parts[::-1], "InvalidPartOrder"),
        ([{"PartNumber": 3, "ETag": parts[0]["ETag"]}], "InvalidPart"),
        ([{"PartNumber": 1, "ETag": '"0"'}], "InvalidPart"),
        ([], "MalformedXML"),
    ):
        with pytest.raises(ClientError) as error:
            complete(s3, upload_id, wrong)
        assert code(error) == expected
    complete(s3, upload_id, parts[:1])


def test_unknown_uploads_and_part_numbers(s3) -> None:
    for call, expected in (
        (lambda: complete(s3, "nope", [{"PartNumber": 1, "ETag": "x"}]), "NoSuchUpload"),
        (
            lambda: s3.upload_part(Bucket="data", Key="big", UploadId="nope", PartNumber=1, Body=b""),
            "NoSuchUpload",
        ),
        (
            lambda: s3.upload_part(Bucket="data", Key="big", UploadId=upload(s3, [])[0], PartNumber=10001, Body=b""),
            "InvalidArgument",
        ),
    ):
        with pytest.raises(ClientError) as error:
            call()
        assert code(error) == expected


def test_composite_and_full_checksums(s3) -> None:
    sizes = [5 * MB, 7]
    upload_id, parts = upload(s3, sizes, ChecksumAlgorithm="CRC32")
    composite = complete(s3, upload_id, parts)
    crcs = [zlib.crc32(BODY[: 5 * MB]), zlib.crc32(BODY[5 * MB : 5 * MB + 7])]
    joined = zlib.crc32(b"".join(crc.to_bytes(4, "big") for crc in crcs))
    assert composite["ChecksumCRC32"] == base64.b64encode(joined.to_bytes(4, "big")).decode() + "-2"
    assert composite["ChecksumType"] == "COMPOSITE"

    upload_id, parts = upload(s3, sizes, ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT")
    right = base64.b64encode(zlib.crc32(BODY[: sum(sizes)]).to_bytes(4, "big")).decode()
    with pytest.raises(ClientError) as error:
        complete(s3, upload_id, parts, ChecksumCRC32="AAAAAA==", ChecksumType="FULL_OBJECT")
    assert code(error) == "BadDigest"
    assert complete(s3, upload_id, parts, ChecksumCRC32=right)["ChecksumCRC32"] == right
    assert s3.head_object(Bucket="data", Key="big", ChecksumMode="ENABLED")["ChecksumCRC32"] == right


def test_a_checksum_type_that_the_algorithm_cannot_have(s3) -> None:
    with pytest.raises(ClientError) as error:
        upload(s3, [], ChecksumAlgorithm="SHA256", ChecksumType="FULL_OBJECT")
    assert code(error) == "InvalidRequest"


def test_parts_must_have_the_checksum_that_was_announced(s3) -> None:
    with pytest.raises(ClientError) as error:
        upload(s3, [10], ChecksumAlgorithm="SHA256")
    assert code(error) == "InvalidRequest"


def test_parts_copied_from_objects(s3) -> None:
    s3.put_object(Bucket="data", Key="source", Body=BODY[: 6 * MB])
    upload_id = s3.create_multipart_upload(Bucket="data", Key="big", ChecksumAlgorithm="CRC32")["UploadId"]
    parts = []
    for number, span in ((1, {}), (2, {"CopySourceRange": "bytes=10-19"})):
        copied = s3.upload_part_copy(
            Bucket="data", Key="big", UploadId=upload_id, PartNumber=number, CopySource="data/source", **span
        )
        parts.append({"PartNumber": number, "ETag": copied["CopyPartResult"]["ETag"]})
    complete(s3, upload_id, parts)
    assert s3.get_object(Bucket="data", Key="big")["Body"].read() == BODY[: 6 * MB] + BODY[10:20]
    upload_id, _ = upload(s3, [])
    with pytest.raises(ClientError) as error:
        s3.upload_part_copy(
            Bucket="data",
            Key="big",
            UploadId=upload_id,
            PartNumber=1,
            CopySource="data/source",
            CopySourceRange="bytes=5-",
        )
    assert code(error) == "InvalidArgument"


def test_parts_and_uploads_are_listed_in_pages(s3) -> None:
    upload_id, _ = upload(s3, [1, 2, 3])
    pages = s3.get_paginator("list_parts").paginate(
        Bucket="data", Key="big", UploadId=upload_id, PaginationConfig={"PageSize": 2}
    )
    assert [(part["PartNumber"], part["Size"]) for page in pages for part in page["Parts"]] == [(1, 1), (2, 2), (3, 3)]
    second, _ = upload(s3, [])
    third = s3.create_multipart_upload(Bucket="data", Key="other")["UploadId"]
    found = s3.get_paginator("list_multipart_uploads").paginate(Bucket="data", PaginationConfig={"PageSize": 1})
    uploads = [(item["Key"], item["UploadId"]) for page in found for item in page.get("Uploads", [])]
    assert uploads == [*(("big", name) for name in sorted([upload_id, second])), ("other", third)]
    only = s3.list_multipart_uploads(Bucket="data", Prefix="o")["Uploads"]
    assert [item["Key"] for item in only] == ["other"]


def test_if_none_match_holds_for_completion(s3) -> None:
    upload_id, parts = upload(s3, [10])
    s3.put_object(Bucket="data", Key="big", Body=b"first")
    with pytest.raises(ClientError) as error:
        complete(s3, upload_id, parts, IfNoneMatch="*")
    assert code(error) == "PreconditionFailed"
    assert s3.get_object(Bucket="data", Key="big")["Body"].read() == b"first"
    s3.delete_object(Bucket="data", Key="big")
    complete(s3, upload_id, parts, IfNoneMatch="*")
