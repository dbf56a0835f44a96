"""The life of a job: a thread of its own from Create to its end, whatever happens on the way."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from headgate.localcloud.documents import Key, MissingError
from headgate.localcloud.errors import AwsError, validation
from headgate.localcloud.jobs.context import Context, remove_folder
from headgate.localcloud.jobs.failures import REASON_LIMIT, JobFailure
from headgate.localcloud.jobs.kinds import Kind
from headgate.localcloud.jobs.supervision import Control
from headgate.localcloud.seams import Caller, Json

CLOSING_GRACE = 2.0
"""Seconds between TERM and KILL when the local cloud itself stops."""


@dataclass(frozen=True, slots=True)
class Work:
    """One running job, as its own code sees it: its record, its folder, and whether it has been told to stop."""

    context: Context
    kind: Kind
    caller: Caller
    name: str
    control: Control
    folder: Path

    @property
    def key(self) -> Key:
        return self.kind.key(self.caller, self.name)

    @property
    def token(self) -> str:
        return f"{self.context.token}.{self.folder.name}"

    def record(self) -> Json:
        return self.context.documents.get(self.key)

    def change(self, change: Callable[[Json], Json | None]) -> Json:
        return self.context.records.change(self.key, change)


Body = Callable[[Work], None]
"""Runs a job and records its end. Raises JobFailure, or AwsError, for a job that has failed."""
Fail = Callable[[Json, str], None]
"""Writes a failed end into a job's record."""


class Foreman:
    """Runs jobs, one thread each, and stops them. After `close` nothing of theirs runs any more."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lock = threading.Lock()
        self._threads: dict[Key, threading.Thread] = {}
        self._closed = False

    def begin(self, kind: Kind, caller: Caller, name: str, body: Body, fail: Fail) -> None:
        """Start a job whose record exists."""
        key = kind.key(caller, name)
        control = Control()
        thread = threading.Thread(target=self._run, args=(kind, caller, name, control, body, fail), name=f"job {name}")
        with self._lock:
            if self._closed:
                raise AwsError("ServiceUnavailable", "the local cloud is stopping", status=503)
            self._context.controls[key] = control
            self._threads[key] = thread
        thread.start()

    def stop(self, kind: Kind, caller: Caller, name: str, mark: Callable[[Json], None] | None = None) -> None:
        """Ask a job to stop; `mark` changes its record further. Raises AwsError if it is unknown or has ended."""
        key = kind.key(caller, name)
        status = kind.status(self._context.records.get(kind, caller, name))
        control = self._context.controls.get(key)
        if status not in ("InProgress", "Stopping") or control is None:
            raise validation(f"The request was rejected because the {kind.noun} is in status {status}.")

        def stopping(body: Json) -> None:
            if kind.status(body) == "InProgress":
                body[kind.status_member] = "Stopping"
                if mark:
                    mark(body)

        self._context.records.change(key, stopping)
        control.stop()
        self._context.records.announce()

    def close(self) -> None:
        """Stop every job at once and wait for their threads."""
        with self._lock:
            self._closed = True
            threads = list(self._threads.values())
            for control in self._context.controls.values():
                control.stop(grace=CLOSING_GRACE)
        self._context.records.announce()
        for thread in threads:
            thread.join()

    def _run(self, kind: Kind, caller: Caller, name: str, control: Control, body: Body, fail: Fail) -> None:
        folder = self._context.working_folder()
        work = Work(self._context, kind, caller, name, control, folder)
        try:
            reason = _attempt(work, body)
            if reason is not None:
                self._context.records.change(work.key, lambda record: fail(record, reason[:REASON_LIMIT]))
        except MissingError:
            pass  # the job was deleted while it ran: there is nobody left to tell
        finally:
            remove_folder(folder)
            with self._lock:
                self._threads.pop(work.key, None)
                self._context.controls.pop(work.key, None)
            control.close()


def _attempt(work: Work, body: Body) -> str | None:
    """Run the job; the reason of its failure, or None."""
    try:
        body(work)
    except JobFailure as failure:
        return failure.reason
    except AwsError as error:
        return f"ClientError: {error.message}"
    except MissingError:
        raise
    except Exception as error:
        trace = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(trace.filename).name}:{trace.lineno}"
        return f"InternalServerError: the local cloud failed to run the job: {error!r} at {where}"
    return None
