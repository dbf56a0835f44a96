"""Which program stands in for an image."""

from __future__ import annotations

from pathlib import Path

import pytest

from headgate.localcloud.errors import AwsError
from headgate.localcloud.runtimes import RuntimeRegistry, RuntimeSpec


def spec(name, *patterns, target="unit.localcloud.jobs.any_image:AnyImage", **more):
    return RuntimeSpec(name, "a-plugin", patterns, target, **more)


def test_the_first_runtime_that_matches_wins_and_is_loaded_once():
    registry = RuntimeRegistry()
    registry.replace((spec("special", "/xgboost:1"), spec("general", "/xgboost")))
    assert registry.find("123.dkr/xgboost:1").name == "special"
    assert registry.find("123.dkr/xgboost:2").name == "general"
    assert registry.load("123.dkr/xgboost:1") is registry.load("123.dkr/xgboost:1")


def test_an_image_that_nothing_matches_names_what_there_is_and_the_way_out():
    registry = RuntimeRegistry()
    with pytest.raises(AwsError, match="known: none"):
        registry.find("nobody/knows")
    registry.replace((spec("special", "/xgboost"),))
    with pytest.raises(AwsError, match=r"known: special \(a-plugin\)\. Declare the image under `images:`"):
        registry.find("nobody/knows")


def test_a_runtime_that_fails_to_load_is_named_with_its_plugin(tmp_path):
    (tmp_path / "headgate_broken_runtime.py").write_text("raise ImportError('no wheels')")
    registry = RuntimeRegistry()
    broken = spec("broken", ".", target="headgate_broken_runtime:make", search_path=(str(tmp_path),))
    registry.replace((broken,))
    with pytest.raises(AwsError, match=r"'broken' of plugin 'a-plugin' failed to load .*no wheels"):
        registry.load("x")


def test_a_pattern_that_is_no_expression_is_named_with_its_plugin():
    registry = RuntimeRegistry()
    registry.replace((spec("odd", "("),))
    with pytest.raises(AwsError, match="'odd' of plugin 'a-plugin' has an image pattern"):
        registry.find("x")


def test_replacing_forgets_what_was_loaded():
    registry = RuntimeRegistry()
    registry.replace((spec("one", "."),))
    first = registry.load("x")
    registry.replace((spec("one", "."),))
    assert registry.load("x") is not first
    assert registry.told() == {"": (spec("one", "."),)}


def test_projects_of_one_cloud_keep_their_images_and_the_latest_is_asked_first(tmp_path):
    registry = RuntimeRegistry()
    first, second = str(tmp_path / "first"), str(tmp_path / "second")
    Path(first).mkdir()
    Path(second).mkdir()
    registry.replace((spec("offered", "."),))
    registry.replace((spec("its own", "/first"), spec("both", "/both")), first)
    registry.replace((spec("second's both", "/both"),), second)
    assert [registry.find(image).name for image in ("/first", "/both", "/any")] == [
        "its own",
        "second's both",
        "offered",
    ]
    registry.replace((spec("both", "/both"),), first)
    assert [registry.find(image).name for image in ("/first", "/both")] == ["offered", "both"]
    assert list(registry.told()) == [first, second, ""]


def test_a_project_that_is_gone_is_forgotten(tmp_path):
    registry = RuntimeRegistry()
    registry.replace((spec("one", "/one"),), str(tmp_path / "gone"))
    registry.replace((spec("two", "/two"),))
    assert list(registry.told()) == [""]


def test_modules_that_two_projects_name_alike_are_each_projects_own(tmp_path):
    registry = RuntimeRegistry()
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "headgate_same_name.py").write_text(f"make = lambda config: ['{name}']")
        runtime = spec(name, f"/{name}", target="headgate_same_name:make", search_path=(str(folder),))
        registry.replace((runtime,), str(folder))
    assert [registry.load(f"/{name}") for name in ("one", "two", "one")] == [["one"], ["two"], ["one"]]


def test_replacing_imports_the_projects_own_code_anew_with_what_it_imports(tmp_path):
    own = spec("own", ".", target="headgate_own_runtime:make", search_path=(str(tmp_path),))
    (tmp_path / "headgate_own_runtime.py").write_text(
        "from headgate_own_helper import WORD\nmake = lambda config: [WORD]"
    )
    registry = RuntimeRegistry()
    for word in ("first", "and second"):
        (tmp_path / "headgate_own_helper.py").write_text(f"WORD = '{word}'")
        registry.replace((own,))
        assert registry.load("x") == [word]


def test_specs_survive_json():
    made = spec("one", ".", search_path=("/x",), config={"a": 1})
    assert RuntimeSpec.from_json(made.as_json()) == made
