"""The user's inference script, and what stands in for what it leaves out."""

from __future__ import annotations

import io
import json
import pickle
import subprocess
import sys
import types

import joblib
import numpy as np
import pytest
import xgboost
from sklearn.linear_model import LinearRegression

from headgate_runtimes.frameworks import ScikitLearn
from headgate_runtimes.serving.codecs import decode, encode, media_type
from headgate_runtimes.serving.http import BadRequestError, Request, Response
from headgate_runtimes.serving.script import Context, Defaults, ScriptModel, find_script, framework_defaults

LINE = LinearRegression().fit(np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), [1.0, 3.0, 0.0])


def script(**functions):
    module = types.ModuleType("inference")
    for name, function in functions.items():
        setattr(module, name, function)
    return module


def ask(model, body, content_type="text/csv", accept=""):
    body = body.encode() if isinstance(body, str) else body
    return model.invoke(Request("POST", "/invocations", {"content-type": content_type, "accept": accept}, body))


def sklearn_model(tmp_path, module=None, name="model.joblib"):
    if name:
        joblib.dump(LINE, tmp_path / name)
    return ScriptModel(module, framework_defaults("sklearn"), str(tmp_path), "application/json")


def test_model_without_script_is_served(tmp_path):
    response = ask(sklearn_model(tmp_path), "1,0\n0,1\n")
    assert json.loads(response.body) == pytest.approx([3.0, 0.0])
    assert response.content_type == "application/json"


def test_one_row_is_a_row(tmp_path):
    assert json.loads(ask(sklearn_model(tmp_path), "[1, 0]", "application/json").body) == pytest.approx([3.0])


def test_model_file_of_another_name_will_do_when_it_is_the_only_one(tmp_path):
    assert ask(sklearn_model(tmp_path, name="line.pkl"), "1,0").status == 200
    joblib.dump(LINE, tmp_path / "other.pkl")
    with pytest.raises(FileNotFoundError, match="needs one model file"):
        sklearn_model(tmp_path, name=None)


def test_functions_of_the_script_replace_the_defaults(tmp_path):
    module = script(
        model_fn=lambda folder: f"model of {folder}",
        input_fn=lambda body, content_type: (body, content_type),
        predict_fn=lambda data, model: {"data": data, "model": model},
        output_fn=lambda prediction, accept: json.dumps(prediction | {"accept": accept}),
    )
    response = ask(sklearn_model(tmp_path, module), "x;y", "text/plain; charset=utf-8", "application/json")
    assert json.loads(response.body) == {
        "data": ["x;y", "text/plain"],
        "model": f"model of {tmp_path}",
        "accept": "application/json",
    }


def test_bytes_stay_bytes_unless_the_type_is_text(tmp_path):
    module = script(model_fn=lambda _: None, transform_fn=lambda _model, body, _type, _accept: type(body).__name__)
    model = sklearn_model(tmp_path, module)
    assert ask(model, b"\x00", "application/x-image").body == b"bytes"
    assert ask(model, b"1", "text/csv").body == b"str"


def test_functions_with_one_argument_more_get_the_context(tmp_path):
    def transform_fn(model, body, content_type, accept, context):
        return f"{context.system_properties['model_dir']} {context.get_request_header(0, 'Content-Type')}"

    module = script(model_fn=lambda folder, context: context.model_dir, transform_fn=transform_fn)
    assert ask(sklearn_model(tmp_path, module), "1").body.decode() == f"{tmp_path} text/csv"
    assert Context("x").get_request_header(0, "absent") is None


class Framed:
    mimetype = "text/csv"
    status_code = 201

    def get_data(self):
        return b"1"


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ("1,2", Response(b"1,2", "application/json")),
        (b"1", Response(b"1", "application/json")),
        ((b"1", "text/csv"), Response(b"1", "text/csv")),
        (([1, 2], "application/json"), Response(b"[1, 2]", "application/json")),
        (np.array([1.5]), Response(b"[1.5]", "application/json")),
        (Framed(), Response(b"1", "text/csv", 201)),
    ],
)
def test_whatever_output_fn_gives_becomes_a_response(tmp_path, result, expected):
    module = script(model_fn=lambda _: None, predict_fn=lambda _data, _model: 0, output_fn=lambda _p, _accept: result)
    assert ask(sklearn_model(tmp_path, module), "1") == expected


def test_transform_fn_and_others_together_are_refused():
    module = script(model_fn=lambda _: None, transform_fn=lambda *_: None, input_fn=lambda *_: None)
    with pytest.raises(ValueError, match="transform_fn replaces"):
        ScriptModel(module, framework_defaults("sklearn"), "x", "application/json")


def test_functions_without_signature_are_called_as_the_contract_says():
    defaults = Defaults(load=str, read=lambda body, _type: body, predict=max, write=lambda value, _accept: value)
    assert ask(ScriptModel(None, defaults, "model", "text/plain"), "zebra", "text/plain").body == b"zebra"


