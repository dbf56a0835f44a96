"""Pipeline executions: start, describe, list, stop, retry, and the answers of callback steps."""

from __future__ import annotations

from dataclasses import replace

from headgate.localcloud.documents import Documents, Key
from headgate.localcloud.errors import AwsError, not_found, validation
from headgate.localcloud.executions import selective
from headgate.localcloud.executions.attempts import ExecutionFacts, execution_arn, variables
from headgate.localcloud.executions.definition import parse
from headgate.localcloud.executions.engine import ExecutionEngine
from headgate.localcloud.executions.model import Definition
from headgate.localcloud.executions.parameters import as_request, bind
from headgate.localcloud.executions.records import ExecutionInput, StepRecord, execution_key
from headgate.localcloud.executions.references import ReferenceUnresolvedError, resolve
from headgate.localcloud.executions.scope import ExecutionScope
from headgate.localcloud.s3.store import ObjectStore
from headgate.localcloud.sagemaker.listing import Order, cut, page, pick, select
from headgate.localcloud.sagemaker.pipelines import Pipelines, pipeline_arn, user
from headgate.localcloud.sagemaker.randomness import RandomText
from headgate.localcloud.seams import Caller, Clock, Json, Operation

_ORDER = Order({"CreationTime": "StartTime", "PipelineExecutionArn": "PipelineExecutionArn"})
_ID_LENGTH = 12


