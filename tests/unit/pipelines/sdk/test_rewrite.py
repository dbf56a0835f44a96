from __future__ import annotations

from pathlib import Path
from typing import Any

from headgate.pipelines import Asset
from headgate.pipelines.sdk.rewrite import Upload, content_addressed


def rewritten(tmp_path: Path, uploads: dict[str, str], steps: Any) -> tuple[Any, list[Asset]]:
    files = []
    for number, (uri, content) in enumerate(uploads.items()):
        (tmp_path / str(number)).write_text(content)
        files.append(Upload(uri, tmp_path / str(number)))
    definition, assets = content_addressed({"Steps": steps}, files, "s3://base")
    return definition["Steps"], list(assets)


def test_prefix_of_an_input_moves_with_all_that_is_under_it(tmp_path: Path) -> None:
    uploads = {"s3://b/src/a.py": "a", "s3://b/src/lib/b.py": "b"}
    steps, [asset] = rewritten(tmp_path, uploads, [{"S3Input": {"S3Uri": "s3://b/src/"}}])
    assert steps[0]["S3Input"]["S3Uri"] == asset.s3_uri
    assert [file.s3_uri.removeprefix(asset.s3_uri) for file in asset.files] == ["/a.py", "/lib/b.py"]


def test_prefix_of_an_output_stays(tmp_path: Path) -> None:
    steps = [{"S3Output": {"S3Uri": "s3://b/src"}}, {"S3Input": {"S3Uri": "s3://b/src/a.py"}}]
    changed, [asset] = rewritten(tmp_path, {"s3://b/src/a.py": "a"}, steps)
    assert changed == [{"S3Output": {"S3Uri": "s3://b/src"}}, {"S3Input": {"S3Uri": asset.s3_uri}}]


def test_uri_that_only_starts_alike_is_another(tmp_path: Path) -> None:
    steps, _ = rewritten(tmp_path, {"s3://b/a": "x"}, [["s3://b/a-data/file", "s3://b/a.csv", 'run "s3://b/a"']])
    assert steps[0][:2] == ["s3://b/a-data/file", "s3://b/a.csv"]
    assert steps[0][2].startswith('run "s3://base/code/')


def test_upload_that_nothing_names_stays_where_it_was_and_is_written_anew(tmp_path: Path) -> None:
    _, [asset] = rewritten(tmp_path, {"s3://b/config.json": "{}"}, [])
    assert asset.s3_uri == "s3://b/config.json"
    assert asset.files[0].overwrite


def test_second_upload_of_the_same_content_is_dropped(tmp_path: Path) -> None:
    uploads = {"s3://b/1/main.py": "x", "s3://b/2/main.py": "x"}
    _, assets = rewritten(tmp_path, uploads, ["s3://b/2/main.py"])
    assert [asset.s3_uri.split("/")[2] for asset in assets] == ["base"]
    assert not assets[0].files[0].overwrite


def test_what_is_no_text_is_left_alone(tmp_path: Path) -> None:
    steps, _ = rewritten(tmp_path, {"s3://b/a": "x"}, [1, None, True, {"Get": "Parameters.X"}])
    assert steps == [1, None, True, {"Get": "Parameters.X"}]


def test_archive_that_is_none_is_taken_as_it_is(tmp_path: Path) -> None:
    _, [asset] = rewritten(tmp_path, {"s3://b/model.tar.gz": "no archive"}, ["s3://b/model.tar.gz"])
    assert asset.files[0].content == b"no archive"
