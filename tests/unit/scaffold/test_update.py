from __future__ import annotations

import json
import os
import subprocess

import pytest

from headgate.actions import trees
from headgate.cli.main import run

pytestmark = pytest.mark.slow


def files(folder):
    """Everything in a project but git's files."""
    return {str(path): entry.data for path, entry in trees.read_tree(folder).items()}


def renumber(template, old, new):
    template.put("notes.txt.jinja", template.read("notes.txt.jinja").replace(old, new))


def test_a_project_whose_template_has_not_changed_is_up_to_date(project, capsys):
    before = files(project)
    assert run(["update", "--check"]) == 0
    assert run(["update"]) == 0
    assert "up to date" in capsys.readouterr().out
    assert files(project) == before


def test_what_only_the_template_changed_is_taken(project, template):
    renumber(template, "line 2", "line two")
    template.put("new/file.txt", "new\n")
    template.remove("picture.bin")
    assert run(["update"]) == 0
    assert "line two" in (project / "notes.txt").read_text()
    assert (project / "new/file.txt").read_text() == "new\n"
    assert not (project / "picture.bin").exists()


def test_what_only_the_project_changed_stays(project, template, commit):
    (project / "steps/run.py").write_text("print('mine')\n")
    (project / "picture.bin").unlink()
    commit()
    renumber(template, "line 2", "line two")
    assert run(["update"]) == 0
    assert (project / "steps/run.py").read_text() == "print('mine')\n"
    assert not (project / "picture.bin").exists()


def test_changes_in_different_places_of_a_file_are_both_kept(project, template, commit):
    (project / "notes.txt").write_text((project / "notes.txt").read_text().replace("line 9", "line nine, mine"))
    commit()
    renumber(template, "line 2", "line two")
    assert run(["update"]) == 0
    text = (project / "notes.txt").read_text()
    assert "line two" in text
    assert "line nine, mine" in text
    assert "colour red" in text


def test_a_conflict_leaves_markers_is_named_and_exits_with_1(project, template, commit, capsys):
    (project / "notes.txt").write_text((project / "notes.txt").read_text().replace("line 2", "line 2, mine"))
    commit()
    renumber(template, "line 2", "line two")
    assert run(["update"]) == 1
    text = (project / "notes.txt").read_text()
    assert "<<<<<<< this project\nline 2, mine\n=======\nline two\n>>>>>>> template, now\n" in text
    assert "notes.txt: changed here and in the template in 1 place" in capsys.readouterr().out


def test_conflicts_that_nobody_has_resolved_keep_the_project_from_being_up_to_date(project, template, commit, capsys):
    (project / "notes.txt").write_text((project / "notes.txt").read_text().replace("line 2", "line 2, mine"))
    (project / "picture.bin").write_bytes(b"\x00mine")
    commit()
    renumber(template, "line 2", "line two")
    template.put("picture.bin", b"\x00\x01new")
    assert run(["update"]) == 1
    commit()
    before = files(project)
    capsys.readouterr()
    assert run(["update", "--check"]) == 1
    said = capsys.readouterr().out
    assert "2 conflicts of an earlier update:" in said
    assert "notes.txt: line 2 has the marker of a conflict" in said
    assert "picture.bin.headgate-new is there still" in said
    renumber(template, "line 8", "line eight")
    assert run(["update"]) == 1
    assert files(project) == before
    capsys.readouterr()
    assert run(["update", "--check", "--output", "json"]) == 1
    assert [each["path"] for each in json.loads(capsys.readouterr().out)["conflicts"]] == ["notes.txt", "picture.bin"]


def test_after_a_conflict_is_resolved_the_project_is_up_to_date(project, template, commit):
    (project / "notes.txt").write_text("all mine\n")
    commit()
    renumber(template, "line 2", "line two")
    run(["update"])
    (project / "notes.txt").write_text("resolved\n")
    commit()
    assert run(["update", "--check"]) == 0
    assert (project / "notes.txt").read_text() == "resolved\n"


def test_check_says_what_would_happen_and_changes_nothing(project, template, commit, capsys):
    (project / "notes.txt").write_text((project / "notes.txt").read_text().replace("line 2", "line 2, mine"))
    commit()
    renumber(template, "line 2", "line two")
    template.put("new.txt", "")
    before = files(project)
    assert run(["update", "--check"]) == 1
    said = capsys.readouterr().out
    assert files(project) == before
    assert "add      new.txt" in said
    assert "1 conflict to be expected:\n  notes.txt: " in said


