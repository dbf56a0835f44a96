"""Fitting resolved arguments to an API request: hyperparameters and the like are strings, whatever they came from."""

from __future__ import annotations

from typing import Any

from headgate.localcloud.executions.references import as_text
from headgate.localcloud.sagemaker.operations import service_model
from headgate.localcloud.seams import Json


def fit(operation: str, arguments: Json) -> Json:
    """The arguments with numbers and booleans written as text wherever the operation takes strings.

    A pipeline parameter of type Integer may be referred to as a hyperparameter or an environment variable; SageMaker
    converts it. Nothing else is changed, so that what is wrong is still refused by the operation.
    """
    fitted: Json = _fit(arguments, service_model().operation_model(operation).input_shape)
    return fitted


def _fit(value: Any, shape: Any) -> Any:
    if shape.type_name == "structure" and isinstance(value, dict):
        members = shape.members
        return {key: _fit(one, members[key]) if key in members else one for key, one in value.items()}
    if shape.type_name == "map" and isinstance(value, dict):
        return {key: _fit(one, shape.value) for key, one in value.items()}
    if shape.type_name == "list" and isinstance(value, list):
        return [_fit(one, shape.member) for one in value]
    if shape.type_name == "string" and isinstance(value, (bool, int, float)):
        return as_text(value)
    return value
