"""A SageMaker whose jobs complete at once, or as a test tells them to, without a process being started."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headgate.localcloud.documents import Documents
from headgate.localcloud.errors import AwsError
from headgate.localcloud.executions.mailbox import Event, QueueMailbox
from headgate.localcloud.executions.records import execution_key
from headgate.localcloud.s3.store import ObjectStore
from headgate.localcloud.sagemaker.service import SageMaker
from headgate.localcloud.seams import Caller, Json

CALLER = Caller("123456789012", "eu-west-1", "arn:aws:iam::123456789012:user/ana")
ROLE = "arn:aws:iam::123456789012:role/pipelines"
KINDS = {
    "ProcessingJob": "processing-job",
    "TrainingJob": "training-job",
    "TransformJob": "transform-job",
    "HyperParameterTuningJob": "hyper-parameter-tuning-job",
}


class FakeClock:
    def __init__(self) -> None:
        self.time = 1_700_000_000.0

    def now(self) -> float:
        return self.time


@dataclass
class Job:
    """A created job; `end` lets it end."""

    kind: str
    name: str
    request: Json
    stopped: bool = False
    done: threading.Event = field(default_factory=threading.Event)
    status: str = "Completed"
    reason: str = ""
    extra: Json = field(default_factory=dict)

    def end(self, status: str = "Completed", reason: str = "", **extra: Any) -> None:
        self.status, self.reason, self.extra = status, reason, extra
        self.done.set()


class FakeJobs:
    """The contract's job engine. A job ends at once unless its name contains one of `held`."""

    def __init__(self, objects: ObjectStore) -> None:
        self.objects = objects
        self.jobs: list[Job] = []
        self.held: set[str] = set()
        self.created = threading.Condition()
        self.behave: Callable[[Job], None] = lambda job: job.end()
        self.refuse: Callable[[str, Json], AwsError | None] = lambda operation, request: None
        self.tuned: list[Json] = []
        self.running = 0
        self.most_at_once = 0

    def operations(self) -> dict[str, Any]:
        table: dict[str, Any] = {}
        for resource in KINDS:
            table[f"Create{resource}"] = self._create(resource)
            table[f"Stop{resource}"] = self._stop(resource)
            table[f"Describe{resource}"] = lambda caller, request, r=resource: self._describe(
                self.named(request[f"{r}Name"])
            )
        table["ListTrainingJobsForHyperParameterTuningJob"] = lambda caller, request: {
            "TrainingJobSummaries": self.tuned
        }
        for resource in ("EndpointConfig", "Endpoint"):
            table[f"Create{resource}"] = self._create(resource)
            table[f"Describe{resource}"] = lambda caller, request, r=resource: self._describe(
                self.named(request[f"{r}Name"])
            )
        table["UpdateEndpoint"] = self._create("Endpoint")
        return table

    def wait(self, caller: Caller, kind: str, name: str, timeout: float | None) -> Json:
        job = self.named(name)
        job.done.wait(timeout)
        with self.created:
            self.running -= 1
        return self._describe(job)

    def wait_endpoint(self, caller: Caller, name: str, timeout: float | None) -> Json:
        return self.wait(caller, "endpoint", name, timeout)

    def invoke_endpoint(
        self, caller: Caller, name: str, body: bytes, content_type: str, accept: str, target_variant: str | None
    ) -> tuple[bytes, str, str]:
        return body.upper(), accept or content_type, target_variant or "AllTraffic"

    def named(self, name: str) -> Job:
        for job in reversed(self.jobs):
            if job.name == name:
                return job
        raise AwsError("ValidationException", f"no job {name}")

    def of_step(self, step: str) -> list[Job]:
        return [job for job in self.jobs if f"-{step}-" in job.name]

    def await_step(self, step: str, count: int = 1) -> Job:
        """Wait until a step has created its job."""
        with self.created:
            assert self.created.wait_for(lambda: len(self.of_step(step)) >= count, 10), f"{step} was not started"
            return self.of_step(step)[count - 1]

    def _create(self, resource: str) -> Callable[[Caller, Json], Json]:
        def create(caller: Caller, request: Json) -> Json:
            if error := self.refuse(f"Create{resource}", request):
                raise error
            job = Job(resource, request[f"{resource}Name"], request)
            with self.created:
                self.jobs.append(job)
                self.running += 1
                self.most_at_once = max(self.most_at_once, self.running)
                self.created.notify_all()
            if not any(part in job.name for part in self.held):
                self.behave(job)
            return {f"{resource}Arn": self._arn(job)}

        return create

    def _stop(self, resource: str) -> Callable[[Caller, Json], Json]:
        def stop(caller: Caller, request: Json) -> Json:
            job = self.named(request[f"{resource}Name"])
            job.stopped = True
            job.end("Stopped")
            return {}

        return stop

    def _arn(self, job: Job) -> str:
        return CALLER.arn("sagemaker", f"{KINDS.get(job.kind, job.kind.lower())}/{job.name}")

    def _describe(self, job: Job) -> Json:
        body = {**job.request, f"{job.kind}Arn": self._arn(job), f"{job.kind}Status": job.status, **job.extra}
        if job.kind == "Endpoint":
            body["EndpointStatus"] = "InService" if job.status == "Completed" else job.status
        if job.reason:
            body["FailureReason"] = job.reason
        if job.kind == "TrainingJob":
            uri = f"{job.request['OutputDataConfig']['S3OutputPath']}/{job.name}/output/model.tar.gz"
            body["ModelArtifacts"] = {"S3ModelArtifacts": uri}
        return body


