"""From headgate.yaml and plugins to checked definitions, and the command that prints them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from headgate.errors import UserError
from headgate.pipelines import compile_pipeline, default_bucket, default_role, project_pipelines
from headgate.pipelines.check import InvalidPipelineError
from headgate.pipelines.sdk import SdkPipeline
from headgate.plugins.records import PolicyError
from headgate.plugins.session import OpenProject, open_project
from headgate.spec.project import Project
from headgate.testing.project import ProjectMaker, TestProject

PLUGIN = """
from headgate.pipelines import Condition, Fail, Lambda, Parameter, Pipeline, Processing, equals
from headgate.plugins import hookimpl


@hookimpl
def headgate_pipelines(project, settings):
    return [{pipelines}]
"""
CALL = 'Lambda("Call", function_arn="arn:aws:lambda:us-east-1:123456789012:function:f"{more})'
ONE = PLUGIN.format(pipelines=f'Pipeline("training", [{CALL.format(more="")}], [Parameter.float("Threshold", 1.0)])')

Make = Callable[..., TestProject]


@pytest.fixture
def make(headgate_project: ProjectMaker) -> Make:
    """A project whose own plugin is the only one."""

    def making(plugin: str, **settings: Any) -> TestProject:
        yaml = {"name": "wine", "disable": ["runtimes", "training"], **settings}
        return headgate_project({"headgate.yaml": yaml, "headgate_plugin.py": plugin})

    return making


def opened(project: TestProject) -> OpenProject:
    return open_project(project.root, environ={})


def test_definition_is_put_under_the_projects_name_in_its_bucket(make: Make) -> None:
    role = "arn:aws:iam::123456789012:role/r"
    step = f'Processing("S", image="i", role="{role}", outputs=[Output("o")])'
    plugin = PLUGIN.format(pipelines=f'Pipeline("p", [{step}])').replace("import Condition", "import Output, Condition")
    compiled = compile_pipeline(opened(make(plugin, bucket="mine")), "p")
    assert "s3://mine/wine/p" in compiled.text
    assert "s3://other/wine/p" in compile_pipeline(opened(make(plugin)), "p", bucket="other").text


def test_steps_of_another_plugin_are_added(headgate_project: ProjectMaker) -> None:
    extra = """
from headgate.pipelines import Fail
from headgate.plugins import hookimpl

@hookimpl
def headgate_pipeline_steps(project, settings, pipeline):
    return [Fail("Extra", "x", depends_on=["Call"])]
"""
    headgate_project.distribution("extra", {"extra_plugin.py": extra}, plugins={"extra": "extra_plugin"})
    project = headgate_project(
        {"headgate.yaml": {"name": "wine", "disable": ["runtimes", "training"]}, "headgate_plugin.py": ONE}
    )
    steps = compile_pipeline(opened(project), "training").definition["Steps"]
    assert [step["Name"] for step in steps] == ["Call", "Extra"]


def test_step_whose_name_is_taken_is_named_with_both_plugins(headgate_project: ProjectMaker) -> None:
    extra = """
from headgate.pipelines import Fail
from headgate.plugins import hookimpl

@hookimpl
def headgate_pipeline_steps(project, settings, pipeline):
    return [Fail("Call", "x")]
"""
    headgate_project.distribution("extra", {"extra_plugin.py": extra}, plugins={"extra": "extra_plugin"})
    project = headgate_project(
        {"headgate.yaml": {"name": "wine", "disable": ["runtimes", "training"]}, "headgate_plugin.py": ONE}
    )
    found = opened(project)
    assert len(compile_pipeline(found, "training").definition["Steps"]) == 1
    [warning] = [str(each) for each in found.plugins.warnings]
    assert "extra" in warning
    assert "'Call'" in warning


def test_unknown_pipeline_names_the_nearest(make: Make) -> None:
    with pytest.raises(UserError, match="has no pipeline 'trainin'") as caught:
        compile_pipeline(opened(make(ONE)), "trainin")
    assert caught.value.expected == "one of training; did you mean 'training'?"
    assert caught.value.exit_code == 2


def test_unknown_pipeline_tells_which_plugin_failed_to_offer_its_own(make: Make) -> None:
    with pytest.raises(UserError, match="has no pipeline 'training'") as caught:
        compile_pipeline(opened(make(PLUGIN.format(pipelines="1 / 0"))), "training")
    assert any("division by zero" in detail for detail in caught.value.details)


def test_definition_that_cannot_run_is_refused(make: Make) -> None:
    plugin = PLUGIN.format(pipelines=f'Pipeline("p", [{CALL.format(more=", depends_on=[chr(67)]")}])')
    with pytest.raises(InvalidPipelineError) as caught:
        compile_pipeline(opened(make(plugin)), "p")
    assert caught.value.details == ("step Call: DependsOn[0]: there is no step 'C'",)


def test_policy_is_asked_before_a_definition_is_given_out(make: Make, headgate_project: ProjectMaker) -> None:
    policy = """
