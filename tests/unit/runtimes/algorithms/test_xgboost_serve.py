"""The built-in XGBoost algorithm's answers."""

from __future__ import annotations

import json
import math
import pickle

import numpy as np
import pytest
import xgboost
from xgboost import XGBRegressor

from headgate_runtimes.algorithms.errors import CustomerError
from headgate_runtimes.algorithms.xgboost.serve import BoosterModel, load_booster, load_model, selected_content
from headgate_runtimes.serving.http import BadRequestError, Request


def boost(rows, labels, **parameters):
    return xgboost.train(parameters, xgboost.DMatrix(rows, label=labels), num_boost_round=5)


@pytest.fixture(scope="module")
def regressor():
    rows = np.random.default_rng(0).normal(size=(200, 3))
    return boost(rows, rows[:, 0] * 2)


@pytest.fixture(scope="module")
def classifier():
    rows = np.random.default_rng(0).normal(size=(200, 3))
    return boost(rows, (rows[:, 0] > 0).astype(int) + (rows[:, 0] > 1), objective="multi:softprob", num_class=3)


def ask(booster, body, content_type="text/csv", accept="", selected=(), batch=False):
    model = BoosterModel(booster, accept="text/csv", selected=selected, batch=batch)
    headers = {"content-type": content_type} | ({"accept": accept} if accept else {})
    return model.invoke(Request("POST", "/invocations", headers, body.encode() if isinstance(body, str) else body))


ROWS = np.array([[0.5, 0.1, 0.2], [-1.0, 0.0, 0.3]])
CSV_ROWS = "0.5,0.1,0.2\n-1.0,0.0,0.3"


def expected(booster):
    return booster.predict(xgboost.DMatrix(ROWS)).tolist()


def test_csv_in_csv_out(regressor):
    response = ask(regressor, CSV_ROWS + "\n")
    assert response.content_type == "text/csv"
    assert [float(line) for line in response.body.decode().split()] == pytest.approx(expected(regressor))


def test_what_is_clearly_csv_needs_no_content_type(regressor):
    response = ask(regressor, CSV_ROWS, "")
    assert [float(line) for line in response.body.decode().split()] == pytest.approx(expected(regressor))


@pytest.mark.parametrize("body", ["0:0.5 1:0.1 2:0.2\n0:-1 2:0.3", "7 0:0.5 1:0.1 2:0.2\n7 0:-1 2:0.3\n"])
def test_libsvm_needs_no_label(regressor, body):
    scores = [float(line) for line in ask(regressor, body, "text/libsvm").body.decode().split()]
    sparse = np.array([[0.5, 0.1, 0.2], [-1.0, np.nan, 0.3]])
    assert scores == pytest.approx(regressor.predict(xgboost.DMatrix(sparse)).tolist())


def test_json_and_json_lines(regressor):
    scores = expected(regressor)
    whole = json.loads(ask(regressor, CSV_ROWS, accept="application/json").body)
    assert [item["score"] for item in whole["predictions"]] == pytest.approx(scores)
    lines = ask(regressor, CSV_ROWS, accept="application/jsonlines").body.decode().splitlines()
    assert [json.loads(line)["score"] for line in lines] == pytest.approx(scores)


def test_probabilities_of_each_class_are_a_line(classifier):
    lines = ask(classifier, CSV_ROWS).body.decode().splitlines()
    assert [[float(part) for part in line.split(",")] for line in lines] == [
        pytest.approx(row) for row in expected(classifier)
    ]


def test_batch_transform_gets_a_line_for_each_record(regressor):
    assert ask(regressor, CSV_ROWS, batch=True).body.decode().count("\n") == 2


def test_empty_payload_has_no_content(regressor):
    assert ask(regressor, "").status == 204


@pytest.mark.parametrize(
    ("body", "content_type", "accept", "status", "problem"),
    [
        (CSV_ROWS, "image/png", "", 415, "content type 'image/png' is not one of XGBoost's"),
        (CSV_ROWS, "application/x-parquet", "", 415, "for training only"),
        (CSV_ROWS, "text/csv", "image/png", 406, "accept 'image/png' is not supported"),
        ("1,2,x", "text/csv", "", 400, "payload, line 1, column 3: 'x' is not a number"),
        ("1,2", "text/csv", "", 400, "the payload has 2 features, and the model was trained with 3"),
        ("0:1 7:1", "text/libsvm", "", 400, "the payload has 8 features"),
        ("nonsense", "text/libsvm", "", 400, "is not LIBSVM"),
        (b"\xff\xfe", "text/libsvm", "", 400, "codec"),
        (b"garbage!", "application/x-recordio-protobuf", "", 400, "not RecordIO-protobuf"),
    ],
)
def test_clients_mistake_is_named(regressor, body, content_type, accept, status, problem):
    with pytest.raises(BadRequestError, match=problem) as raised:
        ask(regressor, body, content_type, accept)
    assert raised.value.status == status