class PipelineExecutions:
    """The operations on executions. What they answer is written down before they answer."""

    def __init__(
        self,
        documents: Documents,
        objects: ObjectStore,
        pipelines: Pipelines,
        engine: ExecutionEngine,
        clock: Clock,
        random_text: RandomText,
    ) -> None:
        self._documents = documents
        self._objects = objects
        self._pipelines = pipelines
        self._engine = engine
        self._clock = clock
        self._random_text = random_text

    def operations(self) -> dict[str, Operation]:
        return {
            "StartPipelineExecution": self.start,
            "DescribePipelineExecution": self.describe,
            "ListPipelineExecutions": self.list_all,
            "ListPipelineExecutionSteps": self.list_steps,
            "ListPipelineParametersForExecution": self.list_parameters,
            "DescribePipelineDefinitionForExecution": self.describe_definition,
            "StopPipelineExecution": self.stop,
            "RetryPipelineExecution": self.retry,
            "UpdatePipelineExecution": self.update,
            "SendPipelineExecutionStepSuccess": self.send_success,
            "SendPipelineExecutionStepFailure": self.send_failure,
        }

    def start(self, caller: Caller, request: Json) -> Json:
        if "MlflowExperimentName" in request:
            raise validation("MlflowExperimentName needs an MlflowConfig, which the local cloud does not support")
        pipeline = self._pipelines.find(caller, request["PipelineName"])
        name = str(pipeline["PipelineName"])
        version = self._pipelines.version(caller, name, request)
        definition = parse(version["PipelineDefinition"])
        given = ExecutionInput(
            definition=version["PipelineDefinition"],
            parameters=bind(definition.parameters, request.get("PipelineParameters", [])),
            role=str(request.get("RoleArn", version["RoleArn"])),
            principal=caller.principal,
        )
        taken: list[StepRecord] = []
        if "SelectiveExecutionConfig" in request:
            given, taken = self._selected(caller, name, definition, given, request["SelectiveExecutionConfig"])
        token = _token(caller, f"StartPipelineExecution/{name}/{request['ClientRequestToken']}")
        with self._documents.transaction():
            if (known := self._documents.find(token)) is not None:
                return dict(known)
            key = execution_key(caller.account, caller.region, f"{name}/{self._random_text(_ID_LENGTH).lower()}")
            facts = ExecutionFacts(key, definition, given, self._clock.now())
            self._documents.insert(key, self._body(caller, facts, version, request))
            self._engine.records.put_input(key, given)
            for record in taken:
                self._engine.records.put_step(key, record)
            self._documents.put(token, {"PipelineExecutionArn": facts.arn})
            self._pipelines.started(caller, name, version["PipelineVersionId"], facts.arn)
        self._engine.run(key)
        return {"PipelineExecutionArn": facts.arn}

    def describe(self, caller: Caller, request: Json) -> Json:
        return self._find(caller, request)[1]

    def list_all(self, caller: Caller, request: Json) -> Json:
        name = self._pipelines.find(caller, request["PipelineName"])["PipelineName"]
        alias = request.get("PipelineVersionAlias")
        number = None if alias is None else self._pipelines.version(caller, name, request)["PipelineVersionId"]
        found = self._documents.list(
            "pipeline-execution", account=caller.account, region=caller.region, prefix=f"{name}/"
        )
        executions = (body for _, body in found if number is None or body.get("PipelineVersionId") == number)
        chosen = select(executions, request, name="PipelineExecutionArn")
        return page([_summary(body) for body in chosen], request, _ORDER, "PipelineExecutionSummaries")

    def list_steps(self, caller: Caller, request: Json) -> Json:
        if "PipelineExecutionArn" not in request:
            raise validation("PipelineExecutionArn has to be given")
        key, _ = self._find(caller, request)
        definition = parse(self._engine.records.input(key).definition)
        records = self._engine.records.steps(key, definition.steps).values()
        ordered = sorted(records, key=lambda one: one.started)
        if request.get("SortOrder", "Descending") == "Descending":
            ordered.reverse()
        return cut([_step(one, definition) for one in ordered], request, "PipelineExecutionSteps")

    def list_parameters(self, caller: Caller, request: Json) -> Json:
        key, _ = self._find(caller, request)
        return cut(as_request(self._engine.records.input(key).parameters), request, "PipelineParameters")

    def describe_definition(self, caller: Caller, request: Json) -> Json:
        key, body = self._find(caller, request)
        text = self._engine.records.input(key).definition
        return {"PipelineDefinition": text, "CreationTime": body["CreationTime"]}

    def stop(self, caller: Caller, request: Json) -> Json:
        """Running jobs are stopped; a running callback or Lambda step is waited for, as on SageMaker."""
        key, _ = self._find(caller, request)
        with self._documents.transaction():
            body = self._documents.get(key)
            if body["PipelineExecutionStatus"] == "Stopping":
                return _answer(body)
            if body["PipelineExecutionStatus"] != "Executing":
                raise _conflict(body, "stopped", "one that is Executing")
            now = self._clock.now()
            self._engine.records.change_execution(
                key, PipelineExecutionStatus="Stopping", LastModifiedTime=now, LastModifiedBy=user(caller)
            )
        self._engine.stop(key)
        return _answer(body)

    def retry(self, caller: Caller, request: Json) -> Json:
        """Go on with an execution that failed or was stopped; steps that succeeded are not repeated."""
        key, _ = self._find(caller, request)
        token = _token(caller, f"RetryPipelineExecution/{key.name}/{request['ClientRequestToken']}")
        with self._documents.transaction():
            body = self._documents.get(key)
            if self._documents.find(token) is not None:
                return _answer(body)
            if body["PipelineExecutionStatus"] not in ("Failed", "Stopped", "CompletedWithFailures"):
                raise _conflict(body, "retried", "one that is Failed or Stopped")
            self._engine.prepare_retry(key)
            self._documents.put(token, {})
            self._engine.records.change_execution(
                key,
                PipelineExecutionStatus="Executing",
                FailureReason=None,
                LastModifiedTime=self._clock.now(),
                LastModifiedBy=user(caller),
                **pick(request, "ParallelismConfiguration"),
            )
        self._engine.run(key)
        return _answer(body)

    def update(self, caller: Caller, request: Json) -> Json:
        key, body = self._find(caller, request)
        members = ("PipelineExecutionDescription", "PipelineExecutionDisplayName", "ParallelismConfiguration")
        changes = pick(request, *members)
        self._engine.records.change_execution(key, LastModifiedTime=self._clock.now(), **changes)
        self._engine.limit_changed(key)
        return _answer(body)

    def send_success(self, caller: Caller, request: Json) -> Json:
        outputs = request.get("OutputParameters", [])
        return self._send(caller, request, outputs)

    def send_failure(self, caller: Caller, request: Json) -> Json:
        return self._send(caller, request, None)

    def _send(self, caller: Caller, request: Json, outputs: list[Json] | None) -> Json:
        answered = _token(caller, f"callback/{request['CallbackToken']}/{request.get('ClientRequestToken', '')}")
        if "ClientRequestToken" in request and (known := self._documents.find(answered)) is not None:
            return dict(known)
        key = self._engine.answer(caller, request["CallbackToken"], outputs, request.get("FailureReason", ""))
        answer = {"PipelineExecutionArn": execution_arn(key)}
        self._documents.put(answered, answer)
        return answer

    def _find(self, caller: Caller, request: Json) -> tuple[Key, Json]:
        arn = str(request["PipelineExecutionArn"])
        pipeline, separator, execution = arn.rpartition(":pipeline/")[2].partition("/execution/")
        key = execution_key(caller.account, caller.region, f"{pipeline}/{execution}")
        body = self._documents.find(key) if separator and execution_arn(key) == arn else None
        if body is None:
            raise not_found(f"Pipeline execution with ARN {arn} does not exist.")
        return key, body

    def _selected(
        self, caller: Caller, name: str, definition: Definition, given: ExecutionInput, config: Json
    ) -> tuple[ExecutionInput, list[StepRecord]]:
        chosen = tuple(dict.fromkeys(str(one["StepName"]) for one in config["SelectedSteps"]))
        selective.check(definition.steps, chosen)
        needed = selective.reused(definition.steps, chosen)
        arn = config.get("SourcePipelineExecutionArn")
        if arn is None and needed:
            raise validation(
                f"Invalid SourcePipelineExecutionArn: null. The selected steps [{', '.join(chosen)}] have dependencies "
                f"on [{', '.join(needed)}]"
            )
        taken: list[StepRecord] = []
        if arn is not None:
            source, body = self._find(caller, {"PipelineExecutionArn": arn})
            if not source.name.startswith(f"{name}/"):
                raise validation(f"Invalid SourcePipelineExecutionArn: {arn} is not an execution of pipeline '{name}'")
            if body["PipelineExecutionStatus"] not in selective.REFERABLE_STATUSES:
                status = body["PipelineExecutionStatus"]
                raise validation(
                    f"Invalid SourcePipelineExecutionArn: {arn} is {status}; it has to be Succeeded or Failed"
                )
            taken = selective.take(needed, self._engine.records.steps(source, needed), arn)
        return replace(given, selected=chosen), taken

    def _body(self, caller: Caller, facts: ExecutionFacts, version: Json, request: Json) -> Json:
        shown = pick(
            request,
            "PipelineExecutionDisplayName",
            "PipelineExecutionDescription",
            "ParallelismConfiguration",
            "SelectiveExecutionConfig",
        )
        body: Json = {
            **pick(version, "ParallelismConfiguration"),
            "PipelineExecutionDisplayName": f"execution-{int(facts.created * 1000)}",
            **shown,
            "PipelineArn": pipeline_arn(caller, facts.pipeline_name),
            "PipelineExecutionArn": facts.arn,
            "PipelineExecutionStatus": "Executing",
            "PipelineVersionId": version["PipelineVersionId"],
            "RoleArn": facts.input.role,
            "CreationTime": facts.created,
            "LastModifiedTime": facts.created,
            "CreatedBy": user(caller),
            "LastModifiedBy": user(caller),
        }
        if facts.definition.experiment:
            body["PipelineExperimentConfig"] = self._experiment(facts)
        return body

    def _experiment(self, facts: ExecutionFacts) -> Json:
        known = variables(facts, facts.created)
        scope = ExecutionScope(facts.definition, facts.input.parameters, known, {}, self._objects)
        try:
            resolved: Json = resolve(facts.definition.experiment, scope)
        except ReferenceUnresolvedError as error:
            raise validation(f"PipelineExperimentConfig: {error}") from error
        return resolved


