"""Git's facts about a project."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from headgate.actions.git import GitFacts, read_git, without_credentials


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.invalid"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "file").write_text("1")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "one")
    return tmp_path


def test_a_clean_tree_has_its_commit_and_is_not_dirty(repository: Path) -> None:
    facts = read_git(repository)
    assert len(facts.commit) == 40
    assert not facts.dirty
    assert facts.repository == "unknown"


def test_an_untracked_file_makes_the_tree_dirty(repository: Path) -> None:
    (repository / "new").write_text("2")
    assert read_git(repository).parameters()["GitDirty"] == "true"


def test_changes_outside_the_project_leave_it_clean(repository: Path) -> None:
    project = repository / "project"
    project.mkdir()
    (repository / "file").write_text("changed")
    assert not read_git(project).dirty


def test_a_folder_in_no_repository_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    facts = read_git(tmp_path)
    assert facts == GitFacts()
    assert set(facts.parameters().values()) == {"unknown"}, "nobody can say that it is clean"


def test_a_remote_reaches_the_parameters_in_the_alphabet_of_properties() -> None:
    assert GitFacts(repository="https://x/~me/p").parameters()["GitRepository"] == "https://x/@7Eme/p"
    assert GitFacts(repository="git@x:p.git").parameters()["GitRepository"] == "git@x:p.git"


def test_the_remote_is_recorded_without_its_password(repository: Path) -> None:
    git(repository, "remote", "add", "origin", "https://me:secret@example.invalid/team/project.git")
    assert read_git(repository).repository == "https://example.invalid/team/project.git"


@pytest.mark.parametrize(
    "remote", ["git@example.invalid:team/project.git", "/srv/git/project", "https://example.invalid/p"]
)
def test_an_address_without_credentials_stays_as_it_is(remote: str) -> None:
    assert without_credentials(remote) == remote
