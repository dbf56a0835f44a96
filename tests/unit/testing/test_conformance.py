"""Each check passes a sound plugin, and fails one that breaks just what it is about."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from headgate.errors import UserError
from headgate.testing.conformance import CHECKS, Check, ConformanceError
from headgate.testing.project import ProjectMaker

pytestmark = pytest.mark.slow

BY_NAME = {check.name: check for check in CHECKS}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "limit": {"title": "Limit", "description": "how many", "type": "integer", "default": 3},
        "tune": {
            "title": "Tuning",
            "description": "how to tune",
            "type": "object",
            "properties": {"jobs": {"title": "Jobs", "description": "how many", "type": "integer", "default": 4}},
        },
    },
}
GOOD = """
import click
from pathlib import Path
from headgate.plugins import *

HEADGATE_API = 1
HERE = Path(__file__).parent

class Runtime:
    def __init__(self, config): self.config = config
    def launch(self, job): return None

@click.command()
def command(): print("hello")

@hookimpl
def headgate_settings_schema(): return HERE / "schema.json"
@hookimpl
def headgate_commands(): return {"greet": LazyCommand("acme:command", "Greet.")}
@hookimpl
def headgate_templates(): return [TemplateSpec("t", HERE / "t", "A template.")]
@hookimpl
def headgate_container_runtimes(settings):
    return [ContainerRuntimeSpec("r", (f"image:{settings['limit']}$",), "acme:Runtime", config={"a": 1})]
@hookimpl
def headgate_recorders(): return [RecorderSpec("r", "json.tool", {"a": 1})]
@hookimpl
def headgate_pipelines(project):
    from headgate.pipelines import Fail, Pipeline
    return [Pipeline(project.name, steps=[Fail("Stop", "not today")])]