def _token(caller: Caller, name: str) -> Key:
    return Key(caller.account, caller.region, "client-token", name)


def _answer(body: Json) -> Json:
    return pick(body, "PipelineExecutionArn")


def _conflict(body: Json, verb: str, right: str) -> AwsError:
    return AwsError(
        "ConflictException",
        f"Pipeline execution with ARN {body['PipelineExecutionArn']} is {body['PipelineExecutionStatus']} "
        f"and cannot be {verb}; only {right} can.",
    )


def _summary(body: Json) -> Json:
    members = ("PipelineExecutionArn", "PipelineExecutionStatus", "PipelineExecutionDescription")
    summary = pick(body, *members, "PipelineExecutionDisplayName") | {"StartTime": body["CreationTime"]}
    if "FailureReason" in body:
        summary["PipelineExecutionFailureReason"] = body["FailureReason"]
    return summary


def _step(record: StepRecord, definition: Definition) -> Json:
    body = definition.steps[record.name].body
    shown: Json = {
        "StepName": record.name,
        "StepDisplayName": body.get("DisplayName"),
        "StepDescription": body.get("Description"),
        "StartTime": record.started,
        "EndTime": record.ended,
        "StepStatus": record.status,
        "FailureReason": record.reason,
        "Metadata": record.metadata,
        "AttemptCount": record.attempt,
        "CacheHitResult": _source(record.cached_from),
        "SelectiveExecutionResult": _source(record.reused_from),
    }
    return {member: value for member, value in shown.items() if value is not None}


def _source(arn: str | None) -> Json | None:
    return None if arn is None else {"SourcePipelineExecutionArn": arn}
