"""The built-in Linear Learner learns, says what it does as SageMaker's does, and fails with the reason."""

from __future__ import annotations

import json
import re
import struct

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics
from sklearn.linear_model import LinearRegression

from headgate_runtimes.algorithms.errors import AlgorithmFailure, CustomerError
from headgate_runtimes.algorithms.linear_learner.fit import Data, Linear, fit
from headgate_runtimes.algorithms.linear_learner.hyperparameters import LOSSES, plan
from headgate_runtimes.algorithms.linear_learner.log import metric_definitions
from headgate_runtimes.algorithms.linear_learner.losses import loss_function
from headgate_runtimes.algorithms.linear_learner.measures import choose_threshold, measure
from headgate_runtimes.algorithms.linear_learner.model import Predictor
from headgate_runtimes.algorithms.linear_learner.serve import LinearModel, load_model
from headgate_runtimes.algorithms.linear_learner.train import main, train
from headgate_runtimes.frameworks import LinearLearner
from headgate_runtimes.serving.http import BadRequestError, Request

pytestmark = pytest.mark.slow


def read_metrics(text, name):
    pattern = re.compile(metric_definitions()[name])
    return [float(found[1]) for line in text.splitlines() if (found := pattern.search(line))]


def channels(split):
    return {"train": split.train, "validation": split.validation}


def test_regression_comes_near_least_squares(make_job, diabetes, capsys):
    job = make_job(channels(diabetes), predictor_type="regressor", mini_batch_size=50)
    train(job)
    output = capsys.readouterr().out
    best = LinearRegression().fit(diabetes.train[:, 1:], diabetes.train[:, 0])
    bound = sklearn_metrics.mean_squared_error(diabetes.validation[:, 0], best.predict(diabetes.validation[:, 1:]))
    (mse,) = read_metrics(output, "validation:mse")
    assert mse < 1.1 * bound
    assert read_metrics(output, "validation:rmse") == [pytest.approx(mse**0.5)]
    losses = read_metrics(output, "validation:objective_loss")
    assert 3 < len(losses) <= 15
    assert losses[-1] < losses[0]
    assert read_metrics(output, "train:progress")[0] == pytest.approx(100 / 15)
    predictor = Predictor.load(job.model_folder)
    scores = [row["score"] for row in predictor.predict(diabetes.validation[:, 1:])]
    assert sklearn_metrics.mean_squared_error(diabetes.validation[:, 0], scores) == pytest.approx(mse)


def test_binary_classification_learns(make_job, cancer, capsys):
    train(make_job(channels(cancer), predictor_type="binary_classifier", mini_batch_size=50))
    output = capsys.readouterr().out
    assert read_metrics(output, "validation:binary_classification_accuracy")[0] > 0.95
    assert read_metrics(output, "validation:roc_auc_score")[0] > 0.98
    assert read_metrics(output, "validation:binary_f_beta")[0] > 0.95
    assert "train binary_classification_cross_entropy_objective <loss>=" in output


def test_multiclass_classification_learns(make_job, iris, capsys):
    job = make_job(
        channels(iris) | {"test": iris.validation},
        predictor_type="multiclass_classifier",
        num_classes=3,
        mini_batch_size=10,
    )
    train(job)
    output = capsys.readouterr().out
    assert read_metrics(output, "test:multiclass_accuracy")[0] > 0.9
    assert read_metrics(output, "validation:multiclass_top_k_accuracy") == [1.0]
    assert read_metrics(output, "validation:macro_f_beta")[0] > 0.9
    (row,) = Predictor.load(job.model_folder).predict(iris.validation[:1, 1:])
    assert row["predicted_label"] == int(np.argmax(row["score"]))
    assert sum(row["score"]) == pytest.approx(1)


def test_same_job_gives_the_same_bytes(make_job, diabetes):
    job = make_job(channels(diabetes), predictor_type="regressor", epochs=3)
    contents = []
    for _ in range(2):
        train(job)
        contents.append((job.model_folder / "model_algo-1").read_bytes())
    assert contents[0] == contents[1]


