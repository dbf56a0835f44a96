"""Script mode's training jobs, under the contract of SageMaker's training toolkit."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headgate.localcloud.runtimes import ContainerJob, Launch, RuntimeUnavailableError
from headgate_runtimes.requirements import script_interpreter
from headgate_runtimes.script_mode import CODE, Framework, RuntimeSettings, code_on_path, script_program
from headgate_runtimes.source import unpack_source
from headgate_runtimes.training_environment import (
    TrainingFacts,
    decode_hyperparameters,
    entry_command,
    training_environment,
)

_ENTRY = Path(__file__).with_name("entry.py")


@dataclass(frozen=True, slots=True)
class Source:
    """An unpacked source: where it came from, its entry point, and the names at its top."""

    location: str
    program: str
    folder: Path
    names: frozenset[str]

    @property
    def is_package(self) -> bool:
        """Whether the entry point is a module of a package, by the toolkit's rule: there is a setup.py."""
        return "setup.py" in self.names and not self.program.endswith(".sh")

    def module_root(self) -> str | None:
        """The folder, as seen inside the job, from which the module can be imported without installing the package."""
        module = self.program.removesuffix(".py").replace(".", "/")
        for folder, inside in ((self.folder, CODE), (self.folder / "src", f"{CODE}/src")):
            if (folder / f"{module}.py").is_file() or (folder / module / "__main__.py").is_file():
                return inside
        return None


def train_script(
    job: ContainerJob, framework: Framework, settings: RuntimeSettings, environment: Path | None = None
) -> Launch:
    """A training job that runs the user's script.

    Args:
        job: the job, its config files staged.
        framework: what the image holds.
        settings: the plugin's settings.
        environment: the Python executable of an image's own environment, or None for ours.

    Raises:
        RuntimeUnavailableError: no script is named, its source or a requirement cannot be had, or it is not in its
            source.
    """
    source = _source(job)
    root = source.module_root() if source.is_package else CODE
    interpreter = script_interpreter(job, source.folder, settings.cache, environment, package=root is None)
    facts = TrainingFacts(
        hyperparameters=job.hyperparameters,
        input_data_config=_config(job, "inputdataconfig.json", {name: {} for name in job.channels}),
        resource_config=_config(job, "resourceconfig.json", _resources(job)),
        job_name=job.environment.get("TRAINING_JOB_NAME", ""),
        program=source.program,
        module_dir=source.location,
        framework_module=framework.toolkit_module,
        cpus=os.cpu_count() or 1,
    )
    variables = training_environment(facts)
    arguments = tuple(json.loads(variables["SM_USER_ARGS"]))
    command = entry_command(interpreter.executable, source.program, source.names, arguments)
    launcher = (interpreter.executable, "-I", "-S", str(_ENTRY), "/opt/ml/output/failure", "/opt/ml/output/success")
    return Launch(
        argv=(*launcher, "--", *command),
        environment=variables | dict(interpreter.environment) | code_on_path(job, *dict.fromkeys((root or CODE, CODE))),
        path=(interpreter.folder,),
        working_directory=CODE,
    )


def _source(job: ContainerJob) -> Source:
    program = script_program(job)
    if program is None:
        raise RuntimeUnavailableError(
            f"image '{job.image}' trains with a script of yours: set the hyperparameters sagemaker_program (the "
            "script's name) and sagemaker_submit_directory (the s3:// URI of its sourcedir.tar.gz)"
        )
    given = decode_hyperparameters(job.hyperparameters).get("sagemaker_submit_directory")
    location = str(given or job.environment.get("SAGEMAKER_SUBMIT_DIRECTORY") or CODE)
    folder = job.ml_root / "code"
    unpack_source(location, folder, job.ml_root, job.fetch)
    source = Source(location, program, folder, frozenset(entry.name for entry in folder.iterdir()))
    file = folder / program
    if not source.is_package and not file.is_file():
        found = ", ".join(sorted(source.names)) or "nothing"
        raise RuntimeUnavailableError(f"entry point '{program}' is not in its source {location}, which holds: {found}")
    if file.is_file() and not program.endswith(".py"):
        file.chmod(0o755)
    return source


def _config(job: ContainerJob, name: str, default: dict[str, Any]) -> dict[str, Any]:
    file = job.ml_root / "input" / "config" / name
    if not file.is_file():
        return default
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return content


def _resources(job: ContainerJob) -> dict[str, Any]:
    return {
        "current_host": job.current_host,
        "hosts": list(job.hosts),
        "current_instance_type": job.instance_type,
        "network_interface_name": "lo",
    }
