"""The JSON protocol (1.0 and 1.1): a service as a table of operations, checked against botocore's shapes."""

from __future__ import annotations

import json
from typing import Any

from headgate.localcloud.errors import AwsError, unsupported
from headgate.localcloud.sagemaker.operations import Operations
from headgate.localcloud.seams import HttpRequest, HttpResponse, Json
from headgate.localcloud.server.models import service_model


def operation_table(service: str) -> Operations:
    """An empty table for a service, by its signing name."""
    return Operations(service)


class JsonService:
    """A service that speaks the JSON protocol. What is not in its table raises, named; nothing is left to moto.

    `service` is the signing name (`states`); `operations.call(caller, name, parameters)` is the API in process.
    Timestamps in answers are seconds since the epoch.
    """

    def __init__(self, service: str, operations: Operations) -> None:
        self.operations = operations
        self._service = service

    def handle(self, request: HttpRequest) -> HttpResponse | None:
        """Answer one request. Raises AwsError: SerializationException, ValidationException, 501."""
        operation = request.headers.get("x-amz-target", "").rpartition(".")[2]
        if not operation or operation not in self.operations:
            raise unsupported(f"{self._service} {operation or request.path}")
        answer = self.operations.call(request.caller, operation, read_json(request))
        version = service_model(self._service).metadata.get("jsonVersion", "1.1")
        return HttpResponse(200, {"content-type": f"application/x-amz-json-{version}"}, json.dumps(answer).encode())


def read_json(request: HttpRequest) -> Json:
    """The parameters in a request's body. Raises AwsError (SerializationException)."""
    body = request.body.read()
    try:
        parameters: Any = json.loads(body or b"{}")
    except ValueError as error:
        raise AwsError("SerializationException", f"the request is not JSON: {error}") from error
    if not isinstance(parameters, dict):
        raise AwsError("SerializationException", "the request has to be a JSON object")
    return parameters