@pytest.mark.parametrize("loss", [*LOSSES["regressor"], *LOSSES["binary_classifier"], *LOSSES["multiclass_classifier"]])
def test_gradient_is_the_slope_of_the_loss(loss):
    kind = next(kind for kind, losses in LOSSES.items() if loss in losses)
    function = loss_function(plan({"predictor_type": kind, "loss": loss, "num_classes": "3", "quantile": "0.7"}))
    random = np.random.default_rng(2)
    shape = (20, 2, 3) if kind == "multiclass_classifier" else (20, 2)
    scores = random.normal(size=shape) * 2
    labels = random.normal(size=20) if kind == "regressor" else random.integers(0, 2, 20).astype(float)
    values, gradient = function(scores, labels)
    assert values.shape == (20, 2)
    step = 1e-6
    for place in [(0, 0), (7, 1), (19, 0)]:
        index = (*place, 1) if len(shape) == 3 else place
        moved = scores.copy()
        moved[index] += step
        slope = (function(moved, labels)[0][place] - values[place]) / step
        assert slope == pytest.approx(gradient[index], abs=1e-4)


@pytest.mark.parametrize(
    "settings",
    [
        {"optimizer": "sgd", "learning_rate": "0.05"},
        {"optimizer": "rmsprop", "learning_rate": "0.02"},
        {"init_method": "normal", "normalize_data": "false", "learning_rate": "0.1"},
        {"loss": "huber_loss"},
        {"loss": "quantile_loss", "quantile": "0.5"},
        {"use_lr_scheduler": "false", "num_models": "4"},
    ],
)
def test_every_setting_learns_a_line(settings):
    random = np.random.default_rng(3)
    features = random.normal(size=(400, 2))
    data = Data(features, features @ np.array([2.0, -1.0]) + 0.5)
    given = {"predictor_type": "regressor", "mini_batch_size": "20", "epochs": "30", **settings}
    model = fit(data, None, plan(given), lambda *_: None)
    assert model.weights[:, 0] == pytest.approx([2, -1], abs=0.1)
    assert model.bias[0] == pytest.approx(0.5, abs=0.1)


def test_without_bias_and_with_decay():
    features = np.random.default_rng(3).normal(size=(400, 2))
    data = Data(features, features[:, 0])
    base = {
        "predictor_type": "regressor",
        "mini_batch_size": "20",
        "normalize_data": "false",
        "normalize_label": "false",
    }
    free = fit(data, None, plan(base), lambda *_: None)
    decayed = fit(data, None, plan(base | {"wd": "1.0", "l1": "0.1", "use_bias": "false"}), lambda *_: None)
    assert decayed.bias[0] == 0
    assert abs(decayed.weights[0, 0]) < 0.9 * abs(free.weights[0, 0])


def test_balanced_weights_raise_the_recall_of_what_is_rare():
    random = np.random.default_rng(4)
    labels = (random.random(2000) < 0.05).astype(float)
    data = Data(random.normal(size=(2000, 1)) + labels[:, None], labels)
    base = {"predictor_type": "binary_classifier", "binary_classifier_model_selection_criteria": "loss_function"}
    recalls = []
    for weight in ("1.0", "balanced"):
        todo = plan(base | {"positive_example_weight_mult": weight, "mini_batch_size": "100"})
        recalls.append(measure(fit(data, None, todo, lambda *_: None), 0.5, data, todo)["recall"])
    assert recalls[0] < 0.2
    assert recalls[1] > 0.6
    todo = plan({"predictor_type": "multiclass_classifier", "num_classes": "3", "balance_multiclass_weights": "true"})
    assert measure(fit(data, None, todo, lambda *_: None), 0.0, data, todo)["macro_recall"] > 0.4


@pytest.mark.parametrize(
    ("criteria", "check"),
    [
        ("accuracy", sklearn_metrics.accuracy_score),
        ("f_beta", sklearn_metrics.f1_score),
    ],
)
def test_threshold_is_the_best_there_is(criteria, check):
    random = np.random.default_rng(6)
    labels = (random.random(200) < 0.3).astype(float)
    scores = np.clip(0.3 * labels + random.random(200) * 0.5, 0, 1)
    todo = plan({"predictor_type": "binary_classifier", "binary_classifier_model_selection_criteria": criteria})
    chosen = check(labels, scores > choose_threshold(scores, labels, todo))
    assert chosen == pytest.approx(max(check(labels, scores > cut) for cut in [-1, *scores]))


