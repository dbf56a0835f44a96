from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from headgate.errors import UserError
from headgate.pipelines import Compiled, Condition, Fail, Parameter, Pipeline, Processing, SourceCode, equals, join


def test_same_sources_give_the_same_bytes(tmp_path: Path) -> None:
    def compiled(folder: Path) -> str:
        folder.mkdir()
        (folder / "main.py").write_text("print(1)")
        os.utime(folder / "main.py", (folder.stat().st_mtime + 99,) * 2)
        code = SourceCode.from_folder(folder, entry="main.py")
        step = Processing("P", image="i", role="r", code=code)
        return Pipeline("p", [step]).compile(artifact_bucket="b", prefix="x").text

    assert compiled(tmp_path / "a") == compiled(tmp_path / "b")


def test_one_code_used_twice_is_one_asset(compiled: Compiled) -> None:
    uris = [asset.s3_uri for asset in compiled.assets]
    assert [uri.split("/")[4] for uri in uris] == ["archives", "code"]


def test_text_is_the_definition(compiled: Compiled) -> None:
    assert json.loads(compiled.text) == compiled.definition


def test_compiled_tells_its_parameters(compiled: Compiled) -> None:
    assert compiled.parameters == (
        Parameter.float("Threshold", 3500.0),
        Parameter.string("InstanceType", "ml.m5.large"),
    )


def test_parallelism_is_the_services_own_unless_bounded() -> None:
    steps = [Fail("F", "x")]
    assert Pipeline("p", steps).compile(artifact_bucket="b").parallelism is None
    bounded = Pipeline("p", steps, max_parallel=3, description="d", tags={"a": "b"}).compile(artifact_bucket="b")
    assert bounded.parallelism == {"MaxParallelExecutionSteps": 3}
    assert (bounded.description, bounded.tags) == ("d", {"a": "b"})


def test_steps_can_be_added_at_the_end() -> None:
    pipeline = Pipeline("p", [Fail("A", "x")])
    assert [step.name for step in pipeline.with_steps([Fail("B", "y")]).steps] == ["A", "B"]
    assert len(pipeline.steps) == 1


def test_added_steps_bring_the_parameters_that_they_use_wherever_they_stand() -> None:
    level, unused, known = (Parameter.integer(name, 1) for name in ("Level", "Unused", "Known"))
    inner = Processing("Inner", image="i", role="r", environment={"LEVEL": join("-", ["a", level, known])})
    pipeline = Pipeline("p", [Fail("A", "x")], parameters=[known]).with_steps(
        [Condition("C", [equals(level, 1)], then=[inner])]
    )
    assert [each.name for each in pipeline.parameters] == ["Known", "Level"]
    assert unused not in pipeline.parameters


def test_step_is_found_by_name_in_a_branch_too() -> None:
    inner = Fail("Inner", "x")
    pipeline = Pipeline("p", [Condition("C", [equals("a", "b")], then=[inner])])
    assert pipeline.step("Inner") is inner
    with pytest.raises(UserError) as error:
        pipeline.step("inner")
    assert error.value.expected == "one of C, Inner; did you mean 'Inner'?"
