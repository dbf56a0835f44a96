"""The SageMaker runtime API: InvokeEndpoint."""

from __future__ import annotations

import re
from urllib.parse import unquote

from headgate.localcloud.errors import unsupported
from headgate.localcloud.executions.steps.surroundings import Jobs
from headgate.localcloud.seams import HttpRequest, HttpResponse

_INVOCATION = re.compile(r"/endpoints/(?P<name>[^/]+)/invocations")
_PREFIX = "x-amzn-sagemaker-"
_UNSUPPORTED_HEADERS = {
    "target-model": "TargetModel (multi-model endpoints)",
    "target-container-hostname": "TargetContainerHostname (multi-container endpoints)",
    "inference-component": "InferenceComponentName",
    "enable-explanations": "EnableExplanations",
    "session-id": "SessionId (stateful endpoints)",
}


class SageMakerRuntime:
    """Hands requests to the endpoint's own server and its answer back."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs

    def handle(self, request: HttpRequest) -> HttpResponse:
        """Answer `POST /endpoints/<name>/invocations`. Raises AwsError, `ModelError` when the model's server fails."""
        match = _INVOCATION.fullmatch(request.path)
        if match is None or request.method != "POST":
            raise unsupported(f"sagemaker-runtime {request.method} {request.path}")
        for header, what in _UNSUPPORTED_HEADERS.items():
            if _PREFIX + header in request.headers:
                raise unsupported(f"InvokeEndpoint with {what}")
        body, content_type, variant = self._jobs.invoke_endpoint(
            request.caller,
            unquote(match["name"]),
            request.body.read(),
            request.headers.get("content-type", "application/octet-stream"),
            request.headers.get("accept", "*/*"),
            request.headers.get(_PREFIX + "target-variant"),
        )
        headers = {"content-type": content_type, "x-amzn-invoked-production-variant": variant}
        return HttpResponse(headers=headers, body=body)
