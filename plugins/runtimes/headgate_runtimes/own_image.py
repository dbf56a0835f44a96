"""A project's own image, by its recipe in headgate.yaml: a cached environment instead of a container.

Training and serving follow the contract of containers for SageMaker: the program `train` or `serve` on PATH, unless the
request names an entry point, or a script by the hyperparameter `sagemaker_program`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from headgate.environments import ensure_environment
from headgate.errors import HeadgateError
from headgate.localcloud.runtimes import ContainerJob, Launch, RuntimeUnavailableError
from headgate_runtimes.interpreter import WORK, install_interpreter
from headgate_runtimes.requirements import describe_error
from headgate_runtimes.script_mode import Framework, RuntimeSettings, run_command, script_program
from headgate_runtimes.script_serving import serve_script
from headgate_runtimes.script_training import train_script

_FRAMEWORK = Framework("the image", "sklearn", (), "")


class OwnImage:
    """`config`: `image`, `requirements` (path), `packages`, `python`, and the plugin's settings.

    A recipe that asks for nothing has the packages that come with Headgate; any other holds exactly what it asks for.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.settings = RuntimeSettings.from_config(config)
        self.name = str(config["image"])
        requirements = config.get("requirements")
        self.requirements = Path(str(requirements)) if requirements else None
        self.packages = tuple(str(package) for package in config.get("packages", ()))
        self.python = str(config["python"]) if config.get("python") else None

    def launch(self, job: ContainerJob) -> Launch:
        """The program for a job of this image.

        Raises:
            RuntimeUnavailableError: its environment cannot be built, or there is nothing to run.
        """
        environment = self._environment(job)
        if job.kind == "processing" or job.entrypoint:
            return run_command(job, install_interpreter(job.ml_root, environment))
        if job.kind == "training" and script_program(job) is not None:
            return train_script(job, _FRAMEWORK, self.settings, environment)
        verb = "serve" if job.kind == "serving" else "train"
        if program := self._program(verb, environment):
            interpreter = install_interpreter(job.ml_root, environment)
            return Launch(
                argv=(program,),
                environment={"PYTHONUNBUFFERED": "1", **interpreter.environment},
                path=(interpreter.folder,),
                working_directory=WORK,
            )
        if job.kind == "serving":
            return serve_script(job, _FRAMEWORK, self.settings, environment)
        raise RuntimeUnavailableError(
            f"image '{self.name}' has no program `train`: let one of its packages install a console script of that "
            "name, name a script by the hyperparameter sagemaker_program, or give ContainerEntrypoint in the request"
        )

    def _environment(self, job: ContainerJob) -> Path | None:
        if self.requirements is None and not self.packages and self.python is None:
            return None
        try:
            return ensure_environment(
                requirements=self.requirements,
                packages=self.packages,
                python=self.python,
                cache=self.settings.cache,
                log=job.log,
            )
        except HeadgateError as error:
            raise RuntimeUnavailableError(f"image '{self.name}': {describe_error(error)}") from error

    @staticmethod
    def _program(name: str, environment: Path | None) -> str | None:
        folder = (environment or Path(sys.executable)).parent
        program = folder / name
        return str(program) if program.is_file() and os.access(program, os.X_OK) else None