"""
POLICY = "@hookimpl\ndef headgate_check_pipeline(definition): return []\n"
GOOD += POLICY
STEPS = "@hookimpl\ndef headgate_pipeline_steps(pipeline): next(s for s in pipeline.steps if s.name == 'Train')\n"


def _install(
    maker: ProjectMaker, source: str = GOOD, schema: Mapping[str, Any] = SCHEMA, *, policy: bool = True
) -> None:
    points = {"acme": "acme"}
    files = {"acme.py": source, "schema.json": json.dumps(schema), "t/copier.yml": ""}
    maker.distribution("dist-acme", files, plugins=points, policies=points if policy else {})


@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_a_sound_plugin_passes(headgate_project: ProjectMaker, check: Check) -> None:
    _install(headgate_project)
    check("acme")


@pytest.mark.parametrize(
    ("check", "old", "new", "said"),
    [
        ("loads", "HEADGATE_API = 1", "import no_such_module", "No module named 'no_such_module'"),
        ("loads", "headgate_commands", "headgate_comands", "did you mean 'headgate_commands'?"),
        ("loads", GOOD, "", "it implements no hook"),
        ("imports-light", "import click", "import click, copier", "importing it imports copier"),
        ("pipelines-sound", '"not today")', '"not today", depends_on=["Nothing"])', "step Stop: DependsOn"),
        ("pipelines-sound", POLICY, POLICY + STEPS, "headgate_pipeline_steps failed: StopIteration"),
        ("schema-valid", '"schema.json"', '"none.json"', "FileNotFoundError"),
        ("survives", '"Greet.")}', '"Greet.")[0]}', "headgate_commands failed: TypeError"),
        ("survives", '[TemplateSpec("t"', '[("t"', "headgate_templates failed: gave tuple, not TemplateSpec"),
        ("deterministic", 'f"image:', 'f"{next(N)}', "two calls gave different container runtimes"),
        ("survives", "image:", "image:(", "bad pattern"),
        ("survives", '(f"image:{settings[\'limit\']}$",)', "()", "would match no image"),
        ("runtimes-load", "acme:Runtime", "acme:HERE", "is not callable"),
        ("survives", '"acme:Runtime", config={"a": 1}', '"acme:Runtime", config={"a": HERE}', "is not JSON"),
        ("recorders-there", "json.tool", "json.no_such_tool", "there is no module json.no_such_tool"),
        ("commands-load", '"greet"', '"run"', "command 'run' is Headgate's own"),
        ("commands-load", '"Greet."', '" "', "has no help text"),
        ("commands-load", "acme:command", "acme:Runtime", "is not a click.Command"),
        ("templates-there", 'HERE / "t"', 'HERE / "none"', "no copier.yml in"),
        ("templates-there", '"A template."', '""', "has no description"),
        ("policy-answers", "(definition): return []", "(): return 'no'", "gave str, not a list"),
        ("policy-answers", "return []", "return [str(next(N))]", "different reasons"),
        ("policy-answers", POLICY, "", "it is registered as a policy but has no headgate_check_pipeline"),
    ],
)  # fmt: skip
def test_what_is_broken_is_found(headgate_project: ProjectMaker, check: str, old: str, new: str, said: str) -> None:
    assert old in GOOD
    _install(headgate_project, GOOD.replace(old, new) + "\nN = __import__('itertools').count()\n" * ("next(N)" in new))
    with pytest.raises(ConformanceError) as raised:
        BY_NAME[check]("acme")
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("check", "change", "said"),
    [
        ("schema-documented", {"title": ""}, "setting 'limit' has no title"),
        ("schema-documented", {"description": ""}, "setting 'limit' has no description"),
        ("schema-documented", {"default": None}, "setting 'limit' has no default"),
        ("defaults-valid", {"default": "x"}, "the default of 'limit' breaks its own schema"),
    ],
)
def test_a_careless_schema_is_found(
    headgate_project: ProjectMaker, check: str, change: dict[str, Any], said: str
) -> None:
    limit = {**SCHEMA["properties"]["limit"], **change}
    limit = {name: value for name, value in limit.items() if value is not None}
    _install(headgate_project, schema={**SCHEMA, "properties": {"limit": limit}})
    with pytest.raises(ConformanceError, match=said):
        BY_NAME[check]("acme")


def test_defaults_that_contradict_each_other_are_found(headgate_project: ProjectMaker) -> None:
    _install(headgate_project, schema={**SCHEMA, "properties": SCHEMA["properties"], "maxProperties": 1})
    with pytest.raises(ConformanceError, match="the defaults together break the schema"):
        BY_NAME["defaults-valid"]("acme")


def test_a_schema_that_is_no_json_schema_is_found(headgate_project: ProjectMaker) -> None:
    _install(headgate_project, schema={"type": "object", "properties": {"a": {"type": "strin"}}})
    with pytest.raises(ConformanceError, match=r"is no JSON Schema at \$\.properties\.a\.type"):
        BY_NAME["schema-valid"]("acme")


def test_required_settings_are_given(headgate_project: ProjectMaker) -> None:
    _install(headgate_project, schema={**SCHEMA, "required": ["limit"]})
    with pytest.raises(ConformanceError, match="it needs settings: missing key 'limit'"):
        BY_NAME["survives"]("acme")
    BY_NAME["survives"]("acme", settings={"limit": 5})
    with pytest.raises(ConformanceError, match="unknown key 'limt'"):
        BY_NAME["survives"]("acme", settings={"limit": 5, "limt": 5})


def test_a_projects_own_plugin_is_checked_in_its_project(headgate_project: ProjectMaker) -> None:
    source = "from headgate.plugins import hookimpl\n@hookimpl\ndef headgate_templates(): return []\n"
    root = headgate_project({"headgate_plugin.py": source}).root
    for check in CHECKS:
        check("project", project=root)
    (root / "headgate_plugin.py").write_text("import pandas\n" + source)
    with pytest.raises(ConformanceError, match="imports numpy, pandas"):
        BY_NAME["imports-light"]("project", project=root)


def test_an_unknown_plugin_is_the_users_mistake() -> None:
    with pytest.raises(UserError, match="there is no plugin 'no-such'"):
        CHECKS[0]("no-such")