class ManualMailbox(QueueMailbox):
    """Waiting for a moment takes no time: the clock jumps there, once no event is to come any more."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self._clock = clock

    def get(self, timeout: float | None) -> Event | None:
        event = super().get(10 if timeout is None else 0.05)
        if event is None and timeout is not None:
            self._clock.time += timeout
        return event


class Dead:
    """The documents of a process that was killed: whoever uses them gets no further."""

    def __getattr__(self, name: str) -> Any:
        def end(*_: Any, **__: Any) -> None:
            threading.Event().wait()

        return end


@dataclass
class World:
    """A SageMaker, and what tests ask of it."""

    clock: FakeClock
    documents: Documents
    objects: ObjectStore
    jobs: FakeJobs
    clients: dict[str, Any]
    service: SageMaker = None  # type: ignore[assignment]
    tokens: Any = field(default_factory=itertools.count)
    services: list[SageMaker] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def __post_init__(self) -> None:
        self.service = self.new_service()

    def new_service(self) -> SageMaker:
        service = SageMaker(
            self.documents,
            self.objects,
            self.jobs,
            self.clock,
            lambda caller, service, role: self.clients[service],
            mailbox=lambda: ManualMailbox(self.clock),
        )
        records = service.engine.records
        put_step = records.put_step

        def put_and_tell(key: Any, record: Any) -> None:
            put_step(key, record)
            with self.changed:
                self.changed.notify_all()

        records.put_step = put_and_tell  # type: ignore[method-assign]
        self.services.append(service)
        return service

    def crash(self) -> None:
        """As after kill -9 and a new start: nothing of the old daemon writes any more, what was written is all."""
        records = self.service.engine.records
        records._documents = dead = Dead()  # type: ignore[assignment]
        records.transaction = dead.transaction  # type: ignore[method-assign]
        records.put_step = dead.put  # type: ignore[method-assign]
        self.services.remove(self.service)
        self.service = self.new_service()
        self.service.recover()

    def close(self) -> None:
        for service in self.services:
            service.close()
        for job in self.jobs.jobs:
            job.done.set()
        self.objects.close()
        self.documents.close()

    def call(self, operation: str, _caller: Caller = CALLER, /, **request: Any) -> Json:
        answer: Json = json.loads(json.dumps(self.service.operations.call(_caller, operation, request)))
        return answer

    def token(self) -> str:
        return f"{next(self.tokens):032d}"

    def create_pipeline(
        self, steps: list[Json], name: str = "flow", parameters: list[Json] | None = None, **more: Any
    ) -> str:
        text = definition(steps, parameters)
        arn: str = self.call(
            "CreatePipeline",
            PipelineName=name,
            PipelineDefinition=text,
            RoleArn=ROLE,
            ClientRequestToken=self.token(),
            **more,
        )["PipelineArn"]
        return arn

    def start(self, name: str = "flow", **more: Any) -> str:
        request = {"PipelineName": name, "ClientRequestToken": self.token(), **more}
        arn: str = self.call("StartPipelineExecution", **request)["PipelineExecutionArn"]
        return arn

    def await_status(self, arn: str, step: str, status: str) -> None:
        """Wait until a step has a status, woken by each write."""
        with self.changed:
            assert self.changed.wait_for(lambda: self.statuses(arn).get(step) == status, 10), self.steps(arn)

    def finish(self, arn: str) -> Json:
        """Wait for an execution's end; its description."""
        assert self.service.engine.wait(self.key(arn), 20), f"{arn} did not end: {self.steps(arn)}"
        return self.describe(arn)

    def run(self, steps: list[Json], **more: Any) -> Json:
        """Create a pipeline of these steps, run it to its end; the execution's description."""
        self.create_pipeline(steps, parameters=more.pop("parameters", None))
        return self.finish(self.start(**more))

    def describe(self, arn: str) -> Json:
        return self.call("DescribePipelineExecution", PipelineExecutionArn=arn)

    def steps(self, arn: str) -> dict[str, Json]:
        listed = self.call("ListPipelineExecutionSteps", PipelineExecutionArn=arn, SortOrder="Ascending")
        return {step["StepName"]: step for step in listed["PipelineExecutionSteps"]}

    def statuses(self, arn: str) -> dict[str, str]:
        return {name: step["StepStatus"] for name, step in self.steps(arn).items()}

    def key(self, arn: str) -> Any:
        pipeline, _, execution = arn.split("pipeline/")[1].partition("/execution/")
        return execution_key(CALLER.account, CALLER.region, f"{pipeline}/{execution}")

    def put(self, uri: str, data: bytes | Json) -> None:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        self.objects.ensure_bucket(CALLER.account, CALLER.region, bucket)
        self.objects.put_bytes(bucket, key, data if isinstance(data, bytes) else json.dumps(data).encode())


