"""The store itself: what jobs use, and what outlives a kill."""

from __future__ import annotations

import errno
import hashlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from headgate.errors import FailedError
from headgate.localcloud.errors import AwsError
from headgate.localcloud.s3.store import Attributes, ObjectStore, parse_s3_uri
from unit.localcloud.http_harness import FakeClock

ACCOUNT = "111111111111"


@pytest.fixture
def data(store: ObjectStore) -> ObjectStore:
    """A store with the bucket `data`."""
    store.create_bucket(ACCOUNT, "us-east-1", "data")
    return store


def test_bytes_in_and_out(data: ObjectStore) -> None:
    put = data.put_bytes("data", "a/b", b"hello", metadata={"k": "v"}, content_type="text/plain")
    got = data.get("data", "a/b")
    assert got == put
    assert (got.path.read_bytes(), got.size, got.etag) == (b"hello", 5, hashlib.md5(b"hello").hexdigest())
    assert (got.metadata, got.content_type, got.version_id, got.last_modified) == (
        {"k": "v"},
        "text/plain",
        None,
        1795244400,
    )


def test_nothing_there(data: ObjectStore) -> None:
    assert data.find("data", "a") is None
    assert data.find("nope", "a") is None
    with pytest.raises(AwsError, match="NoSuchKey"):
        data.get("data", "a")
    with pytest.raises(AwsError, match="NoSuchBucket"):
        data.get("nope", "a")
    with pytest.raises(AwsError, match="NoSuchBucket"):
        data.put_bytes("nope", "a", b"")
    with pytest.raises(AwsError, match="NoSuchBucket"):
        data.list("nope")


def test_listing_is_in_key_order(data: ObjectStore) -> None:
    for key in ("b", "a/2", "a/1", "a", "ab"):
        data.put_bytes("data", key, b"")
    assert [info.key for info in data.list("data")] == ["a", "a/1", "a/2", "ab", "b"]
    assert [info.key for info in data.list("data", "a/")] == ["a/1", "a/2"]


def test_ensure_bucket(store: ObjectStore) -> None:
    assert store.ensure_bucket(ACCOUNT, "eu-west-1", "mine") == store.ensure_bucket(ACCOUNT, "us-east-1", "mine")
    assert store.bucket_exists("mine")
    with pytest.raises(AwsError, match="BucketAlreadyExists"):
        store.ensure_bucket("222222222222", "us-east-1", "mine")


def test_a_file_is_copied_or_moved(data: ObjectStore, tmp_path: Path) -> None:
    source = tmp_path / "model.tar.gz"
    source.write_bytes(b"model")
    number = source.stat().st_ino
    assert data.put_file("data", "copied", source).path.stat().st_ino != number
    moved = data.put_file("data", "moved", source, move=True, content_type="application/gzip")
    assert (moved.path.stat().st_ino, moved.path.stat().st_mode & 0o777) == (number, 0o444)
    assert moved.etag == hashlib.md5(b"model").hexdigest()
    assert not source.exists()


