"""A script's source is unpacked whole or refused with the reason."""

from __future__ import annotations

import pytest

from headgate.localcloud.runtimes import RuntimeUnavailableError
from headgate_runtimes.source import unpack_source


def unpack(stage, location):
    target = stage.ml / "code"
    unpack_source(location, target, stage.ml, stage.fetch)
    return target


def test_archive_in_s3_is_unpacked_and_not_left_behind(stage, archive):
    stage.objects["s3://b/source.tar.gz"] = archive({"train.py": "x = 1", "lib/__init__.py": ""})
    code = unpack(stage, "s3://b/source.tar.gz")
    assert (code / "train.py").read_text() == "x = 1"
    assert (code / "lib" / "__init__.py").exists()
    assert not list(stage.ml.rglob("*.tar.gz"))


@pytest.mark.parametrize("kind", ["empty", "text", "cut short", "reaches outside"])
def test_bad_archive_is_refused_and_leaves_nothing(stage, archive, kind):
    content = {
        "empty": b"",
        "text": b"not an archive",
        "cut short": archive({"train.py": "x = 1" * 500})[:60],
        "reaches outside": archive({"../outside.py": "x"}),
    }[kind]
    stage.objects["s3://b/source.tar.gz"] = content
    with pytest.raises(RuntimeUnavailableError, match=r"s3://b/source\.tar\.gz cannot be unpacked") as raised:
        unpack(stage, "s3://b/source.tar.gz")
    assert f"({len(content)} bytes)" in str(raised.value)
    assert list((stage.ml / "code").iterdir()) == []
    assert not (stage.ml / "outside.py").exists()


def test_folder_and_archive_of_a_channel_will_do(stage):
    stage.write("input/data/code/train.py", "x = 2")
    assert (unpack(stage, "/opt/ml/input/data/code") / "train.py").read_text() == "x = 2"


def test_local_archive_will_do(stage, archive):
    stage.write("input/data/code/source.tar.gz", archive({"train.py": "x = 3"}))
    assert (unpack(stage, "file:///opt/ml/input/data/code/source.tar.gz") / "train.py").read_text() == "x = 3"


def test_code_that_is_there_already_is_left_alone(stage):
    stage.write("code/train.py", "mine")
    assert (unpack(stage, "s3://b/never-fetched.tar.gz") / "train.py").read_text() == "mine"


def test_location_that_is_nowhere_is_refused(stage):
    with pytest.raises(RuntimeUnavailableError, match="'/opt/ml/nowhere' does not exist"):
        unpack(stage, "/opt/ml/nowhere")
