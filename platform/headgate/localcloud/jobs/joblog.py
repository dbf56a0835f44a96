"""A job's log streams: one per host, named as SageMaker names them."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from headgate.localcloud.logs.store import LogStore, LogWriter
from headgate.localcloud.seams import Caller

_FRAME = re.compile(r'  File "([^"]+)", line (\d+)')
_ENDING = re.compile(r"[\w.]*(?:Error|Exception|Warning)\b")


@dataclass(slots=True)
class JobLog:
    """The log of one host of a job (`<job>/algo-1-<epoch ms>`), line by line; it remembers the program's last lines."""

    writer: LogWriter
    recent: deque[str] = field(default_factory=lambda: deque(maxlen=50))

    def line(self, text: str) -> None:
        self.recent.append(text)
        self.writer.write(text)

    def note(self, text: str) -> None:
        """A line that the program did not write: it never explains why the program failed."""
        self.writer.write(text)

    def last_words(self) -> str:
        """The last line that says something; after a traceback of Python's, with the place in the job's own code."""
        said = next((line.strip() for line in reversed(self.recent) if line.strip()), "")
        frames = [match.groups() for match in map(_FRAME.match, self.recent) if match]
        if not frames or not _ENDING.match(said):
            return said
        own = [frame for frame in frames if frame[0].startswith("/opt/ml/") and "/site-packages/" not in frame[0]]
        file, line = (own or frames)[-1]
        return f"{said} ({file}:{line})"


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
