"""The SDK's data files are parsed once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.loaders import JSONFileLoader, Loader

from headgate.localcloud import sdk_data


@pytest.fixture
def restored() -> Iterator[None]:
    before = Loader.FILE_LOADER_CLASS
    yield
    Loader.FILE_LOADER_CLASS = before


def test_a_file_is_parsed_once_and_told_of_once(tmp_path: Path, restored: None) -> None:
    told: list[str] = []
    sdk_data.share(told.append)
    (tmp_path / "model.json").write_text(json.dumps({"x": 1}))
    name = str(tmp_path / "model")
    first = Loader.FILE_LOADER_CLASS().load_file(name)
    assert first == {"x": 1}
    assert Loader.FILE_LOADER_CLASS().load_file(name) is first
    sdk_data.read(name)
    assert told == [name]


def test_a_file_that_is_missing_is_looked_for_again(tmp_path: Path, restored: None) -> None:
    sdk_data.share()
    name = str(tmp_path / "late")
    assert Loader.FILE_LOADER_CLASS().load_file(name) is None
    (tmp_path / "late.json").write_text("[]")
    assert Loader.FILE_LOADER_CLASS().load_file(name) == []


def test_new_sessions_use_it(restored: None) -> None:
    sdk_data.share()
    assert issubclass(Loader.FILE_LOADER_CLASS, JSONFileLoader)
    loader = Loader()
    assert loader.load_service_model("sts", "service-2") == Loader().load_service_model("sts", "service-2")


def test_what_a_client_changes_in_its_model_stays_its_own(tmp_path: Path, restored: None) -> None:
    """botocore takes the bucket out of S3's paths as it calls them; the server reads requests by those paths."""
    sdk_data.share()
    (tmp_path / "model.json").write_text(
        json.dumps({"operations": {"GetObject": {"http": {"requestUri": "/{Bucket}"}}}})
    )
    name = str(tmp_path / "model")
    first = Loader.FILE_LOADER_CLASS().load_file(name)
    first["operations"]["GetObject"]["http"]["requestUri"] = "/"
    again = Loader.FILE_LOADER_CLASS().load_file(name)
    assert again["operations"]["GetObject"]["http"] == {"requestUri": "/{Bucket}"}
