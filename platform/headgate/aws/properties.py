"""Text as a property of a registered version can hold it, and back.

CustomerMetadataValue allows letters, digits, spaces and `_ . : / = + - @`, and 256 characters. Every other character,
and `@` itself, becomes `@` and two hexadecimal digits for each of its bytes in UTF-8: `a,b` is recorded as `a@2Cb`.
"""

from __future__ import annotations

import re
import unicodedata

LONGEST_VALUE = 256
_PUNCTUATION = frozenset("_.:/=+-")
_ESCAPED = re.compile(rb"@([0-9A-F]{2})")


def as_property(text: str) -> str:
    """The text in the characters that a property allows; its length is the caller's affair."""
    return "".join(char if _is_allowed(char) else _escape(char) for char in text)


def from_property(value: str) -> str:
    """What `as_property` was given."""
    return _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), value.encode()).decode("utf-8", "replace")


def fits_property(text: str) -> bool:
    """Whether a property holds the text as it is."""
    return 0 < len(text) <= LONGEST_VALUE and all(_is_allowed(char) or char == "@" for char in text)


def _is_allowed(char: str) -> bool:
    return char in _PUNCTUATION or unicodedata.category(char)[0] in "LNZ"


def _escape(char: str) -> str:
    return "".join(f"@{byte:02X}" for byte in char.encode())
