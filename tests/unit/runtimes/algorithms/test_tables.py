"""Data files are read strictly."""

from __future__ import annotations

import math
import struct

import numpy as np
import pytest

from headgate_runtimes.algorithms.errors import CustomerError
from headgate_runtimes.algorithms.recordio import parse_recordio, read_recordio
from headgate_runtimes.algorithms.tables import data_files, parse_csv, parse_libsvm, read_csv, read_libsvm, read_parquet


def test_csv_is_read_in_the_order_of_its_files(tmp_path):
    (tmp_path / "b.csv").write_text("5,6\n")
    (tmp_path / "a.csv").write_text("1,2\r\n3,4\r\n\r\n")
    (tmp_path / "_SUCCESS").write_text("")
    (tmp_path / ".hidden").write_text("x")
    (tmp_path / "empty.csv").write_text("")
    files = data_files(tmp_path, "train")
    assert [file.name for file in files] == ["a.csv", "b.csv", "empty.csv"]
    assert read_csv(files, "train").tolist() == [[1, 2], [3, 4], [5, 6]]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("1,,3\n", [[1, None, 3]]),
        (",2,\n4,5,6\n", [[None, 2, None], [4, 5, 6]]),
        ("1;2\n3;4", [[1, 2], [3, 4]]),
        ("1\t2\n", [[1, 2]]),
        ("1|2", [[1, 2]]),
        ("1 2\n3 4\n", [[1, 2], [3, 4]]),
        ("1\n2\n", [[1], [2]]),
        ("1e-3,nan,-inf", [[0.001, None, -math.inf]]),
        ("\ufeff1,2\n", [[1, 2]]),
        ("True,2,False\n0,1.5,True\n", [[1, 2, 0], [0, 1.5, 1]]),
        ("", []),
        ("\n \n", []),
    ],
)
def test_csv_of_any_usual_form_is_read(text, rows):
    found = [[None if math.isnan(value) else value for value in row] for row in parse_csv(text.encode(), "x").tolist()]
    assert found == [[value if value is None else pytest.approx(value) for value in row] for row in rows]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("rings,sex\n1,2\n", "train.csv, line 1, column 1: 'rings' is not a number (is it a header?"),
        ("1,2\n\n3,M\n", "train.csv, line 3, column 2: 'M' is not a number; the algorithm reads CSV"),
        ("1,True\n3,Truely\n", "train.csv, line 2, column 2: 'Truely' is not a number"),
        ("1,2\n3,4,5\n", "train.csv, line 2: 3 columns, where the lines before have 2"),
        ("1,2,3\n4,5\n", "train.csv, line 2: 2 columns, where the lines before have 3"),
        ("1,2\n3,\xff4\n", "train.csv, line 2, column 2"),
        ('"1","2"\n', "train.csv, line 1, column 1"),
    ],
)
def test_bad_csv_is_named_with_file_and_line(text, problem):
    with pytest.raises(CustomerError) as raised:
        parse_csv(text.encode("latin-1"), "train.csv")
    assert problem in str(raised.value)


def test_channel_without_data_is_named(tmp_path):
    with pytest.raises(CustomerError, match="no data in channel 'train'"):
        data_files(tmp_path, "train")
    (tmp_path / "a.csv").write_text("\n")
    with pytest.raises(CustomerError, match="no data in channel 'train'"):
        read_csv(data_files(tmp_path, "train"), "train")
    with pytest.raises(CustomerError, match="no data in channel 'train'"):
        read_libsvm(data_files(tmp_path, "train"), "train")
    with pytest.raises(CustomerError, match="no data in channel 'train'"):
        read_recordio([], "train")


def test_files_of_different_widths_are_refused(tmp_path):
    (tmp_path / "a.csv").write_text("1,2\n")
    (tmp_path / "b.csv").write_text("1,2,3\n")
    with pytest.raises(CustomerError, match=r"differ in their number of columns: \[2, 3\]"):
        read_csv(data_files(tmp_path, "train"), "train")


def test_libsvm_is_read_with_weights_and_comments(tmp_path):
    (tmp_path / "a.libsvm").write_text("1:0.5 0:1.5 3:2 # first\n\n0 1:3\n")
    rows = read_libsvm(data_files(tmp_path, "train"), "train")
    assert rows.labels.tolist() == [1, 0]
    assert rows.weights is not None
    assert rows.weights.tolist() == [0.5, 1]
    assert (rows.columns.tolist(), rows.values.tolist(), rows.starts.tolist()) == ([0, 3, 1], [1.5, 2, 3], [0, 2, 3])
    assert parse_libsvm("1 0:1", "x").weights is None


