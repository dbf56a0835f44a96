"""A pipeline of the SageMaker SDK 3 in the shape of AWS's abalone example: preprocess, train, evaluate, register."""

from __future__ import annotations

from pathlib import Path

from sagemaker.core.image_uris import retrieve
from sagemaker.core.model_metrics import MetricsSource, ModelMetrics
from sagemaker.core.processing import ScriptProcessor
from sagemaker.core.shapes import ProcessingInput, ProcessingOutput, ProcessingS3Input, ProcessingS3Output
from sagemaker.core.workflow.conditions import ConditionLessThanOrEqualTo
from sagemaker.core.workflow.execution_variables import ExecutionVariables
from sagemaker.core.workflow.functions import Join, JsonGet
from sagemaker.core.workflow.parameters import ParameterFloat, ParameterInteger, ParameterString
from sagemaker.core.workflow.pipeline_context import PipelineSession
from sagemaker.core.workflow.properties import PropertyFile
from sagemaker.mlops.workflow.condition_step import ConditionStep
from sagemaker.mlops.workflow.fail_step import FailStep
from sagemaker.mlops.workflow.model_step import ModelStep
from sagemaker.mlops.workflow.pipeline import Pipeline
from sagemaker.mlops.workflow.steps import ProcessingStep, TrainingStep
from sagemaker.serve.model_builder import ModelBuilder
from sagemaker.train import ModelTrainer
from sagemaker.train.configs import Compute, InputData, OutputDataConfig

HERE = Path(__file__).parent
FOLDER = "/opt/ml/processing"


def output(bucket: str, name: str) -> ProcessingOutput:
    uri = Join(on="/", values=["s3:/", bucket, "shells", ExecutionVariables.PIPELINE_EXECUTION_ID, name])
    target = ProcessingS3Output(s3_uri=uri, local_path=f"{FOLDER}/{name}", s3_upload_mode="EndOfJob")
    return ProcessingOutput(output_name=name, s3_output=target)


def source(name: str, uri: object) -> ProcessingInput:
    where = ProcessingS3Input(s3_uri=uri, local_path=f"{FOLDER}/{name}", s3_data_type="S3Prefix", s3_input_mode="File")
    return ProcessingInput(input_name=name, s3_input=where)


def get_pipeline(region: str, role: str, default_bucket: str, model_package_group_name: str = "Shells") -> Pipeline:
    session = PipelineSession(default_bucket=default_bucket)
    count = ParameterInteger(name="ProcessingInstanceCount", default_value=1)
    approval = ParameterString(name="ModelApprovalStatus", default_value="PendingManualApproval")
    input_data = ParameterString(name="InputDataUrl", default_value=f"s3://{default_bucket}/shells/raw.csv")
    threshold = ParameterFloat(name="MseThreshold", default_value=6.0)
    xgboost = retrieve(framework="xgboost", region=region, version="1.0-1", py_version="py3")

    def processor(image: str) -> ScriptProcessor:
        return ScriptProcessor(
            image_uri=image,
            command=["python3"],
            instance_type="ml.m5.xlarge",
            instance_count=count,
            role=role,
            sagemaker_session=session,
        )

    sklearn = retrieve(framework="sklearn", region=region, version="1.2-1", instance_type="ml.m5.xlarge")
    process = ProcessingStep(
        name="PreprocessShells",
        step_args=processor(sklearn).run(
            outputs=[output(default_bucket, name) for name in ("train", "validation", "test")],
            arguments=["--input-data", input_data],
            code=str(HERE / "preprocess.py"),
        ),
    )
    parts = process.properties.ProcessingOutputConfig.Outputs
    trainer = ModelTrainer(
        training_image=xgboost,
        role=role,
        compute=Compute(instance_type="ml.m5.xlarge", instance_count=1),
        hyperparameters={"objective": "reg:squarederror", "num_round": "40", "max_depth": "4", "eta": "0.2"},
        output_data_config=OutputDataConfig(s3_output_path=f"s3://{default_bucket}/shells/models"),
        input_data_config=[
            InputData(channel_name=name, data_source=parts[name].S3Output.S3Uri, content_type="text/csv")
            for name in ("train", "validation")
        ],
        sagemaker_session=session,
    )
    train = TrainingStep(name="TrainShells", step_args=trainer.train())
    model_data = train.properties.ModelArtifacts.S3ModelArtifacts

    report = PropertyFile(name="Evaluation", output_name="evaluation", path="evaluation.json")
    evaluate = ProcessingStep(
        name="EvaluateShells",
        step_args=processor(xgboost).run(
            inputs=[source("model", model_data), source("test", parts["test"].S3Output.S3Uri)],
            outputs=[output(default_bucket, "evaluation")],
            code=str(HERE / "evaluate.py"),
        ),
        property_files=[report],
    )
    mse = JsonGet(step_name=evaluate.name, property_file=report, json_path="regression_metrics.mse.value")
    evaluation = evaluate.properties.ProcessingOutputConfig.Outputs["evaluation"].S3Output.S3Uri
    statistics = MetricsSource(
        s3_uri=Join(on="/", values=[evaluation, "evaluation.json"]), content_type="application/json"
    )
    builder = ModelBuilder(image_uri=xgboost, s3_model_data_url=model_data, role_arn=role, sagemaker_session=session)
    register = ModelStep(
        name="RegisterShells",
        step_args=builder.register(
            model_package_group_name=model_package_group_name,
            content_types=["text/csv"],
            response_types=["text/csv"],
            inference_instances=["ml.m5.large"],
            transform_instances=["ml.m5.large"],
            approval_status=approval,
            model_metrics=ModelMetrics(model_statistics=statistics),
        ),
    )
    check = ConditionStep(
        name="CheckShells",
        conditions=[ConditionLessThanOrEqualTo(left=mse, right=threshold)],
        if_steps=[register],
        else_steps=[FailStep(name="TooWeak", error_message=Join(on=" ", values=["the error is above", threshold]))],
    )
    return Pipeline(
        name="ShellsPipeline",
        parameters=[count, approval, input_data, threshold],
        steps=[process, train, evaluate, check],
        sagemaker_session=session,
    )
