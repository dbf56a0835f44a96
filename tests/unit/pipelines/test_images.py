from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from headgate.errors import UserError
from headgate.pipelines import images
from headgate.pipelines.images import UnknownImageError, image_uri

REGISTRIES = {"us-east-1": "111", "cn-north-1": "222"}


@pytest.fixture
def data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """The folder of an SDK that has only the files a test writes."""
    folder = tmp_path / "core" / "image_uri_config"
    folder.mkdir(parents=True)
    monkeypatch.setattr(images, "find_spec", lambda _: SimpleNamespace(submodule_search_locations=[str(tmp_path)]))
    images._folder.cache_clear()
    images._config.cache_clear()
    yield folder
    images._folder.cache_clear()
    images._config.cache_clear()


def write(folder: Path, name: str, content: dict[str, Any]) -> None:
    (folder / f"{name}.json").write_text(json.dumps(content))


def version(**members: Any) -> dict[str, Any]:
    return {"registries": REGISTRIES, "repository": "repo", **members}


def test_tag_is_version_processor_and_python(data: Path) -> None:
    write(
        data,
        "fw",
        {"processors": ["cpu", "gpu"], "scope": ["training"], "versions": {"1.0": version(py_versions=["py3"])}},
    )
    assert (
        image_uri("fw", "us-east-1", instance_type="ml.p3.2xlarge")
        == "111.dkr.ecr.us-east-1.amazonaws.com/repo:1.0-gpu-py3"
    )
    assert (
        image_uri("fw", "cn-north-1", instance_type="ml.m5.large")
        == "222.dkr.ecr.cn-north-1.amazonaws.com.cn/repo:1.0-cpu-py3"
    )


def test_newest_version_is_taken_by_number_and_aliases_lead_to_their_version(data: Path) -> None:
    write(
        data,
        "fw",
        {"versions": {"1.9": version(), "1.10": version()}, "version_aliases": {"1": "1.9"}, "scope": ["training"]},
    )
    assert image_uri("fw", "us-east-1").endswith("repo:1.10")
    assert image_uri("fw", "us-east-1", version="1").endswith("repo:1")


def test_images_that_differ_by_use_need_a_scope(data: Path) -> None:
    write(data, "fw", {use: {"versions": {"1": version(tag_prefix=use)}} for use in ("training", "inference")})
    assert image_uri("fw", "us-east-1", scope="inference").endswith("repo:inference")
    with pytest.raises(UnknownImageError, match="differ by scope") as caught:
        image_uri("fw", "us-east-1")
    assert caught.value.expected == "training, inference"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"framework": "fv"}, "no image is known for 'fv'"),
        ({"version": "3"}, "images of fw have no version '3'"),
        ({"region": "mars-1"}, "images of fw have no region 'mars-1'"),
        ({"instance_type": "large"}, "'large' is no instance type"),
        ({"instance_type": "ml.inf1.large"}, "images of fw have no processor 'inf'"),
        ({"instance_type": None}, "differ by processor"),
        ({"scope": "serving"}, "images of fw have no scope 'serving'"),
        ({"py_version": "py2"}, "images of fw have no Python version 'py2'"),
        ({"framework": "special", "py_version": None}, "follow rules of their own"),
        ({"framework": "xgboost", "instance_type": "ml.c7g.large"}, "for Graviton"),
    ],
)  # fmt: skip
def test_what_there_is_not_is_refused_with_what_there_is(data: Path, arguments: dict[str, Any], said: str) -> None:
    versions = {number: version(py_versions=["py3", "py310"]) for number in ("1", "2")}
    write(data, "fw", {"processors": ["cpu", "gpu"], "scope": ["training", "inference"], "versions": versions})
    write(data, "special", {"inference": {"versions": {"1": {"pytorch1.9": {}}}}})
    given = {
        "framework": "fw",
        "region": "us-east-1",
        "version": "1",
        "instance_type": "ml.m5.large",
        "py_version": "py3",
    }
    with pytest.raises(UnknownImageError, match=said):
        image_uri(**(given | arguments))


def test_family_that_has_an_image_of_its_own_and_suffix_of_the_processor(data: Path) -> None:
    entry = version(container_version={"c5": "c5-v1"}, processor_in_tag=False)
    write(data, "fw", {"processors": ["c5"], "versions": {"1": entry}})
    assert image_uri("fw", "us-east-1", instance_type="ml.c5.large").endswith("repo:1-c5-v1")
    assert image_uri("fw", "us-east-1").endswith("repo:1-c5-v1")


def test_image_without_a_tag(data: Path) -> None:
    write(data, "fw", {"versions": {"": version(tag_prefix="")}, "scope": ["monitoring"]})
    assert image_uri("fw", "us-east-1").endswith("/repo")


def test_without_the_sdk_the_error_says_what_to_install(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "find_spec", lambda _: None)
    with pytest.raises(UserError, match="it is not installed") as caught:
        image_uri("xgboost", "us-east-1")
    assert caught.value.next_command == "pip install 'headgate[sdk]'"
