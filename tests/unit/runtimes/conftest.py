"""A job's `/opt/ml`, staged by hand, and a way to run a launch inside it."""

from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import tarfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

from headgate.localcloud.jobs.environment import visible_paths
from headgate.localcloud.jobs.isolation import Isolation, Sandbox, probe, wrap
from headgate.localcloud.runtimes import ContainerJob, JobKind, Launch

ACCOUNT = "123456789012.dkr.ecr.us-east-1.amazonaws.com"


@cache
def _isolation() -> Isolation:
    """The best that this machine has."""
    return probe({})


@dataclass
class Stage:
    """One host of a job: its `/opt/ml`, its S3 objects, the lines that runtimes log."""

    ml: Path
    objects: dict[str, bytes] = field(default_factory=dict)
    logged: list[str] = field(default_factory=list)

    def write(self, path: str, content: str | bytes | object) -> Path:
        """A file below /opt/ml; what is neither text nor bytes is written as JSON."""
        file = self.ml / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if not isinstance(content, str | bytes):
            content = json.dumps(content)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    def fetch(self, uri: str, target: Path) -> None:
        target.write_bytes(self.objects[uri])

    def job(
        self,
        kind: JobKind,
        image: str,
        *,
        entrypoint: Sequence[str] = (),
        arguments: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        hyperparameters: Mapping[str, str] | None = None,
        channels: Mapping[str, str] | None = None,
        hosts: Sequence[str] = ("algo-1",),
        host: str = "algo-1",
    ) -> ContainerJob:
        """A job as the engine hands it over, its config files staged. `channels` maps names to content types."""
        contents = channels or {}
        if kind == "training":
            self.write("input/config/hyperparameters.json", dict(hyperparameters or {}))
            self.write(
                "input/config/inputdataconfig.json",
                {
                    name: {
                        "TrainingInputMode": "File",
                        "S3DistributionType": "FullyReplicated",
                        "RecordWrapperType": "None",
                    }
                    | ({"ContentType": content} if content else {})
                    for name, content in contents.items()
                },
            )
            self.write(
                "input/config/resourceconfig.json",
                {
                    "current_host": host,
                    "hosts": list(hosts),
                    "current_instance_type": "ml.m5.xlarge",
                    "current_group_name": "homogeneousCluster",
                    "instance_groups": [
                        {
                            "instance_group_name": "homogeneousCluster",
                            "instance_type": "ml.m5.xlarge",
                            "hosts": list(hosts),
                        }
                    ],
                    "network_interface_name": "lo",
                },
            )
            for folder in ("model", "output/data", "output/intermediate", "code"):
                (self.ml / folder).mkdir(parents=True, exist_ok=True)
        return ContainerJob(
            kind=kind,
            image=f"{ACCOUNT}/{image}",
            entrypoint=tuple(entrypoint),
            arguments=tuple(arguments),
            environment=dict(environment or {}),
            hyperparameters=dict(hyperparameters or {}),
            channels=tuple(contents),
            hosts=tuple(hosts),
            current_host=host,
            instance_type="ml.m5.xlarge",
            ml_root=self.ml,
            fetch=self.fetch,
            log=self.logged.append,
        )

    def run(self, launch: Launch, job: ContainerJob, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a launch with this stage as its /opt/ml, to its end."""
        return subprocess.run(
            self.argv(launch), env=self.env(launch, job, **environment), capture_output=True, text=True, check=False
        )

    def argv(self, launch: Launch) -> list[str]:
        tmp = self.ml.with_name(f"{self.ml.name}-tmp")
        tmp.mkdir(exist_ok=True)
        sandbox = Sandbox(self.ml, tmp, None, (*visible_paths(launch, ()), str(self.ml)))
        return wrap(_isolation(), sandbox, launch.argv, cwd=launch.working_directory)

    def env(self, launch: Launch, job: ContainerJob, **environment: str) -> dict[str, str]:
        inherited = {name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ}
        coverage = {name: value for name, value in os.environ.items() if name.startswith("COV")}
        path = os.pathsep.join([*launch.path, "/usr/bin", "/bin"])
        return inherited | coverage | dict(job.environment) | dict(launch.environment) | {"PATH": path} | environment


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    ml = tmp_path / "ml"
    ml.mkdir()
    return Stage(ml)


@pytest.fixture
def make_stage(tmp_path: Path) -> Callable[[str], Stage]:
    def make(name: str) -> Stage:
        ml = tmp_path / name
        ml.mkdir()
        return Stage(ml)

    return make


@pytest.fixture
def archive() -> Callable[[Mapping[str, str]], bytes]:
    """Makes a gzipped tar of text files."""

    def make(files: Mapping[str, str]) -> bytes:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
            for name, content in files.items():
                member = tarfile.TarInfo(name)
                member.size = len(content.encode())
                tar.addfile(member, io.BytesIO(content.encode()))
        return buffer.getvalue()

    return make


@pytest.fixture
def wheel() -> Callable[..., Path]:
    """Makes a wheel of one module, by hand, with the console scripts given as name to function."""

    def make(folder: Path, name: str, code: str, scripts: Mapping[str, str] | None = None) -> Path:
        info = f"{name}-1.0.dist-info"
        files = {
            f"{name}.py": code,
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        if scripts:
            lines = "".join(f"{script} = {name}:{function}\n" for script, function in scripts.items())
            files[f"{info}/entry_points.txt"] = f"[console_scripts]\n{lines}"
        files[f"{info}/RECORD"] = "".join(f"{file},,\n" for file in [*files, f"{info}/RECORD"])
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / f"{name}-1.0-py3-none-any.whl"
        with zipfile.ZipFile(target, "w") as package:
            for file, content in files.items():
                package.writestr(file, content)
        return target

    return make


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
