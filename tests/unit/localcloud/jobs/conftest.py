"""A job engine with its stores, and requests in a line."""

from __future__ import annotations

import io
import tarfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest

from headgate.localcloud.documents import Documents, Key
from headgate.localcloud.jobs.context import Settings
from headgate.localcloud.jobs.engine import JobEngine
from headgate.localcloud.logs.store import LogStore
from headgate.localcloud.runtimes import RuntimeRegistry, RuntimeSpec
from headgate.localcloud.s3.store import ObjectStore
from headgate.localcloud.sagemaker.operations import Operations
from headgate.localcloud.seams import Caller, Json

ROLE = "arn:aws:iam::123456789012:role/jobs"
IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/any:latest"


class SystemClock:
    def now(self) -> float:
        return time.time()


def tar_gz(files: Mapping[str, str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            tar.addfile(info, io.BytesIO(text.encode()))
    return buffer.getvalue()


@dataclass
class Laptop:
    """The parts of a local cloud that jobs need, and shorthand for requests."""

    root: Path
    documents: Documents
    objects: ObjectStore
    logs: LogStore
    engine: JobEngine
    operations: Operations
    caller: Caller

    def call(self, name: str, **parameters: object) -> Json:
        return self.operations.call(self.caller, name, parameters)

    def put(self, key: str, text: str | bytes) -> str:
        data = text if isinstance(text, bytes) else dedent(text).encode()
        self.objects.put_bytes("data", key, data)
        return f"s3://data/{key}"

    def text(self, uri: str) -> str:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return self.objects.get(bucket, key).path.read_text()

    def keys(self, prefix: str = "") -> list[str]:
        return [info.key for info in self.objects.list("data", prefix)]

    def log(self, group: str, job: str) -> str:
        folder = self.root / "logs"
        return "\n".join(
            path.read_text() for path in sorted(folder.rglob("*.log")) if group in str(path) and job in str(path)
        )

    def processing(
        self,
        name: str,
        script: str,
        *,
        inputs: Sequence[tuple[str, str] | Json] = (),
        outputs: Sequence[str | Json] = (),
        count: int = 1,
        seconds: int = 60,
        volume: int = 1,
        arguments: Sequence[str] = (),
        image: str = IMAGE,
        environment: Mapping[str, str] | None = None,
    ) -> Json:
        """A CreateProcessingJob request that runs a Python script."""
        self.put(f"code/{name}/run.py", script)
        code = ("code", f"s3://data/code/{name}/run.py")
        return {
            "ProcessingJobName": name,
            "RoleArn": ROLE,
            "AppSpecification": {
                "ImageUri": image,
                "ContainerEntrypoint": ["python3", "/opt/ml/processing/input/code/run.py"],
                **({"ContainerArguments": list(arguments)} if arguments else {}),
            },
            "ProcessingResources": {
                "ClusterConfig": {"InstanceCount": count, "InstanceType": "ml.m5.large", "VolumeSizeInGB": volume}
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": seconds},
            "Environment": dict(environment or {}),
            "ProcessingInputs": [_input(*each) if isinstance(each, tuple) else each for each in (code, *inputs)],
            "ProcessingOutputConfig": {
                "Outputs": [_output(name, each) if isinstance(each, str) else each for each in outputs]
            },
        }

    def run_processing(self, name: str, script: str, **more: object) -> Json:
        self.call("CreateProcessingJob", **self.processing(name, script, **more))
        return self.engine.wait(self.caller, "processing-job", name, 60)

    def training(self, name: str, script: str, **more: object) -> Json:
        """A CreateTrainingJob request that runs a Python script."""
        program = self.put(f"code/{name}/train.py", script)
        hyperparameters = {"program": program, **more.pop("hyperparameters", {})}
        algorithm = {"TrainingImage": IMAGE, "TrainingInputMode": "File", **more.pop("algorithm", {})}
        resources = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
        return {
            "TrainingJobName": name,
            "RoleArn": ROLE,
            "AlgorithmSpecification": algorithm,
            "HyperParameters": hyperparameters,
            "OutputDataConfig": {"S3OutputPath": "s3://data/models"},
            "ResourceConfig": {**resources, **more.pop("resources", {})},
            "StoppingCondition": {"MaxRuntimeInSeconds": more.pop("seconds", 60)},
            **more,
        }

    def run_training(self, name: str, script: str, **more: object) -> Json:
        self.call("CreateTrainingJob", **self.training(name, script, **more))
        return self.engine.wait(self.caller, "training-job", name, 60)

    def model(self, name: str, code: str, **more: object) -> None:
        """A model whose container serves `predict(body, headers) -> (status, text)`."""
        uri = self.put(f"{name}.tar.gz", tar_gz({"model.py": dedent(code)}))
        container = {"Image": IMAGE, "ModelDataUrl": uri, **more}
        self.put_model(name, {"PrimaryContainer": container})

    def put_model(self, name: str, body: Json) -> None:
        key = Key(self.caller.account, self.caller.region, "model", name)
        self.documents.put(key, {"ModelName": name, "ExecutionRoleArn": ROLE, **body})


def _input(name: str, uri: str) -> Json:
    folder = f"/opt/ml/processing/input/{name}"
    value = {"S3Uri": uri, "LocalPath": folder, "S3DataType": "S3Prefix", "S3InputMode": "File"}
    return {"InputName": name, "S3Input": value}


def _output(job: str, name: str) -> Json:
    folder = f"/opt/ml/processing/{name}"
    return {
        "OutputName": name,
        "S3Output": {"S3Uri": f"s3://data/{job}/{name}", "LocalPath": folder, "S3UploadMode": "EndOfJob"},
    }


def make_laptop(root: Path, **settings: float) -> Laptop:
    clock = SystemClock()
    documents = Documents(root / "state.db")
    objects = ObjectStore(root / "s3", clock)
    logs = LogStore(root / "logs", clock)
    runtimes = RuntimeRegistry()
    runtimes.replace((RuntimeSpec("any", "tests", ("/any",), "unit.localcloud.jobs.any_image:AnyImage"),))
    engine = JobEngine(
        documents,
        objects,
        logs,
        runtimes,
        clock,
        root / "jobs",
        lambda: "http://127.0.0.1:1",
        lambda caller, role: {"AWS_ACCESS_KEY_ID": f"key-of-{role.rpartition('/')[2]}-in-{caller.account}"},
        settings=Settings(**{"stop_grace": 10.0, "interval": 0.1, "health_timeout": 20.0, **settings}),
    )
    operations = Operations()
    operations.add(engine.operations())
    caller = Caller("123456789012", "eu-west-1")
    if not objects.bucket_exists("data"):
        objects.create_bucket(caller.account, caller.region, "data")
    return Laptop(root, documents, objects, logs, engine, operations, caller)


def close(laptop: Laptop) -> None:
    laptop.engine.close()
    laptop.objects.close()
    laptop.documents.close()


@pytest.fixture
def laptop(tmp_path: Path) -> Iterator[Laptop]:
    made = make_laptop(tmp_path)
    yield made
    close(made)
    assert list((tmp_path / "jobs").iterdir()) == [], "a job has left its folder behind"
