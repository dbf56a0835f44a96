"""The built-in XGBoost algorithm learns, says what it does as SageMaker's does, and fails with the reason."""

from __future__ import annotations

import json
import pickle
import re
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import xgboost
from sklearn import metrics as sklearn_metrics

from headgate_runtimes.algorithms.errors import AlgorithmFailure, CustomerError
from headgate_runtimes.algorithms.xgboost.group import join_hosts, wait_for_listener
from headgate_runtimes.algorithms.xgboost.log import metric_definitions
from headgate_runtimes.algorithms.xgboost.metrics import ADDED, evaluation
from headgate_runtimes.algorithms.xgboost.serve import load_booster
from headgate_runtimes.algorithms.xgboost.train import main, train, version_of
from headgate_runtimes.frameworks import XGBoost

pytestmark = pytest.mark.slow

VERSION = (1, 7)


def read_metrics(text, name):
    """A metric's values, as SageMaker reads them from the log."""
    pattern = re.compile(metric_definitions()[name])
    return [float(found[1]) for line in text.splitlines() if (found := pattern.search(line.replace("\t", "#011")))]


def test_model_learns_and_the_log_has_the_metrics(make_job, diabetes, capsys):
    job = make_job(
        {"train": diabetes.train, "validation": diabetes.validation},
        num_round=30,
        eta=0.1,
        max_depth=3,
        objective="reg:squarederror",
    )
    train(job, VERSION, {})
    output = capsys.readouterr().out
    values = read_metrics(output, "validation:rmse")
    assert len(values) == 30
    assert "[0]\ttrain-rmse:" in output
    model = load_booster(job.model_folder)
    predictions = model.predict(xgboost.DMatrix(diabetes.validation[:, 1:]))
    rmse = float(np.sqrt(np.mean((predictions - diabetes.validation[:, 0]) ** 2)))
    assert values[-1] == pytest.approx(rmse, abs=1e-3)
    assert rmse < 60 < float(diabetes.validation[:, 0].std())


def test_same_job_gives_the_same_bytes(make_job, diabetes):
    job = make_job({"train": diabetes.train}, num_round=10, subsample=0.7, colsample_bytree=0.7, seed=3)
    contents = []
    for _ in range(2):
        train(job, VERSION, {})
        contents.append((job.model_folder / "xgboost-model").read_bytes())
    assert contents[0] == contents[1]


@pytest.mark.parametrize(("version", "pickled"), [((1, 0), True), ((1, 2), True), ((1, 3), False), ((3, 0), False)])
def test_model_file_is_a_pickle_before_version_1_3(make_job, diabetes, version, pickled):
    job = make_job({"train": diabetes.train}, num_round=2)
    train(job, version, {})
    content = (job.model_folder / "xgboost-model").read_bytes()
    rows = xgboost.DMatrix(diabetes.validation[:, 1:])
    if pickled:
        assert pickle.loads(content).predict(rows).shape == (len(diabetes.validation),)
    else:
        booster = xgboost.Booster()
        booster.load_model(bytearray(content))
        assert booster.predict(rows).shape == (len(diabetes.validation),)


def test_early_stopping_keeps_the_best_round(make_job, cancer, capsys):
    job = make_job(
        {"train": cancer.train, "validation": cancer.validation},
        num_round=200,
        objective="binary:logistic",
        eval_metric="error,auc",
        early_stopping_rounds=5,
        eta=0.5,
    )
    train(job, VERSION, {})
    values = read_metrics(capsys.readouterr().out, "validation:auc")
    assert len(values) < 200
    assert load_booster(job.model_folder).num_boosted_rounds() == int(np.argmax(values)) + 1
    assert max(values) > 0.98


def test_tuning_objective_is_evaluated(make_job, cancer, capsys):
    job = make_job(
        {"train": cancer.train, "validation": cancer.validation},
        num_round=3,
        objective="binary:logistic",
        _tuning_objective_metric="validation:f1",
    )
    train(job, VERSION, {})
    output = capsys.readouterr().out
    assert read_metrics(output, "validation:f1")[-1] > 0.9
    assert "logloss" not in output


