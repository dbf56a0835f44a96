"""A function as it is called, and what came of a call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from headgate.localcloud.seams import Json


@dataclass(frozen=True, slots=True)
class Function:
    """One version of a Lambda function. `code` and `layers` are zip archives, `timeout` is in seconds, memory in MB."""

    account: str
    region: str
    name: str
    arn: str
    version: str
    runtime: str
    handler: str
    role_arn: str
    timeout: float
    memory: int
    environment: Mapping[str, str]
    code: bytes
    layers: tuple[bytes, ...] = ()
    own_log_group: str = ""
    subnets: tuple[str, ...] = ()

    @property
    def log_group(self) -> str:
        return self.own_log_group or f"/aws/lambda/{self.name}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """`payload` is JSON: the handler's result or, when `failed`, the error object that AWS would return."""

    payload: str
    failed: bool
    log: str

    def as_json(self) -> Json:
        return {"payload": self.payload, "failed": self.failed, "log": self.log}

    @staticmethod
    def from_json(value: Json) -> Outcome:
        return Outcome(str(value["payload"]), bool(value["failed"]), str(value["log"]))
