from __future__ import annotations

from typing import Any

import pytest

from headgate.errors import UserError
from headgate.pipelines import (
    Cache,
    Callback,
    Categorical,
    Channel,
    ClarifyCheck,
    Condition,
    Container,
    Continuous,
    CreateModel,
    DriftBaselines,
    Fail,
    Instance,
    Integer,
    Lambda,
    ModelMetrics,
    Network,
    Output,
    Parameter,
    Pipeline,
    Processing,
    PropertyFile,
    QualityCheck,
    RegisterModel,
    Retry,
    SourceCode,
    Step,
    Training,
    Transform,
    Tuning,
    check,
    equals,
)

ROLE = "arn:aws:iam::123456789012:role/headgate-execution"


def compiled(step: Step) -> dict[str, Any]:
    """The step's JSON, after the check found nothing wrong with it."""
    definition = Pipeline("p", [step]).compile(artifact_bucket="bucket", prefix="project").definition
    assert check(definition) == []
    entry: dict[str, Any] = definition["Steps"][0]
    return entry


def test_code_of_processing_is_mounted_and_started(code: SourceCode) -> None:
    entry = compiled(Processing("P", image="i", role=ROLE, code=code))
    arguments = entry["Arguments"]
    assert arguments["AppSpecification"]["ContainerEntrypoint"] == [
        "python3",
        "/opt/ml/processing/input/code/__main__.py",
    ]
    assert arguments["ProcessingInputs"][0]["S3Input"]["S3Uri"] == f"s3://bucket/project/code/{code.sha256}"


