"""Script mode: what jobs that run the user's own code in a framework's image have in common."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headgate.environments import default_cache
from headgate.localcloud.runtimes import ContainerJob, Launch, RuntimeUnavailableError
from headgate_runtimes.images import ImageName
from headgate_runtimes.interpreter import WORK, Interpreter
from headgate_runtimes.training_environment import decode_hyperparameters

CODE = "/opt/ml/code"
"""Where the user's code is, as seen inside the job."""


@dataclass(frozen=True, slots=True)
class Framework:
    """A framework that images bring: its name, its distributions (any one will do) and the module it imports as."""

    name: str
    module: str
    distributions: tuple[str, ...]
    toolkit_module: str
    """What `SM_FRAMEWORK_MODULE` says."""

    def installed_version(self) -> str | None:
        """The version that is installed here, or None."""
        for distribution in self.distributions:
            try:
                return importlib.metadata.version(distribution)
            except importlib.metadata.PackageNotFoundError:
                continue
        return None


@dataclass(frozen=True, slots=True)
class RuntimeSettings:
    """The plugin's settings, as far as running a job needs them."""

    cache: Path
    strict_versions: bool = False

    @staticmethod
    def from_config(config: Mapping[str, Any]) -> RuntimeSettings:
        cache = config.get("cache")
        return RuntimeSettings(
            cache=Path(str(cache)).expanduser() if cache else default_cache(),
            strict_versions=bool(config.get("strict_versions", False)),
        )


def check_framework(framework: Framework, job: ContainerJob, *, strict: bool) -> None:
    """See that a framework is installed, and say so when it is of another version than the image's."""
    if importlib.util.find_spec(framework.module) is None:
        raise RuntimeUnavailableError(
            f"image '{job.image}' needs {framework.name}, which is not installed here: install "
            f"'{framework.distributions[0]}' beside headgate, or declare an image of your own under `images:` in "
            "headgate.yaml with the requirements it needs"
        )
    image = ImageName.parse(job.image)
    wanted = image.version if image.exact else None
    installed = framework.installed_version()
    if wanted is None or installed is None or installed.startswith(f"{wanted[0]}.{wanted[1]}."):
        return
    message = f"image '{job.image}' brings {framework.name} {wanted[0]}.{wanted[1]}; here it is {installed}"
    if strict:
        raise RuntimeUnavailableError(
            f"{message}, and plugins.runtimes.strict_versions asks for the image's: install "
            f"'{framework.distributions[0]}=={wanted[0]}.{wanted[1]}.*', or turn strict_versions off"
        )
    job.log(f"note: {message}")


def run_command(job: ContainerJob, interpreter: Interpreter) -> Launch:
    """A job that brings its own command (ContainerEntrypoint, ContainerArguments), with this interpreter as `python3`.

    Raises:
        RuntimeUnavailableError: the request names no entry point, and the image has none either.
    """
    command = interpreter.command(job.entrypoint, job.arguments)
    if not job.entrypoint:
        raise RuntimeUnavailableError(
            f"image '{job.image}' has no entry point of its own: give ContainerEntrypoint in the request "
            '(for example ["python3", "/opt/ml/processing/input/code/preprocess.py"])'
        )
    return Launch(
        argv=command,
        environment={"PYTHONUNBUFFERED": "1", **interpreter.environment},
        path=(interpreter.folder,),
        working_directory=WORK,
    )


def script_program(job: ContainerJob) -> str | None:
    """The entry point that a request names, in its environment or its hyperparameters; None when it names none."""
    decoded = decode_hyperparameters(job.hyperparameters)
    program = job.environment.get("SAGEMAKER_PROGRAM") or decoded.get("sagemaker_program")
    return str(program) if program else None


def code_on_path(job: ContainerJob, *folders: str) -> dict[str, str]:
    """Variables that put folders of code before what the request put on PYTHONPATH."""
    given = job.environment.get("PYTHONPATH")
    return {"PYTHONPATH": os.pathsep.join([*folders, *([given] if given else [])]), "PYTHONUNBUFFERED": "1"}
