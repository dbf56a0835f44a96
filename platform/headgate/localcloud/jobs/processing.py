"""Processing jobs: CreateProcessingJob under the container contract.

One choice differs from SageMaker, which uploads nothing and calls it a success: a job that ends well but has left a
declared S3 output empty fails and names the output, because whatever comes next in a pipeline would fail with less
to say. `HEADGATE_ALLOW_EMPTY_OUTPUTS=true` in the job's Environment gives SageMaker's behaviour.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from headgate.localcloud.errors import unsupported, validation
from headgate.localcloud.jobs.access import Acting, acting
from headgate.localcloud.jobs.containers import Container, Run, read_message
from headgate.localcloud.jobs.context import Context
from headgate.localcloud.jobs.environment import job_environment
from headgate.localcloud.jobs.failures import algorithm_error
from headgate.localcloud.jobs.hosts import HostFolder, checked_local_path, host_names, make_hosts
from headgate.localcloud.jobs.joblog import JobLog, open_logs
from headgate.localcloud.jobs.kinds import PROCESSING
from headgate.localcloud.jobs.staging import Source, Stager, check_bucket, check_fits, place, shard, total_size
from headgate.localcloud.jobs.uploads import Synchronizer, move_folder, sync_all, written_files
from headgate.localcloud.jobs.work import Foreman, Work
from headgate.localcloud.s3.store import parse_s3_uri
from headgate.localcloud.seams import Caller, Json

ALLOW_EMPTY = "HEADGATE_ALLOW_EMPTY_OUTPUTS"
_FOLDERS = ("config", "input", "output", "processing", "model")
_MESSAGE = "/opt/ml/output/message"
_DAY = 86400


@dataclass(frozen=True, slots=True)
class Output:
    """One S3Output of a request."""

    name: str
    local_path: str
    uri: str
    continuous: bool


class ProcessingJobs:
    """Create, run and stop processing jobs."""

    def __init__(self, context: Context, foreman: Foreman) -> None:
        self._context = context
        self._foreman = foreman

    def create(self, caller: Caller, parameters: Json) -> Json:
        """CreateProcessingJob. Raises AwsError for what SageMaker would refuse and what is not supported here."""
        name = str(parameters["ProcessingJobName"])
        self._context.require_isolation()
        self._context.runtimes.find(str(parameters["AppSpecification"]["ImageUri"]))
        _sources(parameters)
        for output in _outputs(parameters):
            check_bucket(self._context.objects, output.uri, f"processing output '{output.name}'")
        now = self._context.clock.now()
        arn = PROCESSING.arn(caller, name)
        body = {
            **parameters,
            "ProcessingJobArn": arn,
            "ProcessingJobStatus": "InProgress",
            "StoppingCondition": parameters.get("StoppingCondition", {"MaxRuntimeInSeconds": _DAY}),
            "CreationTime": now,
            "LastModifiedTime": now,
        }
        self._context.records.create(PROCESSING, caller, name, body)
        self._foreman.begin(PROCESSING, caller, name, self._run, self.fail)
        return {"ProcessingJobArn": arn}

    def fail(self, body: Json, reason: str) -> None:
        """Write a failed end into a record."""
        body.update(ProcessingJobStatus="Failed", FailureReason=reason, ProcessingEndTime=self._context.clock.now())

    def _run(self, work: Work) -> None:
        request = work.record()
        cluster = request["ProcessingResources"]["ClusterConfig"]
        names = host_names(int(cluster.get("InstanceCount", 1)))
        hosts = make_hosts(work.folder, names, _FOLDERS)
        stager = Stager(self._context.objects_of(_acting(work, request)), work.caller.region, str(request["RoleArn"]))
        with open_logs(self._context.logs, work.caller, PROCESSING.log_group, work.name, names) as logs:
            self._stage(request, hosts, stager, int(cluster["VolumeSizeInGB"]))
            run = self._prepare(work, request, hosts, stager, logs)
            self._execute(work, request, run)

    def _stage(self, request: Json, hosts: list[HostFolder], stager: Stager, volume_gb: int) -> None:
        sizes = [0] * len(hosts)
        for local_path, source in _sources(request):
            items = stager.resolve(source)
            for index, host in enumerate(hosts):
                mine = shard(items, index, len(hosts)) if source.sharded else items
                sizes[index] += total_size(mine)
                check_fits(sizes[index], volume_gb)
                place(mine, host.path(local_path))
        for host in hosts:
            for output in _outputs(request):
                host.path(output.local_path).mkdir(parents=True, exist_ok=True)
            host.write_json("/opt/ml/config/processingjobconfig.json", _job_config(request))
            host.write_json(
                "/opt/ml/config/resourceconfig.json",
                {"current_host": host.name, "hosts": [other.name for other in hosts]},
            )

    def _prepare(
        self, work: Work, request: Json, hosts: list[HostFolder], stager: Stager, logs: dict[str, JobLog]
    ) -> Run:
        specification = request["AppSpecification"]
        own = {"PROCESSING_JOB_NAME": work.name, "PROCESSING_JOB_ARN": request["ProcessingJobArn"]}
        cluster = request["ProcessingResources"]["ClusterConfig"]
        container = Container(
            kind="processing",
            image=str(specification["ImageUri"]),
            environment=job_environment(self._context, _acting(work, request), request.get("Environment", {}), own),
            entrypoint=tuple(specification.get("ContainerEntrypoint", ())),
            arguments=tuple(specification.get("ContainerArguments", ())),
            instance_type=str(cluster.get("InstanceType", "")),
            network=not request.get("NetworkConfig", {}).get("EnableNetworkIsolation", False),
        )
        limit = int(cluster["VolumeSizeInGB"]) << 30
        return Run(self._context, container, hosts, logs, stager, work.token, limit)

    def _execute(self, work: Work, request: Json, run: Run) -> None:
        def started(body: Json) -> None:
            body["ProcessingStartTime"] = self._context.clock.now()

        outputs = _outputs(request)
        continuous = [
            Synchronizer(run.stager.objects, host.path(output.local_path), output.uri)
            for output in outputs
            if output.continuous
            for host in run.hosts
        ]
        work.change(started)
        verdict = run.complete(
            work.control,
            max_runtime=float(request["StoppingCondition"]["MaxRuntimeInSeconds"]),
            each_interval=lambda: sync_all(continuous),
        )
        sync_all(continuous)
        message = read_message(run.hosts[0], _MESSAGE)
        if verdict.ending in ("stopped", "timeout"):
            reason = _out_of_time(request) if verdict.ending == "timeout" else ""
            work.change(partial(self._ended, status="Stopped", message=message, reason=reason))
            return
        if message:
            work.change(lambda body: body.update(ExitMessage=message))
        run.check(verdict, lambda host: read_message(host, _MESSAGE))
        self._upload(request, run, outputs)
        work.change(partial(self._ended, status="Completed", message=message))

    def _ended(self, body: Json, *, status: str, message: str, reason: str = "") -> None:
        body.update(ProcessingJobStatus=status, ProcessingEndTime=self._context.clock.now())
        if message:
            body["ExitMessage"] = message
        if reason:
            body["FailureReason"] = reason

    def _upload(self, request: Json, run: Run, outputs: list[Output]) -> None:
        empty = [
            output
            for output in outputs
            if not any(next(written_files(host.path(output.local_path)), None) for host in run.hosts)
        ]
        if empty and str(request.get("Environment", {}).get(ALLOW_EMPTY, "")).lower() not in ("1", "true"):
            names = ", ".join(f"'{output.name}' ({output.local_path})" for output in empty)
            text = f"the job ended without writing a file to its declared output {names}"
            run.logs[run.hosts[0].name].line(f"headgate: {text}")
            raise algorithm_error(f"{text}; write there, or take the output out of the job", 0)
        for output in outputs:
            if not output.continuous:
                for host in run.hosts:
                    move_folder(run.stager.objects, host.path(output.local_path), output.uri)


def _out_of_time(request: Json) -> str:
    """A job that nobody stopped says why it is Stopped."""
    seconds = request["StoppingCondition"]["MaxRuntimeInSeconds"]
    return f"ClientError: the job was stopped: it ran longer than MaxRuntimeInSeconds, {seconds} s"


def _job_config(request: Json) -> Json:
    members = (
        "ProcessingJobArn", "ProcessingJobName", "AppSpecification", "Environment", "ProcessingInputs",
        "ProcessingOutputConfig", "ProcessingResources", "RoleArn", "StoppingCondition",
    )  # fmt: skip
    return {name: request[name] for name in members if name in request}


def _sources(parameters: Json) -> list[tuple[str, Source]]:
    """The inputs to fetch, each with its folder. Raises AwsError for what cannot be."""
    found: list[tuple[str, Source]] = []
    for item in parameters.get("ProcessingInputs", ()):
        what = f"processing input '{item['InputName']}'"
        if "DatasetDefinition" in item:
            raise unsupported(f"DatasetDefinition (Athena, Redshift) of {what}")
        if item.get("AppManaged"):
            continue
        if "S3Input" not in item:
            raise validation(f"{what} has neither S3Input nor DatasetDefinition")
        value = item["S3Input"]
        if value.get("S3InputMode", "File") == "Pipe":
            raise unsupported(f"S3InputMode Pipe of {what}; use File")
        if value.get("S3CompressionType", "None") != "None":
            raise validation(f"{what}: S3CompressionType Gzip is only for S3InputMode Pipe")
        if "LocalPath" not in value:
            raise validation(f"{what} has no LocalPath")
        source = Source(
            uri=str(value["S3Uri"]),
            data_type=value["S3DataType"],
            sharded=value.get("S3DataDistributionType") == "ShardedByS3Key",
        )
        source.check()
        found.append((checked_local_path(str(value["LocalPath"]), what), source))
    return found


def _acting(work: Work, request: Json) -> Acting:
    return acting(work.caller, str(request["RoleArn"]), request.get("NetworkConfig", {}).get("VpcConfig"))


def _outputs(parameters: Json) -> list[Output]:
    """The outputs to upload. Raises AwsError for what cannot be."""
    found: list[Output] = []
    for item in parameters.get("ProcessingOutputConfig", {}).get("Outputs", ()):
        what = f"processing output '{item['OutputName']}'"
        if "FeatureStoreOutput" in item:
            raise unsupported(f"FeatureStoreOutput of {what}")
        if item.get("AppManaged"):
            continue
        if "S3Output" not in item:
            raise validation(f"{what} has no S3Output")
        value = item["S3Output"]
        if "LocalPath" not in value:
            raise validation(f"{what} has no LocalPath")
        parse_s3_uri(str(value["S3Uri"]))
        path = checked_local_path(str(value["LocalPath"]), what)
        found.append(Output(item["OutputName"], path, str(value["S3Uri"]), value["S3UploadMode"] == "Continuous"))
    return found
