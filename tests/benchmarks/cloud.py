"""A local cloud for a benchmark, reached as any user reaches it: by the command line and boto3."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

import boto3

HEADGATE = Path(sys.executable).with_name("headgate")
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
ROLE = "arn:aws:iam::123456789012:role/benchmark"
BUCKET = "benchmark"


class BenchCloud:
    """A project folder with nothing in it and its running cloud; `with` takes it down."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "headgate.yaml").write_text("name: benchmark\n")
        self._headgate("cloud", "up")
        self.status: dict[str, Any] = json.loads(self._headgate("cloud", "status", "--output", "json"))
        environment = json.loads(self._headgate("cloud", "env", "--output", "json"))
        session = boto3.Session(
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
            region_name=environment["AWS_DEFAULT_REGION"],
        )
        url = environment["AWS_ENDPOINT_URL"]
        self.s3 = session.client("s3", endpoint_url=url)
        self.sagemaker = session.client("sagemaker", endpoint_url=url)
        self.s3.create_bucket(Bucket=BUCKET)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._headgate("cloud", "down")

    def put_script(self, text: str) -> str:
        """Upload a step's script and return the prefix to mount."""
        self.s3.put_object(Bucket=BUCKET, Key="code/script.py", Body=text.encode())
        return f"s3://{BUCKET}/code/"

    def run_pipeline(self, name: str, steps: list[dict[str, Any]]) -> float:
        """Run a definition to its end and return how long the execution took, in milliseconds."""
        definition = json.dumps({"Version": "2020-12-01", "Parameters": [], "Steps": steps})
        self.sagemaker.create_pipeline(
            PipelineName=name, PipelineDefinition=definition, RoleArn=ROLE, ClientRequestToken=name.ljust(32, "0")
        )
        arn = self.sagemaker.start_pipeline_execution(PipelineName=name)["PipelineExecutionArn"]
        while True:
            described = self.sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
            if described["PipelineExecutionStatus"] == "Succeeded":
                break
            if described["PipelineExecutionStatus"] != "Executing":
                raise RuntimeError(described.get("FailureReason", described["PipelineExecutionStatus"]))
        taken: float = (described["LastModifiedTime"] - described["CreationTime"]).total_seconds() * 1000
        return taken

    def _headgate(self, *arguments: str) -> str:
        done = subprocess.run([HEADGATE, *arguments], cwd=self.folder, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stdout + done.stderr)
        return done.stdout


def processing_step(
    name: str, code: str, *, after: str | None = None, inputs: dict[str, str] | None = None
) -> dict[str, Any]:
    """A processing step that runs `script.py` of the code prefix; `inputs` are names to S3 URIs."""
    mounts = {"code": code, **(inputs or {})}
    return {
        "Name": name,
        "Type": "Processing",
        **({"DependsOn": [after]} if after else {}),
        "Arguments": {
            "RoleArn": ROLE,
            "ProcessingResources": {
                "ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30}
            },
            "AppSpecification": {
                "ImageUri": IMAGE,
                "ContainerEntrypoint": ["python3", "/opt/ml/processing/input/code/script.py"],
            },
            "ProcessingInputs": [
                {
                    "InputName": each,
                    "S3Input": {
                        "S3Uri": uri,
                        "LocalPath": f"/opt/ml/processing/input/{each}",
                        "S3DataType": "S3Prefix",
                        "S3InputMode": "File",
                    },
                }
                for each, uri in mounts.items()
            ],
        },
    }
