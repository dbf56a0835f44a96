"""Plugins that Headgate has never heard of: packaged, installed into a fresh environment, and at work.

The environment sees the packages of the one that runs this test, so nothing is downloaded; the plugins themselves are
built from their pyproject.toml and installed like any package. No file of the engine knows of them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from headgate.testing.project import Outcome, write_files

pytestmark = pytest.mark.slow

PYPROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "{name}"
version = "{version}"
[project.entry-points."headgate.plugins"]
{plugin} = "{module}.plugin"
[tool.hatch.build.targets.wheel]
packages = ["{module}"]
"""

GREETER = {
    "schema.json": {
        "type": "object",
        "properties": {
            "greeting": {"title": "Greeting", "description": "what to say", "type": "string", "default": "hello"}
        },
    },
    "plugin.py": """
from pathlib import Path
from headgate.plugins import ContainerRuntimeSpec, LazyCommand, hookimpl

HEADGATE_API = 1

@hookimpl
def headgate_settings_schema():
    return Path(__file__).parent / "schema.json"

@hookimpl
def headgate_commands():
    return {"greet": LazyCommand("acme_greeter.command:command", "Greet the project.")}

@hookimpl
def headgate_container_runtimes(settings):
    config = {"greeting": settings["greeting"]}
    return [ContainerRuntimeSpec("greeter", (r"/greeter:",), "acme_greeter.runtime:Greeter", config=config)]

@hookimpl
def headgate_pipeline_steps(project, settings, pipeline):
    from headgate.pipelines import Processing
    role = f"arn:aws:iam::{project.account}:role/greeter"
    yield Processing("Greet", image="registry/greeter:1", role=role, arguments=[settings["greeting"]])
""",
    "command.py": '''
import click
from headgate.cli.common import emit, open_project, options

@click.command("greet")
@options
def command(options):
    """Greet the project."""
    project = open_project(options).project
    text = f"{project.plugin_settings['greeter']['greeting']} {project.name}"
    emit(options, {"text": text}, lambda: text)
''',
    "runtime.py": """
from headgate.localcloud.runtimes import Launch

class Greeter:
    def __init__(self, config):
        self.config = config

    def launch(self, job):
        return Launch(("echo", self.config["greeting"], *job.arguments))
""",
}
BROKEN = {
    "unimportable": "import acme_no_such_dependency\n",
    "misspelled": "from headgate.plugins import hookimpl\n@hookimpl\ndef headgate_pipline_steps(pipeline): return []\n",
    "raising": "from headgate.plugins import hookimpl\n@hookimpl\ndef headgate_commands(): return 1 / 0\n"
    "@hookimpl\ndef headgate_pipeline_steps(): raise RuntimeError('no step today')\n",
}
PROJECT = {
    "headgate.yaml": "name: wine\nplugins:\n  greeter:\n    greeting: welcome\n",
    "headgate_plugin.py": """
from headgate.pipelines import Pipeline, Processing
from headgate.plugins import hookimpl

@hookimpl
def headgate_pipelines(project):
    role = f"arn:aws:iam::{project.account}:role/flow"
    return [Pipeline("flow", steps=[Processing("First", image="registry/greeter:1", role=role, arguments=["first"])])]
""",
}


