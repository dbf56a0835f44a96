"""Which AWS service, region and access key a request is for: pure reading of headers, path and query."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

DEFAULT_REGION = "us-east-1"

_CREDENTIAL = re.compile(r"Credential=([^,\s]+)")
_SIGV2 = re.compile(r"^AWS ([^:]+):")
_AGENT_REGION = re.compile(r"region/([a-z]{2}(?:-[a-z]+)+-\d)")
_RUNTIME_PATH = re.compile(r"^/endpoints/[^/]+/(?:async-|invocations-)?(?:invocations|response-stream)")

_TARGETS = {
    "AmazonSSM": "ssm",
    "AmazonSQS": "sqs",
    "AWSEvents": "events",
    "SageMaker": "sagemaker",
    "Logs_20140328": "logs",
    "secretsmanager": "secretsmanager",
    "AWSCognitoIdentityService": "cognito-identity",
    "AWSCognitoIdentityProviderService": "cognito-idp",
}
_UNSIGNED_ACTIONS = {"AssumeRoleWithSAML": "sts", "AssumeRoleWithWebIdentity": "sts"}


@dataclass(frozen=True, slots=True)
class Addressee:
    """What a request says about itself. `access_key` is empty when it is not signed."""

    service: str
    region: str
    access_key: str


def address(
    path: str, query: Sequence[tuple[str, str]], headers: Mapping[str, str], form: bytes | None = None
) -> Addressee:
    """Who is meant: from the signature's credential scope, else from X-Amz-Target, the form's Action or the host.

    What nothing names is S3, whose requests alone may be anonymous. `form` is the body of a form-encoded request.
    """
    access_key, region, service = _credential(query, headers)
    if not service:
        service = _unsigned_service(headers, form)
    if not region or region == "*":
        match = _AGENT_REGION.search(headers.get("user-agent", ""))
        region = match.group(1) if match else DEFAULT_REGION
    if service == "sagemaker" and _RUNTIME_PATH.match(path):
        service = "sagemaker-runtime"
    return Addressee(service, region, access_key)


def _credential(query: Sequence[tuple[str, str]], headers: Mapping[str, str]) -> tuple[str, str, str]:
    """Access key, region and service of the credential scope; empty where there is none."""
    authorization = headers.get("authorization", "")
    match = _CREDENTIAL.search(authorization)
    scope = match.group(1) if match else next((value for name, value in query if name == "X-Amz-Credential"), "")
    parts = scope.split("/")
    if len(parts) == 5:
        return parts[0], parts[2], parts[3].lower()
    if len(parts) == 4:  # SigV4A signs for several regions; they stand in a header of their own
        return parts[0], headers.get("x-amz-region-set", "").partition(",")[0], parts[2].lower()
    old = _SIGV2.match(authorization)
    if old:
        return old.group(1), "", "s3"
    return next((value for name, value in query if name == "AWSAccessKeyId"), ""), "", ""


def _unsigned_service(headers: Mapping[str, str], form: bytes | None) -> str:
    target = headers.get("x-amz-target", "").partition(".")[0]
    if target in _TARGETS:
        return _TARGETS[target]
    if form:
        action = dict(parse_qsl(form.decode("utf-8", "replace"))).get("Action", "")
        return _UNSIGNED_ACTIONS.get(action, "sts" if action else "s3")
    return "s3"
