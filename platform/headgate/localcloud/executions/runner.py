"""One running execution: a thread that plans, starts attempts, and writes down each transition before it acts on it.

All of an execution's state is changed by its own thread only; everybody else puts events into its mailbox.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace

from headgate.localcloud.executions import caching
from headgate.localcloud.executions.attempts import ExecutionFacts, Workshop, attempt_step
from headgate.localcloud.executions.ends import failure_reason, interrupt
from headgate.localcloud.executions.mailbox import (
    Answered,
    Closed,
    Ended,
    Event,
    LimitChanged,
    Mailbox,
    Reported,
    StopAsked,
)
from headgate.localcloud.executions.model import Step
from headgate.localcloud.executions.outcomes import Failed, Running, StepError, Stopped, Succeeded, Waiting
from headgate.localcloud.executions.planner import FinalStatus, Situation, plan
from headgate.localcloud.executions.records import StepRecord, StepStatus
from headgate.localcloud.executions.retries import Attempts, retry_at
from headgate.localcloud.seams import Json

DEFAULT_PARALLELISM = 50
_REASON_LIMIT = 1024
_WRITE_SECONDS = 10.0


class Runner:
    """Runs one execution from where its records say it is. `steps` are those to consider, the definition's or fewer."""

    def __init__(self, shop: Workshop, facts: ExecutionFacts, steps: Mapping[str, Step], mailbox: Mailbox) -> None:
        self.facts = facts
        self.done = threading.Event()
        self._shop = shop
        self._steps = steps
        self._mailbox = mailbox
        self._records: dict[str, StepRecord] = shop.records.steps(facts.key, steps)
        self._skipped: set[str] = set()
        self._running: dict[str, Running] = {}
        self._retries: dict[str, float] = {}
        self._first_attempts: dict[str, float] = {}
        self._waiting: dict[str, Waiting] = {}
        self._answers: dict[str, StepRecord] = {}
        body = shop.records.execution(facts.key)
        self._stopping = body["PipelineExecutionStatus"] == "Stopping"
        self._limit = _parallelism(body)

    def start(self) -> None:
        threading.Thread(target=self._run, name=f"execution {self.facts.execution_id}", daemon=True).start()

    def tell(self, event: Event) -> None:
        self._mailbox.put(event)

    def _run(self) -> None:
        try:
            while (final := self._advance()) is None:
                event = self._mailbox.get(self._until_deadline())
                if isinstance(event, Closed):
                    interrupt(self._shop.records, self.facts.key, self._now())
                    return
                self._handle(event)
            self._finish(final)
        finally:
            self.done.set()

    def _now(self) -> float:
        return self._shop.around.clock.now()

    def _advance(self) -> FinalStatus | None:
        """Start what can start; the execution's end status when nothing is left."""
        while True:
            decided = plan(self._steps, self._situation())
            self._skipped.update(decided.skip)
            for name in decided.start:
                self._begin(name)
            if not decided.start:
                return decided.final

    def _situation(self) -> Situation:
        progress = {
            name: "Skipped" if name in self._skipped else record.progress if record else "Waiting"
            for name in self._steps
            for record in [self._records.get(name)]
        }
        outcomes = {
            name: record.properties.get("Outcome") == "True"
            for name, record in self._records.items()
            if self._steps[name].kind == "Condition" and record.status == "Succeeded"
        }
        return Situation(progress=progress, outcomes=outcomes, limit=self._limit, stopping=self._stopping)

    def _begin(self, name: str) -> None:
        now = self._now()
        self._first_attempts[name] = now
        self._write(StepRecord(name=name, status="Starting", started=now))
        self._try(name)

    def _try(self, name: str) -> None:
        step, number, snapshot = self._steps[name], self._records[name].attempt, dict(self._records)

        def work() -> None:
            report = self._reporter(name)
            outcome, signature = attempt_step(self._shop, self.facts, step, number, snapshot, report)
            self._mailbox.put(Ended(name, outcome, signature))

        threading.Thread(target=work, name=f"step {name}", daemon=True).start()

    def _reporter(self, name: str) -> Callable[[Running], None]:
        def report(running: Running) -> None:
            event = Reported(name, running)
            self._mailbox.put(event)
            token = running.metadata.get("Callback", {}).get("CallbackToken")
            if token is not None:  # the answer may come as soon as the token is sent, and has to find its step
                self._shop.records.put_callback(token, self.facts.key, name)
                event.written.wait(_WRITE_SECONDS)

        return report

    def _handle(self, event: Event | None) -> None:
        match event:
            case Reported():
                self._reported(event)
            case Ended():
                self._ended(event)
            case Answered():
                self._answers[event.token] = event.record
                self._take_answers()
            case StopAsked():
                self._stop()
            case LimitChanged():
                self._limit = _parallelism(self._shop.records.execution(self.facts.key))
            case _:
                self._pass_deadlines()

    def _reported(self, event: Reported) -> None:
        self._running[event.step] = event.running
        status: StepStatus = "Stopping" if self._stopping else "Executing"
        self._write(replace(self._records[event.step], status=status, metadata=event.running.metadata))
        event.written.set()
        if self._stopping:
            self._stop_step(event.step)

    def _ended(self, event: Ended) -> None:
        name, outcome = event.step, event.outcome
        record = self._records[name]
        match outcome:
            case Succeeded():
                self._succeed(name, outcome, event.signature)
            case Stopped():
                self._end(replace(record, status="Stopped", reason=outcome.reason))
            case Waiting():
                self._waiting[name] = outcome
                self._take_answers()
            case Failed():
                self._fail(name, outcome)

    def _succeed(self, name: str, outcome: Succeeded, signature: str | None) -> None:
        record = replace(
            self._records[name],
            status="Succeeded",
            properties=outcome.properties,
            cached_from=outcome.cached_from,
            metadata=outcome.metadata or self._records[name].metadata,
        )
        if signature is not None:
            self._remember(record, signature)
        self._end(record)

    def _remember(self, record: StepRecord, signature: str) -> None:
        written = caching.outputs(self._steps[record.name].kind, record.properties)
        entry: Json = {
            "execution": self.facts.arn,
            "ended": self._now(),
            "properties": record.properties,
            "metadata": record.metadata,
            "outputs": caching.existing(written, self._shop.objects),
        }
        self._shop.records.put_cached(self.facts.key, record.name, signature, entry)

    def _fail(self, name: str, failure: Failed) -> None:
        record, step = self._records[name], self._steps[name]
        attempts = Attempts(record.attempt, self._first_attempts.get(name, record.started))
        when = None if self._stopping else retry_at(step, failure, attempts, self._now())
        if when is None:
            self._end(replace(record, status="Failed", reason=failure.reason[:_REASON_LIMIT]))
        else:
            self._retries[name] = when
            self._write(replace(record, attempt=record.attempt + 1, reason=failure.reason[:_REASON_LIMIT]))

    def _take_answers(self) -> None:
        for name, waiting in list(self._waiting.items()):
            if waiting.token in self._answers:
                del self._waiting[name]
                self._end(self._answers[waiting.token])

    def _stop(self) -> None:
        self._stopping = True
        for name, record in list(self._records.items()):
            if name in self._retries:
                del self._retries[name]
                self._end(replace(record, status="Stopped"))
            elif record.progress == "Running":
                self._write(replace(record, status="Stopping"))
                self._stop_step(name)

    def _stop_step(self, name: str) -> None:
        """Ask for the end of what a step has started; it may take its time, so not in this thread."""
        running = self._running.get(name)
        if running is not None and running.stop is not None:
            stop = running.stop
            threading.Thread(target=lambda: _quietly(stop), name=f"stop {name}", daemon=True).start()

    def _until_deadline(self) -> float | None:
        moments = [*self._retries.values(), *(waiting.deadline for waiting in self._waiting.values())]
        return max(min(moments) - self._now(), 0.0) if moments else None

    def _pass_deadlines(self) -> None:
        now = self._now()
        for name in [name for name, when in self._retries.items() if when <= now]:
            del self._retries[name]
            self._write(replace(self._records[name], reason=None))
            self._try(name)
        for name in [name for name, waiting in self._waiting.items() if waiting.deadline <= now]:
            del self._waiting[name]
            reason = "ClientError: nobody answered the callback token in time"
            self._end(replace(self._records[name], status="Failed", reason=reason))

    def _end(self, record: StepRecord) -> None:
        self._running.pop(record.name, None)
        self._write(replace(record, ended=self._now()))

    def _write(self, record: StepRecord) -> None:
        self._shop.records.put_step(self.facts.key, record)
        self._records[record.name] = record

    def _finish(self, final: FinalStatus) -> None:
        reason = failure_reason(self._records.values()) if final != "Succeeded" else None
        self._shop.records.change_execution(
            self.facts.key, PipelineExecutionStatus=final, FailureReason=reason, LastModifiedTime=self._now()
        )


def _parallelism(body: Json) -> int:
    configuration = body.get("ParallelismConfiguration") or {}
    return int(configuration.get("MaxParallelExecutionSteps", DEFAULT_PARALLELISM))


def _quietly(stop: Callable[[], None]) -> None:
    """A job that has just ended cannot be stopped, which is as good."""
    with contextlib.suppress(StepError):
        stop()
