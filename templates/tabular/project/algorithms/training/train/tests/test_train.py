from __future__ import annotations

import pytest
from tabular.failures import StepError

NUMBERS = "".join(f"{3 * size},{size},{size % 2}\n" for size in range(60))
CLASSES = "".join(f"{int(size > 30)},{size},{size % 2}\n" for size in range(60))


@pytest.fixture
def train(step, write, tmp_path):
    """Run the step; returns the bytes of the model."""

    def run(rows, *arguments, task="regression", into="model"):
        channel = write("train/train.csv", rows).parent
        (tmp_path / into).mkdir()
        step("training/train")["main"](
            ["--task", task, "--train", str(channel), "--validation", str(channel), "--n_estimators", "20"]
            + ["--model-dir", str(tmp_path / into), *arguments]
        )
        return (tmp_path / into / "model.joblib").read_bytes()

    return run


def metrics(text):
    return {
        line.split("=")[0]: float(line.split("=")[1]) for line in text.splitlines() if line.startswith("validation:")
    }


def test_it_learns_and_prints_its_metrics(train, capsys):
    train(NUMBERS)
    assert metrics(capsys.readouterr().out)["validation:r2"] > 0.9


def test_it_learns_classes(train, capsys):
    train(CLASSES, task="classification")
    assert metrics(capsys.readouterr().out)["validation:auc"] > 0.9


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(train):
    assert train(NUMBERS, into="a") == train(NUMBERS, into="b")
    assert train(NUMBERS, "--seed", "1", into="c") != train(NUMBERS, into="d")


def test_a_channel_that_is_not_numbers_is_refused(train):
    with pytest.raises(StepError, match="the channel train is not a table of numbers"):
        train("price,size\n1,2\n")


def test_an_empty_channel_is_refused(step, tmp_path):
    with pytest.raises(StepError, match=r"has no \.csv file"):
        step("training/train")["main"](["--task", "regression", "--train", str(tmp_path)])


def test_the_code_that_serves_the_model_travels_with_it(train, tmp_path):
    train(NUMBERS)
    assert [path.name for path in (tmp_path / "model" / "code").iterdir()] == ["inference.py"]
