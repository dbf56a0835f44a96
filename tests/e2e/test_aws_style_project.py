"""A project as AWS's examples are written, with the SageMaker SDK 3, run as it is."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pytest

from e2e.conftest import Cli

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).parent / "aws_style_project"
BUCKET = "headgate-123456789012-us-east-1"


@pytest.fixture(scope="module")
def shells(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    """The project beside a local cloud that holds its data: rings grow with the weight, and differ by habitat."""
    folder = tmp_path_factory.mktemp("shells") / "project"
    shutil.copytree(PROJECT, folder)
    cli = Cli(folder)
    random = np.random.default_rng(3)
    numbers = random.uniform(0.1, 1.0, size=(600, 3))
    habitats = random.choice(["rock", "sand", "weed"], size=600)
    rings = 4 + 8 * numbers[:, 2] + 2 * (habitats == "rock") + random.normal(0, 0.3, size=600)
    rows = [
        f"{habitat},{','.join(f'{value:.4f}' for value in row)},{ring:.3f}"
        for habitat, row, ring in zip(habitats, numbers, rings, strict=True)
    ]
    s3 = client(cli, "s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="shells/raw.csv", Body="\n".join(rows) + "\n")
    yield cli
    cli.run("cloud", "down")


def client(cli: Cli, service: str) -> Any:
    cloud = cli.json("cloud", "env")
    return boto3.client(
        service,
        endpoint_url=cloud["AWS_ENDPOINT_URL"],
        region_name=cloud["AWS_REGION"],
        aws_access_key_id=cloud["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=cloud["AWS_SECRET_ACCESS_KEY"],
    )


def versions(cli: Cli) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client(cli, "sagemaker").list_model_packages(ModelPackageGroupName="Shells")[
        "ModelPackageSummaryList"
    ]
    return found


def test_it_runs_to_a_registered_version_with_its_metrics(shells: Cli) -> None:
    run = shells.json("run", "shells")
    assert {step["name"]: step["status"] for step in run["steps"]} == {
        "PreprocessShells": "Succeeded",
        "TrainShells": "Succeeded",
        "EvaluateShells": "Succeeded",
        "CheckShells": "Succeeded",
        "RegisterShells": "Succeeded",
    }
    [version] = versions(shells)
    assert version["ModelApprovalStatus"] == "PendingManualApproval"
    described = client(shells, "sagemaker").describe_model_package(ModelPackageName=version["ModelPackageArn"])
    bucket, _, key = described["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"][5:].partition("/")
    report = json.loads(client(shells, "s3").get_object(Bucket=bucket, Key=key)["Body"].read())
    assert 0.05 < report["regression_metrics"]["mse"]["value"] < 1.0


def test_above_the_threshold_it_fails_for_that_reason_and_registers_nothing(shells: Cli) -> None:
    before = versions(shells)
    failed = shells.run("run", "shells", "--param", "MseThreshold=0.001")
    assert failed.returncode == 1
    assert "the error is above 0.001" in failed.stdout
    assert "run anew: headgate run shells\n" in failed.stdout
    assert versions(shells) == before