def test_early_stopping_without_validation_is_noted(make_job, diabetes, capsys):
    train(make_job({"train": diabetes.train}, num_round=2, early_stopping_rounds=2, sketch_eps=0.1), VERSION, {})
    output = capsys.readouterr().out
    assert "early_stopping_rounds has no effect without a channel 'validation'" in output
    assert "without effect in XGBoost" in output
    assert "sketch_eps" in output


def test_weights_stand_in_the_second_column(make_job):
    rows = [[0, 1, 1.0]] * 10 + [[1, 99, 1.0]] * 10
    job = make_job({"train": np.array(rows)}, num_round=40, csv_weights=1, base_score=0.5, **{"lambda": 0})
    train(job, VERSION, {})
    prediction = load_booster(job.model_folder).predict(xgboost.DMatrix(np.array([[1.0]])))
    assert prediction[0] == pytest.approx(0.99, abs=0.005)


def test_libsvm_is_the_default_content_type(make_job, diabetes):
    lines = [
        " ".join([str(row[0]), *(f"{index}:{value}" for index, value in enumerate(row[1:]))]) for row in diabetes.train
    ]
    job = make_job({"train": "\n".join(lines)}, content_type="", num_round=5)
    train(job, VERSION, {})
    other = make_job({"train": diabetes.train}, host="algo-csv", hosts=("algo-csv",), num_round=5)
    train(other, VERSION, {})
    rows = xgboost.DMatrix(diabetes.validation[:, 1:])
    ours, theirs = (load_booster(each.model_folder).predict(rows) for each in (job, other))
    assert np.allclose(ours, theirs, rtol=1e-3)


@pytest.mark.parametrize(
    ("channels", "content_type", "hyperparameters", "problem"),
    [
        ({}, "text/csv", {}, "channel 'train' is required"),
        ({"train": "1,2\n", "test": "1,2\n"}, "text/csv", {}, "channel 'test' is not one of XGBoost's"),
        ({"train": "a,b\n1,2\n"}, "text/csv", {}, "data, line 1, column 1: 'a' is not a number"),
        ({"train": "1\n2\n"}, "text/csv", {}, "has 1 column(s): the label and at least one feature"),
        ({"train": "1,2\n2,3\n"}, "text/csv", {"csv_weights": 1}, "the label, weight and at least one feature"),
        ({"train": "1 0:2\n"}, "text/libsvm", {"csv_weights": 1}, "'csv_weights' goes with CSV"),
        ({"train": "1,2\n"}, "text/csv; label_size=2", {}, "label_size must be 1"),
        ({"train": "1,2\n"}, "image/png", {}, "content type 'image/png' is not one of XGBoost's"),
        ({"train": "1,2\n2,3\n", "validation": "1,2,3\n"}, "text/csv", {}, "'validation' has 2 features"),
        ({"train": "2,1\n3,1\n"}, "text/csv", {"objective": "binary:logistic"}, "label must be in [0,1]"),
        (
            {"train": "5,1\n1,1\n"},
            "text/csv",
            {"objective": "multi:softmax", "num_class": 3},
            "label must be in [0, num_class)",
        ),
    ],
)
def test_customers_mistake_is_named(make_job, channels, content_type, hyperparameters, problem):
    job = make_job(channels, content_type=content_type, num_round=2, **hyperparameters)
    with pytest.raises(CustomerError) as raised:
        train(job, VERSION, {})
    assert problem.lower() in str(raised.value).lower()
    assert not (job.model_folder / "xgboost-model").exists()


def test_failure_of_the_library_is_the_algorithms(make_job, diabetes, monkeypatch):
    def broken(*_args, **_settings):
        raise RuntimeError("out of luck")

    monkeypatch.setattr(xgboost, "train", broken)
    with pytest.raises(AlgorithmFailure, match="out of luck"):
        train(make_job({"train": diabetes.train}, num_round=2), VERSION, {})


