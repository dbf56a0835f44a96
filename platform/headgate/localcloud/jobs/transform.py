"""Batch transform: CreateTransformJob over real servers of the model, one set per instance."""

from __future__ import annotations

import gzip
import json
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

from headgate.localcloud.errors import unsupported, validation
from headgate.localcloud.jobs.access import Acting, Objects
from headgate.localcloud.jobs.context import Context
from headgate.localcloud.jobs.failures import client_error
from headgate.localcloud.jobs.hosts import host_names
from headgate.localcloud.jobs.joblog import JobLog, open_logs
from headgate.localcloud.jobs.jsonpath import PathError, parse_path
from headgate.localcloud.jobs.kinds import TRANSFORM
from headgate.localcloud.jobs.model_server import ModelServer, invoke_chain, start_server
from headgate.localcloud.jobs.models import Model, find_model
from headgate.localcloud.jobs.staging import Item, Source, Stager, check_bucket, shard
from headgate.localcloud.jobs.transform_records import (
    DataProcessing,
    RecordError,
    assembled,
    batches,
    format_of,
    lines,
)
from headgate.localcloud.jobs.uploads import join_uri
from headgate.localcloud.jobs.work import Foreman, Work
from headgate.localcloud.s3.store import parse_s3_uri
from headgate.localcloud.seams import Caller, Json

_MAX_PAYLOAD_MB = 6
_PAYLOAD_BUDGET_MB = 100
_TIMEOUT = 600.0
_RETRIES = 3


@dataclass(frozen=True, slots=True)
class _Plan:
    """How a job sends its records."""

    split: bool
    single: bool
    limit: int | None
    workers: int
    by_line: bool
    processing: DataProcessing
    headers: Json
    timeout: float
    retries: int


class TransformJobs:
    """Create, run and stop transform jobs."""

    def __init__(self, context: Context, foreman: Foreman) -> None:
        self._context = context
        self._foreman = foreman

    def create(self, caller: Caller, parameters: Json) -> Json:
        """CreateTransformJob. Raises AwsError for what SageMaker would refuse and what is not supported here."""
        self._context.require_isolation()
        model = find_model(self._context.documents, caller, str(parameters["ModelName"]))
        for container in model.containers:
            self._context.runtimes.find(container.image)
        _check(parameters)
        check_bucket(self._context.objects, str(parameters["TransformOutput"]["S3OutputPath"]), "TransformOutput")
        name = str(parameters["TransformJobName"])
        now = self._context.clock.now()
        arn = TRANSFORM.arn(caller, name)
        body = {**parameters, "TransformJobArn": arn, "TransformJobStatus": "InProgress", "CreationTime": now}
        self._context.records.create(TRANSFORM, caller, name, {**body, "LastModifiedTime": now})
        self._foreman.begin(TRANSFORM, caller, name, self._run, self.fail)
        return {"TransformJobArn": arn}

    def fail(self, body: Json, reason: str) -> None:
        """Write a failed end into a record."""
        self._end(body, "Failed")
        body["FailureReason"] = reason

    def _end(self, body: Json, status: str) -> None:
        body.update(TransformJobStatus=status, TransformEndTime=self._context.clock.now())

    def _run(self, work: Work) -> None:
        request = work.record()
        model = find_model(self._context.documents, work.caller, str(request["ModelName"]))
        names = host_names(int(request["TransformResources"]["InstanceCount"]))
        source = request["TransformInput"]["DataSource"]["S3DataSource"]
        objects = self._context.objects_of(Acting(work.caller, model.role, model.subnets))
        stager = Stager(objects, work.caller.region, model.role)
        items = stager.resolve(Source(str(source["S3Uri"]), source["S3DataType"]))
        work.change(lambda body: body.update(TransformStartTime=self._context.clock.now()))
        with ExitStack() as stack:
            logs = stack.enter_context(
                open_logs(self._context.logs, work.caller, TRANSFORM.log_group, work.name, names)
            )
            hosts = [self._start(work, request, model, name, logs[name], stack) for name in names]
            for servers in hosts:
                for server in servers:
                    server.await_health(self._context.settings.health_timeout, work.control)
            instances = [
                _Instance(work, request, servers, logs[name], work.folder / name, objects)
                for name, servers in zip(names, hosts, strict=True)
            ]
            _all([partial(each.run, shard(items, i, len(names))) for i, each in enumerate(instances)])
        work.change(partial(self._end, status="Stopped" if work.control.stopped else "Completed"))

    def _start(
        self, work: Work, request: Json, model: Model, host: str, log: JobLog, stack: ExitStack
    ) -> list[ModelServer]:
        servers: list[ModelServer] = []
        for index, container in enumerate(model.containers, start=1):
            server = start_server(
                self._context,
                work.caller,
                model,
                container,
                folder=work.folder / host / f"container-{index}",
                log=log,
                token=work.token,
                environment=_environment(request),
                instance_type=str(request["TransformResources"]["InstanceType"]),
            )
            stack.callback(server.stop)
            servers.append(server)
        return servers