def test_check_as_json(project, template, capsys):
    template.put("new.txt", "")
    assert run(["update", "--check", "--output", "json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert (said["up_to_date"], said["applied"], said["added"], said["conflicts"]) == (False, False, ["new.txt"], [])


def test_a_file_deleted_here_that_the_template_changed_is_a_conflict(project, template, commit, capsys):
    (project / "notes.txt").unlink()
    commit()
    renumber(template, "line 2", "line two")
    assert run(["update"]) == 1
    assert not (project / "notes.txt").exists()
    assert "line two" in (project / "notes.txt.headgate-new").read_text()
    assert "it was deleted here, but the template changed it" in capsys.readouterr().out


def test_a_file_changed_here_that_the_template_deleted_is_kept_and_named(project, template, commit, capsys):
    (project / "steps/run.py").write_text("print('mine')\n")
    commit()
    template.remove("steps/run.py")
    assert run(["update"]) == 1
    assert (project / "steps/run.py").read_text() == "print('mine')\n"
    assert "steps/run.py: the template no longer has it, but it was changed here: kept" in capsys.readouterr().out


def test_a_folder_that_becomes_empty_goes(project, template):
    template.remove("steps/run.py")
    assert run(["update"]) == 0
    assert not (project / "steps").exists()


def test_a_binary_file_changed_on_both_sides_is_put_beside(project, template, commit, capsys):
    (project / "picture.bin").write_bytes(b"\x00mine")
    commit()
    template.put("picture.bin", b"\x00theirs")
    assert run(["update"]) == 1
    assert (project / "picture.bin").read_bytes() == b"\x00mine"
    assert (project / "picture.bin.headgate-new").read_bytes() == b"\x00theirs"
    assert "it is not text" in capsys.readouterr().out


def test_both_sides_adding_the_same_file_is_no_conflict(project, template, commit):
    (project / "extra.txt").write_text("same\n")
    commit()
    template.put("extra.txt", "same\n")
    assert run(["update"]) == 0


def test_both_sides_adding_a_file_otherwise_is_a_conflict(project, template, commit):
    (project / "extra.txt").write_text("mine\n")
    commit()
    template.put("extra.txt", "theirs\n")
    assert run(["update"]) == 1
    text = (project / "extra.txt").read_text()
    assert "mine" in text
    assert "theirs" in text


def test_a_file_that_the_template_renamed_keeps_what_was_changed_here(project, template, commit, capsys):
    (project / "notes.txt").write_text((project / "notes.txt").read_text().replace("line 9", "line nine, mine"))
    commit()
    text = template.read("notes.txt.jinja").replace("line 2", "line two")
    template.remove("notes.txt.jinja")
    template.put("docs/notes.md.jinja", text)
    assert run(["update"]) == 0
    assert not (project / "notes.txt").exists()
    merged = (project / "docs/notes.md").read_text()
    assert "line two" in merged
    assert "line nine, mine" in merged
    assert "rename   notes.txt -> docs/notes.md" in capsys.readouterr().out


def test_a_file_deleted_here_does_not_come_back_renamed(project, template, commit):
    (project / "notes.txt").unlink()
    commit()
    text = template.read("notes.txt.jinja")
    template.remove("notes.txt.jinja")
    template.put("docs/notes.md.jinja", text)
    assert run(["update"]) == 0
    assert not (project / "docs").exists()


def test_a_file_that_becomes_executable(project, template):
    (template.folder / "project/steps/run.py").chmod(0o755)
    assert run(["update"]) == 0
    assert os.access(project / "steps/run.py", os.X_OK)


def test_changes_that_are_not_committed_are_refused_and_named(project, template, capsys):
    (project / "steps/run.py").write_text("print('mine')\n")
    renumber(template, "line 2", "line two")
    before = files(project)
    assert run(["update"]) == 2
    error = capsys.readouterr().err
    assert "steps/run.py" in error
    assert "a clean work tree, or --force" in error
    assert files(project) == before
    assert run(["update", "--force"]) == 0
    assert "line two" in (project / "notes.txt").read_text()


def test_a_project_that_git_does_not_know_is_refused(template, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    run(["new", "house-prices", "-t", "template", "--yes", "--no-git"])
    monkeypatch.chdir(tmp_path / "house-prices")
    template.put("new.txt", "")
    assert run(["update"]) == 2
    assert "could not be undone" in capsys.readouterr().err
    assert run(["update", "--force"]) == 0


def test_check_does_not_mind_changes_that_are_not_committed(project):
    (project / "steps/run.py").write_text("print('mine')\n")
    assert run(["update", "--check"]) == 0


def test_a_new_answer_is_merged_and_recorded(project, template, capsys):
    assert run(["update", "--data", "colour=green"]) == 0
    assert (project / "notes.txt").read_text().endswith("colour green\n")
    assert "colour: green" in (project / ".headgate-template/answers.yml").read_text()
    assert run(["update", "--check"]) == 0


def test_a_new_question_gets_its_default_and_a_question_that_is_gone_is_forgotten(project, template):
    config = (template.folder / "copier.yml").read_text()
    head, _, _ = config.partition("colour:")
    template.put("copier.yml", head + "shape: {type: str, default: round}\n", at_top=True)
    template.put("notes.txt.jinja", "shape {{ shape }}\n")
    assert run(["update"]) == 0
    answers = (project / ".headgate-template/answers.yml").read_text()
    assert "shape: round" in answers
    assert "colour" not in answers


def test_a_recorded_answer_that_no_longer_will_do_is_named(project, template, capsys):
    config = (template.folder / "copier.yml").read_text()
    template.put("copier.yml", config.replace("'grey'", "'red'"), at_top=True)
    before = files(project)
    assert run(["update"]) == 2
    assert "the answer to 'colour' will not do" in capsys.readouterr().err
    assert files(project) == before
    assert run(["update", "--data", "colour=blue"]) == 0


def test_a_template_that_is_gone_is_named_and_can_be_replaced(project, template, tmp_path, capsys):
    template.folder.rename(tmp_path / "moved")
    assert run(["update"]) == 2
    assert str(template.folder) in capsys.readouterr().err
    assert run(["update", "--template", "../moved"]) == 0


def test_a_relative_template_is_found_from_any_folder(template, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run(["new", "house-prices", "-t", "template", "--yes"])
    template.put("new.txt", "")
    monkeypatch.chdir(tmp_path / "house-prices" / "steps")
    assert run(["update", "--check"]) == 1
    monkeypatch.chdir("/")
    assert run(["update", "--check", "-C", str(tmp_path / "house-prices")]) == 1


def test_a_clone_can_update_without_the_old_template(project, template, tmp_path, monkeypatch):
    renumber(template, "line 2", "line two")
    subprocess.run(["git", "clone", "-q", str(project), str(tmp_path / "clone")], check=True)
    monkeypatch.chdir(tmp_path / "clone")
    assert run(["update"]) == 0
    assert "line two" in (tmp_path / "clone/notes.txt").read_text()


def test_a_write_that_fails_leaves_everything_as_it_was(project, template, capsys, monkeypatch):
    renumber(template, "line 2", "line two")
    template.put("a/new.txt", "")
    template.remove("picture.bin")
    before = files(project)
    writing = trees.write_entry

    def fail_at_the_record(path, entry):
        if path.name == "base.tar.xz" and entry.data != before[".headgate-template/base.tar.xz"]:
            raise OSError(28, "No space left on device", str(path))
        writing(path, entry)

    monkeypatch.setattr(trees, "write_entry", fail_at_the_record)
    assert run(["update"]) == 1
    assert "nothing was changed: No space left on device" in capsys.readouterr().err
    assert files(project) == before
    assert not (project / "a").exists()


@pytest.mark.parametrize(
    ("path", "data"),
    [
        (".headgate-template/base.tar.xz", b"rubbish"),
        (".headgate-template/answers.yml", b"answers: ["),
        (".headgate-template/answers.yml", b"just text"),
    ],
)
def test_a_damaged_record_is_one_screen(project, capsys, path, data):
    (project / path).write_bytes(data)
    assert run(["update", "--check"]) == 2
    error = capsys.readouterr().err
    assert "is damaged" in error
    assert path in error


def test_a_missing_base_is_one_screen(project, capsys):
    (project / ".headgate-template/base.tar.xz").unlink()
    assert run(["update", "--check"]) == 2
    assert "is damaged: FileNotFoundError" in capsys.readouterr().err


def test_a_folder_that_was_not_scaffolded_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(["update", "--check"]) == 2
    assert "not a project that was scaffolded from a template" in capsys.readouterr().err


def test_git_variables_of_a_hook_do_not_mislead(project, template, monkeypatch, tmp_path):
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    renumber(template, "line 2", "line two")
    assert run(["update"]) == 0


def test_without_git_it_says_so(project, template, monkeypatch, capsys):
    monkeypatch.setenv("PATH", "")
    assert run(["update"]) == 2
    assert "updating needs git" in capsys.readouterr().err