def test_checkpoints_are_kept_and_taken_up_again(make_job, diabetes, tmp_path, capsys):
    folder = tmp_path / "checkpoints"
    train(make_job({"train": diabetes.train}, num_round=8, checkpoints=folder), VERSION, {})
    assert sorted(file.name for file in folder.iterdir()) == [f"xgboost-checkpoint.{n}.ubj" for n in range(3, 8)]
    capsys.readouterr()
    job = make_job({"train": diabetes.train}, num_round=10, checkpoints=folder)
    train(job, VERSION, {})
    output = capsys.readouterr().out
    assert "Checkpoint loaded from" in output
    assert len(read_metrics(output, "train:rmse")) == 2
    assert load_booster(job.model_folder).num_boosted_rounds() == 10


@pytest.mark.parametrize("objective", ["binary:logistic", "binary:logitraw", "multi:softprob", "multi:softmax"])
def test_added_metrics_are_scikit_learns(objective):
    random = np.random.default_rng(5)
    labels = random.integers(0, 2 if objective.startswith("binary") else 3, 60).astype(float)
    raw = random.normal(size=60) if objective != "binary:logistic" else random.random(60)
    chosen = (raw > (0.5 if objective == "binary:logistic" else 0)).astype(float)
    if objective == "multi:softprob":
        raw = random.random((60, 3))
        chosen = raw.argmax(axis=1).astype(float)
    elif objective == "multi:softmax":
        raw = chosen = random.integers(0, 3, 60).astype(float)
    average = {"f1_macro": "macro", "precision_macro": "macro", "recall_macro": "macro", "f1": "macro"}
    expected = {
        "accuracy": sklearn_metrics.accuracy_score(labels, chosen),
        "balanced_accuracy": sklearn_metrics.balanced_accuracy_score(labels, chosen),
        "f1": sklearn_metrics.f1_score(labels, chosen, average=average["f1"]),
        "f1_macro": sklearn_metrics.f1_score(labels, chosen, average="macro"),
        "precision_macro": sklearn_metrics.precision_score(labels, chosen, average="macro"),
        "precision_micro": sklearn_metrics.precision_score(labels, chosen, average="micro"),
        "recall_macro": sklearn_metrics.recall_score(labels, chosen, average="macro"),
        "recall_micro": sklearn_metrics.recall_score(labels, chosen, average="micro"),
    }
    if objective.startswith("binary"):
        expected |= {
            "f1_binary": sklearn_metrics.f1_score(labels, chosen),
            "precision": sklearn_metrics.precision_score(labels, chosen),
            "recall": sklearn_metrics.recall_score(labels, chosen),
        }
    data = xgboost.DMatrix(np.zeros((60, 1)), label=labels)
    assert dict(evaluation(list(expected), objective)(raw, data)) == pytest.approx(expected, abs=1e-6)


def test_added_regression_metrics_are_scikit_learns():
    labels, found = np.array([1.0, 2.0, 4.0]), np.array([1.5, 2.0, 3.0])
    data = xgboost.DMatrix(np.zeros((3, 1)), label=labels)
    expected = {"mse": sklearn_metrics.mean_squared_error(labels, found), "r2": sklearn_metrics.r2_score(labels, found)}
    assert dict(evaluation(["mse", "r2"], "reg:squarederror")(found, data)) == pytest.approx(expected)
    assert set(expected) < ADDED


def test_metric_for_two_classes_is_refused_for_more(make_job, iris):
    job = make_job({"train": iris.train}, num_round=1, objective="multi:softmax", num_class=3, eval_metric="f1_binary")
    with pytest.raises(CustomerError, match="this metric is for two classes"):
        train(job, VERSION, {})


def test_job_in_its_sandbox_reports_a_customers_mistake(stage):
    stage.write("input/data/train/part.csv", "1,2\nx,3\n")
    job = stage.job("training", "xgboost:1", hyperparameters={"num_round": "2"}, channels={"train": "text/csv"})
    done = stage.run(XGBoost({}).launch(job), job)
    assert done.returncode == 2
    failure = (stage.ml / "output" / "failure").read_text()
    assert failure.startswith("ClientError: part.csv, line 2, column 1: 'x' is not a number")
    assert failure in done.stderr