def _all(actions: list[partial[None]]) -> None:
    """Do all at the same time; raises the first failure once all have ended."""
    with ThreadPoolExecutor(len(actions)) as pool:
        for future in [pool.submit(action) for action in actions]:
            future.result()


def _check(parameters: Json) -> None:
    if parameters.get("DataCaptureConfig"):
        raise unsupported("DataCaptureConfig of a transform job")
    source = parameters["TransformInput"]["DataSource"]["S3DataSource"]
    Source(str(source["S3Uri"])).check()
    if source["S3DataType"] not in ("S3Prefix", "ManifestFile"):
        raise unsupported(f"S3DataType {source['S3DataType']} of a transform job; use S3Prefix or ManifestFile")
    split = parameters["TransformInput"].get("SplitType", "None")
    if split not in ("None", "Line"):
        raise unsupported(f"SplitType {split} of a transform job; use Line or None")
    size = int(parameters.get("MaxPayloadInMB", _MAX_PAYLOAD_MB))
    if size * max(1, int(parameters.get("MaxConcurrentTransforms", 1))) > _PAYLOAD_BUDGET_MB:
        raise validation(f"MaxConcurrentTransforms times MaxPayloadInMB must not exceed {_PAYLOAD_BUDGET_MB} MB")
    processing = _processing(parameters)
    if not processing.is_identity and processing.kind == "other":
        raise validation(
            "DataProcessing needs a ContentType of text/csv, application/json or application/jsonlines, not "
            f"'{parameters['TransformInput'].get('ContentType', '')}'"
        )


def _processing(parameters: Json) -> DataProcessing:
    """Raises AwsError (ValidationException) for an expression that is none."""
    asked = parameters.get("DataProcessing", {})
    try:
        return DataProcessing(
            kind=format_of(str(parameters["TransformInput"].get("ContentType", ""))),
            input_filter=parse_path(asked.get("InputFilter") or "$"),
            output_filter=parse_path(asked.get("OutputFilter") or "$"),
            join=asked.get("JoinSource") == "Input",
        )
    except PathError as error:
        raise validation(f"DataProcessing: {error}") from error


def _environment(request: Json) -> dict[str, str]:
    """What a container is told of the batch job that it serves."""
    told = {"SAGEMAKER_BATCH": "true"}
    if "MaxPayloadInMB" in request:
        told["SAGEMAKER_MAX_PAYLOAD_IN_MB"] = str(request["MaxPayloadInMB"])
    if "BatchStrategy" in request:
        told["SAGEMAKER_BATCH_STRATEGY"] = str(request["BatchStrategy"])
    if "MaxConcurrentTransforms" in request:
        told["SAGEMAKER_MAX_CONCURRENT_TRANSFORMS"] = str(request["MaxConcurrentTransforms"])
    return {**told, **request.get("Environment", {})}