def test_output_without_destination_goes_to_a_place_of_the_execution(code: SourceCode) -> None:
    entry = compiled(Processing("P", image="i", role=ROLE, code=code, outputs=[Output("train")]))
    output = entry["Arguments"]["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]
    assert output["LocalPath"] == "/opt/ml/processing/output/train"
    values = ["s3://bucket/project/p", {"Get": "Execution.PipelineExecutionId"}, "P", "train"]
    assert output["S3Uri"] == {"Std:Join": {"On": "/", "Values": values}}


def test_output_or_property_file_that_the_step_lacks_is_refused_with_those_it_has() -> None:
    step = Processing(
        "P", image="i", role=ROLE, outputs=[Output("train")], property_files=[PropertyFile("F", "train", "f.json")]
    )
    with pytest.raises(UserError) as caught:
        step.output("test")
    assert caught.value.expected == "train"
    with pytest.raises(UserError) as caught:
        step.json("G", "x")
    assert caught.value.expected == "F"


def test_policies_and_descriptions_of_a_step() -> None:
    entry = compiled(
        Processing(
            "P",
            image="i",
            role=ROLE,
            display_name="first",
            description="what it does",
            cache=Cache("PT1H"),
            retry=[Retry(["SageMaker.JOB_INTERNAL_ERROR"], max_attempts=2, backoff_rate=1.5)],
            network=Network(isolated=True, subnets=["s"], security_groups=["g"]),
            tags={"team": "a"},
            entrypoint=["/bin/x"],
            max_runtime_seconds=60,
        )
    )
    assert (entry["DisplayName"], entry["Description"]) == ("first", "what it does")
    assert entry["CacheConfig"] == {"Enabled": True, "ExpireAfter": "PT1H"}
    assert entry["RetryPolicies"] == [
        {"BackoffRate": 1.5, "IntervalSeconds": 1, "MaxAttempts": 2, "ExceptionType": ["SageMaker.JOB_INTERNAL_ERROR"]}
    ]
    assert entry["Arguments"]["NetworkConfig"] == {
        "EnableNetworkIsolation": True,
        "VpcConfig": {"SecurityGroupIds": ["g"], "Subnets": ["s"]},
    }
    assert entry["Arguments"]["Tags"] == [{"Key": "team", "Value": "a"}]


@pytest.mark.parametrize(
    "policy",
    [
        {},
        {"max_attempts": 1, "expire_after_minutes": 1},
        {"max_attempts": 21},
        {"expire_after_minutes": 0},
        {"on": ["Step.OTHER"], "max_attempts": 1},
    ],
)
def test_retry_policy_that_sagemaker_would_refuse_is_refused(policy: dict[str, Any]) -> None:
    with pytest.raises(UserError):
        Retry(**policy)


def test_code_of_training_becomes_script_mode(code: SourceCode) -> None:
    entry = compiled(Training("T", image="i", role=ROLE, code=code, hyperparameters={"depth": 3, "fast": True}))
    assert entry["Arguments"]["HyperParameters"] == {
        "depth": "3",
        "fast": "true",
        "sagemaker_program": "__main__.py",
        "sagemaker_submit_directory": f"s3://bucket/project/archives/{code.sha256}/sourcedir.tar.gz",
    }


def test_entry_of_training_must_be_among_its_code(code: SourceCode) -> None:
    with pytest.raises(UserError, match=r"'train\.py' is not among"):
        Training("T", image="i", role=ROLE, code=code, entry="train.py")


def test_training_with_all_that_a_job_can_have() -> None:
    entry = compiled(
        Training(
            "T",
            image="i",
            role=ROLE,
            channels={"train": "s3://b/train", "test": Channel("s3://b/t", mode="FastFile")},
            spot=True,
            max_wait_seconds=7200,
            max_runtime_seconds=3600,
            checkpoints="s3://b/checkpoints",
            network=Network(encrypt_traffic=True),
            instance=Instance("ml.c5.xlarge", 2, 50, "key"),
            environment={"A": 1},
            arguments=["--x", 1],
            entrypoint=["train"],
            output_uri="s3://b/models",
            output_kms_key="key",
            tags={"a": "b"},
        )
    )["Arguments"]
    assert entry["StoppingCondition"] == {"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 7200}
    assert entry["CheckpointConfig"] == {"S3Uri": "s3://b/checkpoints", "LocalPath": "/opt/ml/checkpoints"}
    assert entry["EnableManagedSpotTraining"] is True
    assert [channel["ChannelName"] for channel in entry["InputDataConfig"]] == ["train", "test"]
    assert entry["AlgorithmSpecification"]["ContainerArguments"] == ["--x", "1"]


def test_tuning_searches_ranges_and_keeps_the_rest_static() -> None:
    training = Training("T", image="i", role=ROLE, hyperparameters={"eta": 0.1, "objective": "x"})
    tune = Tuning(
        "Tune",
        training=training,
        objective=("validation:rmse", "Minimize"),
        ranges={"eta": Continuous(0.1, 0.5), "depth": Integer(2, 8), "kind": Categorical(["a", 1])},
        random_seed=7,
    )
    arguments = compiled(tune)["Arguments"]
    ranges = arguments["HyperParameterTuningJobConfig"]["ParameterRanges"]
    assert ranges["CategoricalParameterRanges"] == [{"Name": "kind", "Values": ["a", "1"]}]
    assert ranges["ContinuousParameterRanges"][0]["MaxValue"] == "0.5"
    assert arguments["TrainingJobDefinition"]["StaticHyperParameters"] == {"objective": "x"}
    assert arguments["HyperParameterTuningJobConfig"]["RandomSeed"] == 7


def test_top_model_of_tuning_is_a_uri_of_its_training_job() -> None:
    tune = Tuning(
        "Tune", training=Training("T", image="i", role=ROLE), objective=("m", "Minimize"), ranges={"a": Integer(1, 2)}
    )
    assert tune.top_model(1, "bucket", "models/").expression() == {
        "Std:Join": {
            "On": "/",
            "Values": [
                "s3:/",
                "bucket",
                "models",
                {"Get": "Steps.Tune.TrainingJobSummaries[1].TrainingJobName"},
                "output/model.tar.gz",
            ],
        }
    }
    assert tune.best_training_job().path == "BestTrainingJob.TrainingJobName"


def test_models_of_one_container_or_of_several() -> None:
    one = compiled(CreateModel("M", role=ROLE, image="i", model_data="s3://b/m", environment={"A": 1}))["Arguments"]
    assert one["PrimaryContainer"] == {"Image": "i", "ModelDataUrl": "s3://b/m", "Environment": {"A": "1"}}
    two = compiled(CreateModel("M", role=ROLE, containers=[Container("a"), Container("b")]))["Arguments"]
    assert [container["Image"] for container in two["Containers"]] == ["a", "b"]


@pytest.mark.parametrize("given", [{}, {"image": "i", "containers": [Container("a")]}])
def test_model_needs_an_image_or_containers_and_not_both(given: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="needs an image, or containers"):
        compiled(CreateModel("M", role=ROLE, **given))


def test_registered_version_carries_metrics_baselines_and_properties() -> None:
    step = RegisterModel(
        "R",
        group="g",
        image="i",
        model_data="s3://b/m",
        metrics=ModelMetrics(model_quality="s3://b/q", data_quality_constraints="s3://b/c", bias="s3://b/bias"),
        drift_baselines=DriftBaselines(data_statistics="s3://b/s"),
        properties={"rmse": Parameter.float("X")},
        metadata={"CommitId": "abc"},
        task="REGRESSION",
        domain="MACHINE_LEARNING",
    )
    entry = Pipeline("p", [step], [Parameter.float("X")]).compile(artifact_bucket="b").definition["Steps"][0]
    arguments = entry["Arguments"]
    assert arguments["ModelMetrics"]["ModelDataQuality"] == {
        "Constraints": {"ContentType": "application/json", "S3Uri": "s3://b/c"}
    }
    assert arguments["DriftCheckBaselines"] == {
        "ModelDataQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": "s3://b/s"}}
    }
    assert arguments["CustomerMetadataProperties"]["rmse"]["Std:Join"]["Values"] == [{"Get": "Parameters.X"}]
    assert arguments["MetadataProperties"] == {"CommitId": "abc"}
    assert step.model_package_arn.path == "ModelPackageArn"


