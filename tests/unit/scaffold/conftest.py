"""A tiny template that tests change as they go, and a project scaffolded from it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from headgate.cli.main import run

CONFIG = """\
_subdirectory: project
_templates_suffix: .jinja
project_name:
  type: str
colour:
  type: str
  default: red
  validator: "{% if colour == 'grey' %}not that one{% endif %}"
"""


@pytest.fixture(autouse=True)
def _own_git(monkeypatch: pytest.MonkeyPatch) -> None:
    """Git as on a new machine: no configuration but who commits."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "somebody")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "somebody@localhost")


class TinyTemplate:
    """A template as a folder of files; `put` writes one, of the project or, with `at_top`, beside copier.yml."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.put("copier.yml", CONFIG, at_top=True)
        self.put("headgate.yaml.jinja", "name: {{ project_name }}\n")
        self.put("notes.txt.jinja", "".join(f"line {number}\n" for number in range(1, 10)) + "colour {{ colour }}\n")
        self.put("steps/run.py", "print('one')\n")
        self.put("picture.bin", b"\x00\x01old")

    def put(self, path: str, text: str | bytes, *, at_top: bool = False) -> None:
        file = self.folder / ("" if at_top else "project") / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode() if isinstance(text, str) else text)

    def read(self, path: str) -> str:
        return (self.folder / "project" / path).read_text()

    def remove(self, path: str) -> None:
        (self.folder / "project" / path).unlink()


@pytest.fixture
def template(tmp_path: Path) -> TinyTemplate:
    return TinyTemplate(tmp_path / "template")


@pytest.fixture
def project(template: TinyTemplate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project from the tiny template, committed; it is the current folder."""
    monkeypatch.chdir(tmp_path)
    assert run(["new", "house-prices", "--template", str(template.folder), "--yes"]) == 0
    folder = tmp_path / "house-prices"
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def commit(project: Path) -> Callable[[], None]:
    """Commit whatever the test did to the project."""

    def do() -> None:
        subprocess.run(["git", "add", "--all"], cwd=project, check=True)
        subprocess.run(["git", "commit", "-q", "-m", "change"], cwd=project, check=True)

    return do
