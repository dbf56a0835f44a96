"""What has changed since when: one number per service, so that facts are looked up again only when they may differ."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Fact = TypeVar("Fact")
_LARGEST = 20_000


class Versions:
    """Counters by service. A service's counter moves after each of its requests that may change something.

    They never move back, whatever threads change at once: sums of them stand for one state of things.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0
        self._of: dict[str, int] = {}

    def changed(self, service: str) -> None:
        with self._lock:
            self._last += 1
            self._of[service] = self._last

    def of(self, *services: str) -> int:
        """A number that moves whenever one of the services changes."""
        return max(self._of.get(service, 0) for service in services)


class Remembered(Generic[Fact]):
    """Facts by key, forgotten as soon as the version moves. Safe for many threads."""

    def __init__(self, version: Callable[[], int]) -> None:
        self._version = version
        self._lock = threading.Lock()
        self._seen = -1
        self._facts: dict[Hashable, Fact] = {}

    def get(self, key: Hashable, look: Callable[[], Fact]) -> Fact:
        """The fact, looked up unless it is known. A lookup that a change overtook is not remembered."""
        version = self._version()
        with self._lock:
            if version != self._seen or len(self._facts) > _LARGEST:
                self._seen, self._facts = version, {}
            elif key in self._facts:
                return self._facts[key]
        fact = look()
        with self._lock:
            if self._seen == version:
                self._facts[key] = fact
        return fact
