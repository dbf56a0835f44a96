"""What executors reach for: the operations, the jobs, clients, the clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from headgate.localcloud.errors import AwsError
from headgate.localcloud.executions.outcomes import StepError
from headgate.localcloud.executions.retries import classify_error
from headgate.localcloud.sagemaker.operations import Operations
from headgate.localcloud.seams import Caller, Clock, Json

ClientFactory = Callable[[Caller, str, str], Any]
"""A boto3 client of a service against the local cloud, with a role's credentials: `(caller, service, role_arn)`."""


Authorize = Callable[[Caller, str, Json], None]
"""Takes an execution as a caller, an operation of SageMaker and its parameters; raises AwsError unless allowed."""


def everything(caller: Caller, operation: str, parameters: Json) -> None:
    """Allows everything: for an engine without IAM around it."""


class Jobs(Protocol):
    """The part of the job engine that pipelines and the runtime API use."""

    def operations(self) -> dict[str, Callable[[Caller, Json], Json]]: ...

    def wait(self, caller: Caller, kind: str, name: str, timeout: float | None) -> Json:
        """Block until a job has ended; the Describe response. Raises TimeoutError."""
        ...

    def wait_endpoint(self, caller: Caller, name: str, timeout: float | None) -> Json:
        """Block until an endpoint is InService or Failed; the Describe response. Raises TimeoutError."""
        ...

    def invoke_endpoint(
        self, caller: Caller, name: str, body: bytes, content_type: str, accept: str, target_variant: str | None
    ) -> tuple[bytes, str, str]:
        """Answer, its content type, the variant that answered."""
        ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    operations: Operations
    jobs: Jobs
    clock: Clock
    client: ClientFactory
    random_text: Callable[[int], str]
    authorize: Authorize = everything


def call(around: Surroundings, caller: Caller, operation: str, parameters: Json) -> Json:
    """Call a SageMaker operation as the execution's role. Raises StepError, classified for retry policies."""
    try:
        around.authorize(caller, operation, parameters)
        return around.operations.call(caller, operation, parameters)
    except AwsError as error:
        reason = f"ClientError: {operation} was refused: {error.code}: {error.message}"
        raise StepError(reason, classify_error(error)) from error
