"""Environments are found by content, built once, and say what is missing."""

from __future__ import annotations

import subprocess
import threading
import zipfile
from pathlib import Path

import pytest

from headgate import environments
from headgate.environments import EnvironmentFailedError, default_cache, ensure_environment
from headgate.errors import UserError


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """No index answers: what these tests install lies beside them."""
    for name, value in {
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_RETRIES": "0",
        "PIP_TIMEOUT": "1",
        "PIP_CONFIG_FILE": "/dev/null",
        "UV_DEFAULT_INDEX": "http://127.0.0.1:9/simple",
        "UV_HTTP_RETRIES": "0",
        "UV_NO_CONFIG": "1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)


def write_wheel(folder: Path, name: str = "greeting", text: str = "hello", version: str = "1.0") -> Path:
    """A wheel of one module, made by hand."""
    folder.mkdir(parents=True, exist_ok=True)
    info = f"{name}-{version}.dist-info"
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(f"{name}.py", f"TEXT = {text!r}\n")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", f"{name}.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
    return wheel


@pytest.fixture
def project(tmp_path):
    write_wheel(tmp_path / "project")
    requirements = tmp_path / "project" / "requirements.txt"
    requirements.write_text("# ours\n./greeting-1.0-py3-none-any.whl  # beside this file\n")
    return requirements


def ensure(tmp_path, log=None, **settings):
    defaults = {"requirements": None, "packages": (), "python": None, "cache": tmp_path / "cache"}
    return ensure_environment(**defaults | settings, log=log.append if log is not None else lambda _line: None)


def run(python: Path, code: str) -> str:
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_environment_is_built_once_and_then_found_in_silence(tmp_path, project):
    log = []
    first = ensure(tmp_path, log, requirements=project)
    assert run(first, "import greeting; print(greeting.TEXT)") == "hello"
    assert log
    log.clear()
    assert ensure(tmp_path, log, requirements=project) == first
    assert log == []


def test_environment_that_is_not_layered_holds_only_what_was_asked_for(tmp_path, project):
    python = ensure(tmp_path, requirements=project)
    assert run(python, "import importlib.util as u; print(u.find_spec('click'))") == "None"


@pytest.mark.slow
def test_layered_environment_sees_our_packages_and_its_own(tmp_path, project):
    python = ensure(tmp_path, requirements=project, layered=True)
    assert run(python, "import click, greeting; print(greeting.TEXT)") == "hello"


@pytest.mark.slow
def test_layered_environment_needs_no_network_for_what_we_have(tmp_path):
    python = ensure(tmp_path, packages=("click>=8",), layered=True)
    assert run(python, "import click; print('found')") == "found"


def test_changed_content_of_a_local_package_gives_another_environment(tmp_path, project):
    first = ensure(tmp_path, requirements=project)
    write_wheel(project.parent, text="goodbye")
    second = ensure(tmp_path, requirements=project)
    assert second != first
    assert run(second, "import greeting; print(greeting.TEXT)") == "goodbye"


def test_included_requirements_count(tmp_path, project):
    outer = project.parent / "outer.txt"
    outer.write_text("-r requirements.txt\n")
    first = ensure(tmp_path, requirements=outer)
    assert run(first, "import greeting; print(greeting.TEXT)") == "hello"
    write_wheel(project.parent, name="other")
    project.write_text("./other-1.0-py3-none-any.whl\n")
    assert ensure(tmp_path, requirements=outer) != first


def test_environment_that_a_killed_builder_left_half_done_is_built_again(tmp_path, project):
    python = ensure(tmp_path, requirements=project)
    folder = python.parent.parent
    (folder / "complete.json").unlink()
    (folder / "half-written").write_text("junk")
    log = []
    assert ensure(tmp_path, log, requirements=project) == python
    assert log
    assert not (folder / "half-written").exists()
    assert run(python, "import greeting; print(greeting.TEXT)") == "hello"


def test_racing_builders_build_once(tmp_path, project):
    log: list[str] = []
    found: list[Path] = []
    start = threading.Barrier(3)

    def build() -> None:
        start.wait()
        found.append(ensure(tmp_path, log, requirements=project))

    threads = [threading.Thread(target=build) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert sum(line.startswith("building") for line in log) == 1


@pytest.mark.parametrize("layered", [False, True])
def test_no_index_gives_an_error_that_says_what_would_help(tmp_path, layered):
    with pytest.raises(EnvironmentFailedError) as raised:
        ensure(tmp_path, packages=("surely-not-installed-anywhere==1.0",), layered=layered)
    assert "no package index" in raised.value.message
    assert "PIP_INDEX_URL" in str(raised.value.expected)


def test_package_that_cannot_be_had_is_named(tmp_path, project, monkeypatch):
    monkeypatch.setenv("UV_OFFLINE", "0")
    monkeypatch.setenv("UV_NO_INDEX", "1")
    with pytest.raises(EnvironmentFailedError) as raised:
        ensure(tmp_path, packages=("surely-not-installed-anywhere",))
    assert "surely-not-installed-anywhere" in "\n".join(raised.value.details)


def test_failed_build_is_tried_again(tmp_path, project):
    wheel = project.parent / "greeting-1.0-py3-none-any.whl"
    content = wheel.read_bytes()
    wheel.write_bytes(b"not a wheel")
    with pytest.raises(EnvironmentFailedError):
        ensure(tmp_path, requirements=project)
    wheel.write_bytes(content)
    assert run(ensure(tmp_path, requirements=project), "import greeting; print(greeting.TEXT)") == "hello"


def test_python_that_is_not_there_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(environments, "find_uv", lambda: None)
    with pytest.raises(EnvironmentFailedError, match=r"no Python 9\.9"):
        ensure(tmp_path, python="9.9")


@pytest.mark.slow
def test_without_uv_the_standard_library_builds(tmp_path, project, monkeypatch):
    monkeypatch.setattr(environments, "find_uv", lambda: None)
    python = ensure(tmp_path, requirements=project)
    assert run(python, "import greeting; print(greeting.TEXT)") == "hello"


def test_editable_install_is_refused_with_file_and_line(tmp_path):
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("\n-e .\n")
    with pytest.raises(UserError) as raised:
        ensure(tmp_path, requirements=requirements)
    assert str(raised.value.where) == f"{requirements}:2"


def test_missing_files_are_named(tmp_path):
    with pytest.raises(UserError, match="does not exist"):
        ensure(tmp_path, requirements=tmp_path / "requirements.txt")
    (tmp_path / "requirements.txt").write_text("-r more.txt\n")
    with pytest.raises(UserError, match="included requirements file"):
        ensure(tmp_path, requirements=tmp_path / "requirements.txt")


def test_another_python_cannot_be_layered(tmp_path):
    with pytest.raises(UserError, match="cannot be layered"):
        ensure(tmp_path, python="3.12", layered=True)


def test_cache_follows_the_xdg_convention(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache() == tmp_path / "headgate"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert default_cache() == Path.home() / ".cache" / "headgate"
