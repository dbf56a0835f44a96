"""The daemon is killed at random points; every write that it had acknowledged is there afterwards."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from contract.local_daemon import REGION, LocalDaemon
from headgate.localcloud import lifecycle

pytestmark = [pytest.mark.slow]

SEED = 20260101
ROUNDS = 6
TRUST = '{"Version": "2012-10-17", "Statement": []}'
IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/any:latest"
ROLE = "arn:aws:iam::123456789012:role/jobs"
RUNTIME = {
    "name": "any",
    "plugin": "tests",
    "image_patterns": ["/any:"],
    "target": "unit.localcloud.jobs.any_image:AnyImage",
    "search_path": [str(Path(__file__).parents[1])],
    "config": {},
}


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[LocalDaemon]:
    made = LocalDaemon(tmp_path / "state")
    yield made
    made.close()


def write_parameter(daemon: LocalDaemon, number: int) -> None:
    name = f"/stream/{number % 7}"
    daemon.client("ssm").put_parameter(Name=name, Value=str(number), Type="String", Overwrite=True)


def read_parameter(daemon: LocalDaemon, number: int) -> bool:
    history = daemon.client("ssm").get_parameter_history(Name=f"/stream/{number % 7}", MaxResults=50)["Parameters"]
    return str(number) in [version["Value"] for version in history]


def write_object(daemon: LocalDaemon, number: int) -> None:
    daemon.client("s3").put_object(Bucket="stream", Key=f"k{number}", Body=body_of(number))


def read_object(daemon: LocalDaemon, number: int) -> bool:
    answer = daemon.client("s3").get_object(Bucket="stream", Key=f"k{number}")
    return bool(answer["Body"].read() == body_of(number))


def body_of(number: int) -> bytes:
    return random.Random(number).randbytes(1 + number * 997 % 50_000)


def write_version(daemon: LocalDaemon, number: int) -> str:
    created = daemon.client("sagemaker").create_model_package(
        ModelPackageGroupName="stream",
        ModelApprovalStatus="PendingManualApproval",
        CustomerMetadataProperties={"number": str(number)},
        InferenceSpecification={
            "Containers": [{"Image": IMAGE}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
    )
    arn: str = created["ModelPackageArn"]
    return arn


def read_version(daemon: LocalDaemon, arn: str) -> bool:
    found = daemon.client("sagemaker").describe_model_package(ModelPackageName=arn)
    return bool(found["ModelPackageStatus"] == "Completed")


def write_role(daemon: LocalDaemon, number: int) -> str:
    created = daemon.client("iam").create_role(RoleName=f"r{number}", AssumeRolePolicyDocument=TRUST)["Role"]
    return f"{number} {created['RoleId']}"


def read_role(daemon: LocalDaemon, written: str) -> bool:
    number, identity = written.split()
    return bool(daemon.client("iam").get_role(RoleName=f"r{number}")["Role"]["RoleId"] == identity)


KINDS: list[tuple[Callable[[LocalDaemon, int], Any], Callable[[LocalDaemon, Any], bool]]] = [
    (write_parameter, read_parameter),
    (write_object, read_object),
    (write_version, read_version),
    (write_role, read_role),
]


class Writer(threading.Thread):
    """Writes until the daemon is killed under it; `acknowledged` is what the daemon said yes to."""

    def __init__(self, daemon: LocalDaemon, numbers: Iterator[int], choose: random.Random) -> None:
        super().__init__()
        self._daemon = daemon
        self._numbers = numbers
        self._choose = choose
        self._changed = threading.Condition()
        self.acknowledged: list[tuple[int, Any]] = []
        self.end: Exception | None = None

    def run(self) -> None:
        for number in self._numbers:
            kind = self._choose.randrange(len(KINDS))
            try:
                made = KINDS[kind][0](self._daemon, number)
            except (BotoCoreError, ClientError) as error:
                with self._changed:
                    self.end = error
                    self._changed.notify_all()
                return
            with self._changed:
                self.acknowledged.append((kind, number if made is None else made))
                self._changed.notify_all()

    def wait_for(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.acknowledged) >= count or self.end, 60)
            assert self.end is None, "nobody has killed it yet"


def test_every_acknowledged_write_survives_kills_at_random_points(daemon: LocalDaemon) -> None:
    place: Any = {"LocationConstraint": REGION}
    daemon.client("s3").create_bucket(Bucket="stream", CreateBucketConfiguration=place)
    daemon.client("sagemaker").create_model_package_group(ModelPackageGroupName="stream")
    choose = random.Random(SEED)
    numbers = iter(range(1_000_000))
    acknowledged: list[tuple[int, Any]] = []
    for _ in range(ROUNDS):
        writer = Writer(daemon, numbers, random.Random(choose.random()))
        writer.start()
        writer.wait_for(choose.randint(3, 60))
        threading.Event().wait(choose.random() * 0.01)  # anywhere within the next write or two
        daemon.kill_and_restart()
        writer.join(60)
        acknowledged += writer.acknowledged
        lost = [(KINDS[kind][0].__name__, made) for kind, made in acknowledged if not KINDS[kind][1](daemon, made)]
        assert lost == []
    versions = daemon.client("sagemaker").list_model_packages(ModelPackageGroupName="stream", MaxResults=100)
    statuses = {version["ModelPackageStatus"] for version in versions["ModelPackageSummaryList"]}
    assert statuses <= {"Completed"}, "no half-registered version"
    assert len({kind for kind, _ in acknowledged}) == len(KINDS)


def processing(name: str, script: str, after: list[str]) -> dict[str, Any]:
    """A step that runs a line of Python."""
    return {
        "Name": name,
        "Type": "Processing",
        "DependsOn": after,
        "Arguments": {
            "RoleArn": ROLE,
            "ProcessingResources": {
                "ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
            },
            "AppSpecification": {"ImageUri": IMAGE, "ContainerEntrypoint": ["python3", "-c", script]},
        },
    }


def test_a_running_execution_fails_with_the_reason_and_retries_from_where_it_stopped(
    daemon: LocalDaemon, tmp_path: Path
) -> None:
    daemon.endpoint = lifecycle.ensure_running(daemon.state, runtimes=[RUNTIME])
    place: Any = {"LocationConstraint": REGION}
    daemon.client("s3").create_bucket(Bucket="marks", CreateBucketConfiguration=place)
    mark = "import boto3, uuid; s3 = boto3.client('s3'); s3.put_object(Bucket='marks', Key='{}/' + uuid.uuid4().hex)"
    count = "s3.list_objects_v2(Bucket='marks', Prefix='go')['KeyCount']"
    wait = f"{mark.format('second')}; import time; [time.sleep(.05) for _ in iter(lambda: {count}, 1)]"
    definition = {
        "Version": "2020-12-01",
        "Steps": [processing("First", mark.format("first"), []), processing("Second", wait, ["First"])],
    }
    sagemaker = daemon.client("sagemaker")
    sagemaker.create_pipeline(
        PipelineName="p", PipelineDefinition=json.dumps(definition), RoleArn=ROLE, ClientRequestToken="t" * 32
    )
    arn = sagemaker.start_pipeline_execution(PipelineName="p", ClientRequestToken="s" * 32)["PipelineExecutionArn"]
    wait_until(lambda: marks(daemon, "second") == 1)
    daemon.kill_and_restart()

    execution = daemon.client("sagemaker").describe_pipeline_execution(PipelineExecutionArn=arn)
    assert execution["PipelineExecutionStatus"] == "Failed"
    assert execution["FailureReason"]
    assert statuses(daemon, arn) == {"First": "Succeeded", "Second": "Failed"}
    jobs = daemon.client("sagemaker").list_processing_jobs()["ProcessingJobSummaries"]
    assert {job["ProcessingJobStatus"] for job in jobs} == {"Completed", "Failed"}

    daemon.client("s3").put_object(Bucket="marks", Key="go", Body=b"")
    daemon.client("sagemaker").retry_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken="r" * 32)
    wait_until(lambda: status(daemon, arn) != "Executing")
    assert status(daemon, arn) == "Succeeded"
    assert statuses(daemon, arn) == {"First": "Succeeded", "Second": "Succeeded"}
    assert (marks(daemon, "first"), marks(daemon, "second")) == (1, 2)


def marks(daemon: LocalDaemon, step: str) -> int:
    """How often a step's script has run."""
    count: int = daemon.client("s3").list_objects_v2(Bucket="marks", Prefix=f"{step}/")["KeyCount"]
    return count


def status(daemon: LocalDaemon, arn: str) -> str:
    found = daemon.client("sagemaker").describe_pipeline_execution(PipelineExecutionArn=arn)
    text: str = found["PipelineExecutionStatus"]
    return text


def statuses(daemon: LocalDaemon, arn: str) -> dict[str, str]:
    steps = daemon.client("sagemaker").list_pipeline_execution_steps(PipelineExecutionArn=arn)["PipelineExecutionSteps"]
    return {step["StepName"]: step["StepStatus"] for step in steps}


def wait_until(holds: Callable[[], bool]) -> None:
    """Other processes work here, so there is nothing to wait on but to ask again."""
    for _ in range(600):
        if holds():
            return
        threading.Event().wait(0.05)
    raise AssertionError("it did not come true in 30 seconds")
