"""How S3 lists keys: a pure walk over an ordered source.

A listing is one ordered sequence of entries: keys, and in the place of all keys that share a common prefix, that
prefix. A page is the entries after a marker. An index is asked only for what a page needs: past a common prefix the
walk jumps to the first key behind it, so a page costs the same in a bucket of any size.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from headgate.localcloud.s3.names import after, after_prefix


class Keyed(Protocol):
    @property
    def key(self) -> str: ...


Entry = TypeVar("Entry", bound=Keyed)

_BATCH = 32
"""How many keys to ask for when most of them may lie behind a common prefix that the walk is about to jump over."""

Fetch = Callable[[str, str | None, int], Sequence[Entry]]
"""At most so many entries with start <= key < end, in key order; no end means none."""


@dataclass(slots=True)
class Page(Generic[Entry]):
    """One page: `last` is its last key or common prefix, to continue from if it is `truncated`."""

    entries: list[Entry] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    truncated: bool = False
    last: str = ""

    @property
    def count(self) -> int:
        return len(self.entries) + len(self.prefixes)


def common_prefix(key: str, prefix: str, delimiter: str) -> str | None:
    """`key` up to and with the first delimiter after `prefix`, or None if there is none."""
    if not delimiter:
        return None
    end = key.find(delimiter, len(prefix))
    return None if end < 0 else key[: end + len(delimiter)]


def paginate(fetch: Fetch[Entry], *, prefix: str, delimiter: str, marker: str, limit: int) -> Page[Entry]:
    """The page of at most `limit` entries after `marker` (empty for the first) whose keys start with `prefix`."""
    page: Page[Entry] = Page(last=marker)
    start: str | None = prefix
    end = after_prefix(prefix)
    if marker >= prefix and marker:
        group = common_prefix(marker, prefix, delimiter) if marker.startswith(prefix) else None
        start = after_prefix(group) if group else after(marker)
    while start is not None and limit > 0 and not page.truncated:
        wanted = limit - page.count + 1
        asked = min(wanted, _BATCH) if delimiter else wanted
        found = fetch(start, end, asked)
        following = _take(page, found, prefix, delimiter, limit)
        start = following if len(found) == asked else None
    return page


def _take(page: Page[Entry], found: Sequence[Entry], prefix: str, delimiter: str, limit: int) -> str | None:
    """Put entries on the page; returns where to go on, None when there is nothing more."""
    group = None
    for entry in found:
        if group is not None and entry.key.startswith(group):
            continue
        if page.count >= limit:
            page.truncated = True
            return None
        group = common_prefix(entry.key, prefix, delimiter)
        page.last = group or entry.key
        if group is None:
            page.entries.append(entry)
        else:
            page.prefixes.append(group)
    if not found:
        return None
    return after_prefix(group) if group else after(found[-1].key)
