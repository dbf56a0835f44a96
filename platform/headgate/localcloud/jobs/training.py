"""Training jobs: CreateTrainingJob under the container contract.

As on SageMaker, a job that leaves `/opt/ml/model` empty completes with an archive that holds nothing; its log says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from headgate.localcloud.documents import Key
from headgate.localcloud.errors import unsupported, validation
from headgate.localcloud.jobs.access import Acting, acting
from headgate.localcloud.jobs.channels import Channel, parse_channels
from headgate.localcloud.jobs.cluster import Cluster, parse_cluster
from headgate.localcloud.jobs.containers import Container, Run, read_message
from headgate.localcloud.jobs.context import Context
from headgate.localcloud.jobs.environment import job_environment
from headgate.localcloud.jobs.failures import JobFailure, Refused
from headgate.localcloud.jobs.hosts import HostFolder, checked_local_path, make_hosts, resource_config
from headgate.localcloud.jobs.joblog import open_logs
from headgate.localcloud.jobs.kinds import TRAINING
from headgate.localcloud.jobs.metrics import MetricSeries, scanner
from headgate.localcloud.jobs.staging import Source, Stager, check_bucket, check_fits, place, shard, total_size
from headgate.localcloud.jobs.supervision import Verdict
from headgate.localcloud.jobs.training_outputs import SyncedFolder, TrainingOutputs, synced_folders
from headgate.localcloud.jobs.training_record import end, rules_not_run, transition
from headgate.localcloud.jobs.uploads import Synchronizer, sync_all
from headgate.localcloud.jobs.work import Foreman, Work
from headgate.localcloud.seams import Caller, Json

METRICS_KIND = "training-job-metrics"
"""Documents that hold the metrics of training jobs as time series."""
_FOLDERS = ("input/config", "input/data", "model", "output/data", "output/intermediate", "code")
_FAILURE = "/opt/ml/output/failure"
_DAY = 86400
_UNSUPPORTED = ("ServerlessJobConfig", "ModelPackageConfig", "MlflowConfig")
_CONFIG_FILES = {
    "DebugHookConfig": "debughookconfig.json",
    "ProfilerConfig": "profilerconfig.json",
    "CheckpointConfig": "checkpointconfig.json",
}


@dataclass(frozen=True, slots=True)
class _Plan:
    """A request, understood."""

    request: Json
    cluster: Cluster
    channels: list[Channel]
    synced: list[SyncedFolder]


class TrainingJobs:
    """Create, run and stop training jobs, and keep their metrics."""

    def __init__(self, context: Context, foreman: Foreman) -> None:
        self._context = context
        self._foreman = foreman
        self._live: dict[Key, MetricSeries] = {}

    def check(self, parameters: Json) -> None:
        """Refuse what SageMaker would refuse, and what is not supported here. Raises AwsError."""
        self._context.require_isolation()
        for member in _UNSUPPORTED:
            if parameters.get(member):
                raise unsupported(f"{member} of a training job")
        if not parameters.get("OutputDataConfig") or not parameters.get("ResourceConfig"):
            raise validation("a training job needs OutputDataConfig and ResourceConfig")
        algorithm = parameters.get("AlgorithmSpecification", {})
        if not algorithm.get("TrainingImage"):
            raise unsupported(f"algorithm '{algorithm.get('AlgorithmName', '')}' by name; give a TrainingImage")
        self._context.runtimes.find(str(algorithm["TrainingImage"]))
        scanner(str(algorithm["TrainingImage"]), algorithm.get("MetricDefinitions", ()))
        plan = _plan(parameters)
        output = str(parameters["OutputDataConfig"]["S3OutputPath"])
        check_bucket(self._context.objects, output, "OutputDataConfig")
        for folder in plan.synced:
            checked_local_path(folder.local_path, folder.what)
            check_bucket(self._context.objects, folder.uri, folder.what)

    def create(self, caller: Caller, parameters: Json, *, tuning_job_arn: str | None = None) -> Json:
        """CreateTrainingJob. Raises AwsError like `check`, and ResourceInUse for a name that is taken."""
        self.check(parameters)
        name = str(parameters["TrainingJobName"])
        now = self._context.clock.now()
        arn = TRAINING.arn(caller, name)
        body: Json = {
            **parameters,
            "TrainingJobArn": arn,
            "TrainingJobStatus": "InProgress",
            "OutputDataConfig": {"KmsKeyId": "", **parameters["OutputDataConfig"]},  # the SDK attaches by this member
            "StoppingCondition": parameters.get("StoppingCondition") or {"MaxRuntimeInSeconds": _DAY},
            "CreationTime": now,
            "LastModifiedTime": now,
            **rules_not_run(parameters),
        }
        if tuning_job_arn:
            body["TuningJobArn"] = tuning_job_arn
        transition(body, "Starting", now)
        self._context.records.create(TRAINING, caller, name, body)
        self._live[TRAINING.key(caller, name)] = MetricSeries()
        self._foreman.begin(TRAINING, caller, name, self._run, self.fail)
        return {"TrainingJobArn": arn}

    def fail(self, body: Json, reason: str) -> None:
        """Write a failed end into a record."""
        body["FailureReason"] = reason
        end(body, "Failed", "Failed", self._context.clock.now())

    def stop(self, caller: Caller, parameters: Json) -> Json:
        """StopTrainingJob: TERM, then KILL after the grace; what the job has saved is uploaded."""
        name = str(parameters["TrainingJobName"])
        self._foreman.stop(TRAINING, caller, name, lambda body: transition(body, "Stopping", self._context.clock.now()))
        return {}

    def metrics(self, caller: Caller, name: str) -> Json:
        """Metric name → list of [seconds since the epoch, value], so far. Raises AwsError if there is no such job."""
        key = TRAINING.key(caller, name)
        self._context.records.get(TRAINING, caller, name)
        live = self._live.get(key)
        if live is not None:
            return live.as_json()
        return self._context.documents.find(_metrics_key(key)) or {}

    def _run(self, work: Work) -> None:
        try:
            self._work(work)
        finally:
            del self._live[work.key]

    def _work(self, work: Work) -> None:
        plan = _plan(work.record())
        hosts = make_hosts(work.folder, plan.cluster.hosts, _FOLDERS)
        objects = self._context.objects_of(_acting(work, plan))
        stager = Stager(objects, work.caller.region, str(plan.request["RoleArn"]))
        with open_logs(self._context.logs, work.caller, TRAINING.log_group, work.name, plan.cluster.hosts) as logs:
            self._enter(work, "Downloading")
            synchronizers = self._stage(plan, hosts, stager)
            limit = plan.cluster.volume_gb << 30 if plan.cluster.volume_gb else None
            container = self._container(work, plan)
            run = Run(self._context, container, hosts, logs, stager, work.token, limit)
            self._enter(work, "Training")
            verdict = run.complete(
                work.control,
                max_runtime=float(plan.request["StoppingCondition"].get("MaxRuntimeInSeconds", _DAY)),
                line=self._metric_reader(work, plan.request),
                each_interval=lambda: sync_all(synchronizers),
            )
            sync_all(synchronizers)
            self._finish(work, plan, run, verdict)

    def _enter(self, work: Work, status: str) -> None:
        work.change(lambda body: transition(body, status, self._context.clock.now()))

    def _stage(self, plan: _Plan, hosts: list[HostFolder], stager: Stager) -> list[Synchronizer]:
        sizes = [0] * len(hosts)
        for channel in plan.channels:
            items = stager.resolve(channel.source)
            for index, host in enumerate(hosts):
                mine = shard(items, index, len(hosts)) if channel.source.sharded else items
                sizes[index] += total_size(mine)
                if plan.cluster.volume_gb:
                    check_fits(sizes[index], plan.cluster.volume_gb)
                place(mine, host.path(channel.folder))
        synchronizers = []
        for host in hosts:
            self._write_config(plan, host)
            for folder in plan.synced:
                host.path(folder.local_path).mkdir(parents=True, exist_ok=True)
                synchronizer = Synchronizer(stager.objects, host.path(folder.local_path), folder.uri)
                if folder.restored:
                    _restore(stager, folder, host)
                    synchronizer.remember()
                synchronizers.append(synchronizer)
        return synchronizers

    def _write_config(self, plan: _Plan, host: HostFolder) -> None:
        folder = "/opt/ml/input/config"
        host.write_json(f"{folder}/hyperparameters.json", plan.request.get("HyperParameters", {}))
        config = {channel.name: channel.config for channel in plan.channels}
        host.write_json(f"{folder}/inputdataconfig.json", config)
        cluster = plan.cluster
        host.write_json(f"{folder}/resourceconfig.json", resource_config(cluster.hosts, host.name, cluster.groups))
        for member, file in _CONFIG_FILES.items():
            if plan.request.get(member):
                host.write_json(f"{folder}/{file}", plan.request[member])

    def _container(self, work: Work, plan: _Plan) -> Container:
        algorithm = plan.request["AlgorithmSpecification"]
        own = {"TRAINING_JOB_NAME": work.name, "TRAINING_JOB_ARN": plan.request["TrainingJobArn"]}
        requested: Mapping[str, str] = plan.request.get("Environment", {})
        return Container(
            kind="training",
            image=str(algorithm["TrainingImage"]),
            environment=job_environment(self._context, _acting(work, plan), requested, own),
            entrypoint=tuple(algorithm.get("ContainerEntrypoint", ())),
            arguments=tuple(algorithm.get("ContainerArguments", ())),
            hyperparameters=plan.request.get("HyperParameters", {}),
            channels=tuple(channel.name for channel in plan.channels),
            instance_type=plan.cluster.instance_type,
            network=not plan.request.get("EnableNetworkIsolation", False),
        )

    def _metric_reader(self, work: Work, request: Json) -> Callable[[str, str], None]:
        algorithm = request["AlgorithmSpecification"]
        found = scanner(str(algorithm["TrainingImage"]), algorithm.get("MetricDefinitions", ()))
        series = self._live[work.key]

        def read(_host: str, line: str) -> None:
            metrics = found.scan(line)
            for name, value in metrics:
                series.add(name, self._context.clock.now(), value)
            if metrics:
                self._context.records.announce()

        return read

    def _finish(self, work: Work, plan: _Plan, run: Run, verdict: Verdict) -> None:
        outputs = TrainingOutputs(run.stager.objects, run.hosts, plan.request["OutputDataConfig"], work.name)
        series = self._live[work.key]
        self._context.documents.put(_metrics_key(work.key), series.as_json())
        final = series.final()
        if final:
            work.change(lambda body: body.update(FinalMetricDataList=final))
        stopped = verdict.ending in ("stopped", "timeout")
        if not stopped:
            try:
                run.check(verdict, lambda host: read_message(host, _FAILURE))
            except JobFailure:
                outputs.upload_data(work.folder)
                raise
        self._enter(work, "Uploading")
        outputs.upload_data(work.folder)
        if not outputs.has_model():
            run.logs[run.hosts[0].name].line("headgate: the training job wrote nothing to /opt/ml/model")
        artifacts = outputs.upload_model(work.folder) if outputs.has_model() or not stopped else None
        ending = {"stopped": "Stopped", "timeout": "MaxRuntimeExceeded"}.get(verdict.ending, "Completed")
        work.change(partial(self._ended, status="Stopped" if stopped else "Completed", secondary=ending, uri=artifacts))

    def _ended(self, body: Json, *, status: str, secondary: str, uri: str | None) -> None:
        if uri:
            body["ModelArtifacts"] = {"S3ModelArtifacts": uri}
        end(body, status, secondary, self._context.clock.now())


def _acting(work: Work, plan: _Plan) -> Acting:
    return acting(work.caller, str(plan.request["RoleArn"]), plan.request.get("VpcConfig"))


def _plan(request: Json) -> _Plan:
    mode = str(request["AlgorithmSpecification"]["TrainingInputMode"])
    return _Plan(
        request=request,
        cluster=parse_cluster(request["ResourceConfig"]),
        channels=parse_channels(request.get("InputDataConfig", ()), mode),
        synced=synced_folders(request),
    )


def _restore(stager: Stager, folder: SyncedFolder, host: HostFolder) -> None:
    """Bring back what an earlier job left; nothing there yet is no error."""
    source = Source(folder.uri.rstrip("/") + "/")
    try:
        items = stager.resolve(source)
    except Refused:
        raise
    except JobFailure:
        return
    place(items, host.path(folder.local_path), writable=True)


def _metrics_key(key: Key) -> Key:
    return Key(key.account, key.region, METRICS_KIND, key.name)
