"""AWS's own descriptions of its APIs, read from botocore's data files: shapes, names, protocols."""

from __future__ import annotations

import functools
from typing import Any

_BOTOCORE_NAMES = {
    "catalog": "servicecatalog",
    "elasticloadbalancing": "elbv2",
    "email": "ses",
    "monitoring": "cloudwatch",
    "states": "stepfunctions",
    "tagging": "resourcegroupstaggingapi",
}
"""Signing names for which botocore has another name."""


def botocore_name(service: str) -> str:
    """What botocore calls the service that signs its requests with this name."""
    return _BOTOCORE_NAMES.get(service, service)


@functools.cache
def service_model(service: str) -> Any:
    """botocore's ServiceModel of a service, by signing name (0.1 s, once). Raises LookupError for an unknown one."""
    from botocore.exceptions import UnknownServiceError
    from botocore.loaders import Loader
    from botocore.model import ServiceModel

    name = botocore_name(service)
    try:
        return ServiceModel(_loader(Loader).load_service_model(name, "service-2"), name)
    except UnknownServiceError as error:
        raise LookupError(f"botocore knows no service '{service}'") from error


@functools.cache
def operation_model(service: str, operation: str) -> Any:
    """botocore's OperationModel. Raises LookupError for an unknown service or operation."""
    from botocore.model import OperationNotFoundError

    try:
        return service_model(service).operation_model(operation)
    except OperationNotFoundError as error:
        raise LookupError(f"{service} has no operation '{operation}'") from error


@functools.cache
def _loader(loader: Any) -> Any:
    return loader()