@pytest.mark.parametrize(
    ("criteria", "target"),
    [("precision_at_target_recall", "target_recall"), ("recall_at_target_precision", "target_precision")],
)
def test_threshold_meets_its_target(criteria, target):
    random = np.random.default_rng(7)
    labels = (random.random(300) < 0.4).astype(float)
    scores = 0.5 * labels + random.random(300) * 0.6
    todo = plan(
        {"predictor_type": "binary_classifier", "binary_classifier_model_selection_criteria": criteria, target: "0.9"}
    )
    found = scores > choose_threshold(scores, labels, todo)
    measured = {
        "target_recall": sklearn_metrics.recall_score(labels, found),
        "target_precision": sklearn_metrics.precision_score(labels, found),
    }
    assert measured[target] >= 0.9


def test_area_under_the_curve_is_scikit_learns():
    random = np.random.default_rng(8)
    labels = random.integers(0, 2, 100).astype(float)
    features = (labels + random.integers(0, 3, 100))[:, None]
    model = Linear(np.array([[1.0]]), np.array([0.0]))
    todo = plan({"predictor_type": "binary_classifier"})
    found = measure(model, 0.5, Data(features, labels), todo)["roc_auc_score"]
    assert found == pytest.approx(sklearn_metrics.roc_auc_score(labels, features[:, 0]))
    assert measure(model, 0.5, Data(features, np.ones(100)), todo)["roc_auc_score"] == 0


@pytest.mark.parametrize(
    ("tables", "settings", "problem"),
    [
        ({}, {}, "channel 'train' is required"),
        ({"train": "1,2\n", "extra": "1,2\n"}, {}, "channel 'extra' is not one of Linear Learner's"),
        ({"train": "1\n"}, {}, "has one column"),
        ({"train": "1,2\n3,\n"}, {}, "channel 'train', row 2: Linear Learner takes no missing values"),
        ({"train": "1,2\n"}, {"feature_dim": 3}, "'feature_dim' is 3, and channel 'train' has 1 features"),
        ({"train": "1,2\n", "validation": "1,2,3\n"}, {}, "channel 'validation' has 2 features"),
        ({"train": "2,2\n"}, {"predictor_type": "binary_classifier"}, "row 1: label 2 is not one of 0 to 1"),
        ({"train": "x,2\n"}, {}, "data, line 1, column 1: 'x' is not a number"),
    ],
)
def test_customers_mistake_is_named(make_job, tables, settings, problem):
    job = make_job(tables, **({"predictor_type": "regressor"} | settings))
    with pytest.raises(CustomerError, match=problem):
        train(job)


@pytest.mark.parametrize(
    ("content_type", "problem"),
    [("text/libsvm", "'text/libsvm' is not one of Linear"), ("text/csv;label_size=2", "label_size"), ("", "RecordIO")],
)
def test_content_type_is_checked(make_job, content_type, problem):
    with pytest.raises(CustomerError, match=problem):
        train(make_job({"train": "1,2\n"}, content_type=content_type, predictor_type="regressor"))


def test_several_instances_are_refused(make_job):
    job = make_job({"train": "1,2\n"}, hosts=("algo-1", "algo-2"), predictor_type="regressor")
    with pytest.raises(CustomerError, match="set InstanceCount to 1"):
        train(job)


def test_divergence_is_named(make_job, diabetes):
    job = make_job(
        {"train": diabetes.train}, predictor_type="regressor", optimizer="sgd", learning_rate=1e200, epochs=2
    )
    with pytest.raises(AlgorithmFailure, match="lower learning_rate"):
        train(job)


def test_job_in_its_sandbox_trains_and_fails(stage, iris, csv_text):
    stage.write("input/data/train/part.csv", csv_text(iris.train))
    settings = {"predictor_type": "multiclass_classifier", "num_classes": "3"}
    job = stage.job("training", "linear-learner:1", hyperparameters=settings, channels={"train": "text/csv"})
    launch = LinearLearner({}).launch(job)
    done = stage.run(launch, job)
    assert done.returncode == 0, done.stderr
    assert read_metrics(done.stdout, "train:multiclass_accuracy")[0] > 0.8
    assert launch.metric_definitions["train:multiclass_accuracy"].startswith("#quality_metric")
    stage.write("input/config/hyperparameters.json", {})
    assert stage.run(launch, job).returncode == 2
    assert (stage.ml / "output" / "failure").read_text().startswith("ClientError: hyperparameter 'predictor_type'")


