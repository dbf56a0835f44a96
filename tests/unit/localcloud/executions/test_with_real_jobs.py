"""The engine over the real job engine: a small pipeline whose steps are processes."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from headgate.localcloud.documents import Documents
from headgate.localcloud.executions.records import execution_key
from headgate.localcloud.jobs.engine import JobEngine
from headgate.localcloud.logs.store import LogStore
from headgate.localcloud.runtimes import RuntimeRegistry, RuntimeSpec
from headgate.localcloud.s3.store import ObjectStore
from headgate.localcloud.sagemaker.service import SageMaker
from headgate.localcloud.seams import Json
from unit.localcloud.executions.fakes import CALLER, ROLE, compare, condition, definition, get, processing

IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/any:latest"
PREPARE = """
import os, pathlib
pathlib.Path("/opt/ml/processing/out/report.json").write_text('{"rmse": ' + os.environ["RMSE"] + "}")
"""


class SystemClock:
    def now(self) -> float:
        return time.time()


class Laptop:
    """SageMaker over real jobs, in one folder."""

    def __init__(self, folder: Path) -> None:
        clock = SystemClock()
        self.documents = Documents(folder / "state.db")
        self.objects = ObjectStore(folder / "s3", clock)
        self.logs = LogStore(folder / "logs", clock)
        runtimes = RuntimeRegistry()
        runtimes.replace((RuntimeSpec("any", "tests", ("/any",), "unit.localcloud.jobs.any_image:AnyImage"),))
        self.jobs = JobEngine(
            self.documents,
            self.objects,
            self.logs,
            runtimes,
            clock,
            folder / "jobs",
            lambda: "http://127.0.0.1:1",
            lambda caller, role: {},
        )
        self.service = SageMaker(self.documents, self.objects, self.jobs, clock, lambda *_: None)
        self.objects.ensure_bucket(CALLER.account, CALLER.region, "data")

    def close(self) -> None:
        self.service.close()
        self.jobs.close()
        self.objects.close()
        self.documents.close()

    def call(self, operation: str, **request: object) -> Json:
        return self.service.operations.call(CALLER, operation, request)

    def run(self, steps: list[Json], parameters: list[Json]) -> Json:
        request = {"PipelineDefinition": definition(steps, parameters), "RoleArn": ROLE, "ClientRequestToken": "0" * 32}
        self.call("CreatePipeline", PipelineName="flow", **request)
        started = self.call("StartPipelineExecution", PipelineName="flow", ClientRequestToken="1" * 32)
        arn = started["PipelineExecutionArn"]
        key = execution_key(CALLER.account, CALLER.region, f"flow/{arn.rpartition('/')[2]}")
        assert self.service.engine.wait(key, 60)
        return self.call("DescribePipelineExecution", PipelineExecutionArn=arn)


@pytest.fixture
def laptop(tmp_path: Path) -> Iterator[Laptop]:
    made = Laptop(tmp_path)
    yield made
    made.close()


def script(laptop: Laptop, name: str, text: str, **more: object) -> Json:
    laptop.objects.put_bytes("data", f"code/{name}/run.py", text.encode())
    code = {
        "InputName": "code",
        "S3Input": {
            "S3Uri": f"s3://data/code/{name}/",
            "LocalPath": "/opt/ml/processing/input/code",
            "S3DataType": "S3Prefix",
            "S3InputMode": "File",
        },
    }
    arguments = {
        "AppSpecification": {
            "ImageUri": IMAGE,
            "ContainerEntrypoint": ["python3", "/opt/ml/processing/input/code/run.py"],
        },
        "ProcessingInputs": [code],
        "Environment": {"RMSE": get("Parameters.Rmse")},
    }
    return processing(name, arguments=arguments, **more)


def evaluated(laptop: Laptop, rmse: float) -> Json:
    files = [{"PropertyFileName": "Report", "OutputName": "out", "FilePath": "report.json"}]
    prepare = script(laptop, "Prepare", PREPARE, outputs=["out"], PropertyFiles=files)
    read = {"Std:JsonGet": {"PropertyFile": get("Steps.Prepare.PropertyFiles.Report"), "Path": "rmse"}}
    weak = {"Name": "Weak", "Type": "Fail", "Arguments": {"ErrorMessage": "too weak"}}
    check = condition("Check", [compare("LessThan", read, 5)], [script(laptop, "Good", "print('good')")], [weak])
    return laptop.run([prepare, check], [{"Name": "Rmse", "Type": "Float", "DefaultValue": rmse}])


@pytest.mark.parametrize(("rmse", "status"), [(4.5, "Succeeded"), (5.5, "Failed")])
def test_a_report_of_a_real_step_decides_the_branch(laptop: Laptop, rmse: float, status: str) -> None:
    described = evaluated(laptop, rmse)
    assert described["PipelineExecutionStatus"] == status, described.get("FailureReason")
    report = laptop.objects.get("data", "Prepare/out/report.json").path.read_text()
    assert json.loads(report) == {"rmse": rmse}
    if status == "Failed":
        assert described["FailureReason"].endswith("Weak: too weak")


def test_a_real_step_that_exits_1_fails_the_execution_with_its_reason(laptop: Laptop) -> None:
    step = script(laptop, "Bad", "raise SystemExit(1)")
    described = laptop.run([step], [{"Name": "Rmse", "Type": "Float", "DefaultValue": 1}])
    assert described["PipelineExecutionStatus"] == "Failed"
    assert "Bad: ClientError: AlgorithmError" in described["FailureReason"]
