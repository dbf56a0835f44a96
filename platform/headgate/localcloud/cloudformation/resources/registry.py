"""Which resource types there are."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Mapping

from headgate.localcloud.cloudformation.types import ResourceType

_MODULES = (
    "budgets",
    "cdk",
    "cloudtrail",
    "cloudwatch",
    "dynamodb",
    "ec2_endpoints",
    "ec2_gateways",
    "ec2_groups",
    "ec2_routes",
    "ec2_vpcs",
    "ecr",
    "events",
    "glue",
    "iam_policies",
    "iam_roles",
    "kms",
    "lakeformation",
    "lambda_functions",
    "lambda_rest",
    "logs",
    "organizations",
    "s3",
    "sagemaker",
    "scheduler",
    "secretsmanager",
    "servicecatalog",
    "sns",
    "sqs",
    "ssm",
    "stack_sets",
    "states",
)


@functools.cache
def registry() -> Mapping[str, ResourceType]:
    """Every resource type by name (`AWS::IAM::Role`). Custom resources are the engine's own."""
    found: dict[str, ResourceType] = {}
    for module in _MODULES:
        for kind in importlib.import_module(f"{__package__}.{module}").TYPES:
            if kind.type_name in found:
                raise ValueError(f"two resource types are called {kind.type_name}; see {module}")
            found[kind.type_name] = kind
    return found