def test_xgboost_script_has_xgboosts_defaults(tmp_path):
    rows = np.random.default_rng(0).normal(size=(50, 2))
    booster = xgboost.train({}, xgboost.DMatrix(rows, label=rows[:, 0]), num_boost_round=3)
    (tmp_path / "xgboost-model").write_bytes(pickle.dumps(booster))
    model = ScriptModel(None, framework_defaults("xgboost"), str(tmp_path), "application/json")
    expected = booster.predict(xgboost.DMatrix(np.array([[0.5, 0.1]]))).tolist()
    assert json.loads(ask(model, "0.5,0.1").body) == pytest.approx(expected)
    assert json.loads(ask(model, b"0:0.5 1:0.1", "text/libsvm").body) == pytest.approx(expected)


def test_named_script_that_is_not_there_is_named_with_what_is(tmp_path):
    (tmp_path / "other.py").write_text("")
    with pytest.raises(FileNotFoundError, match=r"'serve\.py' is not in .* which holds: other\.py"):
        find_script(tmp_path, "serve.py")
    assert find_script(tmp_path, None) is None


@pytest.mark.parametrize(
    ("body", "content_type", "rows"),
    [
        ("[[1, 2], [3, 4]]", "application/json", [[1, 2], [3, 4]]),
        ("[1, 2]\n\n[3, 4]\n", "application/jsonlines", [[1, 2], [3, 4]]),
        ("1,2\n3,4\n", "text/csv; header=absent", [[1, 2], [3, 4]]),
        ('M,"a, b"\n', "text/csv", [["M", "a, b"]]),
    ],
)
def test_bodies_are_decoded(body, content_type, rows):
    assert decode(body, content_type).tolist() == rows
    assert decode(body.encode(), content_type).tolist() == rows


def test_missing_fields_are_nan():
    assert np.isnan(decode("1,,3", "text/csv")[0, 1])


def test_arrays_travel_as_npy():
    table = np.array([[1.5, 2.0]])
    assert np.array_equal(decode(encode(table, "application/x-npy"), "application/x-npy"), table)
    buffer = io.BytesIO()
    np.save(buffer, np.array([{}]), allow_pickle=True)
    with pytest.raises(BadRequestError, match="is not application/x-npy"):
        decode(buffer.getvalue(), "application/x-npy")


@pytest.mark.parametrize(
    ("prediction", "accept", "body"),
    [
        (np.array([1.0, 2.0]), "text/csv", b"1.0\n2.0\n"),
        (np.array([[1, 2], [3, 4]]), "text/csv", b"1,2\n3,4\n"),
        (3, "text/csv", b"3\n"),
        ({"a": np.float64(1.5)}, "application/json", b'{"a": 1.5}'),
        ([{"a": 1}, {"a": 2}], "application/jsonlines", b'{"a": 1}\n{"a": 2}\n'),
        (np.array(["x"]), "application/json; charset=utf-8", b'["x"]'),
    ],
)
def test_predictions_are_encoded(prediction, accept, body):
    assert encode(prediction, accept) == body


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        ("1", "image/png", 415),
        ("not json", "application/json", 400),
        ("", "text/csv", 400),
        ("1,2\n3", "text/csv", 400),
    ],
)
def test_bodies_that_cannot_be_decoded_are_refused(body, content_type, status):
    with pytest.raises(BadRequestError) as raised:
        decode(body, content_type)
    assert raised.value.status == status


def test_unknown_accept_is_refused():
    with pytest.raises(BadRequestError, match="implement output_fn") as raised:
        encode([1], "image/png")
    assert raised.value.status == 406
    assert media_type(None) == ""


def test_script_that_fails_to_load_ends_the_server_with_its_trace(tmp_path):
    from headgate_runtimes.serving import __file__ as package

    (tmp_path / "inference.py").write_text("raise RuntimeError('no weights')")
    main = package.replace("__init__.py", "__main__.py")
    done = subprocess.run(
        [sys.executable, main, "sklearn"],
        env={"SAGEMAKER_SUBMIT_DIRECTORY": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "RuntimeError: no weights" in done.stderr
    assert "the model could not be loaded" in done.stderr


def test_launch_serves_the_script_of_the_model_or_of_s3(stage, archive):
    stage.write("model/code/inference.py", "")
    launch = ScikitLearn({}).launch(stage.job("serving", "sagemaker-scikit-learn:1.2-1"))
    assert launch.environment["SAGEMAKER_SUBMIT_DIRECTORY"] == "/opt/ml/model/code"
    assert launch.argv[-1] == "sklearn"
    stage.objects["s3://code/s.tar.gz"] = archive({"serve.py": "def model_fn(folder): return 1"})
    environment = {"SAGEMAKER_PROGRAM": "serve.py", "SAGEMAKER_SUBMIT_DIRECTORY": "s3://code/s.tar.gz"}
    launch = ScikitLearn({}).launch(stage.job("serving", "sagemaker-scikit-learn:1.2-1", environment=environment))
    assert launch.environment["SAGEMAKER_SUBMIT_DIRECTORY"] == "/opt/ml/code"
    assert (stage.ml / "code" / "serve.py").is_file()