def test_job_in_its_sandbox_trains(stage, diabetes, csv_text):
    stage.write("input/data/train/part.csv", csv_text(diabetes.train))
    job = stage.job(
        "training",
        "sagemaker-xgboost:1.0-1-cpu-py3",
        hyperparameters={"num_round": "2"},
        channels={"train": "text/csv"},
    )
    launch = XGBoost({}).launch(job)
    done = stage.run(launch, job)
    assert done.returncode == 0, done.stderr
    assert len(read_metrics(done.stdout, "train:rmse")) == 2
    assert launch.metric_definitions["validation:rmse"] == r".*\[[0-9]+\].*#011validation-rmse:(\S+)"
    assert pickle.loads((stage.ml / "model" / "xgboost-model").read_bytes()).num_boosted_rounds() == 2


def test_hosts_train_one_model_together(make_stage, diabetes, csv_text):
    hosts = ("algo-1", "algo-2")
    parts = np.array_split(diabetes.train, 2)

    def run(host, part):
        stage = make_stage(host)
        stage.write("input/data/train/part.csv", csv_text(part))
        job = stage.job(
            "training",
            "sagemaker-xgboost:1.7-1",
            hyperparameters={"num_round": "5", "max_depth": "3"},
            channels={"train": "text/csv"},
            hosts=hosts,
            host=host,
            environment={"TRAINING_JOB_NAME": f"together-{id(make_stage)}"},
        )
        return stage, stage.run(XGBoost({}).launch(job), job)

    with ThreadPoolExecutor() as pool:
        (first, one), (second, two) = pool.map(run, hosts, parts)
    assert (one.returncode, two.returncode) == (0, 0), one.stderr + two.stderr
    assert not list((second.ml / "model").iterdir())
    together = load_booster(first.ml / "model")
    rows = xgboost.DMatrix(diabetes.validation[:, 1:])
    alone = xgboost.train(
        {"max_depth": 3}, xgboost.DMatrix(diabetes.train[:, 1:], label=diabetes.train[:, 0]), num_boost_round=5
    )
    assert np.corrcoef(together.predict(rows), alone.predict(rows))[0, 1] > 0.97


def test_stopped_job_saves_what_it_has_when_asked_to(stage, diabetes, csv_text):
    stage.write("input/data/train/part.csv", csv_text(diabetes.train))
    hyperparameters = {"num_round": "1000000", "save_model_on_termination": "true"}
    stage.job("training", "sagemaker-xgboost:1.7-1", hyperparameters=hyperparameters, channels={"train": "text/csv"})
    code = (
        "import sys, pathlib; from headgate_runtimes.algorithms.xgboost.train import main;"
        "sys.exit(main(pathlib.Path(sys.argv[1])))"
    )
    with subprocess.Popen([sys.executable, "-c", code, stage.ml], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while not process.stdout.readline().startswith("[2]"):
            pass
        process.terminate()
        process.stdout.read()
        assert process.wait(20) == 0
    assert load_booster(stage.ml / "model").num_boosted_rounds() >= 3


def test_listener_is_seen_without_connecting(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert wait_for_listener(port)
        listener.settimeout(0)
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert not wait_for_listener(port, seconds=0.05)
    assert not wait_for_listener(port, table=tmp_path / "absent")


def test_port_that_is_taken_is_named(make_job):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with (
            pytest.raises(AlgorithmFailure, match=f"port {port}, where the job's hosts meet, cannot be used"),
            join_hosts(xgboost, ("algo-1", "algo-2"), "algo-1", port),
        ):
            pass


def test_program_knows_its_verbs_and_version(tmp_path):
    command = [sys.executable, "-m", "headgate_runtimes.algorithms.xgboost", "predict"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, "usage:" in done.stderr) == (2, True)
    assert version_of({"HEADGATE_ALGORITHM_VERSION": "1.2"}) == (1, 2)
    assert version_of({}) == (3, 0)


def test_main_reads_what_the_engine_staged(tmp_path, capsys):
    config = tmp_path / "input" / "config"
    config.mkdir(parents=True)
    (config / "hyperparameters.json").write_text(json.dumps({"num_round": "1"}))
    (config / "inputdataconfig.json").write_text(json.dumps({"train": {"TrainingInputMode": "Pipe"}}))
    assert main(tmp_path) == 2
    assert "channel 'train' asks for Pipe mode" in (tmp_path / "output" / "failure").read_text()
