from __future__ import annotations

from typing import Any

import pytest

from headgate.localcloud.executions.paths import PathError
from headgate.localcloud.executions.references import (
    Reference,
    ReferenceUnresolvedError,
    as_text,
    find_references,
    resolve,
)


class Values:
    """A scope of fixed values."""

    def __init__(self, files: dict[str, bytes] | None = None, **values: Any) -> None:
        self._values = values
        self._files = files or {}

    def get(self, reference: Reference) -> Any:
        return self._values[reference.name]

    def property_file(self, reference: Reference) -> str:
        return f"s3://files/{reference.property_file}"

    def read(self, uri: str) -> bytes:
        return self._files[uri]


def json_get(path: str) -> dict[str, Any]:
    return {"Std:JsonGet": {"PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.Report"}, "Path": path}}


def test_types_are_kept() -> None:
    scope = Values(Count=3, Rate=0.5, On=True, Name="x")
    request = {name: {"Get": f"Parameters.{name}"} for name in ("Count", "Rate", "On", "Name")}
    assert resolve(request, scope) == {"Count": 3, "Rate": 0.5, "On": True, "Name": "x"}


def test_join_makes_one_string_of_anything() -> None:
    values = ["a", {"Get": "Parameters.Count"}, True, {"Std:Join": {"On": "-", "Values": ["x", 2.5]}}]
    assert resolve({"Std:Join": {"On": "/", "Values": values}}, Values(Count=3)) == "a/3/true/x-2.5"


def test_members_that_are_null_are_left_out() -> None:
    assert resolve({"a": None, "b": [{"c": None, "d": 1}]}, Values()) == {"b": [{"d": 1}]}


def test_an_object_with_more_than_an_expression_is_data() -> None:
    assert resolve({"Get": "Parameters.Count", "More": 1}, Values()) == {"Get": "Parameters.Count", "More": 1}


def test_json_get_reads_a_property_file() -> None:
    scope = Values({"s3://files/Report": b'{"metrics": {"mse": {"value": 4.5}}}'})
    assert resolve(json_get("metrics.mse.value"), scope) == 4.5


def test_json_get_reads_any_s3_object() -> None:
    scope = Values({"s3://b/7/r.json": b"[1, 2]"}, Id="7")
    uri = {"Std:Join": {"On": "/", "Values": ["s3://b", {"Get": "Execution.Id"}, "r.json"]}}
    assert resolve({"Std:JsonGet": {"S3Uri": uri, "Path": "[1]"}}, scope) == 2


def test_json_get_names_the_file_that_is_not_json() -> None:
    with pytest.raises(
        ReferenceUnresolvedError, match=r"'Report' of step 'Evaluate' \(s3://files/Report\): it is not JSON"
    ):
        resolve(json_get("a"), Values({"s3://files/Report": b"mse=4"}))


def test_json_get_refuses_a_metric_that_is_not_a_number() -> None:
    with pytest.raises(ReferenceUnresolvedError, match="NaN is no JSON value"):
        resolve(json_get("metrics.mse"), Values({"s3://files/Report": b'{"metrics": {"mse": NaN}}'}))


def test_json_get_names_the_path_that_is_not_there() -> None:
    with pytest.raises(ReferenceUnresolvedError, match=r"nothing at path 'metrics.rmse'.*an object with mse"):
        resolve(json_get("metrics.rmse"), Values({"s3://files/Report": b'{"metrics": {"mse": 1}}'}))


def test_json_get_names_the_path_that_is_no_path() -> None:
    with pytest.raises(ReferenceUnresolvedError, match="is not a property path"):
        resolve(json_get("a[["), Values({"s3://files/Report": b"{}"}))


def test_all_references_are_found() -> None:
    value = {
        "a": [{"Get": "Steps.One.Arn"}],
        "b": {"Std:Join": {"On": "", "Values": [{"Get": "Parameters.P"}]}},
        "c": json_get("x"),
    }
    found = [(one.root, one.name) for one in find_references(value)]
    assert found == [("Steps", "One"), ("Parameters", "P"), ("Steps", "Evaluate")]


@pytest.mark.parametrize("text", ["Parameter.X", "Steps", "Steps.[0]", 7, "Steps[0].X"])
def test_what_is_no_reference_is_refused(text: object) -> None:
    with pytest.raises(PathError):
        list(find_references({"Get": text}))


def test_an_unreadable_reference_is_unresolved() -> None:
    with pytest.raises(ReferenceUnresolvedError, match="is no reference"):
        resolve({"Get": "Nowhere.X"}, Values())


def test_structures_are_written_as_json() -> None:
    assert as_text({"a": [1]}) == '{"a": [1]}'
