"""Python environments by content: the same requirements give the same folder, built once.

An environment is a folder `<cache>/environments/<digest>`, where the digest covers everything that decides what is in
it. Builders of the same digest wait for each other on a file lock, which the kernel drops when a builder is killed; an
environment counts only once its `complete` mark is written, so what a killed builder left behind is thrown away.

A layered environment sees the packages of the interpreter that runs Headgate and adds to them, as `pip install` in a
container adds to what its image holds. An environment that is not layered holds exactly what was asked for.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import json
import os
import re
import shutil
import site
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from headgate.errors import FailedError, UserError

_FORMAT = 1
_MARK = "complete.json"
_NO_NETWORK = re.compile(
    r"name resolution|name or service|network is unreachable|connection|timed out|dns error|no route to host|"
    r"failed to fetch|offline|could not connect|proxy",
    re.IGNORECASE,
)


class EnvironmentFailedError(FailedError):
    """An environment could not be built: a package that cannot be had, no network, no such Python."""

    code = "environment"


def default_cache() -> Path:
    """Headgate's folder for what can be built again: `$XDG_CACHE_HOME/headgate`, else `~/.cache/headgate`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "headgate"


def base_site_packages() -> tuple[Path, ...]:
    """The folders of packages that this interpreter sees, in order."""
    folders = list(site.getsitepackages())
    if site.ENABLE_USER_SITE:
        folders.append(site.getusersitepackages())
    return tuple(Path(folder) for folder in folders if Path(folder).is_dir())


def layer_lines(folders: Sequence[Path]) -> str:
    """The text of a `.pth` file that puts folders of packages, and their own `.pth` files, below an environment's."""
    return "".join(f"import site; site.addsitedir({str(folder)!r})\n" for folder in folders)


def ensure_environment(
    *,
    requirements: Path | None,
    packages: Sequence[str],
    python: str | None,
    cache: Path,
    log: Callable[[str], None],
    layered: bool = False,
) -> Path:
    """The Python executable of an environment with these packages; built at the first call, found at the next.

    Args:
        requirements: a requirements.txt, or None. Local paths in it are relative to its folder.
        packages: further requirements ('scikit-learn==1.6').
        python: a version ('3.12') or an executable; None is the Python that runs Headgate.
        cache: the folder to keep environments in (see `default_cache`).
        log: told, line by line, what a build does; silent when the environment exists.
        layered: start from the packages of this interpreter instead of from nothing; only with `python` None.

    Raises:
        UserError: requirements that do not exist, or that cannot be cached (an editable install).
        EnvironmentFailedError: the packages cannot be had; the text says which and what would help.
    """
    if requirements is not None and not requirements.is_file():
        raise UserError("requirements file does not exist", where=str(requirements))
    if layered and python is not None:
        raise UserError(
            f"an environment for Python {python} cannot be layered over this one",
            expected="python or layered, not both",
        )
    digest = _digest(requirements, packages, python, layered=layered)
    folder = cache / "environments" / digest
    executable = folder / "bin" / "python"
    if (folder / _MARK).is_file() and executable.exists():
        return executable
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _locked(folder.parent / f"{digest}.lock"):
        if not ((folder / _MARK).is_file() and executable.exists()):
            shutil.rmtree(folder, ignore_errors=True)
            _build(folder, requirements, packages, python, log, layered=layered)
    return executable


def _digest(requirements: Path | None, packages: Sequence[str], python: str | None, *, layered: bool) -> str:
    base = sorted(entry.name for folder in base_site_packages() for entry in folder.glob("*.dist-info"))
    identity: dict[str, object] = {
        "format": _FORMAT,
        "packages": sorted(packages),
        "requirements": _requirements_content(requirements) if requirements else [],
        "python": python or [sys.version, sys.base_prefix],
        "base": [sys.prefix, base] if layered else None,
    }
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:32]


def _requirements_content(file: Path) -> list[str]:
    """What a requirements file asks for: its lines, those of the files it includes, and digests of local packages."""
    content: list[str] = []
    for number, raw in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        line = re.sub(r"(^|\s)#.*$", "", raw).strip()
        if not line:
            continue
        content.append(line)
        option, _, value = line.partition(" ") if " " in line else line.partition("=")
        if option in {"-e", "--editable"}:
            raise UserError(
                "an editable install cannot be part of a cached environment",
                where=f"{file}:{number}",
                expected="the folder itself, without -e",
            )
        if option in {"-r", "--requirement", "-c", "--constraint"}:
            included = file.parent / value.strip()
            if not included.is_file():
                raise UserError("included requirements file does not exist", where=f"{file}:{number}")
            content += _requirements_content(included)
        elif line.startswith((".", "/", "file:")):
            content += _tree_content(file.parent / line.removeprefix("file://").removeprefix("file:"))
    return content


