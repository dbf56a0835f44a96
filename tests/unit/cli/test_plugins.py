from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from headgate.testing.project import ProjectMaker, TestProject

pytestmark = pytest.mark.slow

POLICY = "from headgate.plugins import hookimpl\n@hookimpl\ndef headgate_check_pipeline(): return []\n"


@pytest.fixture
def project(headgate_project: ProjectMaker) -> TestProject:
    maker = headgate_project
    maker.distribution("dist-bad", {"bad.py": "import no_such_module\n"}, plugins={"bad": "bad"}, version="2.1")
    maker.distribution("dist-guard", {"guard.py": POLICY}, plugins={"guard": "guard"}, policies={"guard": "guard"})
    maker.distribution("dist-off", {"off.py": "raise RuntimeError\n"}, plugins={"off": "off"})
    return maker({"headgate.yaml": {"name": "test", "disable": ["off"]}, "headgate_plugin.py": POLICY})


def test_list_tells_state_version_hooks_source_and_policy(project: TestProject) -> None:
    plugins = {
        plugin["name"]: plugin for plugin in project.run("plugins", "list", "--output", "json").ok().json["plugins"]
    }
    assert plugins["bad"]["state"] == "failed"
    assert plugins["bad"]["version"] == "2.1"
    assert plugins["bad"]["source"] == "dist-bad"
    assert "no_such_module" in plugins["bad"]["reason"]
    assert plugins["guard"]["policy"] is True
    assert plugins["guard"]["hooks"] == ["headgate_check_pipeline"]
    assert plugins["off"]["state"] == "disabled"
    assert plugins["project"]["source"] == "headgate_plugin.py"
    assert {"runtimes", "training"} <= plugins.keys()


def test_list_is_a_table_and_names_the_broken_on_standard_error(project: TestProject) -> None:
    outcome = project.run("plugins", "list").ok()
    rows = {line.split()[0]: line for line in outcome.stdout.splitlines()}
    assert rows["NAME"].split() == ["NAME", "VERSION", "STATE", "SOURCE", "POLICY", "HOOKS"]
    assert rows["guard"].split() == ["guard", "1.0", "loaded", "dist-guard", "yes", "check_pipeline"]
    assert "plugin 'bad' 2.1 (dist-bad): failed to load" in outcome.stderr


def test_check_passes_what_is_sound(project: TestProject) -> None:
    outcome = project.run("plugins", "check", "guard", "project", "--output", "json").ok()
    assert outcome.json["passed"] is True
    assert {result["plugin"] for result in outcome.json["checks"]} == {"guard", "project"}


def test_check_fails_with_the_reason_and_the_trace(project: TestProject) -> None:
    outcome = project.run("plugins", "check", "bad")
    assert outcome.failed("1 failed", "Traceback", "ModuleNotFoundError").exit_code == 1


def test_check_reports_each_broken_promise(headgate_project: ProjectMaker) -> None:
    source = POLICY + "@hookimpl\ndef headgate_templates(): return 5\n"
    headgate_project.distribution("dist-odd", {"odd.py": source}, plugins={"odd": "odd"})
    outcome = headgate_project().run("plugins", "check", "odd", "--output", "json").exited(1)
    failed = {result["check"]: result["reason"] for result in outcome.json["checks"] if result["outcome"] == "failed"}
    assert "headgate_templates failed: gave int, not a list" in failed["survives"]


def test_check_of_no_plugin_is_a_mistake(project: TestProject) -> None:
    project.run("plugins", "check", "gaurd").refused("there is no plugin 'gaurd'", "did you mean 'guard'?")


@pytest.mark.slow
def test_new_writes_a_plugin_that_passes_its_own_tests_and_the_check(
    headgate_project: ProjectMaker, tmp_path: Path
) -> None:
    folder = headgate_project.folder()
    written = folder.run("plugins", "new", "wine-tags", "--output", "json").ok().json
    root = folder.root / written["folder"]
    names = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
    assert names == {
        "README.md",
        "headgate_wine_tags/__init__.py",
        "headgate_wine_tags/command.py",
        "headgate_wine_tags/plugin.py",
        "headgate_wine_tags/schema.json",
        "pyproject.toml",
        "tests/test_plugin.py",
    }
    package = {str(path.relative_to(root)): path.read_text() for path in (root / "headgate_wine_tags").iterdir()}
    point = {"wine-tags": "headgate_wine_tags.plugin"}
    installed = headgate_project.distribution("headgate-wine-tags", package, plugins=point, version="0.1.0")
    project = headgate_project()
    project.run("plugins", "check", "wine-tags").ok()
    assert project.run("wine-tags").ok().stdout == "hello test\n"
    tests = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(root / "tests")]
    environment = {"PYTHONPATH": str(installed), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(tests, cwd=root, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Wine", "cannot be a plugin's name"),
        ("../wine", "cannot be a plugin's name"),
        ("project", "there is a plugin 'project' already"),
        ("training", "there is a plugin 'training' already"),
        ("runs", "there is a command 'runs' already"),
    ],
)
def test_new_refuses_names_that_are_no_good(headgate_project: ProjectMaker, name: str, said: str) -> None:
    headgate_project.folder().run("plugins", "new", name).refused(said)


def test_new_overwrites_nothing(headgate_project: ProjectMaker) -> None:
    folder = headgate_project.folder()
    (folder.root / "headgate-mine").mkdir()
    folder.run("plugins", "new", "mine").refused("exists already")


def test_generated_python_is_clean(headgate_project: ProjectMaker) -> None:
    folder = headgate_project.folder()
    folder.run("plugins", "new", "mine").ok()
    rules = ["--isolated", "--line-length", "120", "--select", "ANN,B,E,F,PT,RUF,SIM,UP,W"]
    ruff = [sys.executable, "-m", "ruff", "check", "--no-cache", *rules, str(folder.root / "headgate-mine")]
    done = subprocess.run(ruff, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
