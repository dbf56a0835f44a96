from __future__ import annotations

import importlib
import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import boto3
import pytest
from botocore.client import BaseClient

from headgate.pipelines import Compiled
from headgate.pipelines.sdk import SdkPipeline, frontend, harness
from headgate.spec.project import ImageRecipe, PipelineEntrypoint, Project

SDK = '''
"""As much of a SageMaker SDK as the harness needs, for the real one takes five seconds to import."""

import json

import boto3


class Session:
    def __init__(self, boto_session=None):
        self.boto_session = boto_session or boto3.Session()
        self._default_bucket = None

    def default_bucket(self):
        raise AssertionError("the harness answers this")

    def upload(self, key, data):
        self.boto_session.resource("s3").Object(self.default_bucket(), key).put(Body=data)
        return f"s3://{self.default_bucket()}/{key}"


class Pipeline:
    def __init__(self, name, **members):
        self.name, self.members = name, members

    def definition(self):
        return json.dumps({"Version": "2020-12-01", "Metadata": {}, "Parameters": [], "Steps": [], **self.members})
'''

Run = Callable[..., Compiled]
CHANGED = [
    (socket.socket, "connect"), (socket.socket, "connect_ex"), (socket, "create_connection"), (socket, "getaddrinfo"),
    (time, "time"), (time, "strftime"), (uuid, "uuid4"), (BaseClient, "_make_api_call"),
]  # fmt: skip
"""What the harness replaces for good, in a process that is its own."""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    package = tmp_path / "sagemaker"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "session.py").write_text(SDK)
    file, images = tmp_path / "headgate.yaml", {"own": ImageRecipe("own")}
    return Project(name="wine", root=tmp_path, file=file, region="eu-west-1", images=images)


@pytest.fixture
def run_process(project: Project) -> Run:
    """Compile a project's code, given as the body of its file, in a process of its own."""

    def running(source: str, *, path: str = "pipeline.py", **members: Any) -> Compiled:
        file = project.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("from sagemaker.session import Pipeline, Session\n" + source)
        return SdkPipeline(project, PipelineEntrypoint("mine", file, **members)).compile(prefix="wine")

    return running


@pytest.fixture
def run(run_process: Run, project: Project, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The same in this process, which takes a tenth of the time; what the harness changes is put back."""
    for holder, name in CHANGED:
        monkeypatch.setattr(holder, name, getattr(holder, name))
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(project.root)

    def harnessed(command: list[str], *, env: dict[str, str], **_: Any) -> subprocess.CompletedProcess[str]:
        before = set(sys.modules)
        with monkeypatch.context() as patch, mock.patch.dict(os.environ, env, clear=True):
            patch.setattr(boto3, "DEFAULT_SESSION", None)
            code = harness.main(command[1:])
        for name in set(sys.modules) - before:
            if (getattr(sys.modules[name], "__file__", None) or "").startswith(str(project.root)):
                del sys.modules[name]
        importlib.invalidate_caches()
        return subprocess.CompletedProcess(command, code, "", "")

    monkeypatch.setattr(frontend.subprocess, "run", harnessed)
    return run_process
