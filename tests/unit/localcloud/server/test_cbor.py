from __future__ import annotations

from typing import Any

import pytest

from headgate.localcloud.server import cbor


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("00", 0),
        ("17", 23),
        ("1818", 24),
        ("1903e8", 1000),
        ("1b000000e8d4a51000", 10**12),
        ("20", -1),
        ("3903e7", -1000),
        ("f4", False),
        ("f5", True),
        ("f6", None),
        ("f93c00", 1.0),
        ("fa47c35000", 100000.0),
        ("fb3ff199999999999a", 1.1),
        ("43010203", b"\x01\x02\x03"),
        ("6449455446", "IETF"),
        ("83010203", [1, 2, 3]),
        ("a26161016162820203", {"a": 1, "b": [2, 3]}),
        ("9f010203ff", [1, 2, 3]),
        ("bf6161016162 9f0203ffff".replace(" ", ""), {"a": 1, "b": [2, 3]}),
        ("7f657374726561646d696e67ff", "streaming"),
        ("c11a514b67b0", 1363896240),
    ],
)
def test_examples_of_the_standard(text: str, value: Any) -> None:
    assert cbor.loads(bytes.fromhex(text)) == value


@pytest.mark.parametrize("text", ["", "1903", "6449", "8301", "0000", "1c", "f8", "3f"])
def test_what_is_no_cbor_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="CBOR"):
        cbor.loads(bytes.fromhex(text))
