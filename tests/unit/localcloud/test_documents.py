"""The document store: order, transactions, threads, and what outlives a kill."""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headgate.localcloud.documents import Documents, DuplicateError, Key, MissingError


def key(name: str, kind: str = "job", account: str = "111111111111", region: str = "us-east-1") -> Key:
    return Key(account, region, kind, name)


@pytest.fixture
def documents(tmp_path: Path) -> Iterator[Documents]:
    opened = Documents(tmp_path / "deep/state.db")
    yield opened
    opened.close()


def names(documents: Documents, **arguments: str) -> list[str]:
    return [found.name for found, _ in documents.list("job", **arguments)]


def test_a_document_is_what_was_put(documents: Documents) -> None:
    body = {"Status": "InProgress", "Parts": [1, {"ü": None}], "Time": 1.5}
    documents.insert(key("a"), body)
    assert documents.get(key("a")) == body
    documents.get(key("a"))["Status"] = "changed outside"
    assert documents.find(key("a")) == body


def test_every_part_of_the_key_counts(documents: Documents) -> None:
    keys = [key("a"), key("b"), key("a", kind="model"), key("a", account="2"), key("a", region="eu-west-1")]
    for number, each in enumerate(keys):
        documents.insert(each, {"number": number})
    assert [documents.get(each)["number"] for each in keys] == [0, 1, 2, 3, 4]


def test_a_name_is_taken_once(documents: Documents) -> None:
    documents.insert(key("a"), {"n": 1})
    with pytest.raises(DuplicateError, match="a"):
        documents.insert(key("a"), {"n": 2})
    assert documents.get(key("a")) == {"n": 1}


def test_what_is_missing(documents: Documents) -> None:
    assert documents.find(key("a")) is None
    for call in (documents.get, documents.delete, lambda each: documents.update(each, lambda body: body)):
        with pytest.raises(MissingError):
            call(key("a"))


def test_the_list_is_in_the_order_of_insertion(documents: Documents) -> None:
    for name in ("c", "a", "b"):
        documents.put(key(name), {})
    documents.put(key("c"), {"changed": True})
    documents.update(key("a"), lambda body: {**body, "changed": True})
    assert names(documents) == ["c", "a", "b"]
    documents.delete(key("c"))
    documents.insert(key("c"), {})
    assert names(documents) == ["a", "b", "c"]


def test_the_list_by_account_region_and_prefix(documents: Documents) -> None:
    for each in (key("x-1"), key("x-2", account="2"), key("X-3"), key("y"), key("x%", region="eu-west-1")):
        documents.insert(each, {})
    assert names(documents, prefix="x") == ["x-1", "x-2", "x%"]
    assert names(documents, prefix="x", account="111111111111", region="us-east-1") == ["x-1"]
    assert names(documents, prefix="x%") == ["x%"]
    assert documents.list("nothing") == []


def test_a_change_may_be_made_in_place_or_returned(documents: Documents) -> None:
    documents.insert(key("a"), {"n": 1})

    def in_place(body: dict[str, int]) -> None:
        body["n"] += 1

    assert documents.update(key("a"), in_place) == {"n": 2}
    assert documents.update(key("a"), lambda body: {"n": body["n"] * 10}) == documents.get(key("a")) == {"n": 20}


def test_a_transaction_is_all_or_nothing(documents: Documents) -> None:
    documents.insert(key("old"), {"n": 1})

    def half() -> None:
        with documents.transaction():
            documents.insert(key("new"), {})
            documents.put(key("old"), {"n": 2})
            with documents.transaction():
                documents.delete(key("old"))
            documents.next_number("builds")
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        half()
    assert names(documents) == ["old"]
    assert documents.get(key("old")) == {"n": 1}
    assert documents.next_number("builds") == 1


def test_a_failed_insert_spoils_only_itself(documents: Documents) -> None:
    documents.insert(key("a"), {})
    with documents.transaction():
        documents.insert(key("b"), {})
        with pytest.raises(DuplicateError):
            documents.insert(key("a"), {})
        documents.insert(key("c"), {})
    assert names(documents) == ["a", "b", "c"]


def test_a_change_that_raises_changes_nothing(documents: Documents) -> None:
    documents.insert(key("a"), {"n": 1})

    def spoil(body: dict[str, int]) -> None:
        body["n"] = 2
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        documents.update(key("a"), spoil)
    assert documents.get(key("a")) == {"n": 1}


def test_numbers_only_grow_and_survive(documents: Documents, tmp_path: Path) -> None:
    assert [documents.next_number("x"), documents.next_number("y"), documents.next_number("x")] == [1, 1, 2]
    documents.close()
    again = Documents(tmp_path / "deep/state.db")
    assert again.next_number("x") == 3
    again.close()


def test_threads_lose_no_update(documents: Documents) -> None:
    documents.insert(key("counter"), {"n": 0})
    numbers: list[int] = []

    def work(name: str) -> None:
        for turn in range(25):
            documents.update(key("counter"), lambda body: {"n": body["n"] + 1})
            documents.insert(key(f"{name}-{turn}"), {})
            numbers.append(documents.next_number("ids"))

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert documents.get(key("counter")) == {"n": 100}
    assert sorted(numbers) == list(range(1, 101))
    assert len(names(documents)) == 101


