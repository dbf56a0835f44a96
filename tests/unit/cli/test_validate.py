from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

from headgate.testing.project import ProjectMaker

SCHEMA = {"type": "object", "properties": {"limit": {"type": "integer", "default": 3}}}
PLUGIN = f"from headgate.plugins import hookimpl\n@hookimpl\ndef headgate_settings_schema(): return {SCHEMA}\n"


def test_a_valid_project_says_so(headgate_project: ProjectMaker) -> None:
    project = headgate_project({"headgate.yaml": {"name": "wine", "environments": {"dev": {"region": "eu-west-1"}}}})
    assert "headgate.yaml of 'wine' is valid in environments dev, with " in project.run("validate").ok().stdout
    payload = project.run("validate", "--env", "dev", "--output", "json").ok().json
    assert payload["valid"] is True
    assert payload["environment"] == "dev"
    assert payload["environments"] == ["dev"]


def test_everything_wrong_is_told_on_one_screen(headgate_project: ProjectMaker) -> None:
    text = "nam: wine\nregion: moon\nplugins:\n  trainng: {}\nimages:\n  a: {requirements: none.txt}\n"
    outcome = headgate_project({"headgate.yaml": text}).run("validate")
    lines = outcome.refused().stderr.splitlines()
    assert lines[0] == "error: 5 problems in headgate.yaml"
    assert [line.split(": ")[0].removeprefix("  - ") for line in lines[1:-1]] == [
        "headgate.yaml:1", "headgate.yaml:1", "headgate.yaml:2", "headgate.yaml:4", "headgate.yaml:6",
    ]  # fmt: skip
    assert lines[-1] == "next: headgate schema"
    assert "did you mean 'name'?" in outcome.stderr
    assert "did you mean 'training'?" in outcome.stderr


def test_broken_plugins_are_named_even_when_the_file_is_wrong(headgate_project: ProjectMaker) -> None:
    project = headgate_project({"headgate.yaml": {"nam": "wine"}, "headgate_plugin.py": "import no_such_module"})
    outcome = project.run("validate").refused("did you mean 'name'?")
    assert outcome.stderr.count("warning: plugin 'project' in tree (headgate_plugin.py): failed to load") == 1


def test_problems_are_json_for_machines(headgate_project: ProjectMaker) -> None:
    outcome = (
        headgate_project({"headgate.yaml": "nam: wine\nname: wine\n"}).run("validate", "--output", "json").refused()
    )
    assert outcome.json["error"] == "invalid-spec"
    (problem,) = outcome.json["problems"]
    assert (problem["file"], problem["line"], problem["path"]) == ("headgate.yaml", 1, "nam")
    assert problem["hint"] == "did you mean 'name'?"
    assert outcome.stderr == ""


def test_environments_that_were_not_chosen_are_checked_too(headgate_project: ProjectMaker) -> None:
    text = (
        "name: wine\nenvironments:\n  dev:\n    region: eu-west-1\n  prod:\n    plugins:\n      project: {limit: x}\n"
    )
    project = headgate_project({"headgate.yaml": text, "headgate_plugin.py": PLUGIN})
    project.run("validate").refused("plugins.project.limit: found 'x' (text)", "at headgate.yaml:7")


@pytest.mark.parametrize("environment", [("--env", "dve"), ()])
def test_an_unknown_environment_is_refused(headgate_project: ProjectMaker, environment: tuple[str, ...]) -> None:
    project = headgate_project({"headgate.yaml": {"name": "wine", "environments": {"dev": {}}}})
    variables = {} if environment else {"HEADGATE_ENV": "dve"}
    project.run("validate", *environment, env=variables).refused("unknown environment 'dve'", "did you mean 'dev'?")


def test_set_is_checked_and_named(headgate_project: ProjectMaker) -> None:
    project = headgate_project({"headgate_plugin.py": PLUGIN})
    project.run("validate", "--set", "plugins.project.limit=5").ok()
    project.run("validate", "--set", "plugins.project.limit=high").refused("at --set plugins.project.limit")


