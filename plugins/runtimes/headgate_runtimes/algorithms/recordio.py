"""RecordIO-protobuf, SageMaker's own format of training data: dense and sparse float tensors.

Framing: a magic number and a length as little-endian 32-bit integers, then the record, padded to four bytes. A record
is the protobuf message `Record` of SageMaker's "Common Data Formats for Training": `features` (field 1) and `label`
(field 2) are maps from a name to a `Value`, which holds a Float32Tensor (field 2), Float64Tensor (3) or Int32Tensor
(7), each with packed `values` (1), `keys` (2) and `shape` (3).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from headgate_runtimes.algorithms.errors import CustomerError

_MAGIC = 0xCED7230A
_LENGTH_MASK = 0x1FFFFFFF
_TENSORS: Mapping[int, str] = {2: "<f4", 3: "<f8", 7: "varint"}
_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor of a record: dense when `keys` is empty, else `values` at `keys` of a row of `shape[0]` numbers."""

    values: NDArray[np.float64]
    keys: NDArray[np.int64]
    shape: tuple[int, ...]

    def dense(self) -> NDArray[np.float64]:
        """The row with its zeros."""
        if not self.keys.size:
            return self.values
        row = np.zeros(self.shape[0] if self.shape else int(self.keys.max()) + 1)
        row[self.keys] = self.values
        return row


def read_recordio(files: Iterable[Path], channel: str) -> NDArray[np.float32]:
    """The records of files as a table with the label in the first column.

    Raises:
        CustomerError: not RecordIO-protobuf, cut short, without label, or rows of different widths.
    """
    rows: list[NDArray[np.float64]] = []
    for file in files:
        for number, (features, label) in enumerate(parse_recordio(file.read_bytes(), file.name), start=1):
            if label is None or not label.values.size:
                raise CustomerError(f"{file.name}, record {number}: it has no label")
            rows.append(np.concatenate([label.values[:1], features.dense()]))
    if not rows:
        raise CustomerError(f"no data in channel '{channel}': its files are empty")
    if len({row.size for row in rows}) > 1:
        raise CustomerError(f"the records of channel '{channel}' differ in their number of features")
    return np.asarray(rows, dtype=np.float32)


def parse_recordio(data: bytes, name: str) -> Iterator[tuple[Tensor, Tensor | None]]:
    """The records of one text: features, and the label when there is one."""
    position, number = 0, 0
    while position < len(data):
        number += 1
        try:
            magic, size = struct.unpack_from("<II", data, position)
            size &= _LENGTH_MASK
            if magic != _MAGIC or position + 8 + size > len(data):
                raise ValueError(magic)
            record = _maps(data[position + 8 : position + 8 + size])
        except (struct.error, ValueError, IndexError) as error:
            raise CustomerError(f"{name}, record {number}: not RecordIO-protobuf, or cut short") from error
        features = record[1].get("values")
        if features is None:
            raise CustomerError(f"{name}, record {number}: it has no features under the name 'values'")
        yield features, record[2].get("values")
        position += 8 + (size + 3) // 4 * 4


def write_labels(rows: Iterable[Mapping[str, float | Sequence[float]]]) -> bytes:
    """Answers as records without features: each name and its number, or numbers, is a float tensor of the label map."""
    return b"".join(_framed(b"".join(_label(name, value) for name, value in row.items())) for row in rows)


def _framed(record: bytes) -> bytes:
    return struct.pack("<II", _MAGIC, len(record)) + record + bytes(-len(record) % 4)


def _label(name: str, value: float | Sequence[float]) -> bytes:
    numbers = np.atleast_1d(np.asarray(value, dtype="<f4"))
    tensor = _delimited(1, numbers.tobytes())
    return _delimited(2, _delimited(1, name.encode()) + _delimited(2, _delimited(2, tensor)))


def _delimited(field: int, content: bytes) -> bytes:
    size, length = len(content), bytearray()
    while size >= 0x80:
        length.append(size & 0x7F | 0x80)
        size >>= 7
    return bytes([field << 3 | _BYTES, *length, size]) + content


def _maps(record: bytes) -> dict[int, dict[str, Tensor]]:
    """The maps `features` and `label` of a record."""
    maps: dict[int, dict[str, Tensor]] = {1: {}, 2: {}}
    for field, content in _fields(record):
        if field in maps and isinstance(content, bytes):
            entry = dict(_fields(content))
            key, value = entry.get(1, b"values"), entry.get(2, b"")
            if isinstance(key, bytes) and isinstance(value, bytes):
                maps[field][key.decode()] = _tensor(value)
    return maps


def _tensor(value: bytes) -> Tensor:
    for field, content in _fields(value):
        if field in _TENSORS and isinstance(content, bytes):
            parts: dict[int, list[bytes | int]] = {1: [], 2: [], 3: []}
            for part, packed in _fields(content):
                parts.setdefault(part, []).append(packed)
            return Tensor(
                _numbers(parts[1], _TENSORS[field]).astype(np.float64),
                _numbers(parts[2], "varint").astype(np.int64),
                tuple(int(size) for size in _numbers(parts[3], "varint")),
            )
    raise ValueError("no tensor of numbers")


def _numbers(parts: list[bytes | int], kind: str) -> NDArray[np.float64] | NDArray[np.int64]:
    if kind != "varint":
        return np.frombuffer(b"".join(part for part in parts if isinstance(part, bytes)), dtype=kind).astype(np.float64)
    numbers: list[int] = []
    for part in parts:
        if isinstance(part, int):
            numbers.append(part)
            continue
        position = 0
        while position < len(part):
            number, position = _varint(part, position)
            numbers.append(number)
    return np.asarray(numbers, dtype=np.int64)


def _fields(message: bytes) -> Iterator[tuple[int, bytes | int]]:
    """A protobuf message's fields: number and content, fixed-size content as its bytes."""
    position = 0
    while position < len(message):
        tag, position = _varint(message, position)
        wire = tag & 7
        if wire == _VARINT:
            number, position = _varint(message, position)
            yield tag >> 3, number
            continue
        if wire == _BYTES:
            size, position = _varint(message, position)
        elif wire in {_EIGHT, _FOUR}:
            size = 8 if wire == _EIGHT else 4
        else:
            raise ValueError(wire)
        if position + size > len(message):
            raise ValueError(size)
        yield tag >> 3, message[position : position + size]
        position += size


def _varint(data: bytes, position: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = data[position]
        number |= (byte & 0x7F) << shift
        position += 1
        if byte < 0x80:
            return number, position
        shift += 7