def test_an_empty_file_can_be_moved(data: ObjectStore, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert data.put_file("data", "a", tmp_path / "empty", move=True).path.read_bytes() == b""


def test_a_file_with_another_writable_name_is_copied(data: ObjectStore, tmp_path: Path) -> None:
    source, other = tmp_path / "a", tmp_path / "b"
    source.write_bytes(b"before")
    os.link(source, other)
    info = data.put_file("data", "a", source, move=True)
    other.write_bytes(b"after!")
    assert info.path.read_bytes() == b"before"
    assert not source.exists()


def test_a_file_of_another_file_system_is_copied(data: ObjectStore, tmp_path: Path, monkeypatch) -> None:
    source = tmp_path / "a"
    source.write_bytes(b"far")
    within = Path.rename

    def rename(path: Path, target: Path) -> Path:
        if path == source:
            raise OSError(errno.EXDEV, "another file system")
        return within(path, target)

    monkeypatch.setattr(Path, "rename", rename)
    info = data.put_file("data", "a", source, move=True)
    assert (info.path.read_bytes(), info.etag, info.size) == (b"far", hashlib.md5(b"far").hexdigest(), 3)
    assert not source.exists()


def test_links_and_folders_are_no_objects(data: ObjectStore, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/hostname")
    for path in (tmp_path / "link", tmp_path):
        with pytest.raises(ValueError, match="not a regular file"):
            data.put_file("data", "a", path, move=True)
    assert (tmp_path / "link").is_symlink()


def test_a_hard_link_outlives_the_object(data: ObjectStore, tmp_path: Path) -> None:
    info = data.put_bytes("data", "a", b"input")
    os.link(info.path, tmp_path / "input")
    data.put_bytes("data", "a", b"newer")
    data.delete("data", "a")
    assert (tmp_path / "input").read_bytes() == b"input"
    assert not info.path.exists()


def test_an_object_that_is_replaced_leaves_no_file(data: ObjectStore) -> None:
    for body in (b"1", b"2", b"3"):
        data.put_bytes("data", "a", body)
    assert data.blobs.sweep(data.versions.blobs()) == 0
    assert len(data.versions.blobs()) == 1


def test_a_refused_write_changes_nothing(data: ObjectStore) -> None:
    data.put_bytes("data", "a", b"old")

    def refuse(current: object) -> None:
        raise AwsError("PreconditionFailed", "no", status=412)

    with data.stage() as staged:
        staged.write(b"new")
        with pytest.raises(AwsError, match="PreconditionFailed"):
            data.put_staged("data", "a", staged, Attributes(), precondition=refuse)
    assert data.get("data", "a").path.read_bytes() == b"old"
    assert data.blobs.sweep(data.versions.blobs()) == 0


def test_a_transaction_that_fails_removes_no_file(data: ObjectStore) -> None:
    data.put_bytes("data", "a", b"old")

    def delete_and_fail() -> None:
        with data.database.transaction():
            data.delete("data", "a")
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        delete_and_fail()
    assert data.get("data", "a").path.read_bytes() == b"old"


def test_everything_is_there_after_reopening(tmp_path: Path, clock: FakeClock) -> None:
    store = ObjectStore(tmp_path / "s3", clock)
    store.create_bucket(ACCOUNT, "us-east-1", "data")
    before = store.put_bytes("data", "a", b"hello", metadata={"k": "v"})
    store.close()
    again = ObjectStore(tmp_path / "s3", clock)
    assert again.get("data", "a") == before
    again.close()


def test_what_a_kill_left_is_swept_at_the_next_start(tmp_path: Path, clock: FakeClock) -> None:
    store = ObjectStore(tmp_path / "s3", clock)
    store.create_bucket(ACCOUNT, "us-east-1", "data")
    kept = store.put_bytes("data", "a", b"kept").path
    (tmp_path / "s3/staging/half").write_bytes(b"half")
    (tmp_path / "s3/blobs/ab/abandoned").write_bytes(b"never named")
    store.close()
    again = ObjectStore(tmp_path / "s3", clock)
    files = [path for path in (tmp_path / "s3").rglob("*") if path.is_file() and path.parent.name != "s3"]
    assert files == [kept]
    again.close()


def test_an_index_of_a_newer_version_is_left_alone(tmp_path: Path, clock: FakeClock) -> None:
    ObjectStore(tmp_path / "s3", clock).close()
    connection = sqlite3.connect(tmp_path / "s3/index.db")
    connection.execute("PRAGMA user_version=99")
    connection.close()
    with pytest.raises(FailedError, match="newer headgate"):
        ObjectStore(tmp_path / "s3", clock)


PROGRAM = """
import sys, time
from pathlib import Path
from headgate.localcloud.s3.store import ObjectStore

class Clock:
    def now(self):
        return 0.0

store = ObjectStore(Path(sys.argv[1]), Clock())
"""


def run(root: Path, program: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM + program, str(root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )


def test_a_second_process_is_kept_out(tmp_path: Path, clock: FakeClock) -> None:
    with run(tmp_path, "print('open', flush=True); sys.stdin.read()") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        with pytest.raises(FailedError, match="in use by another process"):
            ObjectStore(tmp_path, clock)
        process.kill()
    ObjectStore(tmp_path, clock).close()


WRITER = """
import random
store.ensure_bucket("111111111111", "us-east-1", "data")
number = 0
while True:
    number += 1
    key, body = f"key-{number % 7}", str(number) * random.randrange(1, 20000)
    print("changing", key, number, flush=True)
    if number % 5 == 0:
        store.delete("data", key)
        print("deleted", key, number, flush=True)
    else:
        info = store.put_bytes("data", key, body.encode())
        print("put", key, info.etag, flush=True)
"""


def test_index_and_files_agree_wherever_the_writer_was_killed(tmp_path: Path, clock: FakeClock) -> None:
    chance = random.Random(7)
    for _ in range(6):
        process = run(tmp_path, WRITER)
        assert process.stdout is not None
        acknowledged: dict[str, str | None] = {}
        pending = ""
        for line in (process.stdout.readline() for _ in range(chance.randrange(1, 120))):
            pending = note(acknowledged, line)
        process.send_signal(signal.SIGKILL)
        for line in process.stdout.read().splitlines():
            pending = note(acknowledged, line)
        process.communicate()
        store = ObjectStore(tmp_path, clock)
        for info in store.list("data"):
            content = info.path.read_bytes()
            assert (len(content), hashlib.md5(content).hexdigest()) == (info.size, info.etag)
        for key, etag in acknowledged.items():
            found = store.find("data", key)
            if key != pending:
                assert (found.etag if found else None) == etag
        assert store.blobs.sweep(store.versions.blobs()) == 0
        store.close()


def note(acknowledged: dict[str, str | None], line: str) -> str:
    """Remember what the writer said; returns the key that it may be changing now."""
    word, key, value = line.split() if line.count(" ") == 2 else ("", "", "")
    if word in {"put", "deleted"}:
        acknowledged[key] = value if word == "put" else None
    return key if word == "changing" else ""


def test_many_threads_write_and_read_at_once(data: ObjectStore) -> None:
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(40):
                body = f"{number}-{turn}".encode()
                data.put_bytes("data", f"shared-{turn % 3}", body)
                data.put_bytes("data", f"own-{number}", body)
                assert data.get("data", f"own-{number}").path.read_bytes() == body
                info, file = data.open("data", f"shared-{turn % 3}")
                with file:
                    assert hashlib.md5(file.read()).hexdigest() == info.etag
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert data.blobs.sweep(data.versions.blobs()) == 0


@pytest.mark.parametrize(
    ("uri", "expected"),
    [("s3://b/k", ("b", "k")), ("s3://b/k/", ("b", "k/")), ("s3://b", ("b", "")), ("s3://b//k", ("b", "/k"))],
)
def test_s3_uris(uri: str, expected: tuple[str, str]) -> None:
    assert parse_s3_uri(uri) == expected


@pytest.mark.parametrize(
    "address",
    [
        "https://b.c.s3.amazonaws.com/deep/k%20y",
        "https://b.c.s3-eu-west-1.amazonaws.com/deep/k%20y",
        "https://b.c.s3.dualstack.eu-west-1.amazonaws.com/deep/k%20y",
        "https://s3.eu-west-1.amazonaws.com/b.c/deep/k%20y",
    ],
)
def test_an_objects_address_on_s3_is_its_uri(address: str) -> None:
    assert parse_s3_uri(address) == ("b.c", "deep/k y")


@pytest.mark.parametrize("uri", ["", "b/k", "http://b/k", "https://x/k", "s3://", "s3:///k", "s3:b/k"])
def test_what_is_no_s3_uri(uri: str) -> None:
    with pytest.raises(AwsError, match="ValidationException"):
        parse_s3_uri(uri)
