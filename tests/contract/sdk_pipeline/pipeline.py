"""Every kind of step, as the SageMaker SDK 3 makes it. The conformance test compiles it offline, in one process."""

from __future__ import annotations

import json
from pathlib import Path

from sagemaker.core.clarify import BiasConfig, DataConfig
from sagemaker.core.image_uris import retrieve
from sagemaker.core.inputs import TransformInput
from sagemaker.core.lambda_helper import Lambda
from sagemaker.core.model_metrics import MetricsSource, ModelMetrics
from sagemaker.core.model_monitor.dataset_format import DatasetFormat
from sagemaker.core.parameter import ContinuousParameter, IntegerParameter
from sagemaker.core.processing import ScriptProcessor
from sagemaker.core.shapes import (
    MetricDefinition,
    OutputDataConfig,
    ProcessingInput,
    ProcessingOutput,
    ProcessingS3Input,
    ProcessingS3Output,
    StoppingCondition,
)
from sagemaker.core.transformer import Transformer
from sagemaker.core.workflow.conditions import (
    ConditionEquals,
    ConditionGreaterThan,
    ConditionGreaterThanOrEqualTo,
    ConditionIn,
    ConditionLessThan,
    ConditionLessThanOrEqualTo,
    ConditionNot,
    ConditionOr,
)
from sagemaker.core.workflow.execution_variables import ExecutionVariables
from sagemaker.core.workflow.functions import Join, JsonGet
from sagemaker.core.workflow.parameters import ParameterBoolean, ParameterFloat, ParameterInteger, ParameterString
from sagemaker.core.workflow.pipeline_context import PipelineSession
from sagemaker.core.workflow.properties import PropertyFile
from sagemaker.mlops.workflow.callback_step import CallbackOutput, CallbackOutputTypeEnum, CallbackStep
from sagemaker.mlops.workflow.check_job_config import CheckJobConfig
from sagemaker.mlops.workflow.clarify_check_step import ClarifyCheckStep, DataBiasCheckConfig
from sagemaker.mlops.workflow.condition_step import ConditionStep
from sagemaker.mlops.workflow.fail_step import FailStep
from sagemaker.mlops.workflow.lambda_step import LambdaOutput, LambdaOutputTypeEnum, LambdaStep
from sagemaker.mlops.workflow.model_step import ModelStep
from sagemaker.mlops.workflow.pipeline import Pipeline
from sagemaker.mlops.workflow.quality_check_step import DataQualityCheckConfig, QualityCheckStep
from sagemaker.mlops.workflow.retry import (
    SageMakerJobExceptionTypeEnum,
    SageMakerJobStepRetryPolicy,
    StepExceptionTypeEnum,
    StepRetryPolicy,
)
from sagemaker.mlops.workflow.steps import CacheConfig, ProcessingStep, TrainingStep, TransformStep, TuningStep
from sagemaker.serve.model_builder import ModelBuilder
from sagemaker.train import ModelTrainer
from sagemaker.train.configs import Compute, InputData
from sagemaker.train.tuner import HyperparameterTuner

HERE = Path(__file__).parent


def look_up_images(samples: list[dict[str, str]], answers: str) -> None:
    """Write the SDK's URI, or None where it refuses, of each sample: here, so that the SDK is imported only once."""
    found: list[str | None] = []
    for sample in samples:
        try:
            found.append(retrieve(**sample))
        except ValueError:
            found.append(None)
    Path(answers).write_text(json.dumps(found))


