"""The log store: files for people, writers for jobs, and what outlives a kill."""

from __future__ import annotations

import random
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headgate.localcloud.logs.lines import LAST_TIMESTAMP, LogEvent, format_event, parse_event, parse_stamp
from headgate.localcloud.logs.names import group_path, stream_path
from headgate.localcloud.logs.store import LogStore
from headgate.localcloud.logs.stream import StreamFile
from unit.localcloud.http_harness import FakeClock

PLACE = ("111111111111", "us-east-1")
GROUP = "/aws/sagemaker/TrainingJobs"
NOW = 1795244400000

times = st.integers(0, LAST_TIMESTAMP)
messages = st.text(alphabet=st.one_of(st.characters(), st.sampled_from("\n\t\r\x00\x85\u2028 Z\ud800")), max_size=40)


@given(times, st.integers(-(10**9), 10**9), messages)
def test_an_event_survives_its_lines(timestamp: int, late: int, message: str) -> None:
    event = LogEvent(timestamp, timestamp + late, message)
    lines = format_event(event)
    assert parse_event(lines) == event
    first, *others = lines.removesuffix(b"\n").split(b"\n")
    assert parse_stamp(first) is not None
    assert all(line.startswith(b"\t") and parse_stamp(line) is None for line in others)


def test_what_a_person_sees() -> None:
    event = LogEvent(NOW + 123, NOW + 123, "epoch 1\nloss 0.5")
    assert format_event(event) == b"2026-11-21T07:00:00.123Z epoch 1\n\tloss 0.5\n"
    assert format_event(LogEvent(NOW, NOW + 1500, "late")) == b"2026-11-21T07:00:00.000Z+1500 late\n"


def test_what_is_no_event() -> None:
    with pytest.raises(ValueError, match="not the first line of an event"):
        parse_event(b"hello\n")


def test_a_character_torn_in_two_is_still_read() -> None:
    assert parse_event("2026-11-21T07:00:00.123Z ü".encode()[:-1]).message == "�"


streams = st.text(
    alphabet=st.one_of(st.characters(exclude_characters=":*"), st.sampled_from("a./%#log")), min_size=1, max_size=300
)


@given(streams, streams)
def test_two_streams_never_share_a_file(first: str, second: str) -> None:
    one, other = stream_path(first), stream_path(second)
    assert (one == other) == (first == second)
    assert one not in other.parents or first == second
    for path in (one, other):
        assert not path.is_absolute()
        assert all(part not in {"", ".", ".."} and not part.startswith(".") for part in path.parts)
        assert all(len(part.encode()) <= 255 for part in path.parts)


groups = st.text(alphabet="aZ09_-/.#", min_size=1, max_size=512)


@given(groups, groups)
def test_two_groups_never_share_a_folder(first: str, second: str) -> None:
    one, other = group_path(first), group_path(second)
    assert (one == other) == (first == second)
    assert one not in other.parents
    assert all(part not in {"", ".", ".."} and not part.startswith(".") and len(part) <= 255 for part in one.parts)


@pytest.mark.parametrize(
    ("group", "stream", "path"),
    [
        (GROUP, "job-1/algo-1-1700", "aws.sagemaker.TrainingJobs/job-1/algo-1-1700.log"),
        ("mine", "a", "@mine/a.log"),
        ("/v1.2", "../../etc/passwd", "v1%2E2/%2E./%2E./etc/passwd.log"),
        ("/", "/", "@%/%/%.log"),
        ("//a", "a.log/b", "%.a/a%2Elog/b.log"),
    ],
)
def test_where_streams_are(store: LogStore, tmp_path: Path, group: str, stream: str, path: str) -> None:
    assert store.path(*PLACE, group, stream) == tmp_path / "logs" / PLACE[0] / PLACE[1] / path


def test_an_account_that_is_a_path(store: LogStore) -> None:
    with pytest.raises(ValueError, match="neither an account nor a region"):
        store.path("../x", "us-east-1", GROUP, "a")


def test_a_writers_lines_are_in_the_file_at_once(store: LogStore, clock: FakeClock) -> None:
    path = store.path(*PLACE, GROUP, "job")
    with store.writer(*PLACE, GROUP, "job") as writer:
        writer.write("first\n")
        assert path.read_text() == "2026-11-21T07:00:00.000Z first\n"
        clock.time += 1
        writer.write("second", timestamp=clock.time - 0.5)
    writer.write("after the end")
    assert path.read_text().splitlines()[1:] == ["2026-11-21T07:00:00.500Z+500 second"]


