from __future__ import annotations

import pytest

from headgate.errors import UserError
from headgate.pipelines import Parameter, execution, join, json_get, text
from headgate.pipelines.references import Property, path_tokens, render


def test_references_render_as_the_expressions_of_the_definition() -> None:
    assert Property("Train", "TrainingJobName").expression() == {"Get": "Steps.Train.TrainingJobName"}
    assert execution("PipelineName").expression() == {"Get": "Execution.PipelineName"}
    assert join("/", ["s3://b", Parameter.string("Key")]).expression() == {
        "Std:Join": {"On": "/", "Values": ["s3://b", {"Get": "Parameters.Key"}]}
    }
    assert json_get("Evaluate", "Report", "a.b[0]").expression() == {
        "Std:JsonGet": {"PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.Report"}, "Path": "a.b[0]"}
    }


def test_execution_variable_that_sagemaker_lacks_is_refused_with_those_it_has() -> None:
    with pytest.raises(UserError) as caught:
        execution("PipelineExecutionID")  # type: ignore[arg-type]
    assert "PipelineExecutionId" in str(caught.value.expected)


@pytest.mark.parametrize(("value", "expected"), [(3, "3"), (0.5, "0.5"), (True, "true"), (False, "false"), ("x", "x")])
def test_literals_become_text_where_only_text_is_allowed(value: str | float, expected: str) -> None:
    assert text(value) == expected


def test_reference_to_a_number_is_converted_to_text_but_one_to_a_string_is_not() -> None:
    string, number = Parameter.string("S"), Parameter.float("N")
    assert text(string) is string
    assert render(text(number)) == {"Std:Join": {"On": "", "Values": [{"Get": "Parameters.N"}]}}
    assert render(text(json_get("E", "R", "x"))) == {
        "Std:Join": {"On": "", "Values": [json_get("E", "R", "x").expression()]}
    }


def test_members_without_a_value_are_left_out_of_the_json() -> None:
    assert render({"a": None, "b": [{"c": None, "d": 0}], "e": False}) == {"b": [{"d": 0}], "e": False}


@pytest.mark.parametrize(
    ("path", "tokens"),
    [
        ("TrainingJobName", ["TrainingJobName"]),
        ("Outputs['train'].S3Output[0]", ["Outputs", "train", "S3Output", 0]),
        ('Outputs["a b"]', ["Outputs", "a b"]),
        ("", None),
        (".x", None),
        ("Outputs[", None),
        ("a..b", None),
    ],
)
def test_property_path_is_split_or_refused(path: str, tokens: list[str | int] | None) -> None:
    assert path_tokens(path) == tokens
