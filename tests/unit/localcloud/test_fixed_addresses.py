"""Fixed AWS addresses, seen from Pythons that are started with the folder on their search path."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from headgate.localcloud.fixed_addresses import FOLDER, with_folder, without_folder

ADDRESS = (
    "import boto3; print(boto3.client('sts', region_name='eu-west-1', "
    "endpoint_url='https://sts.eu-west-1.amazonaws.com').meta.endpoint_url)"
)


def python(program: str, cloud: str, *more_paths: Path) -> str:
    paths = os.pathsep.join([FOLDER, *map(str, more_paths)])
    environment = {**os.environ, "PYTHONPATH": paths, "AWS_ENDPOINT_URL": cloud}
    return subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.mark.parametrize(
    ("cloud", "used"),
    [
        ("http://127.0.0.1:4001", "http://127.0.0.1:4001"),
        ("https://vpce.example.com", "https://sts.eu-west-1.amazonaws.com"),
    ],
)
def test_an_aws_address_is_set_aside_only_while_the_cloud_is_on_this_machine(cloud: str, used: str) -> None:
    assert python(ADDRESS, cloud) == used


def test_other_addresses_stay() -> None:
    program = ADDRESS.replace("https://sts.eu-west-1.amazonaws.com", "http://127.0.0.1:4002")
    assert python(program, "http://127.0.0.1:4001") == "http://127.0.0.1:4002"


@pytest.mark.parametrize(("cloud", "told"), [("http://127.0.0.1:4001", "[]"), ("https://vpce.example.com", "[1]")])
@pytest.mark.parametrize("module", ["sagemaker.telemetry.telemetry_logging", "sagemaker.serve.utils.telemetry_logger"])
def test_the_sdks_telemetry_is_sent_only_to_aws(module: str, cloud: str, told: str, tmp_path: Path) -> None:
    file = tmp_path.joinpath(*module.split(".")).with_suffix(".py")
    file.parent.mkdir(parents=True)
    for folder in [file.parent, *file.parent.parents][: module.count(".")]:
        (folder / "__init__.py").touch()
    file.write_text("told = []\ndef _requests_helper(url, timeout):\n    told.append(timeout)\n")
    program = f"import {module} as sdk; sdk._requests_helper('https://x', 1); print(sdk.told)"
    assert python(program, cloud, tmp_path) == told


def test_the_environments_own_sitecustomize_still_runs(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import builtins\nbuiltins.mine = 'ran'\n")
    assert python("print(mine)", "http://127.0.0.1:4001", tmp_path) == "ran"


def test_the_folder_comes_first_once_and_goes_alone() -> None:
    assert with_folder(None) == FOLDER
    assert with_folder(with_folder("/a:/b")) == f"{FOLDER}:/a:/b"
    assert without_folder(with_folder("/a:/b")) == "/a:/b"
    assert without_folder(None) == ""
