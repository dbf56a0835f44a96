"""A request as CloudTrail writes it (record contents, version 1.11)."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Caller, HttpRequest, HttpResponse, Json
from headgate.localcloud.server.operations import changes_state
from headgate.localcloud.server.parameters import Asked
from headgate.localcloud.sts.sessions import Session

_DATA_EVENTS: Mapping[str, re.Pattern[str]] = {
    "s3": re.compile(r".*(Object|Objects|Part|PartCopy|MultipartUpload|ObjectTagging|ObjectAcl|ListParts|Upload)$"),
    "lambda": re.compile(r"Invoke.*"),
    "dynamodb": re.compile(r"(Batch|Transact)?(Get|Put|Update|Delete|Write)Items?|Query|Scan|TransactGetItems"),
    "dynamodbstreams": re.compile(r".*"),
    "sns": re.compile(r"Publish.*"),
    "sqs": re.compile(r"(Send|Receive|Delete|ChangeMessageVisibility).*Message.*|ChangeMessageVisibility.*"),
    "sagemaker-runtime": re.compile(r".*"),
    "logs": re.compile(r"PutLogEvents|GetLogEvents|FilterLogEvents"),
    "monitoring": re.compile(r"PutMetricData|GetMetric.*"),
}
"""Operations on data, of which there are too many: a trail has them only if it asks for data events."""

_SOURCES = {"monitoring": "monitoring", "sagemaker-runtime": "sagemaker", "catalog": "servicecatalog"}
_GLOBAL = frozenset({"iam", "organizations", "budgets"})
_HOME = "us-east-1"
"""Where events of services without regions are recorded."""
_SECRET = frozenset({"SecretString", "SecretBinary", "Password", "MasterUserPassword", "ZipFile", "Plaintext"})
_HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
_LONGEST = 2048


def is_management(asked: Asked) -> bool:
    """Whether an operation manages something, rather than moving data."""
    pattern = _DATA_EVENTS.get(asked.service)
    return bool(asked.operation) and (pattern is None or not pattern.fullmatch(asked.operation))


def record_of(
    request: HttpRequest,
    asked: Asked,
    owner: str,
    outcome: tuple[str, str] | None,
    session: Session | None,
    now: float,
) -> Json:
    """The record of a request. `outcome` is the error's code and message, None for success."""
    source = _SOURCES.get(request.service, request.service)
    record: Json = {
        "eventVersion": "1.11",
        "userIdentity": identity_of(request.caller, session),
        "eventTime": datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": f"{source}.amazonaws.com",
        "eventName": asked.operation,
        "awsRegion": _HOME if source in _GLOBAL else request.caller.region,
        "sourceIPAddress": request.caller.service or "127.0.0.1",
        "userAgent": request.headers.get("user-agent", "")[:256],
        "requestParameters": _shown(_without_secrets(asked)) or None,
        "responseElements": None,
        "requestID": str(uuid.uuid4()),
        "eventID": str(uuid.uuid4()),
        "readOnly": not changes_state(request.service, asked.operation, request.method),
        "eventType": "AwsApiCall",
        "managementEvent": is_management(asked),
        "recipientAccountId": owner,
        "eventCategory": "Management" if is_management(asked) else "Data",
    }
    if "aws:SourceVpce" in request.caller.context:
        record["vpcEndpointId"] = request.caller.context["aws:SourceVpce"]
        record["vpcEndpointAccountId"] = request.caller.context["aws:VpceAccount"]
        record["sourceIPAddress"] = request.caller.context["aws:VpcSourceIp"]
    if outcome is not None:
        record["errorCode"], record["errorMessage"] = outcome
    return record


def identity_of(caller: Caller, session: Session | None) -> Json:
    """`userIdentity`: root, IAM user, assumed role or AWS service."""
    if caller.service:
        return {"type": "AWSService", "invokedBy": caller.service}
    found: Json = {"accountId": caller.account, "arn": caller.principal, "accessKeyId": caller.access_key}
    if caller.principal.endswith(":root"):
        return {"type": "Root", "principalId": caller.account, **found}
    if session is not None and session.role:
        issuer = {
            "type": "Role",
            "principalId": session.user_id.partition(":")[0],
            "arn": session.role,
            "accountId": session.account,
            "userName": session.role_name,
        }
        created = datetime.fromtimestamp(session.issued, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        context = {"sessionIssuer": issuer, "attributes": {"creationDate": created, "mfaAuthenticated": "false"}}
        return {"type": "AssumedRole", "principalId": session.user_id, **found, "sessionContext": context}
    if ":assumed-role/" in caller.principal:
        return {"type": "AssumedRole", **found}
    if ":user/" in caller.principal:
        return {"type": "IAMUser", **found, "userName": caller.principal.rpartition("/")[2]}
    return {"type": "Unknown", **found}


def outcome_of(response: HttpResponse | None, error: AwsError | None) -> tuple[str, str] | None:
    """The error's code and message, from an error or from an answer that is one."""
    if error is not None:
        return error.code, error.message
    if response is None:
        return "InternalFailure", "the local cloud failed to answer"
    if response.status < 400:
        return None
    body = response.body if isinstance(response.body, bytes) else b""
    text = body.decode("utf-8", "replace")
    if text.lstrip().startswith("<"):
        code, message = _tag(text, "Code"), _tag(text, "Message")
    else:
        code, message = _json_error(text)
    return code or response.headers.get("x-amzn-errortype", str(response.status)), message


def _tag(text: str, name: str) -> str:
    match = re.search(rf"<{name}>(.*?)</{name}>", text, re.DOTALL)
    return match[1] if match else ""


def _json_error(text: str) -> tuple[str, str]:
    try:
        body = json.loads(text or "{}")
    except ValueError:
        return "", text[:_LONGEST]
    if not isinstance(body, dict):
        return "", ""
    code = str(body.get("__type") or body.get("code") or "").rpartition("#")[2]
    return code, str(body.get("message") or body.get("Message") or "")


def _without_secrets(asked: Asked) -> Json:
    if (asked.service, asked.operation) == ("ssm", "PutParameter"):
        return {**asked.parameters, "Value": _HIDDEN}
    return asked.parameters


def _shown(value: Any) -> Any:
    """Parameters as they are logged: names in camel case, secrets hidden, bytes left out, long texts cut."""
    if isinstance(value, dict):
        return {
            (str(key)[:1].lower() + str(key)[1:]): _HIDDEN if key in _SECRET and isinstance(one, str) else _shown(one)
            for key, one in value.items()
        }
    if isinstance(value, list):
        return [_shown(one) for one in value]
    if isinstance(value, bytes):
        return None
    return value[:_LONGEST] if isinstance(value, str) else value
