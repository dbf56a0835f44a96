from __future__ import annotations

import subprocess
import sys

import pytest

from headgate.testing.project import Outcome, ProjectMaker


def test_a_project_is_made_of_a_dict(headgate_project: ProjectMaker) -> None:
    project = headgate_project({"headgate.yaml": {"name": "wine"}, "a/b.txt": "text", "c.bin": b"\x00"})
    assert (project.root / "a" / "b.txt").read_text() == "text"
    assert (project.root / "c.bin").read_bytes() == b"\x00"
    assert project.run("validate").ok().stdout.startswith("headgate.yaml of 'wine' is valid")


def test_files_can_be_written_later(headgate_project: ProjectMaker) -> None:
    project = headgate_project()
    project.write({"headgate.yaml": {"nam": "wine"}})
    project.run("validate").refused("headgate.yaml:2", "did you mean 'name'?")


def test_a_folder_without_a_project(headgate_project: ProjectMaker) -> None:
    headgate_project.folder().run("validate").refused("no headgate.yaml in")


def test_a_process_of_its_own_sees_the_same(headgate_project: ProjectMaker) -> None:
    headgate_project.distribution("acme", {"acme.py": ""}, plugins={"acme": "acme"})
    project = headgate_project()
    arguments = ("plugins", "list", "--output", "json")
    inside, outside = project.run(*arguments).ok().json, project.run_process(*arguments).ok().json
    assert "acme" in [plugin["name"] for plugin in inside["plugins"]]
    assert inside == outside


def test_environment_is_given_to_the_command_and_taken_back(headgate_project: ProjectMaker) -> None:
    project = headgate_project()
    project.run("validate", env={"HEADGATE_SET__region": "nowhere"}).refused("HEADGATE_SET__region")
    project.run_process("validate", env={"HEADGATE_SET__region": "nowhere"}).refused("HEADGATE_SET__region")
    project.run("validate").ok()


def test_what_a_distribution_brought_is_forgotten(tmp_path_factory: pytest.TempPathFactory) -> None:
    before = list(sys.path)
    with ProjectMaker(tmp_path_factory.mktemp("one")) as maker:
        maker.distribution("acme", {"acme_forgotten.py": "answer = 1"}, plugins={"acme": "acme_forgotten"})
        import acme_forgotten  # type: ignore[import-not-found]

        assert acme_forgotten.answer == 1
    assert sys.path == before
    assert "acme_forgotten" not in sys.modules


def test_the_pytest_plugin_is_light() -> None:
    script = (
        "import sys, headgate.testing.fixtures; print([m for m in ('click', 'pluggy', 'yaml') if m in sys.modules])"
    )
    command = [sys.executable, "-c", f"import pytest, sys\nsys.modules.pop('pluggy', None)\n{script}"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "[]\n"


def test_assertions_show_what_was_printed() -> None:
    outcome = Outcome(("run",), 1, "some output", "some error")
    with pytest.raises(
        AssertionError, match=r"exit code 1, not 0, of `headgate run`\n(.|\n)*some output(.|\n)*some error"
    ):
        outcome.ok()
    with pytest.raises(AssertionError, match=r"\['other'\] not in the output"):
        outcome.failed("some error", "other")
    assert outcome.failed("some output") is outcome
    with pytest.raises(AssertionError, match="not 2"):
        outcome.refused()


def test_commands_that_exit_by_themselves(headgate_project: ProjectMaker) -> None:
    source = (
        "import sys, click\nfrom headgate.plugins import LazyCommand, hookimpl\n"
        "@click.command()\n@click.argument('how')\ndef command(how):\n"
        "    sys.exit({'code': 7, 'text': 'x', 'none': None}[how])\n"
        "@hookimpl\ndef headgate_commands():\n    return {'leave': LazyCommand('headgate_plugin:command', 'Leave.')}\n"
    )
    project = headgate_project({"headgate_plugin.py": source})
    assert [project.run("leave", how).exit_code for how in ("code", "text", "none")] == [7, 1, 0]
