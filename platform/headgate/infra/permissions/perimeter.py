"""What passes the endpoints of an account's VPC: principals of the organization, to resources of the organization."""

from __future__ import annotations

from headgate.infra.permissions.document import Conditions, Document, Purpose, Statement
from headgate.infra.permissions.resource_policies import EVERYBODY, allow

GATEWAYS = ("s3", "dynamodb")
INTERFACES = (
    "ecr.api",
    "ecr.dkr",
    "events",
    "kms",
    "lambda",
    "logs",
    "monitoring",
    "sagemaker.api",
    "sagemaker.runtime",
    "secretsmanager",
    "ssm",
    "states",
    "sts",
)
"""What SageMaker's jobs, endpoints and pipelines, and the steps in them, call (SageMaker developer guide, 'Give
SageMaker access to resources in your VPC')."""

AWS_BUCKETS = (
    "arn:${AWS::Partition}:s3:::prod-${AWS::Region}-starport-layer-bucket/*",
    "arn:${AWS::Partition}:s3:::sagemaker-sample-files/*",
    "arn:${AWS::Partition}:s3:::jumpstart-cache-prod-${AWS::Region}/*",
)
"""Buckets of AWS's own that jobs read: layers of container images, the public models and example data."""

_WITHOUT_OWNER = frozenset({"events"})
"""Services that do not say whose the resource is (IAM user guide, aws:ResourceOrgID)."""
_OURS = {"aws:PrincipalOrgID": "${OrganizationId}"}
_AMONG_US: Conditions = {"StringEquals": {**_OURS, "aws:ResourceOrgID": "${OrganizationId}"}}
_BY_US: Conditions = {"StringEquals": _OURS}
_FROM_AWS = {
    "s3": allow("BucketsOfAws", ("s3:GetObject",), AWS_BUCKETS, EVERYBODY, _BY_US),
    "ecr.api": allow(
        "ImagesOfAws",
        ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"),
        ("*",),
        EVERYBODY,
        _BY_US,
    ),
}
"""What AWS itself offers to everybody, by the endpoint that it is read through."""


def endpoint_policy(service: str) -> Document:
    """The policy of the endpoint of a service (`s3`, `ecr.api`). Placeholder `${OrganizationId}`."""
    conditions = _BY_US if service in _WITHOUT_OWNER else _AMONG_US
    statements: list[Statement] = [allow("OwnOrganization", ("*",), ("*",), EVERYBODY, conditions)]
    if service in _FROM_AWS:
        statements.append(_FROM_AWS[service])
    return Document(f"endpoint-{service}", Purpose.RESOURCE, tuple(statements))
