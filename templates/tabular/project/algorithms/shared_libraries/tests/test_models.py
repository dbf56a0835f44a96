from __future__ import annotations

import io
import tarfile

import numpy as np
import pytest
from tabular import models
from tabular.failures import StepError


def pack(path, files, mtime=0):
    with tarfile.open(path, "w:gz") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mtime = len(data), mtime
            tar.addfile(member, io.BytesIO(data))
    return path


def test_the_digest_is_of_the_files_not_of_the_archive(tmp_path):
    first = models.unpack(pack(tmp_path / "a.tar.gz", {"x": b"1", "y": b"2"}), tmp_path / "a")
    later = models.unpack(pack(tmp_path / "b.tar.gz", {"y": b"2", "x": b"1"}, mtime=99), tmp_path / "b")
    other = models.unpack(pack(tmp_path / "c.tar.gz", {"x": b"1", "y": b"3"}), tmp_path / "c")
    assert first == later != other
    assert (tmp_path / "a" / "x").read_bytes() == b"1"


@pytest.mark.parametrize("files", [{"../x": b"1"}, {"/etc/x": b"1"}])
def test_a_path_outside_of_the_archive_is_refused(tmp_path, files):
    with pytest.raises(StepError, match="outside of the archive"):
        models.unpack(pack(tmp_path / "a.tar.gz", files), tmp_path / "a")


def test_an_empty_archive_is_refused(tmp_path):
    with pytest.raises(StepError, match="the model archive is empty"):
        models.unpack(pack(tmp_path / "a.tar.gz", {}), tmp_path / "a")


def test_a_truncated_archive_is_refused(tmp_path):
    whole = pack(tmp_path / "a.tar.gz", {"x": bytes(range(256)) * 40})
    whole.write_bytes(whole.read_bytes()[:-30])
    with pytest.raises(StepError, match="not a readable model archive"):
        models.unpack(whole, tmp_path / "a")


def test_xgboost_predicts_from_the_algorithms_own_file(tmp_path):
    xgboost = pytest.importorskip("xgboost")
    features = np.arange(20.0).reshape(20, 1)
    booster = xgboost.train({"max_depth": 2, "eta": 1.0, "nthread": 1}, xgboost.DMatrix(features, features[:, 0]), 5)
    (tmp_path / "xgboost-model").write_bytes(booster.save_raw("ubj"))
    assert models.predict_xgboost(tmp_path, features) == pytest.approx(booster.predict(xgboost.DMatrix(features)))


def test_an_archive_without_a_model_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(StepError, match=r"there is no 'xgboost-model' in it, only notes\.txt"):
        models.predict_xgboost(tmp_path, np.zeros((1, 1)))