def test_main_reports_unforeseen_errors_with_their_trace(tmp_path, monkeypatch):
    def broken(_job):
        raise ZeroDivisionError("unforeseen")

    monkeypatch.setattr("headgate_runtimes.algorithms.linear_learner.train.train", broken)
    assert main(tmp_path) == 1
    failure = (tmp_path / "output" / "failure").read_text()
    assert failure.startswith("ZeroDivisionError: unforeseen\nTraceback")


@pytest.fixture
def predictor():
    return Predictor("binary_classifier", "logistic", Linear(np.array([[2.0], [-1.0]]), np.array([0.5])), 0.5)


def ask(predictor, body, content_type="text/csv", accept=""):
    headers = {"content-type": content_type, "accept": accept}
    body = body.encode() if isinstance(body, str) else body
    return LinearModel(predictor, "application/json").invoke(Request("POST", "/invocations", headers, body))


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("1,1\n-1,1\n", "text/csv"),
        ('{"instances": [{"features": [1, 1]}, {"features": [-1, 1]}]}', "application/json"),
        ('{"features": [1, 1]}\n{"data": {"features": {"values": [-1, 1]}}}\n', "application/jsonlines"),
        (
            json.dumps(
                {
                    "instances": [
                        {"data": {"features": {"keys": [0, 1], "shape": [2], "values": [1, 1]}}},
                        {"features": [-1, 1]},
                    ]
                }
            ),
            "application/json; charset=utf-8",
        ),
    ],
)
def test_every_input_gives_the_same_answer(predictor, body, content_type):
    found = json.loads(ask(predictor, body, content_type).body)["predictions"]
    assert [row["predicted_label"] for row in found] == [1, 0]
    assert [row["score"] for row in found] == pytest.approx([1 / (1 + np.exp(-1.5)), 1 / (1 + np.exp(2.5))])


def test_answers_in_recordio_name_what_json_names(predictor):
    """The bytes are of the published format: framing, then `label` maps of float tensors."""
    body = ask(predictor, "1,1\n-1,1\n", accept="application/x-recordio-protobuf").body
    scores = [row["score"] for row in json.loads(ask(predictor, "1,1\n-1,1\n").body)["predictions"]]
    records = []
    while body:
        magic, size = struct.unpack_from("<II", body)
        assert magic == 0xCED7230A
        records.append(body[8 : 8 + size])
        body = body[8 + (size + 3) // 4 * 4 :]
    for record, score, label in zip(records, scores, [1.0, 0.0], strict=True):
        tensors = [(b"score", score), (b"predicted_label", label)]
        assert record == b"".join(
            bytes([0x12, len(name) + 12, 0x0A, len(name)])
            + name
            + b"\x12\x08\x12\x06\x0a\x04"
            + struct.pack("<f", value)
            for name, value in tensors
        )


def test_answers_in_json_lines(predictor):
    lines = ask(predictor, "1,1\n-1,1\n", accept="application/jsonlines").body.decode().splitlines()
    assert [json.loads(line)["predicted_label"] for line in lines] == [1, 0]


@pytest.mark.parametrize(
    ("body", "content_type", "accept", "status", "problem"),
    [
        ("1,1", "image/png", "", 415, "content type 'image/png' is not supported"),
        ("1,1", "text/csv", "text/csv", 406, "accept 'text/csv' is not supported"),
        ("", "text/csv", "", 400, "the payload is empty"),
        ("1,2,3", "text/csv", "", 400, "the payload has 3 features, and the model was trained with 2"),
        ("1,x", "text/csv", "", 400, "payload, line 1, column 2"),
        ('{"rows": []}', "application/json", "", 400, "the form is"),
        ("not json", "application/json", "", 400, "the form is"),
        (b"junk", "application/x-recordio-protobuf", "", 400, "not RecordIO-protobuf"),
    ],
)
def test_clients_mistake_is_named(predictor, body, content_type, accept, status, problem):
    with pytest.raises(BadRequestError, match=problem) as raised:
        ask(predictor, body, content_type, accept)
    assert raised.value.status == status


def test_model_of_another_origin_is_refused(tmp_path, predictor):
    with pytest.raises(CustomerError, match="no model file 'model_algo-1'"):
        load_model(tmp_path)
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model_algo-1").write_bytes(b"PK\x03\x04")
    with pytest.raises(CustomerError, match="was not written by the local cloud"):
        load_model(tmp_path)
    predictor.save(tmp_path / "model")
    assert load_model(tmp_path).invoke(Request("POST", "/", {"content-type": "text/csv"}, b"1,1")).status == 200
