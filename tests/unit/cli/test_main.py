"""The command line's frame: what is loaded when, who is named, and where errors go."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from headgate.cli.main import COMMANDS
from headgate.testing.conformance import HEAVY
from headgate.testing.project import ProjectMaker, TestProject

BROKEN = {"bad.py": "import no_such_module\n"}
COMMAND = """
import click
from headgate.cli.common import emit, options
from headgate.plugins import LazyCommand, hookimpl
@click.command("greet")
@options
def command(options):
    "Greet."
    emit(options, {"said": "hello"}, lambda: "hello")
@click.command("crash")
def crash():
    raise RuntimeError("password=hunter2222")
not_a_command = 1
@hookimpl
def headgate_commands():
    names = {"greet": "command", "crash": "crash", "odd": "not_a_command", "gone": "missing", "stop": "stop"}
    return {name: LazyCommand(f"good:{target}", f"Text of {name}.") for name, target in names.items()}
@click.command("stop")
def stop():
    raise KeyboardInterrupt
"""


@pytest.fixture
def project(headgate_project: ProjectMaker) -> TestProject:
    """A project with a plugin that works and one that does not import."""
    headgate_project.distribution("dist-bad", BROKEN, plugins={"bad": "bad"}, version="2.1")
    headgate_project.distribution("dist-good", {"good.py": COMMAND}, plugins={"good": "good"}, version="3.0")
    return headgate_project()


def test_help_lists_our_commands_and_the_plugins_and_names_the_broken(project: TestProject) -> None:
    outcome = project.run("--help").ok()
    assert all(name in outcome.stdout for name in COMMANDS)
    assert "Text of greet. [good]" in outcome.stdout
    assert outcome.stderr.count("plugin 'bad' 2.1 (dist-bad): failed to load: ModuleNotFoundError") == 1
    assert len(outcome.stderr.splitlines()) == 1


def test_every_command_has_a_module_of_its_own_name() -> None:
    assert {lazy.module.rpartition(".")[2] for lazy in COMMANDS.values()} == set(COMMANDS)
    assert all(lazy.help.endswith(".") and len(lazy.help) < 75 for lazy in COMMANDS.values())


@pytest.mark.parametrize("arguments", [["--help"], ["plugins", "list"]])
def test_nothing_heavy_is_imported_to_list_things(headgate_project: ProjectMaker, arguments: list[str]) -> None:
    project = headgate_project()
    heavy = [*HEAVY, "asyncio", "jsonschema", "headgate.cli.validate"]
    script = (
        "import json, sys\nfrom headgate.cli.main import run\n"
        f"run({arguments})\nprint(json.dumps([name for name in {heavy} if name in sys.modules]), file=sys.stderr)\n"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=project.root, capture_output=True, text=True, check=True)
    assert json.loads(done.stderr.splitlines()[-1]) == []


def test_our_own_command_does_not_load_plugins(project: TestProject) -> None:
    assert project.run("completion", "bash").ok().stderr == ""


def test_a_broken_plugin_is_named_once_however_often_plugins_are_loaded(headgate_project: ProjectMaker) -> None:
    source = COMMAND.replace("def command(options):", "def command(options):\n    open_project(options)")
    source = source.replace("import emit,", "import emit, open_project,")
    headgate_project.distribution("dist-bad", BROKEN, plugins={"bad": "bad"}, version="2.1")
    headgate_project.distribution("dist-good", {"good.py": source}, plugins={"good": "good"})
    assert headgate_project().run("greet").ok().stderr.count("plugin 'bad' 2.1 (dist-bad)") == 1


def test_a_plugins_command_runs_with_the_shared_options(project: TestProject) -> None:
    assert project.run("greet").ok().stdout == "hello\n"
    assert project.run("greet", "--output", "json").ok().json == {"said": "hello"}


@pytest.mark.parametrize(("name", "said"), [("odd", "is a int"), ("gone", "failed to load: AttributeError")])
def test_a_plugins_command_that_is_none_is_named(project: TestProject, name: str, said: str) -> None:
    project.run(name).failed("plugin 'good' 3.0 (dist-good)", said, "headgate plugins check good")


def test_a_crash_shows_its_trace_masked_and_whose_it_is(project: TestProject) -> None:
    outcome = project.run("crash").failed("Traceback", "raised by plugin 'good' 3.0 (dist-good)", "report it")
    assert "hunter2222" not in outcome.stderr
    assert "bug in Headgate" not in outcome.stderr


def test_a_crash_is_json_for_machines(project: TestProject) -> None:
    outcome = project.run("crash", "--output=json")
    assert outcome.exit_code == 2  # `crash` has no such option: a mistake of usage
    assert outcome.json["error"] == "usage"


def test_interrupted_is_130(project: TestProject) -> None:
    assert project.run("stop").exited(130).stderr.endswith("interrupted\n")


def test_a_disabled_plugin_is_neither_imported_nor_listed(project: TestProject) -> None:
    outcome = project.run("--disable-plugin", "bad", "--disable-plugin", "good", "--help").ok()
    assert outcome.stderr == ""
    assert "greet" not in outcome.stdout
    project.run("--disable-plugin", "good", "greet").refused("no such command: 'greet'")


@pytest.mark.parametrize("arguments", [["--disable-plugin", "bad", "new"], ["new", "--disable-plugin", "bad"]])
def test_a_plugin_can_be_disabled_before_or_after_new(project: TestProject, arguments: list[str]) -> None:
    outcome = project.run(*arguments, "wine", "--template", "no-such").refused("there is no template 'no-such'")
    assert "plugin 'bad'" not in outcome.stderr


def test_an_unknown_command_names_the_nearest_even_a_plugins(project: TestProject) -> None:
    project.run("vlidate").refused("no such command: 'vlidate'", "did you mean 'validate'?", "next: headgate --help")
    project.run("geet").refused("did you mean 'greet'?")


def test_a_wrong_option_is_a_mistake_with_a_way_out(project: TestProject) -> None:
    project.run("validate", "--otput", "json").refused("no such option", "--output", "next: headgate validate --help")
    project.run("--nonsense").refused("no such option", "next: headgate --help")
    assert project.run("validate", "--output", "xml", "--output=json").exit_code == 0
    assert project.run("validate", "--output=json", "--output", "xml").exited(2).json["error"] == "usage"


@pytest.mark.parametrize("command", [["cloud", "status"], ["plugins", "list"], ["doctor"], ["update", "--check"]])
def test_a_folder_that_is_not_there_is_a_mistake_even_below_a_project(project: TestProject, command: list[str]) -> None:
    (project.root / "data").mkdir()
    for arguments in (["-C", "dat", *command], [*command, "-C", "dat"]):
        project.run(*arguments).refused("no such folder: dat", "did you mean 'data'?")


def test_no_arguments_is_help_and_a_mistake(project: TestProject) -> None:
    project.run().refused("Usage: headgate")


def test_a_terminal_without_the_characters_of_a_path_gets_escapes(headgate_project: ProjectMaker) -> None:
    folder = headgate_project.folder("café")
    outcome = folder.run_process("cloud", "status", env={"PYTHONIOENCODING": "ascii"}).ok()
    assert r"caf\xe9/.headgate" in outcome.stdout


def test_version(project: TestProject) -> None:
    assert project.run("--version").ok().stdout.startswith("headgate, version ")


def test_an_unreadable_file_leaves_help_working(headgate_project: ProjectMaker) -> None:
    headgate_project.distribution("dist-bad", BROKEN, plugins={"bad": "bad"})
    project = headgate_project({"headgate.yaml": b"name: \xff\n"})
    outcome = project.run("--help").ok()
    assert "headgate.yaml:1: byte 0xff is not UTF-8; until that is mended no plugin is loaded" in outcome.stderr
    assert "no_such_module" not in outcome.stderr


def test_a_file_with_several_things_wrong_leaves_help_working_too(headgate_project: ProjectMaker) -> None:
    project = headgate_project({"headgate.yaml": "a: 1\na: 2\na: 3\n"})
    told = "2 problems in headgate.yaml; until that is mended no plugin is loaded"
    for arguments in (["--help"], ["plugins", "list"], ["schema"]):
        assert project.run(*arguments).ok().stderr == f"warning: {told}\n"


def test_project_may_be_given_before_or_after_the_command(project: TestProject, headgate_project: ProjectMaker) -> None:
    elsewhere = headgate_project.folder()
    for arguments in (("-C", str(project.root), "validate"), ("validate", "--project", str(project.root))):
        assert "'test' is valid" in elsewhere.run(*arguments).ok().stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(project: TestProject, shell: str) -> None:
    assert "_HEADGATE_COMPLETE" in project.run("completion", shell).ok().stdout


def test_completion_offers_commands_of_plugins_without_importing_them(project: TestProject) -> None:
    variables = {"_HEADGATE_COMPLETE": "bash_complete", "COMP_WORDS": "headgate g", "COMP_CWORD": "1"}
    assert project.run(env=variables).stdout.splitlines() == ["plain,greet", "plain,gone"]
    options = {"_HEADGATE_COMPLETE": "bash_complete", "COMP_WORDS": "headgate --pro", "COMP_CWORD": "1"}
    assert project.run(env=options).stdout.splitlines() == ["plain,--project"]


def test_a_broken_pipe_ends_quietly(project: TestProject) -> None:
    command = f"{sys.executable} -m headgate.cli schema | head -c 1 > /dev/null; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], cwd=project.root, capture_output=True, text=True, check=True)
    assert "Traceback" not in done.stderr
    assert done.stderr.count("error") == 0
    assert done.stdout.strip() in {"0", "1"}  # 0 when all of it fitted into the pipe


def test_secrets_in_variables_never_reach_the_screen(headgate_project: ProjectMaker, tmp_path: Path) -> None:
    project = headgate_project({"headgate.yaml": "name: supersecret9\nname: supersecret9\nx supersecret9\n"})
    for arguments in (("validate",), ("validate", "--output", "json")):
        outcome = project.run(*arguments, "--set", "a.supersecret9=[", env={"API_TOKEN": "supersecret9"})
        assert "supersecret9" not in outcome.stdout + outcome.stderr
        assert outcome.exit_code == 2
