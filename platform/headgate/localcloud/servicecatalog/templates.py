"""Templates of product versions: read from S3 once, and what CloudFormation says of their parameters."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit

from headgate.localcloud.errors import unsupported
from headgate.localcloud.seams import Caller, Json
from headgate.localcloud.servicecatalog.records import invalid

ClientFactory = Callable[[Caller, str, str], Any]
"""A boto3 client of a service as a role, or, for an empty one, as the account itself: `(caller, service, role_arn)`."""

_LARGEST = 51_200
"""The longest template that CreateStack takes as text, in bytes."""
_VIRTUAL = re.compile(r"(?P<bucket>[a-z0-9.-]{3,63})\.s3[.-][\w.-]*amazonaws\.com")
_CONSTRAINTS = ("AllowedValues", "AllowedPattern", "ConstraintDescription", "MaxLength", "MinLength", "MaxValue")


class Templates:
    """Reads templates, as the account whose product it is. AWS keeps a copy too: later changes do not matter."""

    def __init__(self, client: ClientFactory) -> None:
        self._client = client

    def load(self, caller: Caller, url: str) -> str:
        """The template that a URL names. Raises AwsError (InvalidParametersException) if it cannot be read."""
        from botocore.exceptions import ClientError

        bucket, key = bucket_and_key(url)
        try:
            answer = self._client(caller, "s3", "").get_object(Bucket=bucket, Key=key)
            text = answer["Body"].read().decode()
        except (ClientError, UnicodeDecodeError) as error:
            raise invalid(f"Invalid templateBody. The template at {url} cannot be read: {error}") from error
        if len(text.encode()) > _LARGEST:
            raise unsupported(f"templates of products above {_LARGEST} bytes ({url})")
        return str(text)

    def parameters(self, caller: Caller, text: str) -> list[Json]:
        """The parameters of a template. Raises AwsError (InvalidParametersException) if it is none."""
        from botocore.exceptions import ClientError

        try:
            found = self._client(caller, "cloudformation", "").get_template_summary(TemplateBody=text)
        except ClientError as error:
            raise invalid(f"Invalid templateBody. {error.response['Error'].get('Message', error)}") from error
        return [_parameter(one) for one in found.get("Parameters", [])]


def bucket_and_key(url: str) -> tuple[str, str]:
    """The bucket and key of an S3 URL with the bucket in its path or in its host. Raises AwsError."""
    parts = urlsplit(url)
    path = unquote(parts.path).lstrip("/")
    virtual = _VIRTUAL.fullmatch(parts.hostname or "")
    bucket, key = (virtual["bucket"], path) if virtual else path.split("/", 1) if "/" in path else ("", "")
    if parts.scheme not in ("http", "https") or not bucket or not key:
        raise invalid(f"'{url}' is not the URL of a template in S3")
    return bucket, key


def _parameter(found: Json) -> Json:
    constraints = {name: found[name] for name in _CONSTRAINTS if name in found}
    constraints |= found.get("ParameterConstraints", {})
    made = {
        "ParameterKey": found["ParameterKey"],
        "DefaultValue": found.get("DefaultValue"),
        "ParameterType": found.get("ParameterType", "String"),
        "IsNoEcho": bool(found.get("NoEcho", False)),
        "Description": found.get("Description"),
        "ParameterConstraints": constraints or None,
    }
    return {name: value for name, value in made.items() if value is not None}
