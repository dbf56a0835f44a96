"""Random names and tokens, as a dependency."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable

RandomText = Callable[[int], str]
"""A random text of so many letters and digits."""

_ALPHABET = string.ascii_letters + string.digits


def random_text(length: int) -> str:
    """Letters and digits, as in SageMaker's job names and callback tokens."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))
