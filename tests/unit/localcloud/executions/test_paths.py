from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.localcloud.executions.paths import PathError, descend, format_path, parse_path

KEYS = st.text(alphabet=string.ascii_letters + string.digits + "_-:. ", min_size=1)


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("ModelArtifacts.S3ModelArtifacts", ("ModelArtifacts", "S3ModelArtifacts")),
        ("Outputs['train'].S3Output.S3Uri", ("Outputs", "train", "S3Output", "S3Uri")),
        ('FinalMetricDataList["validation:rmse"].Value', ("FinalMetricDataList", "validation:rmse", "Value")),
        ("TrainingJobSummaries[0].TrainingJobName", ("TrainingJobSummaries", 0, "TrainingJobName")),
        ("$.regression.mse[1]", ("regression", "mse", 1)),
        ("a['dotted.key']", ("a", "dotted.key")),
        ("$", ()),
    ],
)
def test_reads_members_indexes_and_keys(text: str, segments: tuple[object, ...]) -> None:
    assert parse_path(text) == segments


@given(st.lists(st.one_of(st.integers(0, 99), KEYS), min_size=1).filter(lambda path: isinstance(path[0], str)))
def test_a_written_path_reads_back(path: list[str | int]) -> None:
    assert parse_path(format_path(path)) == tuple(path)


@pytest.mark.parametrize("text", ["a..b", "a[", "a['b", "a[x]", "a]"])
def test_a_malformed_path_says_where(text: str) -> None:
    with pytest.raises(PathError, match="is not a property path"):
        parse_path(text)


def test_lists_of_named_things_are_addressed_by_name() -> None:
    outputs = [{"OutputName": "train", "S3Uri": "s3://a"}, {"OutputName": "test", "S3Uri": "s3://b"}]
    assert descend({"Outputs": outputs}, ("Outputs", "test", "S3Uri")) == "s3://b"
    assert descend(outputs, (0, "S3Uri")) == "s3://a"


def test_a_number_may_be_the_key_of_an_object() -> None:
    assert descend({"classes": {"1": 0.5}}, ("classes", 1)) == 0.5


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (("metrics", "rmse"), "at metrics there is an object with mse"),
        (("names", 3), "at names there is a list of 1"),
        (("names", "b"), r"a list of 1 \(a\)"),
        (("metrics", "mse", "value"), "the value 4"),
    ],
)
def test_a_dead_end_says_what_is_there(path: tuple[str | int, ...], told: str) -> None:
    with pytest.raises(PathError, match=told):
        descend({"metrics": {"mse": 4}, "names": [{"Name": "a"}]}, path)
