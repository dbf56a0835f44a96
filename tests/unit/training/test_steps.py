"""The template's steps run as SageMaker runs them: the shipped files in one folder, a plain `python3 __main__.py`."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile

import pytest

from headgate.pipelines import SourceCode

pytestmark = pytest.mark.slow

ROWS = "size,colour,price\n" + "".join(f"{n},{['red', 'blue'][n % 2]},{3 * n + n % 5}\n" for n in range(60))
EVALUATE = ["--task", "regression", "--metric", "rmse", "--direction", "minimize"]


@pytest.fixture
def ship(algorithms, tmp_path):
    """Lay a step's files out as they are in a container; returns the folder."""

    def make(step, **extra):
        packages = {"tabular": algorithms / "shared_libraries/tabular", **extra}
        code = SourceCode.from_folder(algorithms / step, entry="__main__.py", extra=packages)
        folder = tmp_path / "code" / step
        for file in code.files:
            (folder / file.path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file.source, folder / file.path)
        return folder

    return make


def execute(folder, *arguments):
    """The step's exit code and what it said on standard error."""
    command = [sys.executable, str(folder / "__main__.py"), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


def pack(folder, archive):
    archive.parent.mkdir(parents=True)
    with tarfile.open(archive, "w:gz") as tar:
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            tar.add(file, file.relative_to(folder))


def preprocess(ship, tmp_path, text=ROWS, *more):
    raw = tmp_path / "input/raw/rows.csv"
    raw.parent.mkdir(parents=True, exist_ok=True)
    raw.write_text(text)
    arguments = ["--task", "regression", "--target", "price", "--categorical", "colour"]
    places = ["--input", tmp_path / "input", "--output", tmp_path / "output"]
    return execute(ship("preprocessing/preprocess"), *arguments, *places, *more)


def evaluate(ship, tmp_path, algorithm):
    """Evaluate the model under input/model on the test rows; returns (evaluation.json, result.json)."""
    shutil.copytree(tmp_path / "output/test", tmp_path / "input/test")
    places = ["--input", tmp_path / "input", "--output", tmp_path / "output"]
    assert execute(ship("postprocessing/evaluate"), "--algorithm", algorithm, *EVALUATE, *places) == (0, "")
    folder = tmp_path / "output/evaluation"
    return tuple(json.loads((folder / name).read_text()) for name in ("evaluation.json", "result.json"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "rows.csv: the file is empty"),
        ("size,colour,cost\n1,red,2\n", "rows.csv: there is no target column 'price'"),
        (ROWS + "large,red,4\n", "rows.csv, line 62: column 'size' is 'large', not a number"),
    ],
)
def test_wrong_data_ends_with_exit_code_1_and_one_line_that_names_it(ship, tmp_path, text, message):
    code, said = preprocess(ship, tmp_path, text)
    assert code == 1
    assert said.startswith(f"error: {message}")
    assert said.count("\n") == 1


@pytest.mark.slow
def test_a_script_from_data_to_evaluation(ship, algorithms, tmp_path):
    assert preprocess(ship, tmp_path) == (0, "")
    train = ship("training/train", predict=algorithms / "inference/predict")
    model = tmp_path / "model"
    model.mkdir()
    channels = ["--train", tmp_path / "output/train", "--validation", tmp_path / "output/validation"]
    assert execute(train, "--task", "regression", *channels, "--model-dir", model, "--n_estimators", "20") == (0, "")
    assert (model / "code/inference.py").is_file()
    pack(model, tmp_path / "input/model/model.tar.gz")
    evaluation, result = evaluate(ship, tmp_path, "script")
    assert evaluation["regression_metrics"]["r2"]["value"] > 0.8
    assert result["value"] == evaluation["regression_metrics"]["rmse"]["value"]


@pytest.mark.slow
def test_the_built_in_xgboost_s_model_is_opened_by_evaluate(ship, tmp_path):
    import numpy as np
    import xgboost

    assert preprocess(ship, tmp_path) == (0, "")
    rows = np.loadtxt(tmp_path / "output/train/train.csv", delimiter=",")
    booster = xgboost.train({"max_depth": 3, "nthread": 1}, xgboost.DMatrix(rows[:, 1:], rows[:, 0]), 30)
    (tmp_path / "model").mkdir()
    (tmp_path / "model/xgboost-model").write_bytes(booster.save_raw("ubj"))
    pack(tmp_path / "model", tmp_path / "input/model/model.tar.gz")
    evaluation, _ = evaluate(ship, tmp_path, "xgboost")
    test = np.loadtxt(tmp_path / "output/test/test.csv", delimiter=",")
    errors = booster.predict(xgboost.DMatrix(test[:, 1:])) - test[:, 0]
    assert evaluation["regression_metrics"]["mse"]["value"] == pytest.approx(float(np.mean(errors**2)))


def test_a_corrupt_model_ends_with_exit_code_1_and_one_line_that_names_it(ship, tmp_path):
    (tmp_path / "input/model").mkdir(parents=True)
    (tmp_path / "input/model/model.tar.gz").write_bytes(b"\x1f\x8b" + b"rubbish" * 9)
    (tmp_path / "input/test").mkdir()
    (tmp_path / "input/test/test.csv").write_text("1,2\n")
    places = ["--input", tmp_path / "input", "--output", tmp_path / "output"]
    code, said = execute(ship("postprocessing/evaluate"), "--algorithm", "xgboost", *EVALUATE, *places)
    assert code == 1
    assert said.startswith("error: model.tar.gz: not a readable model archive")
    assert said.count("\n") == 1
