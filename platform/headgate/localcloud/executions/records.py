"""What the local cloud remembers of an execution: one document for the execution, one per step that was started.

Documents, all in the account and region of the pipeline:
`pipeline-execution` (`<pipeline>/<id>`): members of DescribePipelineExecution;
`pipeline-execution-input` (same name): the definition's text, typed parameters, role, who started it;
`pipeline-execution-step` (`<pipeline>/<id>/<step>`): a StepRecord;
`pipeline-callback` (the token): which execution and step wait for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Literal

from headgate.localcloud.documents import Documents, Key
from headgate.localcloud.executions.planner import Progress
from headgate.localcloud.seams import Json

StepStatus = Literal["Starting", "Executing", "Stopping", "Stopped", "Failed", "Succeeded"]

_PROGRESS: dict[StepStatus, Progress] = {
    "Starting": "Running",
    "Executing": "Running",
    "Stopping": "Running",
    "Stopped": "Stopped",
    "Failed": "Failed",
    "Succeeded": "Succeeded",
}


@dataclass(frozen=True, slots=True)
class StepRecord:
    """A step that was started. `metadata` is what ListPipelineExecutionSteps shows, `properties` what others refer to.

    `started` and `ended` are seconds since the epoch. `cached_from` and `reused_from` are ARNs of the execution whose
    result was taken, by caching or by selective execution.
    """

    name: str
    status: StepStatus
    started: float
    ended: float | None = None
    attempt: int = 1
    reason: str | None = None
    metadata: Json = field(default_factory=dict)
    properties: Json = field(default_factory=dict)
    cached_from: str | None = None
    reused_from: str | None = None

    @property
    def progress(self) -> Progress:
        return _PROGRESS[self.status]


@dataclass(frozen=True, slots=True)
class ExecutionInput:
    """What an execution was started with; it never changes. `plan` holds the steps to run, None for all."""

    definition: str
    parameters: Json
    role: str
    principal: str = ""
    selected: tuple[str, ...] | None = None


class Records:
    """The executions' documents. Each write is durable when it returns."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self.transaction = documents.transaction

    def execution(self, key: Key) -> Json:
        """Raises MissingError."""
        return self._documents.get(key)

    def put_execution(self, key: Key, body: Json) -> None:
        self._documents.put(key, body)

    def change_execution(self, key: Key, **members: object) -> Json:
        """Set members of the execution; None removes one."""

        def change(body: Json) -> None:
            for name, value in members.items():
                if value is None:
                    body.pop(name, None)
                else:
                    body[name] = value

        return self._documents.update(key, change)

    def input(self, key: Key) -> ExecutionInput:
        body = self._documents.get(_of("pipeline-execution-input", key))
        selected = body.pop("selected")
        return ExecutionInput(**body, selected=None if selected is None else tuple(selected))

    def put_input(self, key: Key, value: ExecutionInput) -> None:
        self._documents.put(_of("pipeline-execution-input", key), asdict(value))

    def steps(self, key: Key, names: Iterable[str]) -> dict[str, StepRecord]:
        """The records of those steps that were started."""
        found = {name: self._documents.find(_of("pipeline-execution-step", key, name)) for name in names}
        return {name: StepRecord(**body) for name, body in found.items() if body is not None}

    def put_step(self, key: Key, record: StepRecord) -> None:
        self._documents.put(_of("pipeline-execution-step", key, record.name), asdict(record))

    def forget_step(self, key: Key, name: str) -> None:
        self._documents.delete(_of("pipeline-execution-step", key, name))

    def put_callback(self, token: str, key: Key, step: str) -> None:
        body = {"execution": key.name, "step": step}
        self._documents.put(Key(key.account, key.region, "pipeline-callback", token), body)

    def callback(self, account: str, region: str, token: str) -> tuple[Key, str] | None:
        """The execution and step that wait for a token."""
        body = self._documents.find(Key(account, region, "pipeline-callback", token))
        if body is None:
            return None
        return execution_key(account, region, str(body["execution"])), str(body["step"])

    def unfinished(self) -> list[tuple[Key, Json]]:
        """Executions of all accounts that have not come to an end."""
        every = self._documents.list("pipeline-execution")
        return [(key, body) for key, body in every if body["PipelineExecutionStatus"] in ("Executing", "Stopping")]

    def cached(self, key: Key, step: str, signature: str) -> Json | None:
        return self._documents.find(_cache_key(key, step, signature))

    def put_cached(self, key: Key, step: str, signature: str, entry: Json) -> None:
        self._documents.put(_cache_key(key, step, signature), entry)


def execution_key(account: str, region: str, name: str) -> Key:
    """The key of an execution; `name` is `<pipeline>/<id>`."""
    return Key(account, region, "pipeline-execution", name)


def _of(kind: str, execution: Key, part: str | None = None) -> Key:
    name = execution.name if part is None else f"{execution.name}/{part}"
    return Key(execution.account, execution.region, kind, name)


def _cache_key(execution: Key, step: str, signature: str) -> Key:
    pipeline = execution.name.split("/")[0]
    return Key(execution.account, execution.region, "pipeline-step-cache", f"{pipeline}/{step}/{signature}")