def get_pipeline(region: str, role: str, default_bucket: str, samples: list[dict[str, str]], answers: str) -> Pipeline:
    look_up_images(samples, answers)
    session = PipelineSession(default_bucket=default_bucket)
    sklearn = retrieve("sklearn", region, version="1.2-1", py_version="py3", instance_type="ml.m5.xlarge")
    xgboost = retrieve("xgboost", region, version="1.7-1")
    instance = ParameterString(
        "InstanceType", default_value="ml.m5.xlarge", enum_values=["ml.m5.xlarge", "ml.m5.large"]
    )
    count = ParameterInteger("Count", default_value=1)
    threshold = ParameterFloat("Threshold", default_value=6.0)
    skip = ParameterBoolean("Skip", default_value=False)
    data = ParameterString("Data", default_value="s3://data/abalone.csv")

    def processor() -> ScriptProcessor:
        return ScriptProcessor(
            role=role,
            image_uri=sklearn,
            command=["python3"],
            instance_type=instance,
            instance_count=count,
            env={"STAGE": "dev"},
            max_runtime_in_seconds=1800,
            sagemaker_session=session,
        )

    def output(name: str) -> ProcessingOutput:
        return ProcessingOutput(
            output_name=name,
            s3_output=ProcessingS3Output(
                s3_uri=f"s3://{default_bucket}/fixed/{name}",
                local_path=f"/opt/ml/processing/output/{name}",
                s3_upload_mode="EndOfJob",
            ),
        )

    def source(name: str, uri: object) -> ProcessingInput:
        return ProcessingInput(
            input_name=name,
            s3_input=ProcessingS3Input(
                s3_uri=uri,
                local_path=f"/opt/ml/processing/input/{name}",
                s3_data_type="S3Prefix",
                s3_input_mode="File",
                s3_data_distribution_type="FullyReplicated",
                s3_compression_type="None",
            ),
        )

    preprocess = ProcessingStep(
        name="Preprocess",
        step_args=processor().run(
            inputs=[source("raw", data)],
            outputs=[output("train"), output("validation")],
            arguments=["--threshold", threshold.to_string()],
            code=str(HERE / "step.py"),
        ),
        cache_config=CacheConfig(enable_caching=True, expire_after="P7D"),
        retry_policies=[
            StepRetryPolicy(exception_types=[StepExceptionTypeEnum.THROTTLING], max_attempts=3),
            SageMakerJobStepRetryPolicy(
                exception_types=[SageMakerJobExceptionTypeEnum.CAPACITY_ERROR], expire_after_mins=60, interval_seconds=5
            ),
        ],
    )
    train_uri = preprocess.properties.ProcessingOutputConfig.Outputs["train"].S3Output.S3Uri
    validation_uri = preprocess.properties.ProcessingOutputConfig.Outputs["validation"].S3Output.S3Uri

    def trainer() -> ModelTrainer:
        made = ModelTrainer(
            training_image=xgboost,
            role=role,
            compute=Compute(instance_type="ml.m5.xlarge", instance_count=1, volume_size_in_gb=30),
            hyperparameters={"objective": "reg:squarederror", "num_round": "20"},
            output_data_config=OutputDataConfig(s3_output_path=f"s3://{default_bucket}/models"),
            stopping_condition=StoppingCondition(max_runtime_in_seconds=3600),
            input_data_config=[
                InputData(channel_name="train", data_source=train_uri, content_type="text/csv"),
                InputData(channel_name="validation", data_source=validation_uri, content_type="text/csv"),
            ],
            sagemaker_session=session,
            base_job_name="train",
        )
        return made.with_metric_definitions([MetricDefinition(name="validation:rmse", regex="rmse:([0-9.]+)")])

    train = TrainingStep(name="Train", step_args=trainer().train(), cache_config=CacheConfig(enable_caching=True))
    tuner = HyperparameterTuner(
        model_trainer=trainer(),
        objective_metric_name="validation:rmse",
        objective_type="Minimize",
        hyperparameter_ranges={"eta": ContinuousParameter(0.1, 0.5), "max_depth": IntegerParameter(2, 8)},
        metric_definitions=[{"Name": "validation:rmse", "Regex": "rmse:([0-9.]+)"}],
        max_jobs=4,
        max_parallel_jobs=2,
        early_stopping_type="Auto",
    )
    tune = TuningStep(name="Tune", step_args=tuner.tune(inputs=trainer().input_data_config))

    report = PropertyFile(name="Evaluation", output_name="evaluation", path="evaluation.json")
    evaluate = ProcessingStep(
        name="Evaluate",
        step_args=processor().run(
            inputs=[source("model", train.properties.ModelArtifacts.S3ModelArtifacts)],
            outputs=[output("evaluation")],
            code=str(HERE / "step.py"),
        ),
        property_files=[report],
    )
    rmse = JsonGet(step_name="Evaluate", property_file=report, json_path="regression_metrics.rmse.value")
    evaluation_uri = evaluate.properties.ProcessingOutputConfig.Outputs["evaluation"].S3Output.S3Uri

    def model() -> ModelBuilder:
        return ModelBuilder(
            image_uri=xgboost,
            s3_model_data_url=train.properties.ModelArtifacts.S3ModelArtifacts,
            role_arn=role,
            sagemaker_session=session,
        )

    create = ModelStep(name="Create", step_args=model().build())
    metrics = ModelMetrics(
        model_statistics=MetricsSource(
            s3_uri=Join(on="/", values=[evaluation_uri, "evaluation.json"]), content_type="application/json"
        )
    )
    register = ModelStep(
        name="Register",
        step_args=model().register(
            model_package_group_name="abalone",
            content_types=["text/csv"],
            response_types=["text/csv"],
            inference_instances=["ml.m5.large"],
            transform_instances=["ml.m5.large"],
            approval_status="PendingManualApproval",
            description="a version",
            model_metrics=metrics,
            customer_metadata_properties={"rmse": rmse.to_string()},
        ),
    )
    transformer = Transformer(
        model_name=create.properties.ModelName,
        instance_type="ml.m5.xlarge",
        instance_count=1,
        output_path=f"s3://{default_bucket}/predictions",
        accept="text/csv",
        assemble_with="Line",
        strategy="MultiRecord",
        max_payload=6,
        max_concurrent_transforms=2,
        sagemaker_session=session,
    )
    batch = TransformInput(
        data=data, content_type="text/csv", split_type="Line", join_source="Input", output_filter="$[0,-1]"
    )
    transform = TransformStep(
        name="Transform",
        step_args=transformer.transform(
            batch.data,
            data_type="S3Prefix",
            content_type=batch.content_type,
            split_type=batch.split_type,
            join_source=batch.join_source,
            output_filter=batch.output_filter,
        ),
    )
    announce = LambdaStep(
        name="Announce",
        lambda_func=Lambda(function_arn=f"arn:aws:lambda:{region}:123456789012:function:announce"),
        inputs={"execution": ExecutionVariables.PIPELINE_EXECUTION_ID, "limit": threshold},
        outputs=[LambdaOutput(output_name="ticket", output_type=LambdaOutputTypeEnum.String)],
    )
    ask = CallbackStep(
        name="Ask",
        sqs_queue_url=f"https://sqs.{region}.amazonaws.com/123456789012/ask",
        inputs={"ticket": announce.properties.Outputs["ticket"]},
        outputs=[CallbackOutput(output_name="answer", output_type=CallbackOutputTypeEnum.Integer)],
    )
    check_job = CheckJobConfig(role=role, sagemaker_session=session)
    quality = QualityCheckStep(
        name="Quality",
        quality_check_config=DataQualityCheckConfig(
            baseline_dataset=train_uri,
            dataset_format=DatasetFormat.csv(header=False),
            output_s3_uri=f"s3://{default_bucket}/quality",
        ),
        check_job_config=check_job,
        skip_check=skip,
        register_new_baseline=True,
        model_package_group_name="abalone",
    )
    clarify = ClarifyCheckStep(
        name="Bias",
        clarify_check_config=DataBiasCheckConfig(
            data_config=DataConfig(
                s3_data_input_path=train_uri,
                s3_output_path=f"s3://{default_bucket}/bias",
                s3_analysis_config_output_path=f"s3://{default_bucket}/bias-config",
                label=0,
                dataset_type="text/csv",
            ),
            data_bias_config=BiasConfig(
                label_values_or_threshold=[15.0], facet_name=[8], facet_values_or_threshold=[[0.5]]
            ),
            methods="all",
        ),
        check_job_config=check_job,
        model_package_group_name="abalone",
    )
    fail = FailStep(name="TooWeak", error_message=Join(on=" ", values=["rmse above", threshold]))
    choose = ConditionStep(
        name="Choose",
        conditions=[
            ConditionLessThanOrEqualTo(left=rmse, right=threshold),
            ConditionOr(conditions=[ConditionEquals(left=count, right=1), ConditionGreaterThan(left=count, right=2)]),
            ConditionNot(expression=ConditionIn(value=instance, in_values=["ml.t3.medium", "ml.t3.large"])),
            ConditionGreaterThanOrEqualTo(left=ask.properties.Outputs["answer"], right=1),
            ConditionLessThan(left=rmse, right=100.0),
        ],
        if_steps=[register],
        else_steps=[fail],
    )
    quality.add_depends_on([announce])
    return Pipeline(
        name="conformance",
        parameters=[instance, count, threshold, skip, data],
        steps=[preprocess, train, tune, evaluate, create, transform, announce, ask, quality, clarify, choose],
        sagemaker_session=session,
    )
