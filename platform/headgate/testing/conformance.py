"""The conformance suite: what every plugin must keep, to be run by the plugin's own tests.

    @pytest.mark.parametrize("check", CHECKS, ids=str)
    def test_conformance(check):
        check("mine")

`headgate plugins check mine` runs the same.
"""

from __future__ import annotations

import contextlib
import copy
import importlib.util
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headgate.plugins.facade import Facade
from headgate.plugins.records import PluginRecord, State
from headgate.plugins.session import OpenProject, open_plugins, open_project
from headgate.spec.problems import SpecError
from headgate.spec.schema import fill_defaults, flaw, resolve, strict, subschemas

HEAVY = (
    "aws_cdk", "boto3", "botocore", "copier", "mlflow", "moto", "numpy", "pandas", "pyarrow", "rich",
    "sagemaker", "scipy", "sklearn", "tensorflow", "torch", "xgboost",
)  # fmt: skip
"""Modules that take long to import; `headgate --help` imports every plugin, so none may import them at its top."""

EMPTY_DEFINITION: Mapping[str, Any] = {"Version": "2020-12-01", "Metadata": {}, "Parameters": [], "Steps": []}


class ConformanceError(AssertionError):
    """What a plugin does not keep, and where."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The plugin under test: alone in a project of its own, with its default settings or those given."""

    name: str
    facade: Facade
    opened: OpenProject | None
    problem: str = ""

    @property
    def record(self) -> PluginRecord:
        return self.facade.find(self.name)

    @property
    def project(self) -> OpenProject:
        """The open project. Raises ConformanceError when the plugin cannot be used with its settings."""
        if self.opened is None:
            raise ConformanceError(self.problem)
        return self.opened

    def complaints(self) -> list[str]:
        """What Headgate warned of about this plugin so far."""
        return [str(warning) for warning in self.facade.warnings if warning.plugin == self.name]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that a plugin must keep. Call it with the plugin's name; it raises ConformanceError."""

    name: str
    about: str
    run: Callable[[Subject], None]

    def __call__(
        self, plugin: str, *, settings: Mapping[str, object] | None = None, project: Path | None = None
    ) -> None:
        """Check an installed plugin with its default settings, or with `settings` if it requires some.

        With `project`, the plugin is checked in that project's folder instead; an in-tree plugin must be.
        """
        with subject(plugin, settings=settings, project=project) as tested:
            self.run(tested)

    def __str__(self) -> str:
        return self.name


@contextlib.contextmanager
def subject(
    plugin: str, *, settings: Mapping[str, object] | None = None, project: Path | None = None
) -> Iterator[Subject]:
    """Open a plugin for checking; the others are not loaded. Raises UserError when there is none of that name."""
    with contextlib.ExitStack() as stack:
        root = project or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="headgate-conformance-")))
        if project is None:
            sections = {"plugins": {plugin: dict(settings)}} if settings is not None else {}
            (root / "headgate.yaml").write_text(json.dumps({"name": "conformance", **sections}), encoding="utf-8")
        names = {record.name for record in Facade.load(None, environ={}, skip="looking for names").plugins} | {
            "project"
        }
        facade, _ = open_plugins(root, disabled=names - {plugin}, environ={})
        facade.find(plugin)
        try:
            opened = open_project(root, disabled=names - {plugin}, environ={})
        except SpecError as error:
            yield Subject(plugin, facade, None, "; ".join(map(str, error.problems)))
        else:
            yield Subject(plugin, opened.plugins, opened)


def require(kept: bool, message: str) -> None:
    """Raises ConformanceError with the message unless something is kept."""
    if not kept:
        raise ConformanceError(message)


def _loads(tested: Subject) -> None:
    require(tested.record.state is State.LOADED, f"{tested.record.candidate}: {tested.record.reason}")
    require(bool(tested.record.hooks), "it implements no hook")


def _imports_light(tested: Subject) -> None:
    candidate = tested.record.candidate
    load = f"import runpy; runpy.run_path({candidate.target!r})" if candidate.in_tree else f"import {candidate.target}"
    script = f"import sys, json; {load}; print('\\n' + json.dumps(sorted(set({HEAVY!r}) & set(sys.modules))))"
    environment_path = [folder for folder in sys.path if folder]
    script = f"import sys; sys.path[:] = {environment_path!r}; {script}"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False)
    require(done.returncode == 0, f"it cannot be imported alone: {done.stderr.strip().splitlines()[-1:]}")
    heavy = json.loads(done.stdout.strip().splitlines()[-1])
    require(not heavy, f"importing it imports {', '.join(heavy)}: import them inside the functions that need them")


def _schema_valid(tested: Subject) -> None:
    schema = tested.facade.settings_schemas().get(tested.name)
    if schema is None:
        raise ConformanceError(f"it has no usable settings schema: {'; '.join(tested.complaints())}")
    wrong = flaw(schema)
    require(wrong is None, f"the schema is wrong at {wrong}")


def _schema_documented(tested: Subject) -> None:
    schema = tested.facade.settings_schemas().get(tested.name, {})
    for path, setting in subschemas(schema):
        resolved = resolve(setting, schema)
        for keyword in ("title", "description"):
            require(bool(resolved.get(keyword)), f"setting '{path}' has no {keyword} in the schema")
    required = set(schema.get("required", ()))
    for name, setting in schema.get("properties", {}).items():
        resolved = resolve(setting, schema)
        given = name in required or "default" in resolved or resolved.get("type") == "object"
        require(given, f"setting '{name}' has no default in the schema and is not required")


