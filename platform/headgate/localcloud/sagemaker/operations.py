"""The table of SageMaker operations: one place where requests are checked against botocore's own shapes.

The HTTP service and the pipeline engine call the same table, so a pipeline step is exactly the API call that
SageMaker would make.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headgate.localcloud.errors import unsupported, validation
from headgate.localcloud.sagemaker.constraints import violations
from headgate.localcloud.seams import Caller, Json, Operation
from headgate.localcloud.server import models


def service_model(service: str = "sagemaker") -> Any:
    """botocore's description of a service's API (`server/models.py`)."""
    return models.service_model(service)


class Operations:
    """Operations by name. `call` validates, then runs; an unknown name raises, it never succeeds."""

    def __init__(self, service: str = "sagemaker") -> None:
        self._service = service
        self._table: dict[str, Operation] = {}

    def add(self, operations: Mapping[str, Operation]) -> None:
        """Add operations; a name that is already there is a programming error."""
        for name, operation in operations.items():
            if name in self._table:
                message = f"{self._service}.{name} is defined twice"
                raise ValueError(message)
            self._table[name] = operation

    def __contains__(self, name: str) -> bool:
        return name in self._table

    def call(self, caller: Caller, name: str, parameters: Json) -> Json:
        """Run one operation. Timestamps in answers are seconds since the epoch. Raises AwsError."""
        if name not in self._table:
            raise unsupported(f"{self._service} {name}")
        self.validate(name, parameters)
        return self._table[name](caller, parameters)

    def validate(self, name: str, parameters: Json) -> None:
        """Check parameters against botocore's input shape. Raises AwsError (ValidationException)."""
        from botocore.validate import ParamValidator

        shape = service_model(self._service).operation_model(name).input_shape
        if shape is None:
            return
        report = ParamValidator().validate(parameters, shape)
        if report.has_errors():
            raise validation(f"{name}: {report.generate_report()}")
        if found := violations(parameters, shape):
            count = f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected"
            raise validation(f"{count}: {'; '.join(found)}")
