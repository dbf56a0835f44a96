from __future__ import annotations

import threading
from pathlib import Path

import pytest

from headgate.localcloud.clock import Timeline
from headgate.localcloud.documents import Documents

START = 1_700_000_000.0


def still() -> float:
    return START


def test_the_offset_survives_a_restart(tmp_path: Path) -> None:
    documents = Documents(tmp_path / "d.db")
    assert Timeline(documents, still).advance(86_400) == START + 86_400
    assert Timeline(documents, still).now() == START + 86_400
    documents.close()


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf")])
def test_the_clock_never_goes_back(seconds: float) -> None:
    with pytest.raises(ValueError, match="goes forward only"):
        Timeline(source=still).advance(seconds)


def test_work_is_done_when_its_moment_has_come_and_not_before() -> None:
    timeline, done = Timeline(source=still), threading.Event()
    timeline.call_at(START + 60, done.set)
    timeline.advance(59)
    assert not done.is_set()
    timeline.advance(1)
    assert done.wait(5)
    timeline.close()


def test_what_is_due_already_is_done_at_once() -> None:
    timeline, done = Timeline(source=still), threading.Event()
    timeline.call_at(START - 1, done.set)
    assert done.wait(5)
    timeline.close()


def test_canceled_work_is_not_done() -> None:
    timeline, done, last = Timeline(source=still), threading.Event(), threading.Event()
    timer = timeline.call_at(START + 60, done.set)
    timeline.call_at(START + 61, last.set)
    assert timer.cancel()
    assert not timer.cancel()
    timeline.advance(100)
    assert last.wait(5)
    assert not done.is_set()
    timeline.close()


def test_failing_work_keeps_nothing_else_from_being_done() -> None:
    timeline, done = Timeline(source=still), threading.Event()

    def fail() -> None:
        raise RuntimeError("boom")

    timeline.call_at(START, fail)
    timeline.call_at(START, done.set)
    assert done.wait(5)
    timeline.close()


def test_waiting_ends_at_the_moment_or_when_told_to() -> None:
    timeline, stop = Timeline(source=still), threading.Event()
    assert timeline.wait_until(START, stop)
    waiting = threading.Thread(target=timeline.wait_until, args=(START + 60, stop))
    waiting.start()
    timeline.advance(60)
    waiting.join(5)
    assert not waiting.is_alive()
    stop.set()
    assert not timeline.wait_until(START + 1000, stop)


def test_a_closed_timeline_begins_nothing() -> None:
    timeline, done = Timeline(source=still), threading.Event()
    timeline.close()
    timeline.call_at(START, done.set)
    assert timeline._next() is None
    assert not done.is_set()
