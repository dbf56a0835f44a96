"""Assets are uploaded once, under their digests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from headgate.deploy.assets import Upload, publish


def test_what_is_there_is_not_uploaded_again(s3: Any, tmp_path: Path) -> None:
    uploads = []
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)
        uploads.append(Upload(tmp_path / name, f"templates/{name}"))
    told: list[str] = []
    assert publish(s3, "deployments", uploads[:1], told.append) == 1
    assert publish(s3, "deployments", uploads, told.append) == 1
    assert told == ["templates/a", "templates/b"]
    assert s3.get_object(Bucket="deployments", Key="templates/b")["Body"].read() == b"b"
