"""What a step can do wrong: each failure names its cause, and leaves neither a version nor a process behind.

The pipelines are raw definitions, sent by boto3 through `headgate cloud env`.
"""

from __future__ import annotations

import io
import json
import tarfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from e2e.conftest import Cli

pytestmark = pytest.mark.slow

BUCKET = "bad-jobs"
GROUP = "bad-group"
ROLE = "arn:aws:iam::123456789012:role/headgate-execution"
SKLEARN = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
XGBOOST = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
UNKNOWN = "123456789012.dkr.ecr.us-east-1.amazonaws.com/nobody-knows:1"
CODE = "/opt/ml/processing/input/code"
OUT = "/opt/ml/processing/output/result"


@dataclass(frozen=True)
class Ended:
    """An execution that has ended, with its steps' reasons by name."""

    status: str
    reason: str
    steps: dict[str, str]


@dataclass(frozen=True)
class Cloud:
    """The project's local cloud as boto3 sees it."""

    sagemaker: Any
    s3: Any
    made: list[str] = field(default_factory=list)

    def put(self, key: str, body: bytes) -> str:
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=body)
        return f"s3://{BUCKET}/{key}"

    def create(self, *steps: dict[str, Any]) -> str:
        name = f"bad-{uuid.uuid4().hex[:8]}"
        self.made.append(name)
        definition = {"Version": "2020-12-01", "Steps": list(steps)}
        self.sagemaker.create_pipeline(
            PipelineName=name,
            PipelineDefinition=json.dumps(definition),
            RoleArn=ROLE,
            ClientRequestToken=uuid.uuid4().hex,
        )
        return name

    def run(self, *steps: dict[str, Any]) -> Ended:
        arn = self.sagemaker.start_pipeline_execution(PipelineName=self.create(*steps))["PipelineExecutionArn"]
        deadline = time.monotonic() + 60
        while True:
            seen = self.sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
            if seen["PipelineExecutionStatus"] not in {"Executing", "Stopping"}:
                break
            assert time.monotonic() < deadline, "the execution does not end"
            time.sleep(0.05)
        listed = self.sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn)["PipelineExecutionSteps"]
        reasons = {step["StepName"]: step.get("FailureReason", "") for step in listed}
        return Ended(seen["PipelineExecutionStatus"], seen.get("FailureReason", ""), reasons)

    def failed(self, *steps: dict[str, Any]) -> str:
        """The reason of an execution that must fail."""
        ended = self.run(*steps)
        assert ended.status == "Failed", ended
        return ended.reason

    def refused(self, *steps: dict[str, Any]) -> str:
        """The message with which a definition is refused; there is no such pipeline afterwards."""
        with pytest.raises(ClientError) as raised:
            self.create(*steps)
        names = {each["PipelineName"] for each in self.sagemaker.list_pipelines()["PipelineSummaries"]}
        assert self.made[-1] not in names
        return str(raised.value)

    def processing(self, code: str, *, name: str = "Bad", output: bool = False, **more: Any) -> dict[str, Any]:
        key = f"code/{uuid.uuid4().hex}/main.py"
        arguments = {
            "ProcessingResources": {
                "ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
            },
            "AppSpecification": {
                "ImageUri": more.get("image", SKLEARN),
                "ContainerEntrypoint": ["python3", f"{CODE}/main.py"],
                "ContainerArguments": more.get("arguments", ["-"]),
            },
            "RoleArn": ROLE,
            "StoppingCondition": {"MaxRuntimeInSeconds": more.get("seconds", 60)},
            "ProcessingInputs": [
                {
                    "InputName": "code",
                    "S3Input": {
                        "S3Uri": self.put(key, code.encode()),
                        "LocalPath": CODE,
                        "S3DataType": "S3Prefix",
                        "S3InputMode": "File",
                    },
                }
            ],
        }
        if output:
            target = {"S3Uri": f"s3://{BUCKET}/out/{uuid.uuid4().hex}", "LocalPath": OUT, "S3UploadMode": "EndOfJob"}
            arguments["ProcessingOutputConfig"] = {"Outputs": [{"OutputName": "result", "S3Output": target}]}
        return {"Name": name, "Type": "Processing", "Arguments": arguments, "DependsOn": more.get("depends_on", [])}

    def training(self, table: bytes | None = None, *, seconds: int = 60, **hyperparameters: str) -> dict[str, Any]:
        arguments: dict[str, Any] = {
            "AlgorithmSpecification": {"TrainingImage": XGBOOST if table else SKLEARN, "TrainingInputMode": "File"},
            "RoleArn": ROLE,
            "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/models/"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
            "StoppingCondition": {"MaxRuntimeInSeconds": seconds},
            "HyperParameters": hyperparameters,
        }
        if table:
            uri = self.put(f"tables/{uuid.uuid4().hex}/table.csv", table)
            arguments["InputDataConfig"] = [
                {
                    "ChannelName": "train",
                    "ContentType": "text/csv",
                    "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}},
                }
            ]
        return {"Name": "Train", "Type": "Training", "Arguments": arguments}

    def script(self, code: str) -> dict[str, str]:
        """Hyperparameters of a training job in script mode."""
        uri = self.put(f"code/{uuid.uuid4().hex}.tar.gz", archive("train.py", code.encode()))
        return {"sagemaker_program": "train.py", "sagemaker_submit_directory": uri}

    def versions(self) -> list[str]:
        groups = [each["ModelPackageGroupName"] for each in groups_of(self.sagemaker)]
        if GROUP not in groups:
            return []
        found = self.sagemaker.list_model_packages(ModelPackageGroupName=GROUP)["ModelPackageSummaryList"]
        return [each["ModelPackageArn"] for each in found]