from headgate.plugins import hookimpl

@hookimpl
def headgate_check_pipeline(project, settings, definition):
    return [f"no {step['Type']} here" for step in definition["Steps"]]
"""
    points = {"guard": "guard_plugin"}
    headgate_project.distribution("guard", {"guard_plugin.py": policy}, plugins=points, policies=points)
    with pytest.raises(PolicyError) as caught:
        compile_pipeline(opened(make(ONE)), "training")
    assert any("no Lambda here" in detail for detail in caught.value.details)


def test_pipeline_of_the_file_is_found_without_running_its_code(make: Make) -> None:
    project = make(ONE, pipelines={"mine": {"file": "pipeline.py"}})
    (project.root / "pipeline.py").write_text("raise SystemExit")
    found = project_pipelines(opened(project))
    assert list(found) == ["training", "mine"]
    assert isinstance(found["mine"], SdkPipeline)
    assert found["mine"].name == "mine"


def test_pipeline_of_the_file_may_not_have_the_name_of_a_plugins(make: Make) -> None:
    project = make(ONE, pipelines={"training": {"file": "pipeline.py"}})
    (project.root / "pipeline.py").write_text("")
    with pytest.raises(UserError, match="both from a plugin and from"):
        project_pipelines(opened(project))


def test_bucket_and_role_have_defaults(tmp_path: Path) -> None:
    project = Project(name="p", root=tmp_path, file=tmp_path / "headgate.yaml", region="eu-west-1")
    assert default_bucket(project) == "headgate-123456789012-eu-west-1"
    assert default_role(project) == "arn:aws:iam::123456789012:role/headgate-execution"


# --- headgate compile


def test_compile_prints_the_definition_and_nothing_else(make: Make) -> None:
    outcome = make(ONE).run("compile").ok()
    assert outcome.json["Steps"][0]["Name"] == "Call"
    assert outcome.stderr == ""


def test_compile_gives_the_same_bytes_each_time(make: Make) -> None:
    project = make(ONE)
    assert project.run("compile", "training").stdout == project.run("compile", "--output", "json").stdout


def test_compile_needs_a_name_when_there_are_several(make: Make) -> None:
    plugin = PLUGIN.format(pipelines='Pipeline("a", [Fail("F", "x")]), Pipeline("b", [Fail("F", "x")])')
    make(plugin).run("compile").refused("has 2 pipelines", "one of a, b")


def test_compile_without_any_pipeline_says_where_they_come_from(make: Make) -> None:
    make("").run("compile").refused("has no pipeline", "`pipelines:` entry")


def test_check_looks_at_every_pipeline(make: Make) -> None:
    plugin = PLUGIN.format(pipelines='Pipeline("a", [Fail("F", "x")]), Pipeline("b", [Fail("F", "x")])')
    project = make(plugin)
    assert json.loads(project.run("compile", "--check", "--output", "json").ok().stdout) == [
        {"pipeline": name, "steps": 1, "parameters": 0, "assets": 0, "problems": 0} for name in ("a", "b")
    ]
    assert "pipeline  steps" in project.run("compile", "--check").ok().stdout
    make("").run("compile", "--check").ok()


@pytest.mark.parametrize(
    ("pipeline", "said"),
    [
        (f'Pipeline("p", [{CALL.format(more=", depends_on=[chr(70)]")}, Fail("F", "x", depends_on=["Call"])])',
         "step Call: the steps wait for each other: Call -> F -> Call"),
        ('Pipeline("p", [Condition("C", [equals(1, 1)], then=[Fail("F", "x")], depends_on=["F"])])',
         "step C: the steps wait for each other: C -> F -> C"),
        ('Pipeline("p", [Fail("First", "x"), Fail("F", "x", depends_on=["Frst"])])',
         "step F: DependsOn[0]: there is no step 'Frst'; did you mean 'First'?"),
    ],
)  # fmt: skip
def test_mistakes_in_a_pipeline_are_one_screen_and_exit_2(make: Make, pipeline: str, said: str) -> None:
    outcome = make(PLUGIN.format(pipelines=pipeline)).run("compile").refused(said)
    assert "Traceback" not in outcome.stderr
    assert len(outcome.stderr.splitlines()) < 24
    assert outcome.stdout == ""


def test_what_a_plugin_put_into_a_pipeline_and_breaks_compiling_is_not_called_our_bug(make: Make) -> None:
    project = make(PLUGIN.format(pipelines='Pipeline("p", [Processing("S", image="i", role="r", inputs=[1])])'))
    done = project.run("compile").failed("raised while pipeline 'p' was compiled, by what a plugin put into it")
    assert "bug in Headgate" not in done.stderr
    project.run("plugins", "check", "project").failed("deterministic", "AttributeError")
