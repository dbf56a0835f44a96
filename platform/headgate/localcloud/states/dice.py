"""Random values, as a dependency: ids, tokens, jitter, `States.MathRandom` and `States.UUID`."""

from __future__ import annotations

import random
import secrets
import uuid
from typing import Protocol


class Dice(Protocol):
    """Where randomness comes from."""

    def uuid(self) -> str:
        """A random UUID, in its usual spelling."""
        ...

    def token(self) -> str:
        """A text that nobody guesses."""
        ...

    def fraction(self) -> float:
        """A number from 0 up to, not including, 1."""
        ...


class RealDice:
    """The randomness of this machine."""

    def uuid(self) -> str:
        return str(uuid.uuid4())

    def token(self) -> str:
        return secrets.token_urlsafe(96)

    def fraction(self) -> float:
        return random.random()
