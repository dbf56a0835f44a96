"""Step Functions' names of services are those of the AWS SDK for Java: held against all that botocore describes."""

from __future__ import annotations

import pytest
from botocore.loaders import Loader

from headgate.localcloud.states import services

pytestmark = pytest.mark.slow  # reads the descriptions of four hundred services


def test_every_service_of_botocore_is_found_by_its_sdk_name() -> None:
    loader = Loader()
    names: dict[str, set[str]] = {}
    for name in loader.list_available_services("service-2"):
        identifier = loader.load_service_model(name, "service-2")["metadata"].get("serviceId", name)
        names.setdefault(identifier.replace(" ", "").replace("-", "").lower(), set()).add(name)
    assert [one for one, known in names.items() if services.client_name(one) not in known] == []


def test_error_prefixes_are_the_sdks_words() -> None:
    for service, prefix in (
        ("dynamodb", "DynamoDb"),
        ("ec2", "Ec2"),
        ("events", "EventBridge"),
        ("iam", "Iam"),
        ("kms", "Kms"),
        ("logs", "CloudWatchLogs"),
        ("s3", "S3"),
        ("sagemaker", "SageMaker"),
        ("secretsmanager", "SecretsManager"),
        ("servicecatalog", "ServiceCatalog"),
        ("stepfunctions", "Sfn"),
        ("sts", "Sts"),
    ):
        assert services.sdk_prefix(service)[0] == prefix
