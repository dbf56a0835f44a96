"""landing.yaml: the vended accounts of a project, under what its headgate.yaml says."""

from __future__ import annotations

from pathlib import Path

import pytest

from headgate.plugins.session import open_project
from headgate.spec import LandingPlace, SpecError

LANDING = """
environments:
  dev:
    team: churn
    account: "333344445555"
    landing: {environment: dev, tooling: "222233334444", identity: "111122223333"}
"""


def project(folder: Path, text: str, landing: str = LANDING) -> Path:
    (folder / "headgate.yaml").write_text(text)
    (folder / "landing.yaml").write_text(landing)
    return folder


def test_an_environment_lands_where_landing_yaml_says(tmp_path: Path) -> None:
    found = open_project(project(tmp_path, "name: diabetes\nteam: science\n"), "dev").project
    assert (found.team, found.account) == ("churn", "333344445555")
    assert found.landing == LandingPlace("dev", "222233334444", "111122223333")


def test_without_an_environment_nothing_lands(tmp_path: Path) -> None:
    found = open_project(project(tmp_path, "name: diabetes\nteam: science\n")).project
    assert (found.team, found.landing) == ("science", None)


def test_what_headgate_yaml_says_itself_wins(tmp_path: Path) -> None:
    text = "name: diabetes\nenvironments:\n  dev: {team: other}\n  quick: {description: fast}\n"
    root = project(tmp_path, text)
    assert open_project(root, "dev").project.team == "other"
    assert open_project(root, "dev").project.account == "333344445555"
    assert open_project(root, "quick").project.description == "fast"


def test_a_mistake_in_it_is_told_with_its_own_name_and_line(tmp_path: Path) -> None:
    landing = 'environments:\n  dev:\n    landing: {environment: development, tooling: "222233334444"}\n'
    with pytest.raises(SpecError) as raised:
        open_project(project(tmp_path, "name: diabetes\n", landing), "dev")
    assert "landing.yaml:3" in str(raised.value.problems[0])
    assert "experimentation, dev, preprod, prod" in str(raised.value.problems[0])
