"""The example of docs/pipelines.md is code that works."""

from __future__ import annotations

import re
from pathlib import Path

from headgate.pipelines import Pipeline, check

PAGE = Path(__file__).parents[3] / "docs" / "pipelines.md"


def test_example_builds_a_pipeline_that_passes_the_check(tmp_path: Path) -> None:
    (tmp_path / "steps").mkdir()
    for name in ("preprocess.py", "evaluate.py"):
        (tmp_path / "steps" / name).write_text("")
    [example] = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    names = {"root": tmp_path, "role": "arn:aws:iam::123456789012:role/headgate-execution"}
    exec(example, names)
    pipeline = names["pipeline"]
    assert isinstance(pipeline, Pipeline)
    compiled = pipeline.compile(artifact_bucket="bucket")
    assert check(compiled.definition) == []
    assert len(compiled.assets) == 2
