"""A real daemon for contract tests: boto3 against it, kill -9, start again."""

from __future__ import annotations

import io
import json
import os
import select
import signal
import zipfile
from pathlib import Path
from textwrap import dedent
from typing import Any

import boto3

from headgate.localcloud import lifecycle
from headgate.localcloud.server.identity import root_key

ACCOUNT = "123456789012"
REGION = "eu-west-1"


class LocalDaemon:
    def __init__(self, state: Path) -> None:
        self.state = state
        self.endpoint = lifecycle.ensure_running(state)
        self._clients: dict[tuple[str, ...], Any] = {}

    def client(self, service: str, account: str = ACCOUNT, region: str = REGION) -> Any:
        key = (service, account, region, self.endpoint.url)
        if key not in self._clients:
            self._clients[key] = self.client_with(service, root_key(account), "secret", region=region)
        return self._clients[key]

    def client_with(self, service: str, key: str, secret: str, token: str | None = None, region: str = REGION) -> Any:
        return boto3.client(
            service,  # type: ignore[call-overload]
            endpoint_url=self.endpoint.url,
            region_name=region,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token,
        )

    def kill_and_restart(self) -> None:
        """SIGKILL, wait for the end, start again."""
        descriptor = os.pidfd_open(self.endpoint.pid)
        signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        assert select.select([descriptor], [], [], 20)[0]
        os.close(descriptor)
        self.endpoint = lifecycle.ensure_running(self.state)

    def stop_and_restart(self) -> None:
        lifecycle.stop(self.state)
        self.endpoint = lifecycle.ensure_running(self.state)

    def close(self) -> None:
        for client in self._clients.values():
            client.close()
        lifecycle.stop(self.state)

    def role(self, name: str = "functions", service: str = "lambda.amazonaws.com") -> str:
        """A role that a service may assume, with which its programs may do anything; made once."""
        iam = self.client("iam")
        statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        try:
            arn: str = iam.get_role(RoleName=name)["Role"]["Arn"]
        except iam.exceptions.NoSuchEntityException:
            arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
            iam.attach_role_policy(RoleName=name, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
        return arn

    def function(self, name: str, source: str, **settings: Any) -> str:
        """Create a Lambda function whose handler is `app.handler`."""
        code = settings.pop("Code", {"ZipFile": zipped({"app.py": dedent(source)})})
        defaults = {"Runtime": "python3.12", "Role": self.role(), "Handler": "app.handler", "Timeout": 20}
        created = self.client("lambda").create_function(FunctionName=name, Code=code, **(defaults | settings))
        arn: str = created["FunctionArn"]
        return arn

    def invoke(self, name: str, event: Any = None, **settings: Any) -> tuple[Any, dict[str, Any]]:
        """The handler's payload and the whole answer."""
        answer = self.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event), **settings)
        payload = answer["Payload"].read()
        return json.loads(payload) if payload else None, answer


def zipped(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()
