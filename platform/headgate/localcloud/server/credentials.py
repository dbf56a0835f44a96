"""Credentials of execution roles, for jobs, Lambda handlers and the pipeline engine's own calls."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Mapping
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

from headgate.localcloud.seams import Caller, Clock, HttpRequest
from headgate.localcloud.server.app import Fallback
from headgate.localcloud.server.identity import root_key

_NAMESPACE = "{https://sts.amazonaws.com/doc/2011-06-15/}"
_DURATION = 12 * 3600
_MARGIN = 3600.0


class RoleCredentials:
    """Sessions of roles, taken from STS like any other caller's, and shared until an hour before they expire."""

    def __init__(self, sts: Fallback, clock: Clock, endpoint_url: Callable[[], str]) -> None:
        self._sts = sts
        self._clock = clock
        self._endpoint_url = endpoint_url
        self._lock = threading.Lock()
        self._sessions: dict[tuple[str, str, str], tuple[float, dict[str, str]]] = {}

    def environment(self, caller: Caller, role_arn: str, session_name: str = "SageMaker") -> Mapping[str, str]:
        """The variables that make any AWS SDK act as the role, in the caller's region, against this cloud.

        Without a role they are those of the account's root. The role's account is the one in its ARN.
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
        key = (caller.account, role_arn, name)
        with self._lock:
            expiry, keys = self._sessions.get(key, (0.0, {}))
            if expiry - _MARGIN < self._clock.now():
                keys = self._assume(caller, role_arn, name)
                self._sessions[key] = self._clock.now() + _DURATION, keys
            return keys

    def _assume(self, caller: Caller, role_arn: str, name: str) -> dict[str, str]:
        form = {
            "Action": "AssumeRole",
            "Version": "2011-06-15",
            "RoleArn": role_arn,
            "RoleSessionName": name,
            "DurationSeconds": _DURATION,
        }
        headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8", "host": "127.0.0.1"}
        body = io.BytesIO(urlencode(form).encode())
        response = self._sts.handle(HttpRequest("POST", "/", (), headers, body, "sts", caller, "/"))
        answer = ET.fromstring(response.body if isinstance(response.body, bytes) else b"")  # noqa: S314 - moto's own answer
        return {
            "AWS_ACCESS_KEY_ID": _member(answer, "AccessKeyId"),
            "AWS_SECRET_ACCESS_KEY": _member(answer, "SecretAccessKey"),
            "AWS_SESSION_TOKEN": _member(answer, "SessionToken"),
        }


def _member(answer: ET.Element, name: str) -> str:
    found = answer.find(f".//{_NAMESPACE}{name}")
    if found is None or not found.text:
        raise ValueError(f"AssumeRole answered without {name}: {ET.tostring(answer, encoding='unicode')[:500]}")
    return found.text
