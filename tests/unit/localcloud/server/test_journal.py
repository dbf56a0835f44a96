from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.localcloud.server.journal import Journal, JournalError


def written(file: Path, count: int) -> list[int]:
    journal = Journal(file)
    ends = [journal.append({"n": number}, b"body" * number) for number in range(count)]
    journal.close()
    return ends


def numbers(file: Path) -> list[int]:
    journal = Journal(file)
    try:
        return [record.head["n"] for record in journal.read()]
    finally:
        journal.close()


def test_records_come_back_in_order_with_their_bodies(tmp_path: Path) -> None:
    written(tmp_path / "j", 3)
    journal = Journal(tmp_path / "j")
    assert [(record.head, record.body) for record in journal.read()] == [
        ({"n": 0}, b""),
        ({"n": 1}, b"body"),
        ({"n": 2}, b"bodybody"),
    ]
    journal.close()


@settings(max_examples=60)
@given(cut=st.integers(min_value=0))
def test_wherever_it_is_cut_off_whole_records_stay_and_writing_goes_on(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    file = tmp_path_factory.mktemp("journal") / "j"
    ends = written(file, 5)
    size = cut % (ends[-1] + 1)
    with file.open("rb+") as stream:
        stream.truncate(size)
    whole = sum(end <= size for end in ends)
    assert numbers(file) == list(range(whole))
    journal = Journal(file)
    journal.append({"n": 99})
    journal.close()
    assert numbers(file) == [*range(whole), 99]


def test_garbage_at_the_end_is_dropped(tmp_path: Path) -> None:
    written(tmp_path / "j", 2)
    with (tmp_path / "j").open("ab") as stream:
        stream.write(b"\x00" * 50)
    assert numbers(tmp_path / "j") == [0, 1]


def test_damage_before_the_end_is_an_error_not_a_loss(tmp_path: Path) -> None:
    ends = written(tmp_path / "j", 4)
    data = bytearray((tmp_path / "j").read_bytes())
    data[ends[1] + 20] ^= 0xFF
    (tmp_path / "j").write_bytes(data)
    with pytest.raises(JournalError, match=f"byte {ends[1]} of"):
        Journal(tmp_path / "j")


def test_reading_starts_where_asked_and_stops_at_what_was_there(tmp_path: Path) -> None:
    ends = written(tmp_path / "j", 3)
    journal = Journal(tmp_path / "j")
    records = journal.read(ends[0])
    assert next(records).head == {"n": 1}
    journal.append({"n": 7})
    assert [record.head["n"] for record in records] == [2]
    journal.close()


def test_a_full_disk_leaves_no_torn_record_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path / "j")
    journal.append({"n": 0})
    import os

    real = os.write

    def half(descriptor: int, data: memoryview) -> int:
        monkeypatch.setattr(os, "write", full)
        return real(descriptor, data[:10])

    def full(descriptor: int, data: memoryview) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", half)
    with pytest.raises(OSError, match="No space"):
        journal.append({"n": 1}, b"x" * 100)
    monkeypatch.setattr(os, "write", real)
    journal.append({"n": 2})
    journal.close()
    assert numbers(tmp_path / "j") == [0, 2]
