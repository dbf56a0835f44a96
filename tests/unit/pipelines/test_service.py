from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from headgate.errors import FailedError
from headgate.pipelines.check import service


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    service.sagemaker.cache_clear()
    yield
    service.sagemaker.cache_clear()


def test_without_botocore_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "find_spec", lambda _: None)
    with pytest.raises(FailedError, match="without botocore") as caught:
        service.sagemaker()
    assert caught.value.next_command == "pip install boto3"


def test_botocore_without_sagemaker_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = SimpleNamespace(submodule_search_locations=[str(tmp_path)])
    monkeypatch.setattr(service, "find_spec", lambda _: found)
    with pytest.raises(FailedError, match="does not know SageMaker"):
        service.sagemaker()


def test_description_is_read_whether_packed_or_not(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / "data" / "sagemaker" / "2017-07-24"
    folder.mkdir(parents=True)
    (folder / "service-2.json").write_text('{"shapes": {"S": {"type": "string", "enum": ["a"]}}, "operations": {}}')
    found = SimpleNamespace(submodule_search_locations=[str(tmp_path)])
    monkeypatch.setattr(service, "find_spec", lambda _: found)
    read = service.sagemaker()
    assert read.shape("S").choices == ["a"]
    assert read.request("Processing") is None
