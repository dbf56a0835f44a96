"""What passes the endpoints of an account's VPC: principals of the organization, to resources of the organization."""

from __future__ import annotations

from headgate.infra.permissions import resources
from headgate.infra.permissions.capabilities.registry import PULL
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

LAYERS = resources.objects(resources.bucket(f"prod-{resources.REGION}-starport-layer-bucket"))
"""Where ECR keeps the layers of everybody's images. It signs their addresses itself, so that whoever pulls is no
principal of the organization there (ECR user guide, 'Amazon ECR interface VPC endpoints')."""

PUBLIC_BUCKETS = tuple(
    resources.objects(resources.bucket(name))
    for name in ("sagemaker-sample-files", f"jumpstart-cache-prod-{resources.REGION}")
)
"""Buckets of AWS's own that jobs read: example data and public models."""

_WITHOUT_OWNER = frozenset({"events"})
"""Services that do not say whose the resource is (IAM user guide, aws:ResourceOrgID)."""
_OURS = {"aws:PrincipalOrgID": "${OrganizationId}"}
_AMONG_US: Conditions = {"StringEquals": {**_OURS, "aws:ResourceOrgID": "${OrganizationId}"}}
_BY_US: Conditions = {"StringEquals": _OURS}
_IMAGES = (allow("ImagesOfAws", PULL, ("*",), EVERYBODY, _BY_US),)
_FROM_AWS = {
    "s3": (
        allow("BucketsOfAws", ("s3:GetObject",), PUBLIC_BUCKETS, EVERYBODY, _BY_US),
        allow("LayersOfImages", ("s3:GetObject",), (LAYERS,), EVERYBODY),
    ),
    "ecr.api": _IMAGES,
    "ecr.dkr": _IMAGES,
}
"""What AWS itself offers to everybody, by the endpoint that it is read through."""


def endpoint_policy(service: str) -> Document:
    """The policy of the endpoint of a service (`s3`, `ecr.api`). Placeholder `${OrganizationId}`."""
    conditions = _BY_US if service in _WITHOUT_OWNER else _AMONG_US
    statements: list[Statement] = [allow("OwnOrganization", ("*",), ("*",), EVERYBODY, conditions)]
    statements += _FROM_AWS.get(service, ())
    return Document(f"endpoint-{service}", Purpose.RESOURCE, tuple(statements))
