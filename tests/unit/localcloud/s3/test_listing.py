"""Listings: a model for their semantics, and boto3's paginators over them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from headgate.localcloud.s3.listing import common_prefix, paginate
from headgate.localcloud.s3.names import after, after_prefix


@dataclass(frozen=True, slots=True)
class Item:
    key: str


def source(keys: Sequence[str]):
    """An index over sorted keys, as `paginate` asks it."""

    def fetch(start: str, end: str | None, limit: int) -> list[Item]:
        stop = len(keys) if end is None else bisect_left(keys, end)
        return [Item(key) for key in keys[bisect_left(keys, start) : stop][:limit]]

    return fetch


def entries(keys: Sequence[str], prefix: str, delimiter: str) -> list[str]:
    """The whole listing, written down the obvious way: keys and common prefixes in one order."""
    found: list[str] = []
    for key in sorted(keys):
        if key.startswith(prefix):
            entry = common_prefix(key, prefix, delimiter) or key
            if entry not in found[-1:]:
                found.append(entry)
    return found


letters = st.text(alphabet="ab/-\U0010ffff\ud7ff\ue000", max_size=5)


@given(st.sets(letters.filter(bool)), letters, st.sampled_from(["", "/", "-", "ab", "//"]), letters, st.integers(0, 9))
def test_a_page_is_the_entries_after_the_marker(
    keys: set[str], prefix: str, delimiter: str, marker: str, limit: int
) -> None:
    page = paginate(source(sorted(keys)), prefix=prefix, delimiter=delimiter, marker=marker, limit=limit)
    expected = [entry for entry in entries(sorted(keys), prefix, delimiter) if not marker or entry > marker]
    assert sorted([*(item.key for item in page.entries), *page.prefixes]) == expected[:limit]
    assert page.truncated == (len(expected) > limit > 0)


@given(st.sets(letters.filter(bool), max_size=60), letters, st.sampled_from(["", "/"]), st.integers(1, 4))
def test_pages_one_after_another_are_the_whole_listing(keys: set[str], prefix: str, delimiter: str, limit: int) -> None:
    found: list[str] = []
    marker, more = "", True
    while more:
        page = paginate(source(sorted(keys)), prefix=prefix, delimiter=delimiter, marker=marker, limit=limit)
        found += sorted([*(item.key for item in page.entries), *page.prefixes])
        marker, more = page.last, page.truncated
    assert found == entries(sorted(keys), prefix, delimiter)


@given(letters, letters)
def test_the_end_of_a_prefix_is_behind_all_that_begins_with_it(prefix: str, rest: str) -> None:
    end = after_prefix(prefix)
    assert end is None or prefix + rest < end
    assert prefix + rest < after(prefix + rest)


@given(letters, letters)
def test_nothing_stands_between_a_prefix_and_its_end(prefix: str, key: str) -> None:
    end = after_prefix(prefix)
    if key >= prefix and (end is None or key < end):
        assert key.startswith(prefix)


def test_a_page_of_folders_asks_for_few_keys() -> None:
    keys = sorted(f"{folder:03d}/{number:04d}" for folder in range(50) for number in range(1000))
    asked: list[int] = []
    inner = source(keys)

    def fetch(start: str, end: str | None, limit: int) -> list[Item]:
        found = inner(start, end, limit)
        asked.append(len(found))
        return found

    page = paginate(fetch, prefix="", delimiter="/", marker="", limit=1000)
    assert len(page.prefixes) == 50
    assert sum(asked) < 50 * 40


KEYS = ["a", "b/1", "b/2", "c", "d/e/1", "d/f", "ü ß+&<"]


@pytest.fixture
def filled(s3, store):
    for key in KEYS:
        store.put_bytes("data", key, key.encode())
    return s3


def test_version_2_in_pages_with_a_delimiter(filled) -> None:
    pages = list(
        filled.get_paginator("list_objects_v2").paginate(Bucket="data", Delimiter="/", PaginationConfig={"PageSize": 2})
    )
    assert [item["Key"] for page in pages for item in page.get("Contents", [])] == ["a", "c", "ü ß+&<"]
    assert [item["Prefix"] for page in pages for item in page.get("CommonPrefixes", [])] == ["b/", "d/"]
    assert [page["KeyCount"] for page in pages] == [2, 2, 1]


def test_version_2_start_after_and_owner(filled) -> None:
    answer = filled.list_objects_v2(Bucket="data", StartAfter="b/1", FetchOwner=True, MaxKeys=2)
    assert [item["Key"] for item in answer["Contents"]] == ["b/2", "c"]
    assert answer["Contents"][0]["Owner"]["ID"] == "111111111111"
    assert answer["IsTruncated"] is True


def test_version_1_in_pages(filled) -> None:
    pages = list(filled.get_paginator("list_objects").paginate(Bucket="data", PaginationConfig={"PageSize": 3}))
    assert [item["Key"] for page in pages for item in page["Contents"]] == KEYS
    answer = filled.list_objects(Bucket="data", Delimiter="/", Marker="b/", Prefix="")
    assert [item["Key"] for item in answer["Contents"]] == ["c", "ü ß+&<"]
    assert [item["Prefix"] for item in answer["CommonPrefixes"]] == ["d/"]


def test_a_prefix_within_a_folder(filled) -> None:
    answer = filled.list_objects_v2(Bucket="data", Prefix="d/", Delimiter="/")
    assert [item["Key"] for item in answer["Contents"]] == ["d/f"]
    assert [item["Prefix"] for item in answer["CommonPrefixes"]] == ["d/e/"]


def test_no_keys_asked_for(filled) -> None:
    answer = filled.list_objects_v2(Bucket="data", MaxKeys=0)
    assert (answer["KeyCount"], answer["IsTruncated"]) == (0, False)


@pytest.mark.parametrize(
    "arguments",
    [{"ContinuationToken": "%%%"}, {"MaxKeys": -1}, {"EncodingType": "base64"}, {"ContinuationToken": "_w=="}],
)
def test_wrong_arguments_of_listings(filled, arguments) -> None:
    with pytest.raises(ClientError) as error:
        filled.list_objects_v2(Bucket="data", **arguments)
    assert error.value.response["Error"]["Code"] == "InvalidArgument"


def test_versions_in_pages(s3) -> None:
    s3.put_bucket_versioning(Bucket="data", VersioningConfiguration={"Status": "Enabled"})
    for number in range(3):
        for key in ("a", "b/x", "c"):
            s3.put_object(Bucket="data", Key=key, Body=bytes(number))
    s3.delete_object(Bucket="data", Key="c")
    whole = s3.list_object_versions(Bucket="data")
    sizes = [(item["Key"], item["Size"], item["IsLatest"]) for item in whole["Versions"]]
    assert sizes == [(key, size, size == 2 and key != "c") for key in ("a", "b/x", "c") for size in (2, 1, 0)]
    assert [(item["Key"], item["IsLatest"]) for item in whole["DeleteMarkers"]] == [("c", True)]
    for size in (1, 2, 3, 4):
        pages = s3.get_paginator("list_object_versions").paginate(Bucket="data", PaginationConfig={"PageSize": size})
        assert [
            (item["Key"], item["Size"], item["IsLatest"]) for page in pages for item in page.get("Versions", [])
        ] == sizes
        grouped = s3.get_paginator("list_object_versions").paginate(
            Bucket="data", Delimiter="/", PaginationConfig={"PageSize": size}
        )
        prefixes = [item["Prefix"] for page in grouped for item in page.get("CommonPrefixes", [])]
        assert prefixes == ["b/"]


def test_a_version_marker_needs_a_key_marker(s3) -> None:
    with pytest.raises(ClientError) as error:
        s3.list_object_versions(Bucket="data", VersionIdMarker="x")
    assert error.value.response["Error"]["Code"] == "InvalidArgument"


def test_a_page_reads_little_more_than_what_is_on_it(store) -> None:
    """So its cost does not grow with the bucket: 20 folders of 1,000 keys each."""
    store.create_bucket("111111111111", "us-east-1", "many")
    row = "INSERT INTO versions VALUES (NULL, 'many', ?, 'null', 1, 0, 1, 'x', 0, 'b', '{}')"
    with store.database.transaction():
        for number in range(20_000):
            store.database.write(row, (f"{number // 1000:03d}/{number:06d}",))
    read: list[int] = []

    def fetch(start: str, end: str | None, limit: int) -> Sequence[Any]:
        found = store.versions.current("many", start, end, limit)
        read.append(len(found))
        return found

    page = paginate(fetch, prefix="005/", delimiter="", marker="", limit=1000)
    assert (len(page.entries), sum(read)) == (1000, 1000)
    read.clear()
    folders = paginate(fetch, prefix="", delimiter="/", marker="", limit=1000)
    assert (len(folders.prefixes), len(read)) == (20, 21)
    assert max(read) < 100
    store.database.write("DELETE FROM versions")