@pytest.mark.parametrize("line", ["1,2,3", "x 0:1", "1 0:x", "1 0:1:2", "1 -1:2", "1 5"])
def test_bad_libsvm_is_named_with_file_and_line(line):
    with pytest.raises(CustomerError, match=r"train, line 2: '.*' is not LIBSVM"):
        parse_libsvm(f"1 0:1\n{line}\n", "train")


def test_parquet_is_read_by_column(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    table = pytest.importorskip("pyarrow").table({"label": [1.0, 2.0], "feature": [3, 4]})
    parquet.write_table(table, tmp_path / "a.parquet")
    assert read_parquet(data_files(tmp_path, "train"), "train").tolist() == [[1, 3], [2, 4]]
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    with pytest.raises(CustomerError, match=r"a\.parquet is not Parquet of numbers"):
        read_parquet(data_files(tmp_path, "train"), "train")


def packed(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + varint(len(content)) + content


def varint(number: int) -> bytes:
    out = b""
    while number > 0x7F:
        out, number = out + bytes([number & 0x7F | 0x80]), number >> 7
    return out + bytes([number])


def record(label: list[float] | None, values: list[float], keys: list[int] | None = None, size: int = 0) -> bytes:
    """A record as SageMaker's own writer makes it, by the published message format."""

    def tensor(numbers: list[float], at: list[int] | None = None) -> bytes:
        body = packed(1, struct.pack(f"<{len(numbers)}f", *numbers))
        if at is not None:
            body += packed(2, b"".join(varint(key) for key in at)) + packed(3, varint(size))
        return packed(2, packed(1, b"values") + packed(2, packed(2, body)))[2:]

    def entry(field: int, content: bytes) -> bytes:
        return packed(field, content)

    message = entry(1, tensor(values, keys))
    if label is not None:
        message += entry(2, tensor(label))
    message += packed(3, b"uid")
    return struct.pack("<II", 0xCED7230A, len(message)) + message + b"\0" * (-len(message) % 4)


def test_recordio_is_read_dense_and_sparse(tmp_path):
    file = tmp_path / "data.pbr"
    file.write_bytes(record([1.0], [0.5, -2.0, 0.0]) + record([0.0], [7.0], keys=[1], size=3))
    assert read_recordio([file], "train").tolist() == [[1, 0.5, -2, 0], [0, 0, 7, 0]]


def test_wide_sparse_recordio_keeps_its_keys():
    (features, _label), *_ = parse_recordio(record(None, [1.0, 2.0], keys=[3, 300], size=400), "x")
    row = features.dense()
    assert (row.size, row[3], row[300], np.count_nonzero(row)) == (400, 1, 2, 2)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"1,2,3\n4,5,6\n", "record 1: not RecordIO-protobuf, or cut short"),
        (record([1.0], [1.0, 2.0])[:-8], "record 1: not RecordIO-protobuf, or cut short"),
        (record([1.0], [1.0]) + b"\x00", "record 2: not RecordIO-protobuf, or cut short"),
        (record(None, [1.0]), "record 1: it has no label"),
        (struct.pack("<II", 0xCED7230A, 0), "record 1: it has no features"),
        (record([1.0], [1.0]) + record([1.0], [1.0, 2.0]), "differ in their number of features"),
    ],
)
def test_bad_recordio_is_named_with_the_record(tmp_path, content, problem):
    file = tmp_path / "data.pbr"
    file.write_bytes(content)
    with pytest.raises(CustomerError, match=problem):
        read_recordio([file], "train")


def record_of(content: bytes) -> bytes:
    """A record whose features are one value."""
    message = packed(1, packed(1, b"values") + packed(2, content))
    return struct.pack("<II", 0xCED7230A, len(message)) + message + b"\0" * (-len(message) % 4)


@pytest.mark.parametrize(
    ("field", "body", "row"),
    [
        (3, packed(1, struct.pack("<2d", 0.5, -2)), [0.5, -2]),
        (7, packed(1, varint(3) + varint(300)), [3, 300]),
        (7, b"\x08\x05\x08\x06", [5, 6]),
        (2, b"\x0d" + struct.pack("<f", 1.5) + b"\x0d" + struct.pack("<f", 2.5), [1.5, 2.5]),
        (2, packed(1, struct.pack("<f", 4)) + packed(2, varint(1)), [0, 4]),
    ],
    ids=["doubles", "packed integers", "single integers", "single floats", "sparse without shape"],
)
def test_every_kind_of_tensor_is_read(field, body, row):
    (features, label), *_ = parse_recordio(record_of(packed(field, body)), "x")
    assert label is None
    assert features.dense().tolist() == row


@pytest.mark.parametrize("body", [packed(9, b"bytes"), b"\x0b", b"\x12\x7f", b"\x08"])
def test_values_that_are_no_numbers_are_refused(body):
    with pytest.raises(CustomerError, match="not RecordIO-protobuf"):
        list(parse_recordio(record_of(body), "x"))
