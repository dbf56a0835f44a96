"""What our builder writes is what the SageMaker SDK writes, and what our image lookup finds is what it finds.

Known differences, evened out before comparing:
- code keys: ours and the SDK front end's are content-addressed, the SDK's own hold a time;
- members that only repeat the service's default (see DEFAULTS), empty objects and lists, nulls;
- script-mode variables that the SDK adds to a registered model's container, whatever the image.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from headgate.pipelines import (
    Cache,
    Callback,
    Channel,
    ClarifyCheck,
    Compiled,
    Condition,
    Continuous,
    CreateModel,
    Fail,
    Input,
    Instance,
    Integer,
    Lambda,
    ModelMetrics,
    Output,
    Parameter,
    Pipeline,
    Processing,
    PropertyFile,
    QualityCheck,
    RegisterModel,
    Retry,
    SourceCode,
    Training,
    Transform,
    Tuning,
    any_of,
    check,
    equals,
    execution,
    greater_or_equal,
    greater_than,
    is_in,
    join,
    less_or_equal,
    less_than,
    negate,
)
from headgate.pipelines.images import UnknownImageError, image_uri
from headgate.pipelines.sdk import SdkPipeline
from headgate.spec.project import PipelineEntrypoint, Project

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent / "sdk_pipeline"
BUCKET = "headgate-123456789012-us-east-1"
ROLE = "arn:aws:iam::123456789012:role/headgate-execution"
SAMPLES = [
    {"framework": framework, "region": region, **options}
    for region in ("us-east-1", "eu-central-1", "cn-north-1", "us-gov-west-1", "ap-southeast-2")
    for framework, options in (
        ("sklearn", {"version": "1.2-1", "instance_type": "ml.m5.xlarge"}),
        ("sklearn", {"version": "0.23-1", "instance_type": "ml.c5.large", "image_scope": "inference"}),
        ("sklearn", {"version": "9.9", "instance_type": "ml.m5.xlarge"}),
        ("xgboost", {"version": "1.7-1"}),
        ("xgboost", {"version": "1.0-1", "instance_type": "ml.m5.xlarge", "py_version": "py3"}),
        ("xgboost", {"version": "1"}),
        ("linear-learner", {}),
        ("kmeans", {}),
        ("model-monitor", {}),
        ("clarify", {}),
        ("pytorch", {"version": "2.3", "instance_type": "ml.g4dn.xlarge", "image_scope": "training"}),
        ("pytorch", {"version": "2.3", "instance_type": "ml.m5.xlarge", "image_scope": "inference"}),
        ("tensorflow", {"version": "2.12", "instance_type": "ml.p3.2xlarge", "image_scope": "training"}),
        ("tensorflow", {"version": "2.12", "instance_type": "ml.c5.xlarge", "image_scope": "inference"}),
        ("spark", {"version": "3.1", "instance_type": "ml.m5.xlarge"}),
        ("autogluon", {"version": "1.0.0", "instance_type": "ml.m5.xlarge", "image_scope": "training"}),
    )
]  # fmt: skip


@dataclass(frozen=True)
class Sdk:
    compiled: Compiled
    images: list[str | None]


@pytest.fixture(scope="module")
def sdk(tmp_path_factory: pytest.TempPathFactory) -> Sdk:
    folder = tmp_path_factory.mktemp("sdk")
    answers = folder / "images.json"
    project = Project(name="conformance", root=folder, file=folder / "headgate.yaml")
    entrypoint = PipelineEntrypoint(
        "conformance", HERE / "pipeline.py", arguments={"samples": SAMPLES, "answers": str(answers)}
    )
    compiled = SdkPipeline(project, entrypoint).compile(artifact_bucket=BUCKET)
    return Sdk(compiled, json.loads(answers.read_text()))


def ours() -> Compiled:
    sklearn = image_uri("sklearn", "us-east-1", version="1.2-1", instance_type="ml.m5.xlarge")
    xgboost = image_uri("xgboost", "us-east-1", version="1.7-1")
    instance = Parameter.string("InstanceType", "ml.m5.xlarge", choices=["ml.m5.xlarge", "ml.m5.large"])
    count = Parameter.integer("Count", 1)
    threshold = Parameter.float("Threshold", 6.0)
    skip = Parameter.boolean("Skip", default=False)
    data = Parameter.string("Data", "s3://data/abalone.csv")
    code = SourceCode.from_file(HERE / "step.py")
    shared: dict[str, Any] = {
        "image": sklearn,
        "role": ROLE,
        "code": code,
        "instance": Instance(instance, count),
        "environment": {"STAGE": "dev"},
        "max_runtime_seconds": 1800,
    }

    def output(name: str) -> Output:
        return Output(name, destination=f"s3://{BUCKET}/fixed/{name}")

    preprocess = Processing(
        "Preprocess",
        **shared,
        inputs=[Input("raw", data)],
        outputs=[output("train"), output("validation")],
        arguments=["--threshold", threshold],
        cache=Cache("P7D"),
        retry=[
            Retry(["Step.THROTTLING"], max_attempts=3),
            Retry(["SageMaker.CAPACITY_ERROR"], expire_after_minutes=60, interval_seconds=5),
        ],
    )
    train = Training(
        "Train",
        image=xgboost,
        role=ROLE,
        channels={
            name: Channel(preprocess.output(name), content_type="text/csv", mode="File")
            for name in ("train", "validation")
        },
        hyperparameters={"objective": "reg:squarederror", "num_round": 20},
        output_uri=f"s3://{BUCKET}/models",
        metric_definitions={"validation:rmse": "rmse:([0-9.]+)"},
        max_runtime_seconds=3600,
        cache=Cache(),
    )
    tune = Tuning(
        "Tune",
        training=train,
        objective=("validation:rmse", "Minimize"),
        ranges={"eta": Continuous(0.1, 0.5), "max_depth": Integer(2, 8)},
        max_jobs=4,
        max_parallel=2,
        early_stopping=True,
    )
    evaluate = Processing(
        "Evaluate",
        **shared,
        inputs=[Input("model", train.model_artifacts)],
        outputs=[output("evaluation")],
        property_files=[PropertyFile("Evaluation", "evaluation", "evaluation.json")],
    )
    rmse = evaluate.json("Evaluation", "regression_metrics.rmse.value")
    create = CreateModel("Create", role=ROLE, image=xgboost, model_data=train.model_artifacts)
    register = RegisterModel(
        "Register",
        group="abalone",
        image=xgboost,
        model_data=train.model_artifacts,
        package_description="a version",
        inference_instances=["ml.m5.large"],
        transform_instances=["ml.m5.large"],
        metrics=ModelMetrics(model_quality=join("/", [evaluate.output("evaluation"), "evaluation.json"])),
        properties={"rmse": rmse},
    )
    transform = Transform(
        "Transform",
        model=create.model_name,
        source=data,
        destination=f"s3://{BUCKET}/predictions",
        content_type="text/csv",
        accept="text/csv",
        split="Line",
        assemble="Line",
        batch_strategy="MultiRecord",
        max_payload_mb=6,
        max_concurrent=2,
        join_source="Input",
        output_filter="$[0,-1]",
    )
    announce = Lambda(
        "Announce",
        function_arn="arn:aws:lambda:us-east-1:123456789012:function:announce",
        inputs={"execution": execution("PipelineExecutionId"), "limit": threshold},
        outputs={"ticket": "String"},
    )
    ask = Callback(
        "Ask",
        queue_url="https://sqs.us-east-1.amazonaws.com/123456789012/ask",
        inputs={"ticket": announce.output("ticket")},
        outputs={"answer": "Integer"},
    )
    quality = QualityCheck(
        "Quality",
        image=image_uri("model-monitor", "us-east-1"),
        role=ROLE,
        inputs=[Input("baseline_dataset_input", preprocess.output("train"))],
        outputs=[Output("quality_check_output", "/opt/ml/processing/output", f"s3://{BUCKET}/quality")],
        environment={
            "output_path": "/opt/ml/processing/output",
            "publish_cloudwatch_metrics": "Disabled",
            "dataset_format": '{"csv": {"header": false, "output_columns_position": "START"}}',
            "dataset_source": "/opt/ml/processing/input/baseline_dataset_input",
        },
        max_runtime_seconds=86_400,
        group="abalone",
        skip=skip,
        register_new_baseline=True,
        depends_on=[announce],
    )
    analysis = f"s3://{BUCKET}/code/{'0' * 64}/analysis_config.json"
    bias = ClarifyCheck(
        "Bias",
        image=image_uri("clarify", "us-east-1"),
        role=ROLE,
        inputs=[
            Input("analysis_config", analysis, "/opt/ml/processing/input/config"),
            Input("dataset", preprocess.output("train"), "/opt/ml/processing/input/data"),
        ],
        outputs=[Output("analysis_result", "/opt/ml/processing/output", f"s3://{BUCKET}/bias")],
        max_runtime_seconds=86_400,
        group="abalone",
    )  # fmt: skip
    choose = Condition(
        "Choose",
        [
            less_or_equal(rmse, threshold),
            any_of(equals(count, 1), greater_than(count, 2)),
            negate(is_in(instance, ["ml.t3.medium", "ml.t3.large"])),
            greater_or_equal(ask.output("answer"), 1),
            less_than(rmse, 100.0),
        ],
        then=[register],
        otherwise=[Fail("TooWeak", join(" ", ["rmse above", threshold]))],
    )
    return Pipeline(
        "conformance",
        parameters=[instance, count, threshold, skip, data],
        steps=[preprocess, train, tune, evaluate, create, transform, announce, ask, quality, bias, choose],
    ).compile(artifact_bucket=BUCKET)


DEFAULTS = {
    "S3DataDistributionType": "FullyReplicated",
    "S3CompressionType": "None",
    "SkipModelValidation": "None",
    "InputMode": "File",
}


def even(value: Any) -> Any:
    """The value without what the known differences are."""
    if isinstance(value, dict):
        evened = {key: even(member) for key, member in value.items() if not key.startswith("SAGEMAKER_")}
        return {
            key: member
            for key, member in evened.items()
            if member not in (None, {}, []) and DEFAULTS.get(key, object()) != member
        }
    if isinstance(value, list):
        return [even(member) for member in value]
    if isinstance(value, str):
        return re.sub(r"/code/[0-9a-f]{64}(/step\.py)?", "/code/<digest>", value)
    return value


def steps(entries: Any) -> dict[str, Any]:
    """By name, those in branches too."""
    found: dict[str, Any] = {}
    for step in entries:
        arguments = step["Arguments"]
        found |= {step["Name"]: step} | steps([*arguments.get("IfSteps", ()), *arguments.get("ElseSteps", ())])
    return found


@pytest.mark.parametrize(
    "name",
    [
        "Preprocess", "Train", "Tune", "Evaluate", "Create", "Register", "Transform", "Announce", "Ask", "Quality",
        "Bias", "Choose", "TooWeak",
    ],
)  # fmt: skip
def test_step_is_what_the_sdk_makes(sdk: Sdk, name: str) -> None:
    assert even(steps(ours().definition["Steps"])[name]) == even(steps(sdk.compiled.definition["Steps"])[name])


def test_no_step_of_the_sdk_is_left_out(sdk: Sdk) -> None:
    assert set(steps(ours().definition["Steps"])) == set(steps(sdk.compiled.definition["Steps"]))


def test_frame_of_the_definition_is_what_the_sdk_makes(sdk: Sdk) -> None:
    def frame(definition: Any) -> Any:
        return even({key: value for key, value in definition.items() if key != "Steps"})

    assert frame(ours().definition) == frame(sdk.compiled.definition)


def test_check_finds_nothing_wrong_with_what_the_sdk_makes(sdk: Sdk) -> None:
    assert check(sdk.compiled.definition) == []
    assert check(ours().definition) == []


def test_code_of_the_sdk_gets_the_key_of_its_content(sdk: Sdk) -> None:
    uris = [asset.s3_uri for asset in sdk.compiled.assets if asset.s3_uri.endswith("step.py")]
    [asset] = [asset for asset in sdk.compiled.assets if asset.s3_uri in uris]
    assert asset.files[0].content == (HERE / "step.py").read_bytes()
    assert asset.s3_uri == f"s3://{BUCKET}/code/{asset.sha256}/step.py"


@pytest.mark.parametrize("index", range(len(SAMPLES)))
def test_image_is_what_the_sdk_finds(sdk: Sdk, index: int) -> None:
    sample = dict(SAMPLES[index])
    scope = sample.pop("image_scope", None)
    try:
        found: str | None = image_uri(sample.pop("framework"), sample.pop("region"), scope=scope, **sample)
    except UnknownImageError:
        found = None
    assert found == sdk.images[index]
