"""Waiting for a cloud that does things in its own time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from headgate.errors import FailedError


@dataclass(frozen=True, slots=True)
class Polling:
    """How often to look, in seconds; `sleep` is passed in so that tests never wait."""

    every: float
    sleep: Callable[[float], None] = time.sleep

    def turns(self, what: str, patience: float) -> Iterator[None]:
        """A turn at once, then one after each pause. Raises FailedError when `patience` seconds have gone by."""
        waited = 0.0
        while waited <= patience:
            yield
            self.sleep(self.every)
            waited += self.every
        raise FailedError(f"{what} has not come to an end in {patience / 60:.0f} minutes")
