"""The Python of a job: what `python3` and `pip` mean inside, as an image would have brought them.

Each job gets an environment of its own under `/opt/ml/.headgate`, a few small files over the packages that stand in for
the image's. A `pip install` inside the job lands there, wins over what is below it, and is gone with the job: the
interpreter that runs Headgate is never written to.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from headgate.environments import base_site_packages, bundled_pip, layer_lines, pip_wheel

ROOT = "/opt/ml/.headgate"
IMAGE_PACKAGES = Path(__file__).parent / "image_packages"
WORK = f"{ROOT}/work"
_PYTHON = re.compile(r"^(?:/(?:[^/]+/)*)?python(?:\d+(?:\.\d+)?)?$")
_PIP_SHIM = '#!/bin/sh\nexec "$(dirname "$0")/python3" -m pip "$@"\n'


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A job's Python, by its paths inside the job."""

    executable: str
    folder: str
    environment: Mapping[str, str]
    """Names the folders that the Python reads from, so that a sandbox with a /tmp of its own keeps them visible."""

    def command(self, entrypoint: Sequence[str], arguments: Sequence[str]) -> tuple[str, ...]:
        """A request's command with the image's Python, wherever the image keeps it, replaced by this one."""
        command = (*entrypoint, *arguments)
        if command and _PYTHON.match(command[0]):
            return (self.executable, *command[1:])
        return command


def install_interpreter(ml_root: Path, environment: Path | None = None, *, image_packages: bool = False) -> Interpreter:
    """Write a job's own Python under its `/opt/ml`.

    Args:
        ml_root: what the job will see as `/opt/ml`.
        environment: the Python executable of a cached environment (`ensure_environment`), or None for the packages of
            the interpreter that runs Headgate.
        image_packages: whether scripts may import the helpers that SageMaker's framework images hold.
    """
    real, version, layers = _foundation(environment)
    folder = ml_root / ".headgate" / "python"
    programs = folder / "bin"
    packages = folder / "lib" / f"python{version}" / "site-packages"
    programs.mkdir(parents=True, exist_ok=True)
    packages.mkdir(parents=True, exist_ok=True)
    (ml_root / ".headgate" / "work").mkdir(exist_ok=True)
    for name in ("python", "python3", f"python{version}"):
        link = programs / name
        if not link.is_symlink():
            link.symlink_to(real)
    for name in ("pip", "pip3"):
        shim = programs / name
        shim.write_text(_PIP_SHIM, encoding="utf-8")
        shim.chmod(0o755)
    (folder / "pyvenv.cfg").write_text(
        f"home = {real.parent}\ninclude-system-site-packages = false\nversion = {version}\n", encoding="utf-8"
    )
    below = [*layers, IMAGE_PACKAGES] if image_packages else layers
    (packages / "_image.pth").write_text(layer_lines(below), encoding="utf-8")
    sources = os.pathsep.join(str(path) for path in (real.parent.parent, *below))
    return Interpreter(f"{ROOT}/python/bin/python3", f"{ROOT}/python/bin", {"HEADGATE_PYTHON_SOURCES": sources})


def _foundation(environment: Path | None) -> tuple[Path, str, list[Path]]:
    """The real Python, its version, and the folders of packages to put below a job's own."""
    if environment is None:
        base = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        return base, version, [*base_site_packages(), *bundled_pip()]
    real = Path(os.path.realpath(environment))
    packages = sorted((environment.parent.parent / "lib").glob("python*/site-packages"))
    version = packages[0].parent.name.removeprefix("python")
    has_pip = any((folder / "pip").is_dir() for folder in packages)
    return real, version, packages if has_pip else [*packages, *pip_wheel()]
