"""Projects to test in: made from a dict, driven through the command line.

def test_my_command_greets(headgate_project):
    project = headgate_project({"headgate.yaml": {"name": "wine", "plugins": {"mine": {"greeting": "hello"}}}})
    assert "hello wine" in project.run("greet").ok().stdout
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from unittest import mock

Content = str | bytes | Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command did: its exit code and what it printed."""

    arguments: tuple[str, ...]
    exit_code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """Standard output as JSON. Raises ValueError when it is none."""
        return json.loads(self.stdout)

    def ok(self) -> Outcome:
        """Assert that it did what it was asked."""
        return self.exited(0)

    def failed(self, *texts: str) -> Outcome:
        """Assert that it failed (exit code 1), and that its output holds each text."""
        return self.exited(1, *texts)

    def refused(self, *texts: str) -> Outcome:
        """Assert that it took the input for a mistake (exit code 2), and that its output holds each text."""
        return self.exited(2, *texts)

    def exited(self, code: int, *texts: str) -> Outcome:
        """Assert an exit code, and that the output holds each text."""
        if self.exit_code != code:
            message = f"exit code {self.exit_code}, not {code}, of {self}"
            raise AssertionError(message)
        missing = [text for text in texts if text not in self.stdout + self.stderr]
        if missing:
            message = f"{missing} not in the output of {self}"
            raise AssertionError(message)
        return self

    def __str__(self) -> str:
        return f"`headgate {' '.join(self.arguments)}`\n--- stdout\n{self.stdout}\n--- stderr\n{self.stderr}"


@dataclass(frozen=True, slots=True)
class TestProject:
    """A project's folder, and the way to run `headgate` in it. `search_path`: folders of plugins made for the test."""

    __test__ = False  # not a class of tests, whatever pytest makes of its name

    root: Path
    search_path: tuple[Path, ...] = ()

    def write(self, files: Mapping[str, Content]) -> None:
        """Write files by their relative paths: text, bytes, or for .yaml and .json a mapping."""
        write_files(self.root, files)

    def run(self, *arguments: str, env: Mapping[str, str] | None = None) -> Outcome:
        """Run `headgate` with these arguments in this process, in the project's folder."""
        from headgate.cli.main import run

        written = io.BytesIO(), io.BytesIO()
        stdout, stderr = (io.TextIOWrapper(stream, encoding="utf-8", write_through=True) for stream in written)
        with (
            contextlib.chdir(self.root),
            mock.patch.dict(os.environ, dict(env or {})),
            contextlib.redirect_stdout(stdout),
            contextlib.redirect_stderr(stderr),
        ):
            try:
                code = run(list(arguments))
            except SystemExit as exit_:
                code = exit_.code if isinstance(exit_.code, int) else int(exit_.code is not None)
        return Outcome(arguments, code, *(stream.getvalue().decode() for stream in written))

    def run_process(self, *arguments: str, env: Mapping[str, str] | None = None, timeout: float = 120) -> Outcome:
        """Run `headgate` as a process of its own; `timeout` in seconds."""
        path = os.pathsep.join([*map(str, self.search_path), *filter(None, [os.environ.get("PYTHONPATH", "")])])
        done = subprocess.run(
            [sys.executable, "-m", "headgate.cli", *arguments],
            cwd=self.root,
            env={**os.environ, **({"PYTHONPATH": path} if path else {}), **(env or {})},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        return Outcome(arguments, done.returncode, done.stdout, done.stderr)


class ProjectMaker:
    """Makes projects and, for tests of plugins that are not installed, distributions that carry plugins."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._packages = folder / "site-packages"
        self._before = list(sys.path)

    def __call__(self, files: Mapping[str, Content] | None = None, *, name: str = "project") -> TestProject:
        """A project of these files; without a headgate.yaml among them it gets one with a name and nothing else."""
        root = self._folder / name
        write_files(root, {"headgate.yaml": {"name": "test"}, **(files or {})})
        return TestProject(root, (self._packages,) if self._packages.is_dir() else ())

    def folder(self, name: str = "elsewhere") -> TestProject:
        """A folder without headgate.yaml."""
        root = self._folder / name
        root.mkdir(parents=True, exist_ok=True)
        return TestProject(root, (self._packages,) if self._packages.is_dir() else ())

    def distribution(
        self,
        name: str,
        files: Mapping[str, Content],
        *,
        version: str = "1.0",
        plugins: Mapping[str, str] | None = None,
        policies: Mapping[str, str] | None = None,
    ) -> Path:
        """Put a distribution on the import path, as if it were installed; before the project is made.

        `plugins` and `policies` are entry points: plugin name to module. Returns the folder of its files.
        """
        points = {"headgate.plugins": plugins or {}, "headgate.policies": policies or {}}
        text = "".join(
            f"[{group}]\n" + "".join(f"{plugin} = {module}\n" for plugin, module in names.items())
            for group, names in points.items()
        )
        info = f"{name.replace('-', '_')}-{version}.dist-info"
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        write_files(self._packages, {**files, f"{info}/METADATA": metadata, f"{info}/entry_points.txt": text})
        if str(self._packages) not in sys.path:
            sys.path.insert(0, str(self._packages))
        importlib.invalidate_caches()
        return self._packages

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        sys.path[:] = self._before
        inside = str(self._folder) + os.sep
        for name, module in list(sys.modules.items()):
            if (getattr(module, "__file__", None) or "").startswith(inside):
                del sys.modules[name]
        importlib.invalidate_caches()


def write_files(root: Path, files: Mapping[str, Content]) -> None:
    """Write files below a folder; mappings become JSON (which is YAML too)."""
    root.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            text = content if isinstance(content, str) else json.dumps(content, indent=2, ensure_ascii=False)
            path.write_text(text, encoding="utf-8")