def test_two_writers_of_one_stream(store: LogStore) -> None:
    writers = [store.writer(*PLACE, GROUP, "job") for _ in range(2)]
    writers[0].close()
    writers[0].close()
    writers[1].write("still open")
    writers[1].close()
    assert opened(store, "job").count() == 1


def test_lines_of_many_threads_are_not_mixed(store: LogStore) -> None:
    writer = store.writer(*PLACE, GROUP, "job")
    threads = [
        threading.Thread(target=lambda name=name: [writer.write(f"{name}\n{name}") for _ in range(200)])
        for name in "abcd"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.close()
    found = [event.message for event in opened(store, "job").read(0, 1000)]
    assert sorted(found) == sorted(f"{name}\n{name}" for name in "abcd" for _ in range(200))


def opened(store: LogStore, stream: str) -> StreamFile:
    found = store.find_stream(*PLACE, GROUP, stream)
    assert found is not None
    return found


def test_events_are_read_in_the_order_of_their_times(store: LogStore, clock: FakeClock) -> None:
    with store.writer(*PLACE, GROUP, "job") as writer:
        for second in (5, 1, 3, 3):
            writer.write(str(second), timestamp=clock.time + second)
    stream = opened(store, "job")
    assert [event.message for event in stream.read(0, 9)] == ["1", "3", "3", "5"]
    assert [stream.first_at(NOW + second * 1000) for second in (0, 1, 2, 3, 4, 6)] == [0, 0, 1, 1, 3, 4]
    assert stream.bounds() == (NOW + 1000, NOW + 5000, NOW)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(st.lists(st.lists(st.tuples(st.integers(0, 9), messages), max_size=4), max_size=4))
def test_batches_come_back_sorted_by_time(tmp_path: Path, batches: list[list[tuple[int, str]]]) -> None:
    file = tmp_path / "a.log"
    file.unlink(missing_ok=True)
    stream, written = StreamFile("a", 0, file), []
    for batch in batches:
        events = [LogEvent(timestamp, 20, message) for timestamp, message in batch]
        stream.append(events)
        written += events
        assert stream.read(0, 100) == sorted(written, key=lambda event: event.timestamp)
    assert StreamFile("a", 0, file).read(0, 100) == sorted(written, key=lambda event: event.timestamp)


def test_a_follower_wakes_for_more_and_for_the_end(store: LogStore) -> None:
    writer = store.writer(*PLACE, GROUP, "job")
    assert store.wait_for_more(*PLACE, GROUP, "job", 0, timeout=0) is False
    woken: list[bool] = []
    follower = threading.Thread(target=lambda: woken.append(store.wait_for_more(*PLACE, GROUP, "job", 0, timeout=30)))
    follower.start()
    writer.write("news")
    follower.join()
    size = store.size(*PLACE, GROUP, "job")
    assert size > 0
    last = threading.Thread(target=lambda: woken.append(store.wait_for_more(*PLACE, GROUP, "job", size, timeout=30)))
    last.start()
    group = store.find_group(*PLACE, GROUP)
    assert group is not None
    group.remove(opened(store, "job"))
    last.join()
    assert woken == [True, True]
    writer.write("nobody reads this")
    writer.close()
    assert not store.path(*PLACE, GROUP, "job").exists()
    assert store.wait_for_more(*PLACE, GROUP, "job", 0) is False


def test_a_line_that_is_not_finished_waits(store: LogStore) -> None:
    with store.writer(*PLACE, GROUP, "job") as writer:
        writer.write("whole")
    stream = opened(store, "job")
    with stream.file.open("ab") as file:
        file.write(b"2026-11-21T07:00:01.000Z ha")
    assert stream.count() == 1
    with stream.file.open("ab") as file:
        file.write(b"lf\n")
    assert [event.message for event in stream.read(0, 9)] == ["whole", "half"]


def test_everything_is_there_after_reopening(store: LogStore, tmp_path: Path, clock: FakeClock) -> None:
    long = "/" + "x" * 400
    for group in (GROUP, long):
        with store.writer(*PLACE, group, "b/1") as writer:
            writer.write("one\ntwo")
        store.writer(*PLACE, group, "a").close()
        found = store.find_group(*PLACE, group)
        assert found is not None
        found.set_retention(7)
        found.set_tags({"k": "v"})
    again = LogStore(tmp_path / "logs", clock)
    assert [group.settings for group in again.groups(*PLACE)] == [group.settings for group in store.groups(*PLACE)]
    for group in again.groups(*PLACE):
        assert [(stream.name, stream.created) for stream in group.streams()] == [("a", NOW), ("b/1", NOW)]
        stream = group.find("b/1")
        assert stream is not None
        assert [event.message for event in stream.read(0, 9)] == ["one\ntwo"]
    assert again.groups("222222222222", "us-east-1") == []


def test_a_group_that_was_deleted_comes_back_empty(store: LogStore, tmp_path: Path, clock: FakeClock) -> None:
    with store.writer(*PLACE, GROUP, "a/b") as writer:
        writer.write("old")
    group = store.find_group(*PLACE, GROUP)
    assert group is not None
    store.delete_group(*PLACE, group)
    assert not group.folder.exists()
    assert LogStore(tmp_path / "logs", clock).groups(*PLACE) == []
    store.writer(*PLACE, GROUP, "a/b").close()
    assert opened(store, "a/b").count() == 0


def test_what_a_killed_deletion_left_does_not_come_back(store: LogStore, tmp_path: Path, clock: FakeClock) -> None:
    with store.writer(*PLACE, GROUP, "a") as writer:
        writer.write("old")
    folder = store.path(*PLACE, GROUP, "a").parent
    (folder / ".group.json").unlink()
    again = LogStore(tmp_path / "logs", clock)
    assert again.groups(*PLACE) == []
    again.writer(*PLACE, GROUP, "b").close()
    found = again.find_group(*PLACE, GROUP)
    assert found is not None
    assert [stream.name for stream in found.streams()] == ["b"]


def test_a_deleted_stream_comes_back_empty(store: LogStore, tmp_path: Path, clock: FakeClock) -> None:
    with store.writer(*PLACE, GROUP, "a") as writer:
        writer.write("old")
    group = store.find_group(*PLACE, GROUP)
    assert group is not None
    group.remove(opened(store, "a"))
    assert LogStore(tmp_path / "logs", clock).find_stream(*PLACE, GROUP, "a") is None
    store.path(*PLACE, GROUP, "a").write_bytes(b"2026-11-21T07:00:00.000Z left by a kill\n")
    store.writer(*PLACE, GROUP, "a").close()
    assert opened(store, "a").count() == 0


def test_a_torn_line_of_the_journal_is_skipped(store: LogStore, tmp_path: Path, clock: FakeClock) -> None:
    store.writer(*PLACE, GROUP, "a").close()
    journal = store.path(*PLACE, GROUP, "a").parent / ".streams.jsonl"
    with journal.open("ab") as file:
        file.write(b'{"created": 5, "str')
    again = LogStore(tmp_path / "logs", clock)
    again.writer(*PLACE, GROUP, "b").close()
    third = LogStore(tmp_path / "logs", clock)
    found = third.find_group(*PLACE, GROUP)
    assert found is not None
    assert [stream.name for stream in found.streams()] == ["a", "b"]


WRITER = """
import sys, time
from pathlib import Path
from headgate.localcloud.logs.store import LogStore

class Clock:
    now = staticmethod(time.time)

store = LogStore(Path(sys.argv[1]), Clock())
number = int(sys.argv[2])
writer = store.writer("111111111111", "us-east-1", "/aws/sagemaker/TrainingJobs", "job")
while True:
    number += 1
    writer.write(f"{number}\\n" + "x" * (number % 9) * 1000)
    print(number, flush=True)
"""


def test_every_acknowledged_line_outlives_a_kill(tmp_path: Path, clock: FakeClock) -> None:
    chance, last = random.Random(3), 0
    for _ in range(4):
        command = [sys.executable, "-c", WRITER, str(tmp_path), str(last)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for _ in range(chance.randrange(1, 200)):
                process.stdout.readline()
            process.kill()
            rest = process.stdout.read()
        last = int((rest.splitlines() or ["0"])[-1]) or last
        stream = opened(LogStore(tmp_path, clock), "job")
        found = stream.read(0, stream.count())
        numbers = [int(match[1]) for event in found if (match := re.match(r"(\d+)(?:\n|$)", event.message))]
        assert set(range(1, last + 1)) <= set(numbers)
        last = max(last, *numbers)
