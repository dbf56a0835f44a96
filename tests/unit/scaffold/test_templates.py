from __future__ import annotations

from pathlib import Path

import pytest

import headgate
from headgate.actions import templates
from headgate.errors import UserError
from headgate.plugins.contributions import TemplateSpec


@pytest.fixture
def offered(tmp_path):
    folder = tmp_path / "of-a-plugin"
    folder.mkdir()
    (folder / "copier.yml").write_text("")
    return [TemplateSpec("vision", folder, "Images", plugin="pictures"), TemplateSpec("tabular", folder, "no", "rude")]


def find(asked, offered, folder):
    return templates.find_template(asked, offered, relative_to=folder, project=folder / "project")


def test_headgate_s_own_are_found_by_name_and_described(tmp_path):
    known = templates.known_templates([])
    assert known["tabular"].description.startswith("A project that trains a model on rows of a table")
    assert (Path(find("tabular", [], tmp_path).location) / "copier.yml").is_file()


def test_a_plugin_s_is_found_by_name(offered, tmp_path):
    found = find("vision", offered, tmp_path)
    assert (found.source, found.location) == ("vision", str(tmp_path / "of-a-plugin"))
    assert templates.known_templates(offered)["vision"].description == "Images [pictures]"


def test_a_plugin_cannot_take_a_name_of_headgate_s(offered, tmp_path):
    assert find("tabular", offered, tmp_path).location != str(tmp_path / "of-a-plugin")


def test_an_installed_headgate_has_its_templates_beside_it(tmp_path, monkeypatch):
    package = tmp_path / "site-packages/headgate/__init__.py"
    (tmp_path / "site-packages/headgate_templates/tabular").mkdir(parents=True)
    (tmp_path / "site-packages/headgate_templates/tabular/copier.yml").write_text("")
    monkeypatch.setattr(headgate, "__file__", str(package))
    assert list(templates.known_templates([])) == ["tabular"]


def test_a_path_is_recorded_as_seen_from_the_project(offered, tmp_path):
    assert find("of-a-plugin", offered, tmp_path).source == "../of-a-plugin"
    assert find(str(tmp_path / "of-a-plugin"), offered, tmp_path).source == str(tmp_path / "of-a-plugin")


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("https://example.org/t", "git+https://example.org/t"),
        ("file:///x/t", "git+file:///x/t"),
        ("git@example.org:a/t", "git@example.org:a/t"),
        ("gh:a/t", "gh:a/t"),
        ("git+file:///t", "git+file:///t"),
        ("a/t.git", "a/t.git"),
    ],
)
def test_a_git_url_is_left_to_copier_said_so_that_it_takes_it_for_one(url, location, tmp_path):
    found = find(url, [], tmp_path)
    assert (found.source, found.location, found.name) == (url, location, url)


def test_an_unknown_name_is_met_with_the_nearest(offered, tmp_path):
    with pytest.raises(UserError, match="there is no template 'visoin'") as raised:
        find("visoin", offered, tmp_path)
    assert raised.value.details == ("did you mean 'vision'?",)
