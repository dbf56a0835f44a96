"""Credentials of roles, for jobs, Lambda handlers and whatever else an AWS service runs for somebody."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace

from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Caller, Clock, Json
from headgate.localcloud.server.identity import root_key

SAGEMAKER = "sagemaker.amazonaws.com"
_DURATION = 12 * 3600
_MARGIN = 3600.0

Assume = Callable[[Caller, Json], Json]
"""AssumeRole as STS does it for this caller: authorized first. Raises AwsError."""


class RoleCredentials:
    """Sessions of roles, taken from STS by the service that needs them, and shared until an hour before they expire.

    `role_id` is the unique id of a role that exists: a role that was made again under its old name is another one.
    """

    def __init__(
        self, assume: Assume, role_id: Callable[[str], str], clock: Clock, endpoint_url: Callable[[], str]
    ) -> None:
        self._assume_role = assume
        self._role_id = role_id
        self._clock = clock
        self._endpoint_url = endpoint_url
        self._lock = threading.Lock()
        self._sessions: dict[tuple[str, ...], tuple[float, dict[str, str]]] = {}

    def environment(self, caller: Caller, role_arn: str, session_name: str = "SageMaker") -> Mapping[str, str]:
        """The variables that make any AWS SDK act as the role, in the caller's region, against this cloud.

        `caller.service` is who takes the role, SageMaker unless it says otherwise; the role has to trust it. Without a
        role they are those of the account's root. The role's account is the one in its ARN. Raises AwsError.
        """
        if not role_arn:
            return self.variables(caller, root_key(caller.account))
        return {**self.variables(caller, ""), **self._session(caller, role_arn, session_name)}

    def variables(self, caller: Caller, access_key: str) -> Mapping[str, str]:
        """The variables for a key that the local cloud itself gave out: its secret and token are not checked."""
        return {
            "AWS_ACCESS_KEY_ID": access_key,
            "AWS_SECRET_ACCESS_KEY": "headgate",
            "AWS_SESSION_TOKEN": "headgate",
            "AWS_REGION": caller.region,
            "AWS_DEFAULT_REGION": caller.region,
            "AWS_ENDPOINT_URL": self._endpoint_url(),
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def _session(self, caller: Caller, role_arn: str, name: str) -> dict[str, str]:
        service = caller.service or SAGEMAKER
        key = (caller.account, service, role_arn, self._role_id(role_arn), name)
        with self._lock:
            expiry, keys = self._sessions.get(key, (0.0, {}))
        if expiry - _MARGIN < self._clock.now():
            # One session serves all of a service's work in an account: its source names none of it in particular.
            anything = f"arn:aws:{service.partition('.')[0]}:{caller.region}:{caller.account}:*"
            context = {"aws:SourceAccount": caller.account, "aws:SourceArn": anything, **caller.context}
            keys = self._assume(replace(caller, principal="", service=service, context=context), role_arn, name)
            with self._lock:
                self._sessions[key] = self._clock.now() + _DURATION, keys
        return keys

    def _assume(self, caller: Caller, role_arn: str, name: str) -> dict[str, str]:
        request: Json = {"RoleArn": role_arn, "RoleSessionName": name[:64], "DurationSeconds": _DURATION}
        try:
            given = self._assume_role(caller, request)["Credentials"]
        except AwsError as error:
            raise AwsError(
                "AccessDeniedException",
                f"Could not assume role {role_arn}. Please ensure that the role exists and allows principal "
                f"'{caller.service}' to assume the role: {error.message}",
                status=403,
            ) from error
        return {
            "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
            "AWS_SESSION_TOKEN": given["SessionToken"],
        }