def groups_of(sagemaker: Any) -> list[dict[str, str]]:
    groups: list[dict[str, str]] = sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"]
    return groups


def archive(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def model_of(uri: str) -> dict[str, Any]:
    container = {"Image": XGBOOST, "ModelDataUrl": uri, "Environment": {}}
    return {
        "Name": "Model",
        "Type": "Model",
        "Arguments": {"ExecutionRoleArn": ROLE, "PrimaryContainer": container},
    }


def registration(uri: str, *, depends_on: tuple[str, ...] = ()) -> dict[str, Any]:
    arguments = {
        "ModelPackageGroupName": GROUP,
        "InferenceSpecification": {
            "Containers": [{"Image": XGBOOST, "ModelDataUrl": uri}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
    }
    return {"Name": "Register", "Type": "RegisterModel", "Arguments": arguments, "DependsOn": list(depends_on)}


@pytest.fixture(scope="module")
def cloud(cli: Cli) -> Iterator[Cloud]:
    variables = cli.json("cloud", "env")
    session = boto3.Session(
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        region_name=variables["AWS_REGION"],
    )
    clients = [session.client(each, endpoint_url=variables["AWS_ENDPOINT_URL"]) for each in ("sagemaker", "s3")]
    clients[1].create_bucket(Bucket=BUCKET)
    yield Cloud(*clients)
    for client in clients:
        client.close()


def test_a_cycle_is_refused_with_its_steps_and_makes_no_pipeline(cloud: Cloud) -> None:
    first = cloud.processing("", name="A", depends_on=["B"])
    second = cloud.processing("", name="B", depends_on=["A"])
    assert "A -> B -> A" in cloud.refused(first, second)


def test_a_reference_to_a_step_that_does_not_exist_is_refused(cloud: Cloud) -> None:
    assert "'Nosuch', which does not exist" in cloud.refused(cloud.processing("", depends_on=["Nosuch"]))
    property_of_it = [{"Get": "Steps.Nosuch.ProcessingJobName"}]
    assert "'Nosuch', which does not exist" in cloud.refused(cloud.processing("", arguments=property_of_it))


def test_an_unknown_parameter_is_refused(cloud: Cloud) -> None:
    assert "'Parameters.Nosuch'" in cloud.refused(cloud.processing("", arguments=[{"Get": "Parameters.Nosuch"}]))


def test_a_wrong_type_in_a_request_names_the_member(cloud: Cloud) -> None:
    step = cloud.processing("")
    step["Arguments"]["ProcessingResources"]["ClusterConfig"]["InstanceCount"] = "many"
    assert "ProcessingResources.ClusterConfig.InstanceCount" in cloud.failed(step)


def test_an_image_without_a_runtime_names_image_and_remedy(cloud: Cloud) -> None:
    reason = cloud.failed(cloud.processing("", image=UNKNOWN))
    assert f"no container runtime for image '{UNKNOWN}'" in reason
    assert "`images:` in headgate.yaml" in reason


def test_a_step_that_raises_is_told_with_the_place_in_its_code(cloud: Cloud) -> None:
    reason = cloud.failed(cloud.processing("row = {}\n\nrow['price']\n"))
    assert f"KeyError: 'price' ({CODE}/main.py:3)" in reason
    assert reason.endswith("exit code: 1")


def test_a_step_that_fails_silently_is_not_explained_by_the_runtimes_notes(cloud: Cloud) -> None:
    reason = cloud.failed(cloud.processing("raise SystemExit(3)"))
    assert reason.endswith("See job logs for more information, exit code: 3")


def test_a_killed_step_names_signal_and_memory(cloud: Cloud) -> None:
    reason = cloud.failed(cloud.processing("import os; os.kill(os.getpid(), 9)"))
    assert "killed by SIGKILL" in reason
    assert "memory" in reason
    assert "exit code: 137" in reason


def test_a_failed_step_leaves_no_process(cloud: Cloud) -> None:
    code = "import subprocess; subprocess.Popen(['sleep', '86411']); raise SystemExit('gone')"
    assert "gone" in cloud.failed(cloud.processing(code))
    lines = [file.read_bytes() for file in Path("/proc").glob("[0-9]*/cmdline") if file.exists()]
    assert not any(b"86411" in line for line in lines)


def test_a_processing_step_out_of_time_fails_and_names_the_limit(cloud: Cloud) -> None:
    assert "MaxRuntimeInSeconds, 1 s" in cloud.failed(cloud.processing("import time; time.sleep(60)", seconds=1))


def test_a_training_step_out_of_time_fails_and_names_the_limit(cloud: Cloud) -> None:
    reason = cloud.failed(cloud.training(seconds=1, **cloud.script("import time; time.sleep(60)")))
    assert "MaxRuntimeExceeded" in reason
    assert "MaxRuntimeInSeconds, 1 s" in reason


def test_a_full_volume_is_named_with_its_size(cloud: Cloud) -> None:
    code = f"import os\nfor name in 'ab':\n  os.posix_fallocate(os.open(f'{OUT}/{{name}}', 65, 0o600), 0, 600 << 20)\n"
    reason = cloud.failed(cloud.processing(code, output=True))
    assert "No space left on device" in reason
    assert "its volume is 1 GB (VolumeSizeInGB)" in reason


def test_a_declared_output_that_is_not_written_is_named(cloud: Cloud) -> None:
    assert f"declared output 'result' ({OUT})" in cloud.failed(cloud.processing("print('done')", output=True))


def test_a_table_of_the_wrong_shape_is_named_with_file_line_and_column(cloud: Cloud) -> None:
    known = {"num_round": "2", "objective": "reg:squarederror"}
    assert "table.csv, line 1, column 1: 'price' is not a number" in cloud.failed(
        cloud.training(b"price,rooms\n1,2\n", **known)
    )
    assert "table.csv, line 2: 2 columns" in cloud.failed(cloud.training(b"1,2,3\n4,5\n", **known))


def test_a_misspelled_hyperparameter_is_named_with_the_nearest(cloud: Cloud) -> None:
    reason = cloud.failed(cloud.training(b"1,2\n2,3\n", num_round="2", max_dept="3"))
    assert "'max_dept'" in reason
    assert "did you mean 'max_depth'" in reason


def test_a_corrupt_model_archive_is_refused_by_name(cloud: Cloud) -> None:
    for body in (b"no archive at all", archive("xgboost-model", b"x" * 4096)[:60]):
        uri = cloud.put("corrupt/model.tar.gz", body)
        reason = cloud.failed(model_of(uri))
        assert f"the model data at {uri} is not a readable tar.gz archive" in reason


def test_a_model_file_that_is_no_model_fails_the_transform_with_the_cause(cloud: Cloud) -> None:
    uri = cloud.put("garbage/model.tar.gz", archive("xgboost-model", b"garbage"))
    rows = cloud.put("rows/rows.csv", b"1,2\n")
    transform = {
        "Name": "Score",
        "Type": "Transform",
        "Arguments": {
            "ModelName": {"Get": "Steps.Model.ModelName"},
            "TransformInput": {
                "ContentType": "text/csv",
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": rows}},
            },
            "TransformOutput": {"S3OutputPath": f"s3://{BUCKET}/scored/"},
            "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        },
    }
    assert "model file xgboost-model is no XGBoost model" in cloud.failed(model_of(uri), transform)


def test_nothing_is_registered_without_model_data_or_after_a_failure(cloud: Cloud) -> None:
    absent = f"s3://{BUCKET}/nosuch/model.tar.gz"
    assert f"Could not find model data at {absent}" in cloud.failed(registration(absent))
    there = cloud.put("good/model.tar.gz", archive("xgboost-model", b"model"))
    ended = cloud.run(cloud.processing("raise SystemExit('too weak')"), registration(there, depends_on=("Bad",)))
    assert ended.status == "Failed"
    assert "Register" not in ended.steps
    assert cloud.versions() == []
