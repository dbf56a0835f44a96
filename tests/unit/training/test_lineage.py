from __future__ import annotations

import pytest

from headgate.errors import UserError
from headgate.pipelines import Parameter, SourceCode
from headgate_training import lineage


def shown(value):
    """A join with its parameters' defaults in place."""
    return "".join(str(part.default) if isinstance(part, Parameter) else str(part) for part in value.values)


def test_hyperparameters_are_one_line_by_name():
    values = {"max_depth": Parameter.integer("max_depth", 3), "eta": 0.5, "flag": True}
    made = lineage.hyperparameter_properties(values)
    assert {name: shown(value) for name, value in made.items()} == {"hyperparameters": "eta=0.5 flag=true max_depth=3"}


def test_a_line_that_would_be_too_long_goes_on_in_another():
    values = {f"hyperparameter_{number:02}": "x" * 60 for number in range(10)}
    made = {name: shown(value) for name, value in lineage.hyperparameter_properties(values).items()}
    assert list(made) == ["hyperparameters", "hyperparameters.2", "hyperparameters.3", "hyperparameters.4"]
    assert max(map(len, made.values())) <= 256
    assert " ".join(made.values()).split() == [f"hyperparameter_{number:02}={'x' * 60}" for number in range(10)]


def test_a_reference_is_given_room():
    values = {f"h{number}": Parameter.float(f"h{number}", 1.0) for number in range(20)}
    assert len(lineage.hyperparameter_properties(values)) > 1


def test_code_has_a_digest_for_each_step_and_one_over_all(tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.py").write_text(name)
    sources = {name: SourceCode.from_file(tmp_path / f"{name}.py") for name in ("a", "b")}
    made = lineage.code_properties(sources)
    assert made["code.a"] == sources["a"].sha256
    assert lineage.code_properties({"b": sources["b"], "a": sources["a"]}) == made
    assert lineage.code_properties({"a": sources["b"], "b": sources["a"]})["code_digest"] != made["code_digest"]


def test_more_properties_than_a_version_can_hold_are_refused():
    lineage.bounded({f"p{number}": "" for number in range(45)})
    with pytest.raises(UserError, match="46 properties, and SageMaker allows 50"):
        lineage.bounded({f"p{number}": "" for number in range(46)})
