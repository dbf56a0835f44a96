"""Reading CBOR (RFC 8949): what the smithy-rpc-v2-cbor protocol sends, CloudWatch's above all."""

from __future__ import annotations

import struct
from typing import Any

_BREAK = object()
_SIMPLE: dict[int, Any] = {20: False, 21: True, 22: None, 23: None, 31: _BREAK}
_FLOATS = {25: (">e", 2), 26: (">f", 4), 27: (">d", 8)}


def loads(data: bytes) -> Any:
    """The one value that the bytes hold; tagged values are what they tag. Raises ValueError for anything else."""
    reader = _Reader(data)
    try:
        value = reader.value()
    except (IndexError, struct.error) as error:
        raise ValueError("the CBOR is cut off") from error
    if reader.position != len(data):
        raise ValueError(f"the CBOR ends at byte {reader.position} of {len(data)}")
    return value


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self.position = 0

    def value(self) -> Any:
        first = self._take(1)[0]
        major, detail = first >> 5, first & 31
        if major == 7:
            return self._simple(detail)
        size = self._size(detail)
        value: Any
        match major:
            case 0 | 1:
                value = self._known(size) if major == 0 else -1 - self._known(size)
            case 2 | 3:
                value = self._bytes(size) if major == 2 else self._bytes(size).decode()
            case 4:
                value = self._items(size)
            case 5:
                items = self._items(None if size is None else 2 * size)
                value = dict(zip(items[::2], items[1::2], strict=True))
            case _:
                value = self.value()  # a tag says how to read what follows; here it only follows
        return value

    def _take(self, count: int) -> bytes:
        piece = self._data[self.position : self.position + count]
        if len(piece) < count:
            raise IndexError(count)
        self.position += count
        return piece

    def _size(self, detail: int) -> int | None:
        if detail < 24:
            return detail
        if detail == 31:
            return None
        if detail > 27:
            raise ValueError(f"{detail} is no length in CBOR")
        return int.from_bytes(self._take(1 << (detail - 24)), "big")

    def _known(self, size: int | None) -> int:
        if size is None:
            raise ValueError("a number in CBOR has no indefinite length")
        return size

    def _bytes(self, size: int | None) -> bytes:
        if size is not None:
            return self._take(size)
        return b"".join(piece.encode() if isinstance(piece, str) else piece for piece in self._items(None))

    def _items(self, size: int | None) -> list[Any]:
        items: list[Any] = []
        while size is None or len(items) < size:
            item = self.value()
            if item is _BREAK:
                break
            items.append(item)
        return items

    def _simple(self, detail: int) -> Any:
        if detail in _FLOATS:
            kind, count = _FLOATS[detail]
            return struct.unpack(kind, self._take(count))[0]
        if detail not in _SIMPLE:
            raise ValueError(f"{detail} is no simple value of CBOR")
        return _SIMPLE[detail]
