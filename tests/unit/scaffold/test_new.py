from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import yaml

from headgate.actions import scaffold as scaffolding
from headgate.cli.main import run


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def left_over(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != "template")


def test_a_project_is_rendered_with_its_name_and_answers(template, here, capsys):
    assert run(["new", "house-prices", "-t", "template", "--yes", "--data", "colour=blue"]) == 0
    assert (here / "house-prices/headgate.yaml").read_text() == "name: house-prices\n"
    assert (here / "house-prices/notes.txt").read_text().endswith("colour blue\n")
    assert "cd house-prices && headgate run" in capsys.readouterr().out


def test_a_path_with_turns_in_it_makes_only_the_project(template, here, capsys):
    assert run(["new", "away/../my folder/house-prices", "-t", "template", "--yes", "--no-git"]) == 0
    assert left_over(here) == ["my folder"]
    assert "cd 'my folder/house-prices' && headgate run" in capsys.readouterr().out


def test_the_template_is_recorded_so_that_it_is_found_from_the_project(template, here):
    run(["new", "somewhere/else/house-prices", "-t", "template", "--yes"])
    record = yaml.safe_load((here / "somewhere/else/house-prices/.headgate-template/answers.yml").read_text())
    assert record["template"] == "../../../template"
    assert record["answers"] == {"project_name": "house-prices", "colour": "red"}


def test_an_absolute_path_is_recorded_as_it_is(template, here):
    run(["new", "house-prices", "-t", str(template.folder), "--yes"])
    record = yaml.safe_load((here / "house-prices/.headgate-template/answers.yml").read_text())
    assert record["template"] == str(template.folder)


def test_the_same_project_has_the_same_bytes(template, here):
    for folder in ("a", "b"):
        run(["new", f"{folder}/house-prices", "-t", str(template.folder), "--yes"])
    first, second = (here / each / "house-prices/.headgate-template/base.tar.xz" for each in "ab")
    assert first.read_bytes() == second.read_bytes()


def test_it_begins_as_a_repository_with_everything_committed(template, here):
    run(["new", "house-prices", "-t", "template", "--yes"])
    status = subprocess.run(["git", "status", "--porcelain"], cwd="house-prices", capture_output=True, check=True)
    log = subprocess.run(["git", "log", "--format=%an %s"], cwd="house-prices", capture_output=True, check=True)
    assert status.stdout == b""
    assert log.stdout == b"somebody Scaffold from template template\n"


def test_whoever_git_does_not_know_is_told_who_committed(template, here, capsys, monkeypatch):
    for name in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"):
        monkeypatch.delenv(name)
    run(["new", "house-prices", "-t", "template", "--yes"])
    log = subprocess.run(["git", "log", "--format=%an"], cwd="house-prices", capture_output=True, check=True)
    assert log.stdout == b"headgate\n"
    assert "by 'headgate': git does not know your user.email" in capsys.readouterr().out


def test_inside_of_a_repository_no_other_is_made(template, here, capsys):
    subprocess.run(["git", "init", "-q"], check=True)
    run(["new", "house-prices", "-t", "template", "--yes"])
    assert not (here / "house-prices/.git").exists()
    assert "inside of a repository already" in capsys.readouterr().out


def test_without_git_the_project_is_made_all_the_same(template, here, capsys, monkeypatch):
    monkeypatch.setattr(scaffolding.shutil, "which", lambda _: None)
    assert run(["new", "house-prices", "-t", "template", "--yes"]) == 0
    assert "git is not installed" in capsys.readouterr().out


