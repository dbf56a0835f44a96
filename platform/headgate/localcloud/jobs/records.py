"""The durable record of every job, and waiting for a job's end without polling."""

from __future__ import annotations

import threading
from collections.abc import Callable

from headgate.localcloud.documents import Documents, DuplicateError, Key
from headgate.localcloud.errors import in_use, validation
from headgate.localcloud.jobs.kinds import Kind
from headgate.localcloud.seams import Caller, Clock, Json


class Records:
    """Job documents in the shape of their Describe responses. Everyone who waits is told of every change."""

    def __init__(self, documents: Documents, clock: Clock) -> None:
        self._documents = documents
        self._clock = clock
        self._changed = threading.Condition()

    def create(self, kind: Kind, caller: Caller, name: str, body: Json) -> None:
        """Raises AwsError (ResourceInUse) if the name is taken."""
        try:
            self._documents.insert(kind.key(caller, name), body)
        except DuplicateError as error:
            raise in_use(
                f"Job name must be unique within an AWS account and region, and a {kind.noun} with this name already "
                f"exists ({kind.arn(caller, name)})"
            ) from error

    def get(self, kind: Kind, caller: Caller, name: str) -> Json:
        """Raises AwsError (ValidationException) if there is no such job."""
        body = self._documents.find(kind.key(caller, name))
        if body is None:
            raise validation(f"Could not find requested job with name: {name}")
        return body

    def change(self, key: Key, change: Callable[[Json], Json | None], *, touch: bool = True) -> Json:
        """Change a document in one step, stamp LastModifiedTime, wake the waiters. Raises MissingError."""

        def apply(body: Json) -> Json | None:
            changed = change(body)
            changed = body if changed is None else changed
            if touch:
                changed["LastModifiedTime"] = self._clock.now()
            return changed

        body = self._documents.update(key, apply)
        self.announce()
        return body

    def announce(self) -> None:
        """Wake everyone who waits, to look again."""
        with self._changed:
            self._changed.notify_all()

    def wait(self, key: Key, done: Callable[[Json], bool], timeout: float | None) -> Json:
        """Block until `done` holds for the document. Raises TimeoutError; MissingError when it is deleted."""
        found: list[Json] = []

        def look() -> bool:
            body = self._documents.get(key)
            found[:] = [body]
            return done(body)

        with self._changed:
            if not self._changed.wait_for(look, timeout):
                raise TimeoutError(f"{key.kind} {key.name} has not ended after {timeout} s")
        return found[0]

    def wait_any(self, condition: Callable[[], bool], timeout: float | None) -> bool:
        """Block until `condition` holds, looking again after every change; whether it does."""
        with self._changed:
            return self._changed.wait_for(condition, timeout)
