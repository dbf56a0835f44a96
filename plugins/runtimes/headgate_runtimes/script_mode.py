"""Script mode: the user's own training, processing and inference code in a framework's image."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headgate.environments import default_cache, ensure_environment
from headgate.errors import HeadgateError
from headgate.localcloud.runtimes import ContainerJob, Launch, RuntimeUnavailableError
from headgate_runtimes.images import ImageName
from headgate_runtimes.interpreter import WORK, Interpreter, install_interpreter
from headgate_runtimes.source import unpack_source
from headgate_runtimes.training_environment import (
    TrainingFacts,
    decode_hyperparameters,
    entry_command,
    training_environment,
)

_HERE = Path(__file__).parent
_CODE = "/opt/ml/code"


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


class FrameworkImage:
    """An image of SageMaker's that holds a framework and runs the user's code in it."""

    framework: Framework

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.settings = RuntimeSettings.from_config(config)

    def launch(self, job: ContainerJob) -> Launch:
        """The program for a job of this image.

        Raises:
            RuntimeUnavailableError: the framework is not installed, or the job gives nothing to run.
        """
        check_framework(self.framework, job, strict=self.settings.strict_versions)
        return self.run(job)

    def run(self, job: ContainerJob) -> Launch:
        """As `launch`, once the framework is known to be there."""
        if job.kind == "serving":
            return serve_script(job, self.framework, self.settings)
        if job.entrypoint or job.kind == "processing":
            return run_command(job, install_interpreter(job.ml_root, image_packages=True))
        return train_script(job, self.framework, self.settings)


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
        argv=command, environment={"PYTHONUNBUFFERED": "1"}, path=(interpreter.folder,), working_directory=WORK
    )


def script_program(job: ContainerJob) -> str | None:
    """The entry point that a request names, in its environment or its hyperparameters; None when it names none."""
    decoded = decode_hyperparameters(job.hyperparameters)
    program = job.environment.get("SAGEMAKER_PROGRAM") or decoded.get("sagemaker_program")
    return str(program) if program else None


def train_script(
    job: ContainerJob, framework: Framework, settings: RuntimeSettings, environment: Path | None = None
) -> Launch:
    """A training job that runs the user's script under the contract of SageMaker's training toolkit.

    Raises:
        RuntimeUnavailableError: no script is named, its source cannot be had, or it is not in its source.
    """
    program = script_program(job)
    if program is None:
        raise RuntimeUnavailableError(
            f"image '{job.image}' trains with a script of yours: set the hyperparameters sagemaker_program (the "
            "script's name) and sagemaker_submit_directory (the s3:// URI of its sourcedir.tar.gz)"
        )
    decoded = decode_hyperparameters(job.hyperparameters)
    location = str(
        decoded.get("sagemaker_submit_directory") or job.environment.get("SAGEMAKER_SUBMIT_DIRECTORY") or _CODE
    )
    code = job.ml_root / "code"
    unpack_source(location, code, job.ml_root, job.fetch)
    files = frozenset(entry.name for entry in code.iterdir())
    if program.endswith((".py", ".sh")) and not (code / program).is_file() and "setup.py" not in files:
        found = ", ".join(sorted(files)) or "nothing"
        raise RuntimeUnavailableError(f"entry point '{program}' is not in its source {location}, which holds: {found}")
    if not program.endswith(".py") and (code / program).is_file():
        (code / program).chmod(0o755)
    interpreter = _script_interpreter(job, code, settings, environment)
    facts = TrainingFacts(
        hyperparameters=job.hyperparameters,
        input_data_config=_config(job, "inputdataconfig.json", {name: {} for name in job.channels}),
        resource_config=_config(job, "resourceconfig.json", _resources(job)),
        job_name=job.environment.get("TRAINING_JOB_NAME", ""),
        program=program,
        module_dir=location,
        framework_module=framework.toolkit_module,
        cpus=os.cpu_count() or 1,
    )
    variables = training_environment(facts)
    command = entry_command(interpreter.executable, program, files, tuple(json.loads(variables["SM_USER_ARGS"])))
    install = ("--install",) if command[1:2] == ("-m",) else ()
    launcher = (interpreter.executable, "-I", "-S", str(_HERE / "entry.py"))
    return Launch(
        argv=(*launcher, "/opt/ml/output/failure", "/opt/ml/output/success", *install, "--", *command),
        environment=variables | _code_on_path(job, _CODE),
        path=(interpreter.folder,),
        working_directory=_CODE,
    )


def serve_script(
    job: ContainerJob, framework: Framework, settings: RuntimeSettings, environment: Path | None = None
) -> Launch:
    """A model server for the user's `model_fn` and friends, or for a model that needs none."""
    location = job.environment.get("SAGEMAKER_SUBMIT_DIRECTORY") or "/opt/ml/model/code"
    folder = location
    if location.startswith("s3://"):
        unpack_source(location, job.ml_root / "code", job.ml_root, job.fetch)
        folder = _CODE
    code = job.ml_root / folder.removeprefix("/opt/ml").lstrip("/")
    interpreter = _script_interpreter(job, code, settings, environment)
    return Launch(
        argv=(interpreter.executable, str(_HERE / "serving" / "__main__.py"), framework.module),
        environment={"SAGEMAKER_SUBMIT_DIRECTORY": folder} | _code_on_path(job, folder),
        path=(interpreter.folder,),
        working_directory=WORK,
    )


def _script_interpreter(
    job: ContainerJob, code: Path, settings: RuntimeSettings, environment: Path | None
) -> Interpreter:
    """The Python for a script: an image's own environment as it is, else ours with the script's requirements."""
    if environment is not None:
        return install_interpreter(job.ml_root, environment)
    return install_interpreter(job.ml_root, requirements_environment(code, settings, job), image_packages=True)


def requirements_environment(code: Path, settings: RuntimeSettings, job: ContainerJob) -> Path | None:
    """The cached environment for a source's requirements.txt, over our packages; None when it asks for nothing.

    Raises:
        RuntimeUnavailableError: a requirement cannot be had.
    """
    requirements = code / "requirements.txt"
    if not requirements.is_file() or not _asks_for_something(requirements):
        return None
    try:
        return ensure_environment(
            requirements=requirements, packages=(), python=None, cache=settings.cache, log=job.log, layered=True
        )
    except HeadgateError as error:
        raise RuntimeUnavailableError(describe_error(error)) from error


def describe_error(error: HeadgateError) -> str:
    """An error of the engine's as one text."""
    parts = [f"{error.where}: {error.message}" if error.where else error.message, *error.details]
    return "; ".join([*parts, *([f"expected {error.expected}"] if error.expected else [])])


def _asks_for_something(requirements: Path) -> bool:
    lines = requirements.read_text(encoding="utf-8").splitlines()
    return any(line.strip() and not line.strip().startswith("#") for line in lines)


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


def _code_on_path(job: ContainerJob, folder: str) -> dict[str, str]:
    given = job.environment.get("PYTHONPATH")
    return {"PYTHONPATH": f"{folder}{os.pathsep}{given}" if given else folder, "PYTHONUNBUFFERED": "1"}
