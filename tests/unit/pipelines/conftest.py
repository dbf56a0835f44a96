from __future__ import annotations

from pathlib import Path

import pytest

from headgate.pipelines import (
    Channel,
    Compiled,
    Condition,
    Fail,
    Input,
    Instance,
    Output,
    Parameter,
    Pipeline,
    Processing,
    PropertyFile,
    RegisterModel,
    SourceCode,
    Training,
    join,
    less_or_equal,
)

ROLE = "arn:aws:iam::123456789012:role/headgate-execution"


@pytest.fixture
def code(tmp_path: Path) -> SourceCode:
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "__main__.py").write_text("print('step')\n")
    return SourceCode.from_folder(folder, entry="__main__.py")


@pytest.fixture
def compiled(code: SourceCode) -> Compiled:
    """preprocess -> train -> evaluate -> register or fail: every kind of reference in it."""
    threshold = Parameter.float("Threshold", 3500.0)
    instance = Parameter.string("InstanceType", "ml.m5.large")
    preprocess = Processing(
        "Preprocess",
        image="image",
        role=ROLE,
        code=code,
        inputs=[Input("raw", "s3://data/raw.csv")],
        outputs=[Output("train")],
        arguments=["--threshold", threshold],
        instance=Instance(instance),
    )
    train = Training(
        "Train", image="image", role=ROLE, code=code, channels={"train": Channel(preprocess.output("train"))}
    )
    evaluate = Processing(
        "Evaluate",
        image="image",
        role=ROLE,
        code=code,
        inputs=[Input("model", train.model_artifacts)],
        outputs=[Output("evaluation")],
        property_files=[PropertyFile("Evaluation", "evaluation", "evaluation.json")],
    )
    rmse = evaluate.json("Evaluation", "metrics.rmse")
    register = RegisterModel("Register", group="g", image="image", model_data=train.model_artifacts)
    choose = Condition(
        "Choose",
        [less_or_equal(rmse, threshold)],
        then=[register],
        otherwise=[Fail("TooWeak", join(" ", ["rmse above", threshold]))],
    )
    pipeline = Pipeline("training", [preprocess, train, evaluate, choose], [threshold, instance])
    return pipeline.compile(artifact_bucket="bucket", prefix="project")
