"""CloudWatch Logs over HTTP (JSON 1.1)."""

from __future__ import annotations

import json

from headgate.localcloud.documents import Documents
from headgate.localcloud.errors import AwsError, unsupported
from headgate.localcloud.logs.errors import invalid_parameter
from headgate.localcloud.logs.filter_api import FilterOperation
from headgate.localcloud.logs.groups_api import GroupOperations
from headgate.localcloud.logs.policies import ResourcePolicies
from headgate.localcloud.logs.store import LogStore
from headgate.localcloud.logs.streams_api import StreamOperations
from headgate.localcloud.sagemaker.operations import Operations
from headgate.localcloud.seams import HttpRequest, HttpResponse, Json

_TARGET = "Logs_20140328."


class LogsService:
    """The CloudWatch Logs API over a LogStore, resource policies over documents.

    Operations that it lacks raise; none falls through to moto.
    """

    def __init__(self, store: LogStore, documents: Documents) -> None:
        self.operations = Operations("logs")
        self.operations.add(GroupOperations(store).table())
        self.operations.add(StreamOperations(store).table())
        self.operations.add({"FilterLogEvents": FilterOperation(store).filter})
        self.operations.add(ResourcePolicies(documents, store.clock).table())

    def handle(self, request: HttpRequest) -> HttpResponse:
        """Answer one request. Raises AwsError."""
        target = request.headers.get("x-amz-target", "")
        if not target.startswith(_TARGET):
            raise unsupported(f"the CloudWatch Logs request '{target or request.path}'")
        try:
            answer = self.operations.call(request.caller, target.removeprefix(_TARGET), _parameters(request))
        except AwsError as error:
            if error.code == "ValidationException":  # SageMaker's word for what botocore's shapes refuse
                raise invalid_parameter(error.message) from error
            raise
        return HttpResponse(200, {"content-type": "application/x-amz-json-1.1"}, json.dumps(answer).encode())


def _parameters(request: HttpRequest) -> Json:
    try:
        parameters = json.loads(request.body.read() or b"{}")
    except ValueError as error:
        raise AwsError("SerializationException", f"the request is not JSON: {error}") from error
    if not isinstance(parameters, dict):
        raise AwsError("SerializationException", "the request is not a JSON object")
    return parameters
