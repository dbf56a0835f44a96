from __future__ import annotations

from pathlib import Path

import pytest

from headgate.errors import UserError
from headgate.spec import SpecError, find_project, load_project
from headgate.spec.document import find, plain

TEXT = """\
name: wine
region: eu-west-1
plugins:
  training: {threshold: 1, metric: rmse}
disable: [a]
environments:
  dev:
    region: eu-central-1
    plugins: {training: {threshold: 2}}
  empty:
  wrong: [1]
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "headgate.yaml").write_text(TEXT, encoding="utf-8")
    return tmp_path


def test_project_is_found_from_a_folder_inside(root: Path) -> None:
    inside = root / "a" / "b"
    inside.mkdir(parents=True)
    assert find_project(inside) == root / "headgate.yaml"
    assert find_project(root / "headgate.yaml") == root / "headgate.yaml"
    assert load_project(inside).root == root


def test_no_project_says_where_it_looked(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"no headgate.yaml in {tmp_path}") as raised:
        load_project(tmp_path)
    assert raised.value.next_command == "headgate new NAME"


def test_no_folder_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "wine-quality").mkdir()
    with pytest.raises(UserError, match="no such folder") as raised:
        load_project(tmp_path / "wine-qualty")
    assert "wine-quality'?" in (raised.value.expected or "")
    with pytest.raises(UserError, match="no such folder"):
        load_project(tmp_path / "no" / "parent")


def test_without_environment_the_file_stands(root: Path) -> None:
    raw = load_project(root)
    assert plain(raw.node)["region"] == "eu-west-1"
    assert raw.environments == ("dev", "empty", "wrong")
    assert raw.disabled == {"a"}


def test_overlay_is_laid_over_deeply_and_keeps_its_lines(root: Path) -> None:
    raw = load_project(root, environment="dev")
    assert plain(raw.node)["plugins"] == {"training": {"threshold": 2, "metric": "rmse"}}
    assert find(raw.node, ["region"]).where.line == 8
    assert find(raw.node, ["plugins", "training", "metric"]).where.line == 4


def test_empty_overlay_changes_nothing(root: Path) -> None:
    assert plain(load_project(root, environment="empty").node)["region"] == "eu-west-1"


def test_overlay_must_be_a_mapping(root: Path) -> None:
    with pytest.raises(SpecError, match="environment 'wrong' is not a mapping"):
        load_project(root, environment="wrong")


def test_unknown_environment_names_those_there_are(root: Path) -> None:
    with pytest.raises(SpecError, match="unknown environment 'dve'") as raised:
        load_project(root, environment="dve")
    assert raised.value.expected == "dev, empty, wrong; did you mean 'dev'?"


def test_environment_of_a_file_without_any(tmp_path: Path) -> None:
    (tmp_path / "headgate.yaml").write_text("name: wine\n", encoding="utf-8")
    with pytest.raises(SpecError) as raised:
        load_project(tmp_path, environment="dev")
    assert raised.value.expected == "none: headgate.yaml has no `environments:`"


def test_set_wins_over_variable_over_overlay(root: Path) -> None:
    variables = {"HEADGATE_SET__region": "eu-north-1", "HEADGATE_SET__plugins__training__threshold": "3", "OTHER": "x"}
    raw = load_project(root, environment="dev", overrides=["plugins.training.threshold=4"], environ=variables)
    assert plain(raw.node)["region"] == "eu-north-1"
    assert plain(raw.node)["plugins"]["training"]["threshold"] == 4
    assert str(find(raw.node, ["region"]).where) == "HEADGATE_SET__region"
    assert str(find(raw.node, ["plugins", "training", "threshold"]).where) == "--set plugins.training.threshold"


@pytest.mark.parametrize(
    ("override", "value"),
    [("a=1", 1), ("a='1'", "1"), ("a=[1, {b: c}]", [1, {"b": "c"}]), ("a=", None), ("a=x=y", "x=y"), ("a=true", True)],
)
def test_set_takes_yaml_values(root: Path, override: str, value: object) -> None:
    raw = load_project(root, overrides=[override])
    assert plain(raw.node)["a"] == value
    assert str(find(raw.node, ["a", 1, "b"]).where) == "--set a"


@pytest.mark.parametrize("override", ["a", "=1", "a..b=1", ".a=1", "a=[1", "a={b: 1, b: 2}"])
def test_set_that_makes_no_sense_is_named(root: Path, override: str) -> None:
    with pytest.raises(SpecError) as raised:
        load_project(root, overrides=[override])
    assert str(raised.value.where).startswith("--set ")


def test_disable_that_is_no_list_disables_nothing(tmp_path: Path) -> None:
    (tmp_path / "headgate.yaml").write_text("disable: {a: b}\nenvironments: [1]\n", encoding="utf-8")
    raw = load_project(tmp_path)
    assert raw.disabled == frozenset()
    assert raw.environments == ()