@pytest.mark.parametrize("content", ["", "- a\n", "a:\n\tb: 1\n", b"\xff\xfe", "a: 1\na: 2\n", "[" * 2000])
def test_files_that_are_none_are_one_screen(headgate_project: ProjectMaker, content: str | bytes) -> None:
    outcome = headgate_project({"headgate.yaml": content}).run("validate").refused("error:")
    assert len(outcome.stderr.splitlines()) < 16
    assert "Traceback" not in outcome.stderr


def test_schema_has_the_sections_of_plugins_and_agrees_with_validate(headgate_project: ProjectMaker) -> None:
    project = headgate_project({"headgate_plugin.py": PLUGIN})
    schema = project.run("schema").ok().json
    Draft202012Validator.check_schema(schema)
    assert {"project", "runtimes"} <= schema["properties"]["plugins"]["properties"].keys()
    for settings, valid in (({"limit": 1}, True), ({"limit": "x"}, False), ({"limt": 1}, False)):
        text = {"name": "wine", "plugins": {"project": settings}}
        project.write({"headgate.yaml": text})
        assert Draft202012Validator(schema).is_valid(text) is valid
        assert (project.run("validate").exit_code == 0) is valid


def test_schema_works_in_a_project_that_cannot_be_read(headgate_project: ProjectMaker) -> None:
    outcome = headgate_project({"headgate.yaml": "a: [\n"}).run("schema").ok()
    assert json.loads(outcome.stdout)["title"] == "headgate.yaml"
    assert "no plugin is loaded" in outcome.stderr


KNOWS_BETTER = """
from headgate.errors import UserError
from headgate.plugins import hookimpl

@hookimpl
def headgate_settings_schema():
    return {"type": "object", "properties": {"limit": {"type": "integer", "default": 3}}}

@hookimpl
def headgate_pipelines(settings):
    if settings["limit"] > 5:
        raise UserError(f"plugins.project.limit: {settings['limit']} is too much")
    return []
"""


def test_what_a_plugin_says_is_wrong_with_settings_is_told_at_their_line(headgate_project: ProjectMaker) -> None:
    text = "name: wine\ndisable: [training, runtimes]\nplugins:\n  project:\n    limit: 7\n"
    project = headgate_project({"headgate.yaml": text, "headgate_plugin.py": KNOWS_BETTER})
    for command in (["validate"], ["compile"], ["compile", "--check"], ["compile", "p"], ["run"], ["run", "p"]):
        outcome = project.run(*command).refused("plugins.project.limit: 7 is too much", "at headgate.yaml:5")
        assert "warning" not in outcome.stderr, command


def test_what_a_plugin_says_is_wrong_in_an_environment_is_told_too(headgate_project: ProjectMaker) -> None:
    overlay = "environments:\n  prod:\n    plugins:\n      project: {limit: 9}\n"
    text = f"name: wine\ndisable: [training, runtimes]\n{overlay}"
    project = headgate_project({"headgate.yaml": text, "headgate_plugin.py": KNOWS_BETTER})
    project.run("validate").refused("plugins.project.limit: 9 is too much", "at headgate.yaml:6")
    project.run("compile", "--check").ok()


def test_checking_pipelines_fails_when_a_plugin_that_offers_them_does(headgate_project: ProjectMaker) -> None:
    plugin = "from headgate.plugins import hookimpl\n@hookimpl\ndef headgate_pipelines():\n    return [1 / 0]\n"
    project = headgate_project({"headgate_plugin.py": plugin})
    project.run("compile", "--check").failed("headgate_pipelines failed: ZeroDivisionError")


def test_a_definition_is_json_on_every_terminal(headgate_project: ProjectMaker) -> None:
    source = (
        "from headgate.plugins import hookimpl\n@hookimpl\ndef headgate_pipelines(project):\n"
        "    from headgate.pipelines import Fail, Pipeline\n    return [Pipeline('p', [Fail('Stop', 'désolé')])]\n"
    )
    project = headgate_project({"headgate_plugin.py": source})
    outcome = project.run_process("compile", env={"PYTHONIOENCODING": "ascii"}).ok()
    assert outcome.json["Steps"][0]["Arguments"]["ErrorMessage"] == "désolé"
