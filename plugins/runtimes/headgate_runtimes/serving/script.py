"""The user's inference script as a model: `model_fn`, `input_fn`, `predict_fn`, `output_fn`, or `transform_fn`.

What the script leaves out has the defaults of the framework's image.
"""

from __future__ import annotations

import importlib
import inspect
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from headgate_runtimes.serving.codecs import JSON, UTF8_TYPES, decode, encode, media_type
from headgate_runtimes.serving.http import Request, Response

_MODEL_FILES = ("model.joblib", "model.pkl")


@dataclass(slots=True)
class Context:
    """What a function with one argument more than usual is given: the model's folder and the request's headers."""

    model_dir: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def system_properties(self) -> dict[str, Any]:
        return {"model_dir": self.model_dir, "gpu_id": None, "batch_size": 1}

    def get_request_header(self, index: int, name: str) -> str | None:
        """A header of the request; `index` is its place in a batch, which is always of one."""
        del index
        return self.headers.get(name.lower())


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a framework does where the script does nothing."""

    load: Callable[[str], Any]
    read: Callable[[Any, str], Any]
    predict: Callable[[Any, Any], Any]
    write: Callable[[Any, str], Any]


class ScriptModel:
    """Answers invocations with the functions of a script.

    Raises:
        ValueError: the script has transform_fn together with functions that it would replace.
        Exception: whatever model_fn raises.
    """

    def __init__(self, script: ModuleType | None, defaults: Defaults, model_dir: str, accept: str) -> None:
        self._model_dir = model_dir
        self._accept = accept
        found = {name: getattr(script, f"{name}_fn", None) for name in ("input", "predict", "output", "transform")}
        if found["transform"] and (found["input"] or found["predict"] or found["output"]):
            raise ValueError("transform_fn replaces input_fn, predict_fn and output_fn: give one or the other")
        self._transform = _with_context(found["transform"], 4) if found["transform"] else None
        self._input = _with_context(found["input"] or defaults.read, 2)
        self._predict = _with_context(found["predict"] or defaults.predict, 2)
        self._output = _with_context(found["output"] or defaults.write, 2)
        load = _with_context(getattr(script, "model_fn", None) or defaults.load, 1)
        self._model = load(Context(model_dir), model_dir)

    def invoke(self, request: Request) -> Response:
        kind = media_type(request.content_type) or JSON
        accept = request.accept or self._accept
        body: str | bytes = request.body.decode("utf-8") if kind in UTF8_TYPES else request.body
        context = Context(self._model_dir, request.headers)
        if self._transform is not None:
            result = self._transform(context, self._model, body, kind, accept)
        else:
            data = self._input(context, body, kind)
            result = self._output(context, self._predict(context, data, self._model), accept)
        return _response(result, accept)


def _with_context(function: Callable[..., Any], arguments: int) -> Callable[..., Any]:
    """Call a function with the context last when it takes one argument more than the contract's."""
    try:
        taken = len(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        taken = arguments
    wants_context = taken == arguments + 1

    def call(context: Context, *given: Any) -> Any:
        return function(*given, context) if wants_context else function(*given)

    return call


def _response(result: Any, accept: str) -> Response:
    """What an output function gave, as a response: a body, a body with its content type, or a response object."""
    if isinstance(result, tuple) and len(result) == 2:
        body, kind = result
        return Response(_bytes(body, kind), str(kind))
    if hasattr(result, "get_data") and hasattr(result, "mimetype"):
        return Response(result.get_data(), str(result.mimetype), int(result.status_code))
    return Response(_bytes(result, accept), accept)


def _bytes(body: Any, kind: str) -> bytes:
    if isinstance(body, bytes | bytearray | memoryview):
        return bytes(body)
    return body.encode("utf-8") if isinstance(body, str) else encode(body, kind)


def find_script(code: Path, program: str | None) -> ModuleType | None:
    """Import the user's module: the named program, else inference.py when there is one.

    Raises:
        FileNotFoundError: the named program is not there.
    """
    name = program or "inference.py"
    if not (code / name).is_file():
        if program is None:
            return None
        there = ", ".join(sorted(entry.name for entry in code.iterdir())) if code.is_dir() else "nothing"
        raise FileNotFoundError(f"inference script '{program}' is not in {code}, which holds: {there}")
    if str(code) not in sys.path:
        sys.path.insert(0, str(code))
    return importlib.import_module(name.removesuffix(".py").replace("/", "."))


def framework_defaults(framework: str) -> Defaults:
    """The defaults of a framework's image, by the module that the framework imports as."""
    if framework == "xgboost":
        return Defaults(_load_booster, _read_matrix, _predict_booster, encode)
    return Defaults(_load_pickled, _read_rows, lambda data, model: model.predict(data), encode)


def _load_pickled(model_dir: str) -> Any:
    """A scikit-learn model that joblib or pickle wrote, when the script has no model_fn."""
    folder = Path(model_dir)
    files = [folder / name for name in _MODEL_FILES if (folder / name).is_file()]
    files = files or sorted([*folder.glob("*.joblib"), *folder.glob("*.pkl"), *folder.glob("*.pickle")])
    if len(files) != 1:
        raise FileNotFoundError(
            f"a script without model_fn needs one model file (model.joblib) in {model_dir}; "
            f"found: {', '.join(file.name for file in files) or 'none'}"
        )
    import joblib  # type: ignore[import-untyped]

    return joblib.load(files[0])


def _read_rows(body: Any, content_type: str) -> Any:
    data = decode(body, content_type)
    return data.reshape(1, -1) if data.ndim == 1 else data


def _load_booster(model_dir: str) -> Any:
    from headgate_runtimes.algorithms.xgboost.serve import load_booster

    return load_booster(Path(model_dir))


def _read_matrix(body: Any, content_type: str) -> Any:
    from headgate_runtimes.algorithms.xgboost.serve import parse_body

    return parse_body(body.encode() if isinstance(body, str) else body, content_type)


def _predict_booster(data: Any, model: Any) -> Any:
    return model.predict(data, validate_features=False)


def load_script_model(framework: str) -> ScriptModel:
    """The model of this process's environment: `SAGEMAKER_SUBMIT_DIRECTORY`, `SAGEMAKER_PROGRAM`, `SM_MODEL_DIR`."""
    model_dir = os.environ.get("SM_MODEL_DIR", "/opt/ml/model")
    code = Path(os.environ.get("SAGEMAKER_SUBMIT_DIRECTORY", f"{model_dir}/code"))
    script = find_script(code, os.environ.get("SAGEMAKER_PROGRAM"))
    accept = os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", JSON)
    return ScriptModel(script, framework_defaults(framework), model_dir, accept)
