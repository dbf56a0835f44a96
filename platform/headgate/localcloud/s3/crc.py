"""Cyclic redundancy checks that the standard library lacks, and joining those of parts.

All of S3's are of the reflected kind with all ones going in and all ones over the result. A CRC without those ones is
linear: crc(A + B) = shift(crc(A), len(B)) xor crc(B), where `shift` appends zero bytes and is itself a matrix over
GF(2). So lanes of a buffer can be worked on side by side by numpy, and the CRC of an object follows from its parts'.
Parameters: Rocksoft model of CRC-32/ISO-HDLC, CRC-32C (iSCSI) and CRC-64/NVME.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

_LANE = 256
"""Bytes of a lane."""
_LANES = 4096
_SMALL = 4096
"""Below this many bytes numpy costs more than it saves."""


class Crc:
    """One CRC: `width` in bits, `polynomial` in reflected notation."""

    def __init__(self, width: int, polynomial: int) -> None:
        self.width = width
        self.ones = (1 << width) - 1
        self.table = tuple(_byte_step(value, polynomial) for value in range(256))

    def update(self, data: bytes, value: int = 0) -> int:
        """Continue a CRC whose value so far is `value` (0 for none) over more bytes."""
        register, view = value ^ self.ones, memoryview(data)
        while len(view) >= _SMALL:
            lanes = min(_LANES, 1 << ((len(view) // _LANE).bit_length() - 1))
            register = self._lanes(view[: lanes * _LANE], lanes, register)
            view = view[lanes * _LANE :]
        table = self.table
        for byte in view:
            register = table[(register ^ byte) & 0xFF] ^ (register >> 8)
        return register ^ self.ones

    def combine(self, first: int, second: int, second_length: int) -> int:
        """The CRC of two blocks after one another, from theirs and the length in bytes of the second."""
        for power in range(second_length.bit_length()):
            if second_length >> power & 1:
                first = _apply(self._zeros(power), first)
        return first ^ second

    def _lanes(self, view: memoryview, lanes: int, register: int) -> int:
        import numpy as np

        table, columns = self._array(self.table), np.frombuffer(view, np.uint8).reshape(lanes, _LANE).T
        registers = self._array([register] + [0] * (lanes - 1))
        for column in np.ascontiguousarray(columns):
            registers = table[registers.astype(np.uint8) ^ column] ^ (registers >> 8)
        power = _LANE.bit_length() - 1
        while len(registers) > 1:
            left, registers = registers[0::2], registers[1::2].copy()
            for index, part in enumerate(self._shift_tables(power)):
                registers ^= part[(left >> (8 * index)).astype(np.uint8)]
            power += 1
        return int(registers[0])

    def _array(self, values: Sequence[int]) -> Any:
        import numpy as np

        return np.array(values, np.uint64 if self.width == 64 else np.uint32)

    @functools.cache  # noqa: B019  there are three instances, and they live as long as the process
    def _shift_tables(self, power: int) -> list[Any]:
        """For each byte of a register, what appending 2**power zero bytes makes of its 256 values."""
        matrix = self._zeros(power)
        return [
            self._array([_apply(matrix, value << offset) for value in range(256)]) for offset in range(0, self.width, 8)
        ]

    @functools.cache  # noqa: B019  as above
    def _zeros(self, power: int) -> tuple[int, ...]:
        """The matrix that appends 2**power zero bytes: what becomes of each bit of a register."""
        if power:
            half = self._zeros(power - 1)
            return tuple(_apply(half, column) for column in half)
        bits = (1 << bit for bit in range(self.width))
        return tuple(self.table[bit & 0xFF] ^ (bit >> 8) for bit in bits)


def _byte_step(value: int, polynomial: int) -> int:
    for _ in range(8):
        value = (value >> 1) ^ (polynomial if value & 1 else 0)
    return value


def _apply(matrix: tuple[int, ...], vector: int) -> int:
    result, bit = 0, 0
    while vector:
        if vector & 1:
            result ^= matrix[bit]
        vector >>= 1
        bit += 1
    return result


CRC32 = Crc(32, 0xEDB88320)
CRC32C = Crc(32, 0x82F63B78)
CRC64NVME = Crc(64, 0x9A6C9329AC4BC9B5)