def make_world(folder: Path) -> World:
    clock = FakeClock()
    objects = ObjectStore(folder / "s3", clock)
    return World(clock, Documents(folder / "state.db"), objects, FakeJobs(objects), {})


def definition(steps: list[Json], parameters: list[Json] | None = None) -> str:
    return json.dumps({"Version": "2020-12-01", "Metadata": {}, "Parameters": parameters or [], "Steps": steps})


def processing(name: str, **more: Any) -> Json:
    """A processing step; `outputs` names its outputs, `arguments` is laid over its request."""
    outputs = [
        {
            "OutputName": output,
            "S3Output": {
                "S3Uri": f"s3://data/{name}/{output}",
                "LocalPath": f"/opt/ml/processing/{output}",
                "S3UploadMode": "EndOfJob",
            },
        }
        for output in more.pop("outputs", ())
    ]
    arguments = {
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 10}
        },
        "AppSpecification": {"ImageUri": "image", "ContainerEntrypoint": ["python3", "run.py"]},
        "RoleArn": ROLE,
        **({"ProcessingOutputConfig": {"Outputs": outputs}} if outputs else {}),
        **more.pop("arguments", {}),
    }
    return {"Name": name, "Type": "Processing", "Arguments": arguments, **more}


def training(name: str, **more: Any) -> Json:
    arguments = {
        "AlgorithmSpecification": {"TrainingImage": "image", "TrainingInputMode": "File"},
        "OutputDataConfig": {"S3OutputPath": "s3://data/models"},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 10},
        "RoleArn": ROLE,
        **more.pop("arguments", {}),
    }
    return {"Name": name, "Type": "Training", "Arguments": arguments, **more}


def condition(name: str, conditions: list[Json], then: list[Json], otherwise: list[Json], **more: Any) -> Json:
    arguments = {"Conditions": conditions, "IfSteps": then, "ElseSteps": otherwise}
    return {"Name": name, "Type": "Condition", "Arguments": arguments, **more}


def compare(kind: str, left: Any, right: Any) -> Json:
    return {"Type": kind, "LeftValue": left, "RightValue": right}


def get(reference: str) -> Json:
    return {"Get": reference}
