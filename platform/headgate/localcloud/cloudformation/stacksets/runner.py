"""Runs operations of StackSets: one at a time or, managed, side by side where they do not meet; resumable."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from headgate.localcloud.cloudformation.stacks.walk import Interrupted
from headgate.localcloud.cloudformation.stacksets.deploy import InstanceError, InstanceWork
from headgate.localcloud.cloudformation.stacksets.model import SetOperation, StackSet, Step
from headgate.localcloud.cloudformation.stacksets.store import StackSetStore
from headgate.localcloud.cloudformation.stacksets.targets import Pace, pace

_LOG = logging.getLogger(__name__)
_MOST = 16


class StackSetRunner:
    """Starts what is queued as soon as it may run, and takes up after a restart what was running."""

    def __init__(self, store: StackSetStore, work: InstanceWork, stop: threading.Event) -> None:
        self._store = store
        self._work = work
        self._stop = stop
        self._lock = threading.Lock()
        self._threads: dict[str, threading.Thread] = {}

    def advance(self, stack_set: StackSet) -> None:
        """Start every queued operation that meets none before it."""
        with self._lock:
            if self._stop.is_set():
                return
            ahead: list[SetOperation] = []
            for operation in self._store.operations(stack_set):
                if operation.over:
                    continue
                key = f"{stack_set.id}/{operation.id}"
                if key not in self._threads and not any(self._meet(stack_set, other, operation) for other in ahead):
                    self._start(key, stack_set, operation)
                ahead.append(operation)

    def recover(self) -> None:
        """Go on with what the end of the last daemon interrupted."""
        for stack_set in self._store.sets():
            self.advance(stack_set)

    def join(self) -> None:
        """Wait until nothing runs or is queued any more."""
        while True:
            with self._lock:
                threads = list(self._threads.values())
            if not threads:
                return
            for thread in threads:
                thread.join()

    def _start(self, key: str, stack_set: StackSet, operation: SetOperation) -> None:
        if operation.status == "QUEUED":
            operation = self._store.change_operation(
                stack_set, operation.id, lambda now: replace(now, status="RUNNING")
            )
        thread = threading.Thread(
            target=self._run, args=(key, stack_set, operation), name=f"stack set {stack_set.name}", daemon=True
        )
        self._threads[key] = thread
        thread.start()

    def _meet(self, stack_set: StackSet, one: SetOperation, other: SetOperation) -> bool:
        """Whether two operations may not run at the same time."""
        if not stack_set.managed_execution or one.whole_set or other.whole_set:
            return True
        places = [
            {(step.account, step.region) for step in self._store.steps(stack_set, operation.id)}
            for operation in (one, other)
        ]
        return bool(places[0] & places[1])

    def _run(self, key: str, stack_set: StackSet, operation: SetOperation) -> None:
        try:
            _Run(self._store, self._work, self._stop, stack_set, operation).run()
        except Interrupted:
            _LOG.info("operation %s of StackSet %s is taken up at the next start", operation.id, stack_set.name)
        except Exception as error:
            if not self._stop.is_set():
                _LOG.exception("operation %s of StackSet %s failed", operation.id, stack_set.name)
                reason = f"bug in the local cloud: {error!r}"
                now = self._store.clock.now()
                self._store.change_operation(
                    stack_set, operation.id, lambda found: replace(found, status="FAILED", reason=reason, ended=now)
                )
        finally:
            with self._lock:
                self._threads.pop(key, None)
            if not self._stop.is_set():
                self.advance(stack_set)


@dataclass(slots=True)
class _Run:
    """One operation. A region stops when more has failed in it than is tolerated, and with it the operation."""

    store: StackSetStore
    work: InstanceWork
    stop: threading.Event
    stack_set: StackSet
    operation: SetOperation
    lock: threading.Lock = field(default_factory=threading.Lock)
    failures: dict[str, int] = field(default_factory=dict)
    exceeded: bool = False

    def run(self) -> None:
        steps = self.store.steps(self.stack_set, self.operation.id)
        way = pace(self.operation.preferences, steps)
        for region in way.regions:
            failed = [step for step in steps if step.region == region and step.status == "FAILED"]
            self.failures[region] = len(failed)
        open_steps = [step for step in steps if step.status in ("PENDING", "RUNNING")]
        groups = [way.regions] if way.parallel_regions else [(region,) for region in way.regions]
        for group in groups:
            self._regions(way, group, open_steps)
        if self.stop.is_set():
            raise Interrupted
        self._end()

    def _regions(self, way: Pace, regions: Sequence[str], steps: Sequence[Step]) -> None:
        threads = [
            threading.Thread(target=self._region, args=(way, region, steps), name=f"stack set in {region}", daemon=True)
            for region in regions
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _region(self, way: Pace, region: str, steps: Sequence[Step]) -> None:
        workers = min(way.concurrency[region], _MOST)
        with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="stack set") as pool:
            for step in steps:
                if step.region == region:
                    pool.submit(self._step, step, way.tolerance[region])

    def _step(self, step: Step, tolerance: int) -> None:
        if self.stop.is_set():
            return
        if self.exceeded or self._stopping():
            self._note(
                replace(
                    step,
                    status="CANCELLED",
                    reason="Cancelled since failure tolerance has exceeded"
                    if self.exceeded
                    else "Cancelled by the user",
                )
            )
            return
        self._note(replace(step, status="RUNNING"))
        try:
            self.work.do(self.stack_set, self.operation, step)
        except InstanceError as error:
            if self.stop.is_set():  # the stack's own operation is taken up at the next start, and so is this
                return
            with self.lock:
                self.failures[step.region] += 1
                self.exceeded = self.exceeded or self.failures[step.region] > tolerance
            self._note(replace(step, status="FAILED", reason=str(error)))
            return
        if not self.stop.is_set():
            self._note(replace(step, status="SUCCEEDED"))

    def _stopping(self) -> bool:
        return self.store.operation(self.stack_set, self.operation.id).status == "STOPPING"

    def _note(self, step: Step) -> None:
        self.store.put_step(self.stack_set, self.operation.id, step)

    def _end(self) -> None:
        now = self.store.clock.now()
        status = "STOPPED" if self._stopping() else "FAILED" if self.exceeded else "SUCCEEDED"
        changed = replace(self.operation, status=status, ended=now)
        self.store.change_operation(
            self.stack_set, self.operation.id, lambda found: replace(found, status=changed.status, ended=changed.ended)
        )