def _tree_content(path: Path) -> list[str]:
    files = sorted(entry for entry in path.rglob("*") if entry.is_file()) if path.is_dir() else [path]
    return [f"{file.name} {hashlib.sha256(file.read_bytes()).hexdigest()}" for file in files if file.is_file()]


@contextlib.contextmanager
def _locked(file: Path) -> Iterator[None]:
    with file.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _build(
    folder: Path,
    requirements: Path | None,
    packages: Sequence[str],
    python: str | None,
    log: Callable[[str], None],
    *,
    layered: bool,
) -> None:
    wanted = [*(["-r", str(requirements.resolve())] if requirements else []), *packages]
    log(f"building a Python environment for {' '.join(packages) or requirements or 'no packages'}")
    work = requirements.resolve().parent if requirements else None
    uv = None if layered else find_uv()
    if uv is not None:
        _create_with_uv(uv, folder, python, log)
    else:
        _create_with_venv(folder, python, log, pip=not layered)
    if layered:
        purelib = folder / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
        (purelib / "_base.pth").write_text(layer_lines([*base_site_packages(), *bundled_pip()]), encoding="utf-8")
    if wanted:
        executable = str(folder / "bin" / "python")
        if uv is not None:
            command = [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", executable, *wanted]
        else:
            command = [executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted]
        _run(command, "the packages could not be installed", log, work)
    mark = {"packages": list(packages), "requirements": str(requirements) if requirements else None, "python": python}
    temporary = folder / f"{_MARK}.new"
    temporary.write_text(json.dumps(mark), encoding="utf-8")
    temporary.replace(folder / _MARK)


def find_uv() -> str | None:
    """The uv program: of the installed package, or on PATH; None when there is none."""
    beside = Path(sys.executable).parent / "uv"
    if importlib.util.find_spec("uv") is not None and beside.is_file():
        return str(beside)
    return shutil.which("uv")


def bundled_pip() -> list[Path]:
    """The pip that comes with Python as a wheel, for when this interpreter's environment has none."""
    return pip_wheel() if importlib.util.find_spec("pip") is None else []


def pip_wheel() -> list[Path]:
    """The wheel of pip that comes with Python and runs as it lies there; none where a distribution took it out."""
    if importlib.util.find_spec("ensurepip") is None:
        return []
    import ensurepip

    return sorted((Path(ensurepip.__file__).parent / "_bundled").glob("pip-*.whl"))


def _create_with_uv(uv: str, folder: Path, python: str | None, log: Callable[[str], None]) -> None:
    command = [uv, "venv", "--quiet", "--python", python or sys.executable, str(folder)]
    _run(command, f"there is no Python {python} to build an environment with", log, None)


def _create_with_venv(folder: Path, python: str | None, log: Callable[[str], None], *, pip: bool) -> None:
    executable = _find_python(python) if python else sys.executable
    command = [executable, "-m", "venv", *([] if pip else ["--without-pip"]), str(folder)]
    _run(command, "a virtual environment could not be created", log, None)


def _find_python(python: str) -> str:
    names = [python, f"python{python}"] if re.fullmatch(r"\d+(\.\d+)*", python) else [python]
    for name in names:
        if found := shutil.which(name):
            return found
    raise EnvironmentFailedError(
        f"there is no Python {python} on this machine to build an environment with",
        expected="a version that is installed, or the `uv` package, which fetches one",
        next_command="pip install uv",
    )


def _run(command: Sequence[str], what: str, log: Callable[[str], None], folder: Path | None) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in {"VIRTUAL_ENV", "PYTHONPATH"}}
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, check=False)
    lines = [line.rstrip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    for line in lines:
        log(line)
    if done.returncode == 0:
        return
    text = "\n".join(lines)
    unreachable = _NO_NETWORK.search(text) is not None
    if unreachable or "from versions: none" in text:
        raise EnvironmentFailedError(
            f"{what}: no package index {'could be reached' if unreachable else 'that can be reached has them'}",
            expected="a network or a local index: set PIP_INDEX_URL or PIP_FIND_LINKS (UV_DEFAULT_INDEX, UV_FIND_LINKS "
            "for uv); an environment that was built once needs neither",
            details=tuple(lines[-5:]),
        )
    raise EnvironmentFailedError(
        what, expected="requirements that can be resolved for this Python", details=tuple(lines[-8:])
    )