def test_a_commit_that_a_hook_refuses_leaves_the_project(template, here, capsys, monkeypatch):
    hooks = here / "hooks"
    hooks.mkdir()
    (hooks / "pre-commit").write_text("#!/bin/sh\necho not today >&2\nexit 1\n")
    (hooks / "pre-commit").chmod(0o755)
    config = here / "gitconfig"
    config.write_text(f"[core]\nhooksPath = {hooks}\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    assert run(["new", "house-prices", "-t", "template", "--yes"]) == 0
    assert (here / "house-prices/headgate.yaml").exists()
    assert "not committed: git said not today" in capsys.readouterr().out


def test_no_git_means_no_git(template, here):
    run(["new", "house-prices", "-t", "template", "--yes", "--no-git"])
    assert not (here / "house-prices/.git").exists()


def test_json_says_what_was_made(template, here, capsys):
    run(["new", "house-prices", "-t", "template", "--yes", "--output", "json"])
    said = json.loads(capsys.readouterr().out)
    assert said["folder"] == str(here / "house-prices")
    assert said["answers"]["colour"] == "red"


@pytest.mark.parametrize("name", ["House", "1st", "a--b", "a_b", "x" * 33, "-"])
def test_a_bad_name_is_refused_with_a_better_one(template, here, capsys, name):
    assert run(["new", "-t", "template", "--yes", "--", name]) == 2
    assert "cannot be a project's name" in capsys.readouterr().err
    assert left_over(here) == []


def test_a_better_name_is_suggested(template, here, capsys):
    run(["new", "House_Prices", "-t", "template", "--yes"])
    assert "headgate new house-prices" in capsys.readouterr().err


def test_a_folder_with_something_in_it_is_left_alone(template, here, capsys):
    (here / "house-prices").mkdir()
    (here / "house-prices/thesis.txt").write_text("years of work")
    assert run(["new", "house-prices", "-t", "template", "--yes"]) == 2
    assert left_over(here / "house-prices") == ["thesis.txt"]
    assert "the folder is not empty" in capsys.readouterr().err


def test_an_empty_folder_will_do(template, here):
    (here / "house-prices").mkdir()
    assert run(["new", "house-prices", "-t", "template", "--yes"]) == 0


def test_a_file_of_that_name_is_left_alone(template, here, capsys):
    (here / "house-prices").write_text("mine")
    assert run(["new", "house-prices", "-t", "template", "--yes"]) == 2
    assert (here / "house-prices").read_text() == "mine"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("colour=grey", "the answer to 'colour' will not do: not that one"),
        ("color=red", "has no question 'color'"),
        ("colour", "'colour' is not NAME=VALUE"),
    ],
)
def test_an_answer_that_will_not_do_is_one_screen_and_nothing_is_made(template, here, capsys, data, message):
    assert run(["new", "house-prices", "-t", "template", "--yes", "--data", data]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error
    assert left_over(here) == []


def test_an_unknown_answer_is_met_with_the_nearest_question(template, capsys):
    run(["new", "house-prices", "-t", "template", "--yes", "--data", "color=red"])
    assert "did you mean 'colour'?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("path", "text", "message"),
    [
        ("copier.yml", "colour: [", "template 'template' is wrong"),
        ("copier.yml", "_tasks: ['touch /tmp/x']\nproject_name: {type: str}\n", "wants to run code of its own"),
        ("copier.yml", "project_name: {type: str}\nsize: {type: int}\n", "needs an answer to 'size'"),
        ("project/bad.txt.jinja", "{{ colour", "template 'template' is wrong: TemplateSyntaxError"),
        ("project/.headgate-template/x", "", ".headgate-template/ is where projects keep their record"),
    ],
)
def test_a_template_that_is_wrong_is_one_screen_and_nothing_is_made(template, here, capsys, path, text, message):
    template.put(path, text, at_top=True)
    assert run(["new", "house-prices", "-t", "template", "--yes"]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error
    assert left_over(here) == []


def test_a_trusted_template_may_run_code(template, here):
    template.put("copier.yml", "_tasks: ['echo made > made.txt']\nproject_name: {type: str}\n", at_top=True)
    assert run(["new", "house-prices", "-t", "template", "--yes", "--trust"]) == 0
    assert (here / "house-prices/made.txt").read_text() == "made\n"


def test_a_template_in_git_is_taken_at_its_newest_tag(template, here):
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "one"], ["tag", "v1.2.0"]):
        subprocess.run(["git", *command], cwd=template.folder, check=True)
    template.put("later.txt", "not released")
    for command in (["add", "-A"], ["commit", "-q", "-m", "two"]):
        subprocess.run(["git", *command], cwd=template.folder, check=True)
    url = template.folder.as_uri()
    assert run(["new", "house-prices", "-t", f"git+{url}", "--yes"]) == 0
    record = yaml.safe_load((here / "house-prices/.headgate-template/answers.yml").read_text())
    assert (record["template"], record["version"]) == (f"git+{url}", "v1.2.0")
    assert not (here / "house-prices/later.txt").exists()


def test_a_git_template_that_cannot_be_fetched_is_one_screen(here, capsys):
    assert run(["new", "house-prices", "-t", f"git+file://{here}/nothing", "--yes"]) == 2
    assert "cannot be fetched" in capsys.readouterr().err
    assert left_over(here) == []


def test_an_unknown_template_is_met_with_those_there_are(here, capsys):
    assert run(["new", "house-prices", "-t", "tabula", "--yes"]) == 2
    error = capsys.readouterr().err
    assert "there is no template 'tabula'" in error
    assert "did you mean 'tabular'?" in error


def test_a_folder_without_a_template_in_it_is_refused(here, capsys):
    (here / "empty").mkdir()
    assert run(["new", "house-prices", "-t", "./empty", "--yes"]) == 2
    assert "there is no copier.yml in it" in capsys.readouterr().err


def test_a_disk_that_is_full_leaves_nothing(template, here, capsys, monkeypatch):
    def full(folder, tree):
        (folder / "half.txt").write_text("half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(scaffolding, "write_tree", full)
    assert run(["new", "deep/house-prices", "-t", "template", "--yes"]) == 1
    assert "No space left on device" in capsys.readouterr().err
    assert left_over(here) == []


def test_questions_are_asked_on_a_terminal(template, here):
    master, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "headgate.cli", "new", "house-prices", "-t", "template"],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env={**os.environ, "TERM": "xterm"},
    )
    os.close(terminal)
    seen = bytearray()

    def read() -> None:
        answered = False
        while True:
            try:
                chunk = os.read(master, 4096)
            except OSError:
                return
            if not chunk:
                return
            seen.extend(chunk)
            if b"\x1b[6n" in chunk:  # the prompt asks where the cursor is
                os.write(master, b"\x1b[1;1R")
            if b"colour" in seen and not answered:
                answered = True
                os.write(master, b"\x7f\x7f\x7fgreen\r")

    reader = threading.Thread(target=read)
    reader.start()
    assert process.wait(60) == 0, seen.decode(errors="replace")
    reader.join(10)
    os.close(master)
    assert (here / "house-prices/notes.txt").read_text().endswith("colour green\n")
