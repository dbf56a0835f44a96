"""Script mode's model servers."""

from __future__ import annotations

from pathlib import Path

from headgate.localcloud.runtimes import ContainerJob, Launch
from headgate_runtimes.interpreter import WORK
from headgate_runtimes.requirements import script_interpreter
from headgate_runtimes.script_mode import CODE, Framework, RuntimeSettings, code_on_path
from headgate_runtimes.source import unpack_source

_SERVER = Path(__file__).parent / "serving" / "__main__.py"


def serve_script(
    job: ContainerJob, framework: Framework, settings: RuntimeSettings, environment: Path | None = None
) -> Launch:
    """A model server for the user's `model_fn` and friends, or for a model that needs none."""
    location = job.environment.get("SAGEMAKER_SUBMIT_DIRECTORY") or "/opt/ml/model/code"
    folder = location
    if location.startswith("s3://"):
        unpack_source(location, job.ml_root / "code", job.ml_root, job.fetch)
        folder = CODE
    code = job.ml_root / folder.removeprefix("/opt/ml").lstrip("/")
    interpreter = script_interpreter(job, code, settings.cache, environment)
    return Launch(
        argv=(interpreter.executable, str(_SERVER), framework.module),
        environment={"SAGEMAKER_SUBMIT_DIRECTORY": folder, **interpreter.environment} | code_on_path(job, folder),
        path=(interpreter.folder,),
        working_directory=WORK,
    )