def test_selected_content_in_json_and_csv(classifier):
    keys = ["predicted_label", "probability", "probabilities", "labels"]
    rows = json.loads(ask(classifier, CSV_ROWS, accept="application/json", selected=keys).body)["predictions"]
    chances = expected(classifier)
    assert [row["predicted_label"] for row in rows] == [int(np.argmax(row)) for row in chances]
    assert rows[0]["probability"] == pytest.approx(max(chances[0]))
    assert rows[0]["probabilities"] == pytest.approx(chances[0])
    assert rows[0]["labels"] == [0, 1, 2]
    lines = ask(classifier, CSV_ROWS, selected=["predicted_label", "labels"]).body.decode().splitlines()
    assert lines[0] == f'{int(np.argmax(chances[0]))},"[0, 1, 2]"'
    (line, _) = ask(classifier, CSV_ROWS, accept="application/jsonlines", selected=keys).body.decode().splitlines()
    assert json.loads(line)["labels"] == [0, 1, 2]


@pytest.mark.parametrize(
    ("objective", "value", "found"),
    [
        ("binary:logistic", 0.7, {"predicted_label": 1, "probability": 0.7, "probabilities": [0.3, 0.7]}),
        ("binary:logitraw", -0.2, {"predicted_label": 0, "raw_score": -0.2, "probability": math.nan}),
        ("binary:hinge", 1.0, {"predicted_label": 1, "labels": [0, 1]}),
        ("multi:softmax", 2.0, {"predicted_label": 2, "predicted_score": math.nan}),
        ("reg:squarederror", 1.5, {"predicted_score": 1.5, "predicted_label": math.nan}),
    ],
)
def test_content_keys_by_objective(objective, value, found):
    content = selected_content(np.float64(value), objective, 0, list(found))
    assert content == {key: pytest.approx(part, nan_ok=True) for key, part in found.items()}


def test_model_is_read_whatever_wrote_it(tmp_path, regressor):
    for name, content in {
        "pickled": pickle.dumps(regressor),
        "scikit": pickle.dumps(XGBRegressor(n_estimators=2).fit(ROWS, [1, 2])),
        "library": bytes(regressor.save_raw("ubj")),
        "json": bytes(regressor.save_raw("json")),
    }.items():
        folder = tmp_path / name
        folder.mkdir()
        (folder / "xgboost-model").write_bytes(content)
        (folder / "another").write_text("beside it")
        assert load_booster(folder).num_features() == 3


@pytest.mark.parametrize(
    ("content", "problem"),
    [(None, "no model file"), (b"junk", "is no XGBoost model"), (pickle.dumps([1]), "holds a list")],
)
def test_what_is_no_model_is_refused(tmp_path, content, problem):
    if content is not None:
        (tmp_path / "xgboost-model").write_bytes(content)
    with pytest.raises(CustomerError, match=problem):
        load_booster(tmp_path)


class OldBooster:
    """Pickles as a Booster of a version whose format the installed library does not know."""

    def __reduce__(self):
        return object.__new__, (xgboost.Booster,), {"handle": bytearray(b"binf" + bytes(60))}


def test_a_model_that_an_old_version_pickled_says_so(tmp_path):
    (tmp_path / "xgboost-model").write_bytes(pickle.dumps(OldBooster()))
    with pytest.raises(CustomerError, match=r"pickled by a version of XGBoost that the installed .* cannot read"):
        load_booster(tmp_path)


def test_environment_sets_the_answer(tmp_path, regressor, monkeypatch):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "xgboost-model").write_bytes(bytes(regressor.save_raw("ubj")))
    monkeypatch.setenv("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", "application/json")
    monkeypatch.setenv("SAGEMAKER_INFERENCE_OUTPUT", "predicted_score")
    response = load_model(tmp_path).invoke(Request("POST", "/invocations", {"content-type": "text/csv"}, b"1,2,3"))
    assert list(json.loads(response.body)["predictions"][0]) == ["predicted_score"]