def _defaults_valid(tested: Subject) -> None:
    from jsonschema import Draft202012Validator

    schema = tested.facade.settings_schemas().get(tested.name, {})
    for path, setting in subschemas(schema):
        if isinstance(setting, Mapping) and "default" in setting:
            value = fill_defaults(copy.deepcopy(setting["default"]), setting, schema)
            wrong = list(Draft202012Validator({**setting, "$defs": schema.get("$defs", {})}).iter_errors(value))
            require(not wrong, f"the default of '{path}' breaks its own schema: {wrong[0].message if wrong else ''}")
    missing = set(schema.get("required", ()))
    if not missing:
        wrong = list(Draft202012Validator(strict(schema)).iter_errors(fill_defaults({}, schema)))
        require(not wrong, f"the defaults together break the schema: {wrong[0].message if wrong else ''}")


def _survives(tested: Subject) -> None:
    _contributions(tested)
    require(not tested.complaints(), "; ".join(tested.complaints()))


def _deterministic(tested: Subject) -> None:
    first, second = _contributions(tested), _contributions(tested)
    for what, value in first.items():
        require(value == second[what], f"two calls gave different {what}")


def _pipelines_sound(tested: Subject) -> None:
    from headgate.pipelines import Fail, Pipeline, check

    project = tested.project.project
    for pipeline in tested.facade.pipelines(project):
        problems = check(pipeline.compile(artifact_bucket="conformance").definition)
        require(not problems, f"pipeline '{pipeline.name}': {problems[0] if problems else ''}")
    tested.facade.extended(project, Pipeline("of-another-plugin", [Fail("Stop", "conformance")]), "another plugin")
    require(not tested.complaints(), "; ".join(tested.complaints()))


def _runtimes_load(tested: Subject) -> None:
    for spec in tested.facade.container_runtimes(tested.project.project):
        target = tested.facade.load_target(tested.name, spec.target)
        require(callable(target), f"container runtime '{spec.name}': {spec.target} is not callable")


def _recorders_there(tested: Subject) -> None:
    for recorder in tested.facade.recorders(tested.project.project):
        require(_is_module(recorder.module), f"recorder '{recorder.name}': there is no module {recorder.module}")


def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):  # a package above it is missing or fails, or it is no name at all
        return False


def _commands_load(tested: Subject) -> None:
    import click

    from headgate.cli.main import COMMANDS

    for name, lazy in tested.facade.commands().items():
        require(name not in COMMANDS, f"command '{name}' is Headgate's own")
        require(bool(lazy.help.strip()), f"command '{name}' has no help text")
        command = tested.facade.load_target(tested.name, lazy.target)
        require(isinstance(command, click.Command), f"command '{name}': {lazy.target} is not a click.Command")


def _templates_there(tested: Subject) -> None:
    for template in tested.facade.templates():
        there = any((template.path / name).is_file() for name in ("copier.yml", "copier.yaml"))
        require(there, f"template '{template.name}': no copier.yml in {template.path}")
        require(bool(template.description.strip()), f"template '{template.name}' has no description")


def _policy_answers(tested: Subject) -> None:
    record = tested.record
    if record.candidate.policy and not record.candidate.in_tree:
        has_hook = "headgate_check_pipeline" in record.hooks
        require(has_hook, "it is registered as a policy but has no headgate_check_pipeline")
    answers = [tested.facade.policy_reasons(tested.project.project, EMPTY_DEFINITION) for _ in range(2)]
    require(not tested.complaints(), "; ".join(tested.complaints()))
    require(answers[0] == answers[1], "two calls of headgate_check_pipeline gave different reasons")


def _contributions(tested: Subject) -> dict[str, object]:
    """Everything that the plugin offers, in forms that can be compared."""
    project, facade = tested.project.project, tested.facade
    pipelines = {
        pipeline.name: pipeline.compile(artifact_bucket="conformance").text for pipeline in facade.pipelines(project)
    }
    return {
        "settings schemas": facade.settings_schemas(),
        "commands": facade.commands(),
        "templates": facade.templates(),
        "container runtimes": [spec.as_json() for spec in facade.container_runtimes(project)],
        "recorders": facade.recorders(project),
        "pipelines": pipelines,
    }


CHECKS: tuple[Check, ...] = (
    Check("loads", "it imports, and its hooks are Headgate's", _loads),
    Check("imports-light", "importing it imports nothing heavy", _imports_light),
    Check("schema-valid", "its settings schema is JSON Schema 2020-12", _schema_valid),
    Check(
        "schema-documented", "settings have a title, a description, and a default unless required", _schema_documented
    ),
    Check("defaults-valid", "the defaults satisfy the schema", _defaults_valid),
    Check("survives", "every hook works with the default settings", _survives),
    Check("deterministic", "hooks give the same when called twice", _deterministic),
    Check("pipelines-sound", "pipelines pass the offline check, and any pipeline can be extended", _pipelines_sound),
    Check("runtimes-load", "the targets of container runtimes can be imported and called", _runtimes_load),
    Check("recorders-there", "recorders have a module", _recorders_there),
    Check("commands-load", "commands are click commands with a help text", _commands_load),
    Check("templates-there", "templates exist and are Copier's", _templates_there),
    Check("policy-answers", "policies give reasons, the same when asked twice", _policy_answers),
)
