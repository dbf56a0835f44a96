"""Dynamic references: `{{resolve:ssm:…}}`, `{{resolve:ssm-secure:…}}`, `{{resolve:secretsmanager:…}}`.

They stay as they are in what is stored and compared; only a handler's call sees their values.
Source: CloudFormation user guide, 'Using dynamic references'.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Protocol

from headgate.localcloud.errors import AwsError

_REFERENCE = re.compile(r"\{\{resolve:([a-z-]+):([^{}]*)\}\}")
_SSM = re.compile(r"^(?P<name>[a-zA-Z0-9_.\-/]+)(?::(?P<version>\d+))?$")
_SECRET = re.compile(
    r"^(?P<id>arn:[^:]+:secretsmanager:[^:]*:\d{12}:secret:[^:]+|[^:]+)"
    r"(?::(?P<part>[^:]*))?(?::(?P<key>[^:]*))?(?::(?P<stage>[^:]*))?(?::(?P<version>[^:]*))?$"
)
_SECURE_PLACES = {
    "AWS::DirectoryService::MicrosoftAD": ("Password",),
    "AWS::DirectoryService::SimpleAD": ("Password",),
    "AWS::ElastiCache::ReplicationGroup": ("AuthToken",),
    "AWS::IAM::User": ("LoginProfile",),
    "AWS::KinesisFirehose::DeliveryStream": ("RedshiftDestinationConfiguration",),
    "AWS::OpsWorks::App": ("AppSource",),
    "AWS::OpsWorks::Stack": ("RdsDbInstances", "CustomCookbooksSource"),
    "AWS::RDS::DBCluster": ("MasterUserPassword",),
    "AWS::RDS::DBInstance": ("MasterUserPassword",),
    "AWS::Redshift::Cluster": ("MasterUserPassword",),
}


class Source(Protocol):
    """Where the values are, asked as whoever the stack acts for."""

    def ssm(self, name: str, version: str, *, secure: bool) -> str: ...

    def secret(self, secret_id: str, stage: str, version: str) -> str: ...


def present(value: Any) -> bool:
    """Whether there is any dynamic reference in a value."""
    return "{{resolve:" in json.dumps(value)


def substitute(properties: dict[str, Any], source: Source, resource_type: str) -> dict[str, Any]:
    """Properties with every reference replaced by its value. Raises AwsError (ValidationError)."""
    found: dict[str, Any] = {}
    for name, value in properties.items():
        secure = name in _SECURE_PLACES.get(resource_type, ())
        found[name] = _walk(value, lambda hit, secure=secure: _resolve(hit, source, secure=secure))  # type: ignore[misc]
    return found


def _walk(value: Any, replace: Callable[[re.Match[str]], str]) -> Any:
    if isinstance(value, str):
        return _REFERENCE.sub(replace, value) if "{{resolve:" in value else value
    if isinstance(value, list):
        return [_walk(item, replace) for item in value]
    if isinstance(value, dict):
        return {key: _walk(item, replace) for key, item in value.items()}
    return value


def _resolve(hit: re.Match[str], source: Source, *, secure: bool) -> str:
    service, reference = hit[1], hit[2]
    if service in ("ssm", "ssm-secure"):
        match = _SSM.match(reference)
        if match is None:
            raise _wrong(hit[0], "name or name:version")
        if service == "ssm-secure" and not secure:
            raise AwsError("ValidationError", f"SSM Secure reference is not supported in this property: {hit[0]}")
        return source.ssm(match["name"], match["version"] or "", secure=service == "ssm-secure")
    if service == "secretsmanager":
        return _secret(hit[0], reference, source)
    raise _wrong(hit[0], "ssm, ssm-secure or secretsmanager")


def _secret(text: str, reference: str, source: Source) -> str:
    match = _SECRET.match(reference)
    if match is None or (match["part"] or "SecretString") != "SecretString":
        raise _wrong(text, "secret-id:SecretString:json-key:version-stage:version-id")
    secret = source.secret(match["id"], match["stage"] or "", match["version"] or "")
    if not match["key"]:
        return secret
    try:
        value = json.loads(secret)[match["key"]]
    except (ValueError, KeyError, TypeError) as error:
        raise AwsError(
            "ValidationError", f"Could not find a value associated with JSONKey in SecretString: {text}"
        ) from error
    return value if isinstance(value, str) else json.dumps(value)


def _wrong(text: str, form: str) -> AwsError:
    return AwsError(
        "ValidationError", f"Incorrect format is used in the following dynamic reference: {text}; right is {form}"
    )
