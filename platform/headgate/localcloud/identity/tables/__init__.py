"""The tables, one module per service: operation → what it needs. Imported when first asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module

from headgate.localcloud.identity.resources import RESOURCE_FAMILIES, RESOURCE_KEYS
from headgate.localcloud.identity.tables.model import Need

_MODULES: Mapping[str, str] = {
    "athena": "athena",
    "budgets": "budgets",
    "catalog": "servicecatalog",
    "cloudformation": "cloudformation",
    "cloudtrail": "cloudtrail",
    "cloudwatch": "cloudwatch",
    "dynamodb": "dynamodb",
    "dynamodbstreams": "dynamodbstreams",
    "ec2": "ec2",
    "ecr": "ecr",
    "events": "events",
    "glue": "glue",
    "iam": "iam",
    "kms": "kms",
    "lakeformation": "lakeformation",
    "lambda": "lambda_",
    "logs": "logs",
    "monitoring": "cloudwatch",
    "organizations": "organizations",
    "ram": "ram",
    "resourcegroupstaggingapi": "tagging",
    "s3": "s3",
    "sagemaker": "sagemaker",
    "sagemaker-runtime": "sagemaker_runtime",
    "scheduler": "scheduler",
    "secretsmanager": "secretsmanager",
    "servicecatalog": "servicecatalog",
    "servicequotas": "servicequotas",
    "sns": "sns",
    "sqs": "sqs",
    "ssm": "ssm",
    "states": "states",
    "stepfunctions": "states",
    "sts": "sts",
    "tagging": "tagging",
}
"""From the service's name as requests have it to the module of this package that knows it."""


@dataclass(frozen=True, slots=True)
class ServiceKeys:
    """The service-specific condition keys that a request or a resource fills in, in lower case."""

    names: frozenset[str]
    families: tuple[str, ...]

    def knows(self, key: str) -> bool:
        return key in self.names or (key.startswith(self.families) and key not in self.families)


def needs(service: str, operation: str) -> tuple[Need, ...] | None:
    """What an operation needs, or None for an unknown one."""
    module = _MODULES.get(service)
    return None if module is None else table(module).get(operation)


def services() -> frozenset[str]:
    """Every name of a service that there is a table for."""
    return frozenset(_MODULES)


@cache
def table(module: str) -> Mapping[str, tuple[Need, ...]]:
    """All operations of one table."""
    found: Mapping[str, tuple[Need, ...]] = import_module(f"{__name__}.{module}").OPERATIONS
    return found


@cache
def service_keys() -> ServiceKeys:
    """What conditions can ask about single services."""
    every = [need for module in set(_MODULES.values()) for found in table(module).values() for need in found]
    names = {key for need in every for key in (*need.keys, *need.caller_keys)} | RESOURCE_KEYS
    families = {key for need in every for key in need.families} | RESOURCE_FAMILIES
    return ServiceKeys(frozenset(key.lower() for key in names), tuple(sorted(key.lower() for key in families)))
