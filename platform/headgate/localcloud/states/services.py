"""Names of AWS services as Step Functions spells them: in resource ARNs, and in front of error names."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping

from headgate.localcloud.server.models import service_model

OPTIMIZED_CLIENTS: Mapping[str, str] = {"states": "stepfunctions"}
"""botocore's names of optimized integrations, where they differ."""

_SDK_CLIENTS: Mapping[str, str] = {
    "applicationdiscoveryservice": "discovery",
    "cloudwatchlogs": "logs",
    "cognitoidentityprovider": "cognito-idp",
    "configservice": "config",
    "costandusagereportservice": "cur",
    "costexplorer": "ce",
    "databasemigrationservice": "dms",
    "databasemigration": "dms",
    "directoryservice": "ds",
    "directoryservicedata": "ds-data",
    "elasticloadbalancing": "elb",
    "elasticloadbalancingv2": "elbv2",
    "elasticsearchservice": "es",
    "elasticsearch": "es",
    "eventbridge": "events",
    "iotdataplane": "iot-data",
    "iotjobsdataplane": "iot-jobs-data",
    "lexmodelbuildingservice": "lex-models",
    "lexmodelsv2": "lexv2-models",
    "lexruntimeservice": "lex-runtime",
    "lexruntimev2": "lexv2-runtime",
    "marketplaceentitlementservice": "marketplace-entitlement",
    "marketplacemetering": "meteringmarketplace",
    "migrationhub": "mgh",
    "pinpointsmsvoice": "sms-voice",
    "serverlessapplicationrepository": "serverlessrepo",
    "sfn": "stepfunctions",
    "simpledb": "sdb",
}
"""botocore's names of the AWS SDK for Java's services, where they differ by more than hyphens."""

_OPTIMIZED_ERRORS: Mapping[str, tuple[str, str]] = {
    "athena": ("Athena", "AmazonAthenaException"),
    "dynamodb": ("DynamoDB", "AmazonDynamoDBException"),
    "events": ("EventBridge", "AmazonEventBridgeException"),
    "glue": ("Glue", "AWSGlueException"),
    "lambda": ("Lambda", "AWSLambdaException"),
    "sagemaker": ("SageMaker", "AmazonSageMakerException"),
    "sns": ("SNS", "AmazonSNSException"),
    "sqs": ("SQS", "AmazonSQSException"),
    "states": ("StepFunctions", "AWSStepFunctionsException"),
}
"""Of optimized integrations: the prefix of error names, and the name of errors that the API's model does not have."""

_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")


@functools.cache
def client_name(sdk_name: str) -> str | None:
    """botocore's name of a service as `aws-sdk:` resources name it; None if there is no such service."""
    known = _SDK_CLIENTS.get(sdk_name)
    if known is not None:
        return known
    return _without_hyphens().get(sdk_name)


@functools.cache
def _without_hyphens() -> Mapping[str, str]:
    from botocore.loaders import Loader

    every = Loader().list_available_services("service-2")
    return {name.replace("-", ""): name for name in every if name not in _SDK_CLIENTS.values()}


def error_name(named: str, service: str, code: str, *, sdk: bool) -> str:
    """How Step Functions names an error of an API: `DynamoDb.ConditionalCheckFailedException`, `S3.S3Exception`.

    It names the exception that the AWS SDK for Java has for the code, which is one for all the codes that the API's
    model does not list. `named` is the service in the resource ARN, `service` botocore's name of it.
    """
    prefix, others = sdk_prefix(service) if sdk else _OPTIMIZED_ERRORS[named]
    shape = service_model(service).shape_for_error_code(code)
    return f"{prefix}.{others if shape is None else _exception(shape.name)}"


def client_error_name(named: str, service: str, *, sdk: bool) -> str:
    """The name of an error that happened on this side of the connection."""
    prefix = sdk_prefix(service)[0] if sdk else _OPTIMIZED_ERRORS[named][0]
    return f"{prefix}.SdkClientException"


@functools.cache
def sdk_prefix(service: str) -> tuple[str, str]:
    """The AWS SDK for Java's name of a service (`DynamoDb`, `CloudWatchLogs`), and of its general exception."""
    prefix = "".join(word.capitalize() for word in _WORD.findall(str(service_model(service).metadata["serviceId"])))
    return prefix, f"{prefix}Exception"


def _exception(shape: str) -> str:
    name = shape.removesuffix("Fault") if not shape.endswith("Exception") else shape
    return name if name.endswith("Exception") else f"{name}Exception"
