"""Machine learning in an environment: looking, running jobs and pipelines, serving models."""

from __future__ import annotations

from headgate.infra.permissions import resources
from headgate.infra.permissions.capabilities.model import (
    Capability,
    both,
    passed_to,
    tagged_here,
    tagged_here_or_not_at_all,
    tags_it_here,
)
from headgate.infra.permissions.document import Statement

CREATE_JOBS = (
    "sagemaker:CreateAutoMLJobV2",
    "sagemaker:CreateHyperParameterTuningJob",
    "sagemaker:CreateProcessingJob",
    "sagemaker:CreateTrainingJob",
    "sagemaker:CreateTransformJob",
)
STOP_JOBS = (
    "sagemaker:StopAutoMLJob",
    "sagemaker:StopHyperParameterTuningJob",
    "sagemaker:StopProcessingJob",
    "sagemaker:StopTrainingJob",
    "sagemaker:StopTransformJob",
)
STEER_EXECUTIONS = (
    "sagemaker:RetryPipelineExecution",
    "sagemaker:SendPipelineExecutionStepFailure",
    "sagemaker:SendPipelineExecutionStepSuccess",
    "sagemaker:StopPipelineExecution",
    "sagemaker:UpdatePipelineExecution",
)
"""Executions of pipelines carry no tags of their own, so that only a tag that names another environment stops this."""
_CREATE_SERVING = ("sagemaker:CreateEndpoint", "sagemaker:CreateEndpointConfig", "sagemaker:CreateModel")
_CHANGE_SERVING = (
    "sagemaker:DeleteEndpoint",
    "sagemaker:DeleteEndpointConfig",
    "sagemaker:DeleteModel",
    "sagemaker:UpdateEndpoint",
    "sagemaker:UpdateEndpointWeightsAndCapacities",
)

_TAG_ON_CREATION = Statement(
    "TagOnCreation",
    ("sagemaker:AddTags",),
    (resources.SAGEMAKER,),
    both(tags_it_here(), {"StringLike": {"sagemaker:TaggingAction": "Create*"}}),
)
_PASS_EXECUTION = Statement(
    "PassExecutionRole",
    ("iam:PassRole",),
    (resources.EXECUTION_ROLE,),
    passed_to("sagemaker.amazonaws.com"),
)
_GRANT_TO_SAGEMAKER = Statement(
    "GrantOwnKeyToSageMaker",
    ("kms:CreateGrant",),
    (resources.KEYS,),
    both(tagged_here(), {"Bool": {"kms:GrantIsForAWSResource": "true"}}),
)

