from __future__ import annotations

import json
import os
from pathlib import Path

from headgate.pipelines import Compiled, Fail, Parameter, Pipeline, Processing, SourceCode


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
