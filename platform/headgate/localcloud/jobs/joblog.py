"""A job's log streams: one per host, named as SageMaker names them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from headgate.localcloud.logs.store import LogStore, LogWriter
from headgate.localcloud.seams import Caller


@dataclass(slots=True)
class JobLog:
    """The log of one host of a job (`<job>/algo-1-<epoch ms>`), line by line; it remembers the last lines."""

    writer: LogWriter
    recent: deque[str] = field(default_factory=lambda: deque(maxlen=50))

    def line(self, text: str) -> None:
        self.recent.append(text)
        self.writer.write(text)

    def last_words(self) -> str:
        """The last line that says something."""
        return next((line.strip() for line in reversed(self.recent) if line.strip()), "")


@contextmanager
def open_logs(
    store: LogStore, caller: Caller, group: str, stem: str, hosts: Sequence[str]
) -> Iterator[dict[str, JobLog]]:
    """A log per host, in streams `<stem>/<host>-<epoch ms>`."""
    stamp = int(store.clock.now() * 1000)
    with ExitStack() as stack:
        yield {
            host: JobLog(
                stack.enter_context(store.writer(caller.account, caller.region, group, f"{stem}/{host}-{stamp}"))
            )
            for host in hosts
        }
