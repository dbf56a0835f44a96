"""Text as a property of a registered version can hold it."""

from __future__ import annotations

import unicodedata

LONGEST = 256


def as_property(text: str) -> str:
    """As much of the text as fits, in the characters that SageMaker allows in CustomerMetadataProperties.

    Those are letters, digits, spaces and `_ . : / = + -`; any other becomes `@` and two hexadecimal digits for each of
    its bytes in UTF-8, which `headgate models show` turns back.
    """
    value = ""
    for char in text:
        allowed = char in "_.:/=+-" or unicodedata.category(char)[0] in "LNZ"
        piece = char if allowed else "".join(f"@{byte:02X}" for byte in char.encode())
        if len(value) + len(piece) > LONGEST - 3:
            return value + "..."
        value += piece
    return value