def test_transform_without_destination_goes_to_a_place_of_the_execution() -> None:
    step = Transform("T", model="m", source="s3://b/data")
    assert "Std:Join" in compiled(step)["Arguments"]["TransformOutput"]["S3OutputPath"]
    assert step.output.path == "TransformOutput.S3OutputPath"


def test_lambda_and_callback_declare_outputs_and_refuse_others() -> None:
    call = Lambda("L", function_arn="arn:aws:lambda:us-east-1:123456789012:function:f", outputs={"a": "Integer"})
    assert compiled(call)["OutputParameters"] == [{"OutputName": "a", "OutputType": "Integer"}]
    ask = compiled(Callback("C", queue_url="https://sqs", inputs={"a": 1}))
    assert (ask["Arguments"], ask["SqsQueueUrl"], ask["OutputParameters"]) == ({"a": 1}, "https://sqs", [])
    with pytest.raises(UserError, match="has no output 'b'"):
        call.output("b")


def test_checks_are_processing_jobs_with_a_baseline() -> None:
    quality = QualityCheck(
        "Q", image="i", role=ROLE, group="g", baseline_statistics="s3://b/s", baseline_constraints="s3://b/c"
    )
    entry = compiled(quality)
    assert entry["CheckType"] == "DATA_QUALITY"
    assert entry["SuppliedBaselineStatistics"] == "s3://b/s"
    assert (entry["SkipCheck"], entry["FailOnViolation"], entry["RegisterNewBaseline"]) == (False, True, False)
    paths = [quality.calculated_constraints, quality.calculated_statistics, quality.constraints_used]
    assert [each.path for each in paths] == [
        "CalculatedBaselineConstraints",
        "CalculatedBaselineStatistics",
        "BaselineUsedForDriftCheckConstraints",
    ]
    assert quality.statistics_used.path == "BaselineUsedForDriftCheckStatistics"
    bias = compiled(ClarifyCheck("B", image="i", role=ROLE, check="MODEL_BIAS", model="m"))
    assert (bias["CheckType"], bias["ModelName"]) == ("MODEL_BIAS", "m")


def test_condition_nests_steps_and_knows_all_of_them() -> None:
    inner = Condition("Inner", [equals(1, 1)], then=[Fail("A", "a")])
    outer = Condition("Outer", [equals(1, 1)], then=[inner], otherwise=[Fail("B", "b")])
    assert [step.name for step in Pipeline("p", [outer]).all_steps()] == ["Outer", "Inner", "A", "B"]
    assert compiled(outer)["Arguments"]["IfSteps"][0]["Arguments"]["IfSteps"][0]["Name"] == "A"
    assert outer.outcome.path == "Outcome"


def test_depends_on_takes_steps_and_names() -> None:
    first = Fail("First", "x")
    pipeline = Pipeline("p", [first, Fail("Second", "x", depends_on=[first, "First"])])
    assert pipeline.compile(artifact_bucket="b").definition["Steps"][1]["DependsOn"] == ["First", "First"]