def test_nobody_sees_half_of_a_transaction(documents: Documents) -> None:
    documents.insert(key("a"), {"n": 0})
    documents.insert(key("b"), {"n": 0})
    inside, seen = threading.Event(), []

    def read() -> None:
        inside.wait()
        seen.append((documents.get(key("a"))["n"], documents.get(key("b"))["n"]))

    reader = threading.Thread(target=read)
    reader.start()
    with documents.transaction():
        documents.put(key("a"), {"n": 1})
        inside.set()
        documents.put(key("b"), {"n": 1})
    reader.join()
    assert seen == [(1, 1)]


operations = st.lists(
    st.tuples(st.sampled_from(["put", "insert", "delete"]), st.sampled_from("abcd"), st.integers(0, 9)), max_size=20
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(operations)
def test_it_behaves_like_a_dictionary(documents: Documents, steps: list[tuple[str, str, int]]) -> None:
    model: dict[str, int] = {}
    for found, _ in documents.list("job"):
        documents.delete(found)
    for step, name, value in steps:
        if step == "put" or (step == "insert" and name not in model):
            getattr(documents, step)(key(name), {"v": value})
            model[name] = value
        elif step == "delete" and name in model:
            documents.delete(key(name))
            del model[name]
    assert [(found.name, body["v"]) for found, body in documents.list("job")] == list(model.items())


WRITER = """
import sys
from pathlib import Path
from headgate.localcloud.documents import Documents, Key

documents = Documents(Path(sys.argv[1]))
while True:
    with documents.transaction():
        number = documents.next_number("pairs")
        documents.put(Key("1", "r", "left", str(number % 5)), {"n": number})
        documents.put(Key("1", "r", "right", str(number % 5)), {"n": number, "pad": "x" * 5000})
    print(number, flush=True)
"""


def test_acknowledged_writes_outlive_a_kill_and_pairs_stay_pairs(tmp_path: Path) -> None:
    chance = random.Random(5)
    file = tmp_path / "state.db"
    for _ in range(4):
        command = [sys.executable, "-c", WRITER, str(file)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for _ in range(chance.randrange(1, 60)):
                acknowledged = int(process.stdout.readline())
            process.kill()
            rest = process.stdout.read().splitlines()
        acknowledged = int(rest[-1]) if rest else acknowledged
        documents = Documents(file)
        left, right = ({found.name: body["n"] for found, body in documents.list(side)} for side in ("left", "right"))
        assert left == right
        assert max(left.values()) >= acknowledged
        assert documents.next_number("pairs") == max(left.values()) + 1
        documents.close()


def test_a_full_disk_spoils_no_later_write(documents: Documents) -> None:
    connection = documents._file._connection
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count={pages + 1}")
    with pytest.raises(sqlite3.OperationalError, match="full"):
        documents.insert(key("big"), {"pad": "x" * 100_000})
    connection.execute("PRAGMA max_page_count=100000")
    documents.insert(key("a"), {})
    assert names(documents) == ["a"]
    assert not connection.in_transaction


def test_bodies_must_be_json(documents: Documents) -> None:
    with pytest.raises(TypeError):
        documents.insert(key("a"), {"bad": object()})
    assert documents.find(key("a")) is None
    assert json.dumps(documents.list("job")) == "[]"


def test_watchers_hear_of_changes_before_and_after(documents: Documents) -> None:
    heard: list[tuple[str, object, object]] = []
    documents.watch(("job",), lambda where, before, after: heard.append((where.name, before, after)))
    documents.insert(key("a"), {"n": 1})
    documents.put(key("a"), {"n": 2})
    documents.update(key("a"), lambda body: body.update(n=3))
    documents.delete(key("a"))
    documents.put(key("a", kind="other"), {"n": 1})
    assert heard == [("a", None, {"n": 1}), ("a", {"n": 1}, {"n": 2}), ("a", {"n": 2}, {"n": 3}), ("a", {"n": 3}, None)]


def test_what_a_watcher_writes_is_there_exactly_when_the_change_is(documents: Documents) -> None:
    started: list[str] = []

    def told(where: Key, _: object, after: object) -> None:
        documents.put(key(where.name, kind="told"), {"after": after})
        documents.after_commit(lambda: started.append(where.name))

    documents.watch(("job",), told)
    documents.put(key("a"), {"n": 1})
    assert documents.get(key("a", kind="told")) == {"after": {"n": 1}}

    def fails_after_all() -> None:
        with documents.transaction():
            documents.put(key("b"), {"n": 1})
            assert started == ["a"], "nothing is begun before it is certain"
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails_after_all()
    assert documents.find(key("b")) is documents.find(key("b", kind="told")) is None
    assert started == ["a"]


def test_a_watcher_that_fails_undoes_the_change(documents: Documents) -> None:
    def told(where: Key, before: object, after: object) -> None:
        raise ZeroDivisionError

    documents.watch(("job",), told)
    with pytest.raises(ZeroDivisionError):
        documents.put(key("a"), {"n": 1})
    assert documents.find(key("a")) is None
