"""What a script's source asks to be installed, over the packages that stand in for the image's."""

from __future__ import annotations

from pathlib import Path

from headgate.environments import ensure_environment
from headgate.errors import HeadgateError
from headgate.localcloud.runtimes import ContainerJob, RuntimeUnavailableError
from headgate_runtimes.interpreter import Interpreter, install_interpreter

_GENERATED = ".headgate-requirements.txt"


def script_interpreter(
    job: ContainerJob, code: Path, cache: Path, environment: Path | None, *, package: bool = False
) -> Interpreter:
    """The Python for a script: an image's own environment as it is, else ours with what the source asks for.

    Args:
        job: the job.
        code: the folder of the source.
        cache: the folder of cached environments.
        environment: the Python executable of an image's own environment, or None.
        package: whether the source is itself a package to install, by its setup.py.

    Raises:
        RuntimeUnavailableError: a requirement cannot be had.
    """
    if environment is not None:
        return install_interpreter(job.ml_root, environment)
    wanted = _requirements(code, package=package)
    if wanted is None:
        return install_interpreter(job.ml_root, image_packages=True)
    try:
        layered = ensure_environment(
            requirements=wanted, packages=(), python=None, cache=cache, log=job.log, layered=True
        )
    except HeadgateError as error:
        raise RuntimeUnavailableError(describe_error(error)) from error
    return install_interpreter(job.ml_root, layered, image_packages=True)


def describe_error(error: HeadgateError) -> str:
    """An error of the engine's as one text."""
    parts = [f"{error.where}: {error.message}" if error.where else error.message, *error.details]
    return "; ".join([*parts, *([f"expected {error.expected}"] if error.expected else [])])


def _requirements(code: Path, *, package: bool) -> Path | None:
    """The requirements file to install; None when nothing is asked for."""
    file = code / "requirements.txt"
    listed = file.is_file() and _asks_for_something(file)
    if not package:
        return file if listed else None
    generated = code / _GENERATED
    generated.write_text(".\n" + ("-r requirements.txt\n" if listed else ""), encoding="utf-8")
    return generated


def _asks_for_something(requirements: Path) -> bool:
    lines = requirements.read_text(encoding="utf-8").splitlines()
    return any(line.strip() and not line.strip().startswith("#") for line in lines)