LOOK = Capability(
    "look at machine learning",
    "describe, list and search jobs, pipelines, models and endpoints of the environment",
    (
        Statement("DescribeMachineLearning", ("sagemaker:Describe*",), (resources.SAGEMAKER,)),
        Statement(
            "ListMachineLearning",
            ("sagemaker:GetSearchSuggestions", "sagemaker:List*", "sagemaker:Search"),
        ),
    ),
)
READ_LOGS = Capability(
    "read logs and metrics",
    "read the environment's logs, metrics and alarms",
    (
        Statement(
            "ReadLogs",
            ("logs:DescribeLogStreams", "logs:FilterLogEvents", "logs:GetLogEvents", "logs:StartQuery"),
            (resources.LOG_GROUPS, resources.FUNCTION_LOGS, resources.SAGEMAKER_LOGS),
        ),
        Statement(
            "ReadMetrics",
            (
                "cloudwatch:DescribeAlarms",
                "cloudwatch:GetMetricData",
                "cloudwatch:GetMetricStatistics",
                "cloudwatch:ListMetrics",
                "logs:DescribeLogGroups",
                "logs:GetQueryResults",
            ),
        ),
    ),
)
READ_PARAMETERS = Capability(
    "read parameters",
    "read the parameters of the environment and of its account",
    (
        Statement(
            "ReadParameters",
            ("ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"),
            (resources.PARAMETERS, resources.ACCOUNT_PARAMETERS),
        ),
    ),
)
RUN_JOBS = Capability(
    "run jobs",
    "create and stop training, tuning, processing and transform jobs as the execution role",
    (
        Statement("CreateJobs", CREATE_JOBS, (resources.JOBS,), tags_it_here()),
        Statement("StopJobs", STOP_JOBS, (resources.JOBS,), tagged_here()),
        _TAG_ON_CREATION,
        _PASS_EXECUTION,
        _GRANT_TO_SAGEMAKER,
    ),
)
DEFINE = Capability(
    "define pipelines",
    "create, change and delete the environment's pipelines",
    (
        Statement("CreatePipelines", ("sagemaker:CreatePipeline",), (resources.PIPELINES,), tags_it_here()),
        Statement(
            "ChangePipelines",
            ("sagemaker:DeletePipeline", "sagemaker:UpdatePipeline"),
            (resources.PIPELINES,),
            tagged_here(),
        ),
        _TAG_ON_CREATION,
        _PASS_EXECUTION,
    ),
)
START = Capability(
    "start pipelines",
    "start, stop and retry executions of the environment's pipelines",
    (
        Statement("StartPipelines", ("sagemaker:StartPipelineExecution",), (resources.PIPELINES,), tagged_here()),
        Statement("SteerExecutions", STEER_EXECUTIONS, (resources.PIPELINES,), tagged_here_or_not_at_all()),
    ),
)
SERVE = Capability(
    "serve models",
    "create, change and delete the environment's models and endpoints",
    (
        Statement("CreateServing", _CREATE_SERVING, resources.SERVING, tags_it_here()),
        Statement("UseEndpointConfigs", ("sagemaker:CreateEndpoint",), (resources.ENDPOINT_CONFIGS,), tagged_here()),
        Statement("ChangeServing", _CHANGE_SERVING, resources.SERVING, tagged_here()),
        _TAG_ON_CREATION,
        _PASS_EXECUTION,
        _GRANT_TO_SAGEMAKER,
    ),
)
INVOKE = Capability(
    "invoke endpoints",
    "ask the environment's endpoints for predictions",
    (
        Statement(
            "InvokeEndpoints",
            ("sagemaker:InvokeEndpoint", "sagemaker:InvokeEndpointAsync"),
            (resources.ENDPOINTS,),
            tagged_here(),
        ),
    ),
)
BE_A_JOB = Capability(
    "be a job",
    "what SageMaker does as the execution role: network interfaces, logs, metrics, steps of pipelines",
    (
        Statement(
            "CreateStepJobs",
            (*CREATE_JOBS, "sagemaker:CreateModel"),
            (resources.JOBS, resources.MODELS),
        ),
        Statement("StopStepJobs", STOP_JOBS, (resources.JOBS,), tagged_here_or_not_at_all()),
        _TAG_ON_CREATION,
        _PASS_EXECUTION,
        _GRANT_TO_SAGEMAKER,
        Statement(
            "WriteLogs",
            ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"),
            (resources.SAGEMAKER_LOGS,),
        ),
        Statement(
            "PutMetrics",
            ("cloudwatch:PutMetricData",),
            conditions={"StringLike": {"cloudwatch:namespace": ("/aws/sagemaker/*", "aws/sagemaker/*", "Headgate*")}},
        ),
        Statement(
            "JoinVpc",
            (
                "ec2:CreateNetworkInterface",
                "ec2:CreateNetworkInterfacePermission",
                "ec2:DeleteNetworkInterface",
                "ec2:DeleteNetworkInterfacePermission",
            ),
            (
                resources.arn("ec2", "network-interface/*"),
                resources.arn("ec2", "security-group/*"),
                resources.arn("ec2", "subnet/*"),
            ),
        ),
        Statement(
            "LookAtVpc",
            ("ec2:Describe*",),
        ),
    ),
)