@dataclass(frozen=True)
class Environment:
    """A virtual environment of its own, and a project to run `headgate` in."""

    python: Path
    project: Path

    def headgate(self, *arguments: str) -> Outcome:
        environment = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
        done = subprocess.run(
            [str(self.python), "-m", "headgate.cli", *arguments],
            cwd=self.project,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return Outcome(arguments, done.returncode, done.stdout, done.stderr)


def _package(folder: Path, plugin: str, files: dict[str, Any], version: str) -> Path:
    module = f"acme_{plugin}"
    words = {"name": f"acme-{plugin}", "module": module, "plugin": plugin, "version": version}
    package = {f"{module}/{name}": content for name, content in {"__init__.py": "", **files}.items()}
    write_files(folder, {"pyproject.toml": PYPROJECT.format(**words), **package})
    return folder


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    root = tmp_path_factory.mktemp("external")
    venv.create(root / "venv", with_pip=False)
    python = root / "venv" / "bin" / "python"
    packages = root / "venv" / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    shared = f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n"
    (packages / "shared.pth").write_text(shared, encoding="utf-8")
    sources = [_package(root / "greeter", "greeter", GREETER, "4.5.6")]
    sources += [_package(root / name, name, {"plugin.py": text}, "0.9") for name, text in BROKEN.items()]
    offline = ["--quiet", "--offline", "--no-deps", "--no-build-isolation", "--no-cache"]
    uv = [sys.executable, "-m", "uv", "pip", "install", "--python", str(python), *offline]
    subprocess.run([*uv, *map(str, sources)], check=True, timeout=170)
    write_files(root / "project", PROJECT)
    made = Environment(python, root / "project")
    yield made
    made.headgate("cloud", "down")


def test_the_plugin_is_installed_there_and_not_here(environment: Environment) -> None:
    listed = environment.headgate("plugins", "list", "--output", "json").ok().json["plugins"]
    greeter = next(plugin for plugin in listed if plugin["name"] == "greeter")
    assert (greeter["version"], greeter["state"], greeter["source"]) == ("4.5.6", "loaded", "acme-greeter")
    installed = environment.python.parents[1]
    assert list(installed.glob("lib/*/site-packages/acme_greeter/plugin.py"))
    with pytest.raises(ModuleNotFoundError):
        __import__("acme_greeter")


def test_its_setting_is_checked_and_reaches_its_command(environment: Environment) -> None:
    assert environment.headgate("greet").ok().stdout == "welcome wine\n"
    assert environment.headgate("greet", "--set", "plugins.greeter.greeting=hi").ok().stdout == "hi wine\n"
    environment.headgate("validate", "--set", "plugins.greeter.greting=hi").refused("did you mean 'greeting'?")
    environment.headgate("validate", "--set", "plugins.greeter.greeting=[1]").refused("found a list")


def test_its_step_joins_the_projects_pipeline(environment: Environment) -> None:
    definition = json.loads(environment.headgate("compile", "flow").ok().stdout)
    steps = {step["Name"]: step for step in definition["Steps"]}
    assert list(steps) == ["First", "Greet"]
    assert steps["Greet"]["Arguments"]["AppSpecification"]["ContainerArguments"] == ["welcome"]


def test_its_container_runtime_runs_its_image_on_the_local_cloud(environment: Environment) -> None:
    environment.headgate("run", "flow").ok()
    logs = environment.headgate("logs").ok().stdout
    assert "welcome first" in logs
    assert "welcome welcome" in logs


def test_it_conforms(environment: Environment) -> None:
    environment.headgate("plugins", "check", "greeter").ok()


def test_broken_plugins_are_named_and_help_and_the_others_work(environment: Environment) -> None:
    outcome = environment.headgate("--help").ok()
    assert "greet " in outcome.stdout
    warnings = outcome.stderr.splitlines()
    assert len(warnings) == 3
    assert "plugin 'misspelled' 0.9 (acme-misspelled): headgate_pipline_steps is not a hook of Headgate" in warnings[0]
    assert "did you mean 'headgate_pipeline_steps'?" in warnings[0]
    assert "plugin 'unimportable' 0.9 (acme-unimportable): failed to load: ModuleNotFoundError" in warnings[1]
    assert "plugin 'raising' 0.9 (acme-raising): headgate_commands failed: ZeroDivisionError" in warnings[2]


def test_a_plugin_that_raises_in_a_step_hook_costs_only_its_step(environment: Environment) -> None:
    outcome = environment.headgate("compile", "flow").ok()
    assert (
        "plugin 'raising' 0.9 (acme-raising): headgate_pipeline_steps failed: RuntimeError: no step today"
        in outcome.stderr
    )
    assert "Greet" in outcome.stdout


def test_a_broken_plugin_can_be_disabled(environment: Environment) -> None:
    disabled = [f"--disable-plugin={name}" for name in BROKEN]
    assert environment.headgate(*disabled, "--help").ok().stderr == ""