def _plan(request: Json, suggested: Json) -> _Plan:
    """The request's own settings, then what the container suggests, then SageMaker's defaults."""
    strategy = str(request.get("BatchStrategy") or suggested.get("BatchStrategy") or "MultiRecord")
    asked = request.get("MaxPayloadInMB")
    payload = int(asked if asked is not None else suggested.get("MaxPayloadInMB") or _MAX_PAYLOAD_MB)
    workers = int(request.get("MaxConcurrentTransforms") or suggested.get("MaxConcurrentTransforms") or 1)
    client = request.get("ModelClientConfig", {})
    headers = {"Content-Type": str(request["TransformInput"].get("ContentType", ""))}
    if request["TransformOutput"].get("Accept"):
        headers["Accept"] = str(request["TransformOutput"]["Accept"])
    return _Plan(
        split=request["TransformInput"].get("SplitType") == "Line",
        single=strategy.upper().replace("_", "") == "SINGLERECORD",
        limit=payload << 20 if payload else None,
        workers=max(1, workers),
        by_line=request["TransformOutput"].get("AssembleWith") == "Line",
        processing=_processing(request),
        headers=headers,
        timeout=float(client.get("InvocationsTimeoutInSeconds", _TIMEOUT)),
        retries=int(client.get("InvocationsMaxRetries", _RETRIES)),
    )


@dataclass(frozen=True, slots=True)
class _Instance:
    """One instance of a transform job: its servers and its share of the objects."""

    work: Work
    request: Json
    servers: list[ModelServer]
    log: JobLog
    folder: Path
    objects: Objects

    def run(self, items: list[Item]) -> None:
        plan = _plan(self.request, self._suggestions())
        with ThreadPoolExecutor(plan.workers) as pool:
            for item in items:
                if not self.work.control.stopped:
                    self._transform(plan, pool, item)

    def _suggestions(self) -> Json:
        answer = self.servers[0].client.get("/execution-parameters", 5.0)
        try:
            found = json.loads(answer.body) if answer.good else {}
        except ValueError:
            found = {}
        return found if isinstance(found, dict) else {}

    def _transform(self, plan: _Plan, pool: ThreadPoolExecutor, item: Item) -> None:
        target = self.folder / "transformed"
        name = item.path
        with _opened(item, self.request) as source, target.open("wb") as output:
            records = lines(source) if plan.split else iter([source.read()])
            pending: deque[Future[bytes]] = deque()
            for batch in self._batches(plan, name, records):
                if self.work.control.stopped:
                    break
                pending.append(pool.submit(self._send, plan, name, batch))
                if len(pending) > plan.workers:
                    output.write(pending.popleft().result())
            for future in pending:
                output.write(future.result())
        if self.work.control.stopped:
            return
        bucket, key = parse_s3_uri(join_uri(str(self.request["TransformOutput"]["S3OutputPath"]), f"{name}.out"))
        self.objects.put_file(bucket, key, target, move=True)

    def _batches(self, plan: _Plan, name: str, records: Iterator[bytes]) -> Iterator[list[bytes]]:
        try:
            yield from batches(records, single=plan.single or not plan.split, limit=plan.limit)
        except RecordError as error:
            raise client_error(f"{name}: {error}") from error
        except (OSError, EOFError) as error:
            raise client_error(f"{name}: the input cannot be read: {error}") from error

    def _send(self, plan: _Plan, name: str, batch: list[bytes]) -> bytes:
        processing = plan.processing
        try:
            records = batch
            if not processing.is_identity and not plan.split and _has_lines(self.request):
                records = [line for line in batch[0].splitlines() if line.strip()]
            body = b"\n".join(processing.request(records))
            answer = self._invoke(plan, body)
            if processing.keeps_answers:
                return assembled(answer, by_line=plan.by_line)
            return processing.response(records, answer)
        except RecordError as error:
            self.log.line(f"{name}: {error}")
            raise client_error(f"{name}: {error}") from error

    def _invoke(self, plan: _Plan, body: bytes) -> bytes:
        for attempt in range(plan.retries + 1):
            answer = invoke_chain(self.servers, body, plan.headers, plan.timeout)
            if answer.good:
                return answer.body
            final = attempt == plan.retries or 0 < answer.status < 500 or any(s.ended.is_set() for s in self.servers)
            if final or self.work.control.stopped:
                break
        said = answer.body.decode("utf-8", "replace")[:500]
        raise RecordError(f"Bad HTTP response returned from the model: {answer.status}: {said}")


def _has_lines(request: Json) -> bool:
    return str(request["TransformInput"].get("ContentType", "")).partition(";")[0].strip() != "application/json"


def _opened(item: Item, request: Json) -> BinaryIO:
    if request["TransformInput"].get("CompressionType") == "Gzip":
        return cast("BinaryIO", gzip.open(item.info.path, "rb"))
    return item.info.path.open("rb")
