"""Calls of Task states, made with boto3 as the machine's role, and so through authorization like anybody's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Caller, Json
from headgate.localcloud.server.models import operation_model
from headgate.localcloud.states import casing, jobs, optimized, services
from headgate.localcloud.states.calls import Answer, Call, Done, Started, UnreachableError
from headgate.localcloud.states.failures import PERMISSIONS, RUNTIME, TASK_FAILED, StateError
from headgate.localcloud.states.intrinsics import compact

ClientFactory = Callable[[Caller, str, str], Any]
"""A boto3 client of a service as a role that Step Functions assumes: `(caller, service, role_arn)`. It tries once."""

_READS = ("Get", "List", "Describe", "Head", "BatchGet", "Query", "Scan", "Search", "Lookup")


class ClientCalls:
    """Implements `calls.Calls`."""

    def __init__(self, client: ClientFactory) -> None:
        self._client = client

    def make(self, call: Call) -> Answer:
        """Raises StateError, named as on AWS, and UnreachableError."""
        integration = call.integration
        given = call.arguments if integration.sdk else optimized.arguments(call)
        answer = self._request(call, integration.operation, given)
        if integration.pattern.startswith("sync"):
            kind = jobs.KINDS[integration.named, integration.action]
            return Started(answer, kind.handle(given, answer))
        return Done(answer if integration.sdk else optimized.result(call, answer))

    def look(self, call: Call, handle: Json) -> Answer:
        """Raises StateError (States.TaskFailed, with the description) for a job that has failed."""
        kind = jobs.KINDS[call.integration.named, call.integration.action]
        description = self._request(call, kind.describe, handle)
        status = kind.state(description)
        if status not in kind.succeeded | kind.failed:
            return Started(description, handle)
        result = optimized.described(call, description[kind.output] if kind.output else description)
        if status in kind.failed:
            raise StateError(TASK_FAILED, compact(result))
        return Done(result)

    def stop(self, call: Call, handle: Json) -> None:
        """Ask the job to stop. One that has ended meanwhile, or may not be stopped, is left alone."""
        kind = jobs.KINDS[call.integration.named, call.integration.action]
        if not kind.stop:
            return
        try:
            self._request(call, kind.stop, handle)
        except (StateError, UnreachableError):
            return

    def lost(self, call: Call) -> StateError | None:
        """What is known of a call whose answer was lost: reads can be made again, others may have taken effect."""
        integration = call.integration
        if integration.operation.startswith(_READS):
            return None
        name = services.client_error_name(integration.named, integration.service, sdk=integration.sdk)
        what = f"{integration.service}:{integration.operation}"
        message = f"the local cloud ended while {what} was being called; whether it took effect is not known"
        return StateError(name, message)

    def _request(self, call: Call, operation: str, given: Any) -> Json:
        """One API request; its answer in PascalCase."""
        from botocore.exceptions import ClientError, EndpointConnectionError, HTTPClientError, ParamValidationError

        integration = call.integration
        model = operation_model(integration.service, operation)
        request = casing.to_request(given, model.input_shape)
        try:
            answer = self._method(call, operation)(**request)
            return dict(casing.to_answer(answer, model.output_shape))
        except ClientError as error:
            raise _refused(call, error) from error
        except ParamValidationError as error:
            message = f"The Parameters '{compact(given)}' could not be used to start the Task: [{error}]"
            raise StateError(RUNTIME, message) from error
        except EndpointConnectionError as error:
            raise UnreachableError(str(error)) from error
        except HTTPClientError as error:
            name = services.client_error_name(integration.named, integration.service, sdk=integration.sdk)
            raise StateError(name, str(error)) from error

    def _method(self, call: Call, operation: str) -> Callable[..., Any]:
        """The client's method. Raises StateError (States.Permissions) if Step Functions may not assume the role."""
        from botocore import xform_name
        from botocore.exceptions import ClientError

        try:
            client = self._client(call.caller, call.integration.service, call.role)
        except AwsError as error:
            raise StateError(PERMISSIONS, error.message) from error
        except ClientError as error:
            raise StateError(PERMISSIONS, str(error.response["Error"].get("Message", error))) from error
        method: Callable[..., Any] = getattr(client, xform_name(operation))
        return method


def _refused(call: Call, error: Any) -> StateError:
    """An API's error as Step Functions names and words it."""
    integration, given = call.integration, error.response
    code = str(given["Error"].get("Code", "Unknown"))
    name = services.error_name(integration.named, integration.service, code, sdk=integration.sdk)
    about = given.get("ResponseMetadata", {})
    facts = f"Service: {services.sdk_prefix(integration.service)[0]}, Status Code: {about.get('HTTPStatusCode', 0)}"
    message = given["Error"].get("Message") or code
    return StateError(name, f"{message} ({facts}, Error Code: {code}, Request ID: {about.get('RequestId', '')})")
