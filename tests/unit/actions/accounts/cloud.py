"""Sessions with a test's own clients; a Service Catalog and a state machine that do as they are told."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from boto3.dynamodb.types import TypeSerializer
from botocore.exceptions import ClientError

WHO = "arn:aws:sts::111122223333:assumed-role/headgate-governance-it/headgate"


def refused(code: str, operation: str = "Any", status: int = 400) -> ClientError:
    answer = {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, operation)  # type: ignore[arg-type]


@dataclass
class FakeSession:
    """What code that takes a Session looks at; it never waits."""

    clients: Mapping[str, Any]
    account: str = "111122223333"
    region: str = "eu-west-1"
    poll_seconds: float = 0.0
    target: str = "local"

    def client(self, service: str) -> Any:
        return self.clients[service]


class Sts:
    def get_caller_identity(self) -> Mapping[str, str]:
        return {"Arn": WHO, "Account": "111122223333"}


@dataclass
class Catalog:
    """A DynamoDB that holds rows as JSON."""

    rows: list[dict[str, Any]] = field(default_factory=list)

    def get_paginator(self, name: str) -> Any:
        serialize = TypeSerializer().serialize

        def paginate(**arguments: Any) -> list[Any]:
            team = arguments.get("ExpressionAttributeValues", {}).get(":team", {}).get("S")
            found = [row for row in self.rows if name == "scan" or row["team"] == team]
            return [{"Items": [{key: serialize(value) for key, value in row.items()} for row in found]}]

        return type("Pages", (), {"paginate": lambda _, **arguments: paginate(**arguments)})()

    def add(self, name: str, state: str = "active", **more: Any) -> None:
        self.rows.append({"team": "churn", "account_name": name, "state": state, **more})


@dataclass
class Machine:
    """Step Functions: each execution looks running once, then it has had its effect and ended."""

    effect: Callable[[Mapping[str, Any]], None] = lambda _: None
    end: Mapping[str, Any] = field(default_factory=lambda: {"status": "SUCCEEDED"})
    there: bool = True
    inputs: list[dict[str, Any]] = field(default_factory=list)
    started: list[dict[str, Any]] = field(default_factory=list)
    looks: int = 0

    def start_execution(self, **arguments: Any) -> Any:
        if not self.there:
            raise refused("StateMachineDoesNotExist", "StartExecution")
        self.started.append(arguments)
        self.inputs.append(json.loads(arguments["input"]))
        self.looks = 0
        return {"executionArn": f"arn:execution:{arguments['name']}"}

    def describe_execution(self, **_: Any) -> Any:
        self.looks += 1
        if self.looks == 1:
            return {"status": "RUNNING"}
        if self.looks == 2:
            self.effect(self.inputs[-1])
        return self.end


@dataclass
class ServiceCatalog:
    """Products by name, and what has been provisioned: its status by name. Every record ends at the second look."""

    products: tuple[str, ...] = ("ML account set",)
    provisioned: dict[str, str] = field(default_factory=dict)
    effect: Callable[[str, str], None] = lambda _verb, _name: None
    fail: str = ""
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    looks: dict[str, int] = field(default_factory=dict)

    def describe_product(self, Name: str) -> Any:  # noqa: N803
        if Name not in self.products:
            raise refused("ResourceNotFoundException", "DescribeProduct")
        versions = [{"Id": "pa-old", "CreatedTime": 1}, {"Id": "pa-new", "CreatedTime": 2}]
        return {"ProductViewSummary": {"ProductId": "prod-1"}, "ProvisioningArtifacts": versions}

    def describe_provisioned_product(self, Name: str) -> Any:  # noqa: N803
        if Name not in self.provisioned:
            raise refused("ResourceNotFoundException", "DescribeProvisionedProduct")
        return {"ProvisionedProductDetail": {"Status": self.provisioned[Name], "LastRecordId": f"other-{Name}"}}

    def provision_product(self, **arguments: Any) -> Any:
        return self._change("provision", arguments, "AVAILABLE")

    def update_provisioned_product(self, **arguments: Any) -> Any:
        return self._change("update", arguments, "AVAILABLE")

    def terminate_provisioned_product(self, **arguments: Any) -> Any:
        answer = self._change("terminate", arguments, "")
        del self.provisioned[arguments["ProvisionedProductName"]]
        return answer

    def describe_record(self, Id: str) -> Any:  # noqa: N803
        self.looks[Id] = self.looks.get(Id, 0) + 1
        if self.looks[Id] == 1:
            return {"RecordDetail": {"Status": "IN_PROGRESS"}}
        if Id.startswith("other-"):
            self.provisioned[Id.removeprefix("other-")] = "AVAILABLE"
        if self.fail and Id.startswith(self.fail):
            return {"RecordDetail": {"Status": "FAILED", "RecordErrors": [{"Description": "the quota is reached"}]}}
        return {"RecordDetail": {"Status": "SUCCEEDED"}}

    def _change(self, verb: str, arguments: dict[str, Any], status: str) -> Any:
        name = arguments["ProvisionedProductName"]
        self.calls.append((verb, arguments))
        self.provisioned[name] = status
        self.effect(verb, name)
        return {"RecordDetail": {"RecordId": f"{verb}-{len(self.calls)}"}}
