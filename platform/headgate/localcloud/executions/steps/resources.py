"""Model, RegisterModel, EndpointConfig, Endpoint: resources that a step makes by one call."""

from __future__ import annotations

from functools import partial

from headgate.localcloud.errors import AwsError
from headgate.localcloud.executions.coerce import fit
from headgate.localcloud.executions.outcomes import (
    Attempt,
    Executor,
    Failed,
    Outcome,
    Running,
    StepError,
    Succeeded,
    job_name,
)
from headgate.localcloud.executions.steps.surroundings import Surroundings, call
from headgate.localcloud.seams import Json


def executors(around: Surroundings) -> dict[str, Executor]:
    return {
        "Model": partial(create_model, around),
        "RegisterModel": partial(register_model, around),
        "EndpointConfig": partial(create_endpoint_config, around),
        "Endpoint": partial(create_endpoint, around),
    }


def create_model(around: Surroundings, attempt: Attempt) -> Outcome:
    """CreateModel under a name of the execution's own. Raises StepError."""
    name = job_name(attempt, attempt.arguments.get("ModelName"))
    created = _create(around, attempt, "CreateModel", {**attempt.arguments, "ModelName": name})
    attempt.report(Running({"Model": {"Arn": created["ModelArn"]}}))
    return Succeeded(call(around, attempt.caller, "DescribeModel", {"ModelName": name}))


def register_model(around: Surroundings, attempt: Attempt) -> Outcome:
    """CreateModelPackage; a group that does not exist is made first, as SageMaker Pipelines does. Raises StepError."""
    arguments = dict(attempt.arguments)
    group = arguments.get("ModelPackageGroupName")
    if isinstance(group, str) and not group.startswith("arn:"):
        _ensure_group(around, attempt, group)
    arguments["MetadataProperties"] = {
        "GeneratedBy": attempt.execution_arn,
        **(arguments.get("MetadataProperties") or {}),
    }
    arn = _create(around, attempt, "CreateModelPackage", arguments)["ModelPackageArn"]
    attempt.report(Running({"RegisterModel": {"Arn": arn}}))
    return Succeeded(call(around, attempt.caller, "DescribeModelPackage", {"ModelPackageName": arn}))


def create_endpoint_config(around: Surroundings, attempt: Attempt) -> Outcome:
    """CreateEndpointConfig; a name of the execution's own when the definition gives none. Raises StepError."""
    name = attempt.arguments.get("EndpointConfigName") or job_name(attempt, None)
    request = {**attempt.arguments, "EndpointConfigName": name}
    created = _create(around, attempt, "CreateEndpointConfig", request)
    attempt.report(Running({"EndpointConfig": {"Arn": created["EndpointConfigArn"]}}))
    return Succeeded(call(around, attempt.caller, "DescribeEndpointConfig", {"EndpointConfigName": name}))


def create_endpoint(around: Surroundings, attempt: Attempt) -> Outcome:
    """CreateEndpoint, or UpdateEndpoint when there is one; ends when it is in service. Raises StepError."""
    name = str(attempt.arguments.get("EndpointName", ""))
    operation = (
        "UpdateEndpoint" if _exists(around, attempt, "DescribeEndpoint", {"EndpointName": name}) else "CreateEndpoint"
    )
    arguments = dict(attempt.arguments)
    if operation == "UpdateEndpoint":
        arguments.pop("Tags", None)
    created = _create(around, attempt, operation, arguments)
    attempt.report(Running({"Endpoint": {"Arn": created["EndpointArn"]}}))
    description = around.jobs.wait_endpoint(attempt.caller, name, None)
    if description["EndpointStatus"] == "InService":
        return Succeeded(description)
    reason = description.get("FailureReason", f"it is {description['EndpointStatus']}")
    return Failed(f"ClientError: endpoint '{name}' did not come into service: {reason}")


def _create(around: Surroundings, attempt: Attempt, operation: str, arguments: Json) -> Json:
    return call(around, attempt.caller, operation, fit(operation, arguments))


def _ensure_group(around: Surroundings, attempt: Attempt, group: str) -> None:
    request = {"ModelPackageGroupName": group}
    if _exists(around, attempt, "DescribeModelPackageGroup", request):
        return
    try:
        call(around, attempt.caller, "CreateModelPackageGroup", request)
    except StepError:
        if not _exists(around, attempt, "DescribeModelPackageGroup", request):
            raise


def _exists(around: Surroundings, attempt: Attempt, describe: str, request: Json) -> bool:
    try:
        around.operations.call(attempt.caller, describe, request)
    except AwsError:
        return False
    return True
