"""How long a command takes before it does anything."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.cloud import HEADGATE
from benchmarks.measure import Result, command, milliseconds

_SDK = """
import sys
from sagemaker.mlops.workflow.pipeline import Pipeline
from sagemaker.core.workflow.parameters import ParameterString
print(Pipeline(name="p", parameters=[ParameterString(name="a", default_value="b")], steps=[]).name)
"""


def measure(folder: Path) -> Iterator[Result]:
    """Start-up of the commands people type most; peers are what they would type instead."""
    python = milliseconds(command([sys.executable, "-c", "pass"]))
    command([HEADGATE, "new", "bench", "--template", "tabular", "--yes"], folder)()
    project = folder / "bench"
    copier = milliseconds(command([HEADGATE.with_name("copier"), "--help"]))
    yield Result("bare python (for comparison)", python, "ms", 1000)
    yield Result("headgate --help", milliseconds(command([HEADGATE, "--help"])), "ms", 200, "copier --help", copier)
    listed = milliseconds(command([HEADGATE.with_name("pytest"), "-VV"], folder), runs=3)
    yield Result(
        "headgate plugins list",
        milliseconds(command([HEADGATE, "plugins", "list"], project)),
        "ms",
        200,
        "pytest -VV, which lists its plugins",
        listed,
    )
    template = folder / "bucket.json"
    template.write_text(json.dumps({"Resources": {"Bucket": {"Type": "AWS::S3::Bucket"}}}))
    linted = milliseconds(command([HEADGATE.with_name("cfn-lint"), template]), runs=3)
    yield Result(
        "headgate validate",
        milliseconds(command([HEADGATE, "validate"], project)),
        "ms",
        400,
        "cfn-lint on a template of one bucket",
        linted,
    )
    offline = {**os.environ, "AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
    sdk = milliseconds(command([sys.executable, "-c", _SDK], environment=offline), runs=3)
    yield Result(
        "headgate compile",
        milliseconds(command([HEADGATE, "compile"], project)),
        "ms",
        700,
        "importing the SageMaker SDK and building an empty pipeline",
        sdk,
    )
