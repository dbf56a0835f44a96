"""The engine: starts, stops, retries and remembers executions. One per daemon."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace

from headgate.localcloud.documents import Key
from headgate.localcloud.errors import AwsError, not_found, validation
from headgate.localcloud.executions import selective
from headgate.localcloud.executions.attempts import ExecutionFacts, Workshop
from headgate.localcloud.executions.definition import parse
from headgate.localcloud.executions.ends import interrupt
from headgate.localcloud.executions.mailbox import Answered, Closed, LimitChanged, Mailbox, QueueMailbox, StopAsked
from headgate.localcloud.executions.model import Step
from headgate.localcloud.executions.outcomes import StepError
from headgate.localcloud.executions.records import Records, StepRecord
from headgate.localcloud.executions.runner import Runner
from headgate.localcloud.executions.steps import executors
from headgate.localcloud.executions.steps.external import as_parameters, typed_outputs
from headgate.localcloud.executions.steps.surroundings import Surroundings
from headgate.localcloud.s3.store import ObjectStore
from headgate.localcloud.seams import Caller, Json

_CLOSE_SECONDS = 5.0


class ExecutionEngine:
    """Runs executions whose documents exist already; `Executions` (the API's side) writes those."""

    def __init__(
        self,
        records: Records,
        objects: ObjectStore,
        around: Surroundings,
        mailbox: Callable[[], Mailbox] = QueueMailbox,
    ) -> None:
        self.records = records
        self._shop = Workshop(records, objects, around, executors(around))
        self._mailbox = mailbox
        self._lock = threading.Lock()
        self._runners: dict[Key, Runner] = {}

    def run(self, key: Key) -> None:
        """Go on with an execution from where its records are. Returns at once."""
        given = self.records.input(key)
        definition = parse(given.definition)
        facts = ExecutionFacts(key, definition, given, self.records.execution(key)["CreationTime"])
        steps: Mapping[str, Step] = definition.steps
        if given.selected is not None:
            taken = selective.reused(definition.steps, given.selected)
            steps = selective.steps_to_plan(definition.steps, given.selected, taken)
        runner = Runner(self._shop, facts, steps, self._mailbox())
        with self._lock:
            self._runners = {one: other for one, other in self._runners.items() if not other.done.is_set()}
            self._runners[key] = runner
        runner.start()

    def stop(self, key: Key) -> None:
        """Ask a running execution to stop; its document says Stopping already."""
        if runner := self._runner(key):
            runner.tell(StopAsked())

    def limit_changed(self, key: Key) -> None:
        """The execution's ParallelismConfiguration has changed."""
        if runner := self._runner(key):
            runner.tell(LimitChanged())

    def prepare_retry(self, key: Key) -> None:
        """Forget the steps that have not succeeded, so that `run` makes them again."""
        steps = parse(self.records.input(key).definition).steps
        for name, record in self.records.steps(key, steps).items():
            if record.status != "Succeeded":
                self.records.forget_step(key, name)

    def wait(self, key: Key, timeout: float | None = None) -> bool:
        """Block until an execution has come to its end; False when `timeout` seconds have passed before."""
        runner = self._runner(key)
        return runner is None or runner.done.wait(timeout)

    def answer(self, caller: Caller, token: str, outputs: list[Json] | None, reason: str = "") -> Key:
        """Answer a callback token: with outputs for success, with None and a reason for failure.

        The step's end is written before this returns. Raises AwsError: ResourceNotFound for a token that nobody waits
        for, ValidationException for outputs that the step does not declare.
        """
        found = self.records.callback(caller.account, caller.region, token)
        if found is None:
            raise not_found(f"no callback step waits for the token '{token}'")
        key, name = found
        runner = self._runner(key)
        record = self.records.steps(key, [name]).get(name)
        waiting = record is not None and record.metadata.get("Callback", {}).get("CallbackToken") == token
        if runner is None or record is None or not waiting or record.progress != "Running":
            raise AwsError(
                "ConflictException", f"the callback step '{name}' does not wait for the token '{token}' any more"
            )
        declared = runner.facts.definition.steps[name].body.get("OutputParameters") or []
        ended = self._answered(record, declared, outputs, reason)
        self.records.put_step(key, ended)
        runner.tell(Answered(token, ended))
        return key

    def recover(self) -> None:
        """After a start: executions that the last daemon left running are failed (or stopped), with the reason."""
        for key, _ in self.records.unfinished():
            interrupt(self.records, key, self._now())

    def close(self) -> None:
        """End all running executions as `recover` would after a crash."""
        with self._lock:
            runners = list(self._runners.values())
        for runner in runners:
            runner.tell(Closed())
        for runner in runners:
            runner.done.wait(_CLOSE_SECONDS)

    def _answered(
        self, record: StepRecord, declared: list[Json], outputs: list[Json] | None, reason: str
    ) -> StepRecord:
        if outputs is None:
            text = (
                f"ClientError: {reason}" if reason else "ClientError: the callback reported a failure without a reason"
            )
            return replace(record, status="Failed", reason=text, ended=self._now())
        try:
            values = typed_outputs(declared, outputs)
        except StepError as error:
            raise validation(error.reason) from error
        shown = {**record.metadata["Callback"], "OutputParameters": as_parameters(values)}
        return replace(
            record,
            status="Succeeded",
            ended=self._now(),
            properties={"OutputParameters": values},
            metadata={"Callback": shown},
        )

    def _now(self) -> float:
        return self._shop.around.clock.now()

    def _runner(self, key: Key) -> Runner | None:
        with self._lock:
            runner = self._runners.get(key)
        return None if runner is None or runner.done.is_set() else runner
