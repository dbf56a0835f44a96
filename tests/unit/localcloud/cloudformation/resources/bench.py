"""One resource type at a time against a real daemon, with a context as the stack engine would make it."""

from __future__ import annotations

import functools
import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import cfnlint

from contract.local_daemon import LocalDaemon
from headgate.localcloud.cloudformation.changes.drift import compare
from headgate.localcloud.cloudformation.registry.schemas import Schemas
from headgate.localcloud.cloudformation.resources import registry
from headgate.localcloud.cloudformation.types import Context, Physical, ResourceError
from headgate.localcloud.seams import Json

_SCHEMAS = Path(cfnlint.__file__).parent / "data" / "schemas"
_ACCOUNTS = itertools.count(200000000001)

REGION = "eu-west-1"

_S3_ACTIONS = {
    "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
    "DeleteBucketTagging": "PutBucketTagging",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "HeadBucket": "ListBucket",
    "PutBucketCors": "PutBucketCORS",
    "DeleteBucketCors": "PutBucketCORS",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
}
_PREFIXES = {"stepfunctions": "states"}
"""Prefixes of actions that are not the name of boto3's client."""

_BUDGETS = {"Create": "ModifyBudget", "Update": "ModifyBudget", "Delete": "ModifyBudget", "Descri": "ViewBudget"}


@functools.cache
def schema(type_name: str) -> Json:
    """The registry schema of a type, as cfn-lint bundles it."""
    files = json.loads((_SCHEMAS / "providers" / "us-east-1.json").read_text())
    found: Json = json.loads((_SCHEMAS / "resources" / f"{files[type_name]}.json").read_text())
    return found


def permissions(type_name: str) -> set[str]:
    """The IAM actions that CloudFormation documents for a type, in lower case."""
    handlers = schema(type_name).get("handlers", {})
    return {action.lower() for handler in handlers.values() for action in handler.get("permissions", ())}


def action(service: str, operation: str) -> str:
    """The IAM action that an API operation needs, in lower case."""
    if service == "s3":
        operation = _S3_ACTIONS.get(operation, operation)
    if service == "budgets" and "tag" not in operation.lower():
        operation = _BUDGETS[operation[:6]]
    return f"{_PREFIXES.get(service, service)}:{operation}".lower()


def wait(check: Callable[[], Any], *, seconds: float, what: str) -> Any:
    """What the daemon does is done within some looks."""
    for _ in range(2000):
        found = check()
        if found is not None:
            return found
    raise ResourceError(f"{what} did not happen", code="NotStabilized")


@dataclass
class Bench:
    """An account of its own, in which resources are made, changed and removed."""

    daemon: LocalDaemon
    account: str = field(default_factory=lambda: str(next(_ACCOUNTS)))
    region: str = REGION
    tags: Mapping[str, str] = field(default_factory=lambda: {"team": "forecasting"})
    called: list[str] = field(default_factory=list)
    _clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """The account's root."""
        return self.daemon.client(service, self.account, self.region)

    def context(self, logical_id: str = "Thing", **changes: Any) -> Context:
        stack = "alpha"
        made = Context(
            self._recording,
            self.account,
            self.region,
            stack,
            f"arn:aws:cloudformation:{self.region}:{self.account}:stack/{stack}/1",
            logical_id,
            f"token-{self.account}-{logical_id}",
            wait,
            tags=self.tags,
        )
        return replace(made, **changes)

    def create(self, type_name: str, properties: Json, logical_id: str = "Thing") -> Physical:
        return self._watched(type_name, lambda: registry()[type_name].create(self.context(logical_id), properties))

    def update(self, type_name: str, thing: Physical, old: Json, new: Json, **changes: Any) -> Physical:
        context = self.context(**{"previous_tags": self.tags, **changes})
        return self._watched(type_name, lambda: registry()[type_name].update(context, thing.id, old, new))

    def delete(self, type_name: str, thing: Physical, properties: Json) -> None:
        """Delete it, and again: what is gone already is no error."""
        for _ in range(2):
            self._watched(type_name, lambda: registry()[type_name].delete(self.context(), thing.id, properties))

    def drift(self, type_name: str, thing: Physical, properties: Json) -> Json:
        """How what is there differs from what was wanted: status, and the paths of differences."""
        kind: Any = registry()[type_name]
        live = self._watched(type_name, lambda: kind.read(self.context(), thing.id, properties))
        found = compare(Schemas().find(type_name), properties, live)
        paths = sorted(each["PropertyPath"] for each in found["PropertyDifferences"])
        return {"status": found["StackResourceDriftStatus"], "paths": paths}

    def find(self, type_name: str, properties: Json, logical_id: str = "Thing") -> Physical | None:
        kind: Any = registry()[type_name]
        found: Physical | None = self._watched(type_name, lambda: kind.find(self.context(logical_id), properties))
        return found

    def close(self) -> None:
        for client in self._clients.values():
            client.close()

    def _watched(self, type_name: str, work: Callable[[], Any]) -> Any:
        """Do something; what it calls has to be among the actions that CloudFormation documents for the type."""
        self.called.clear()
        done = work()
        documented = permissions(type_name)
        if documented:
            assert set(self.called) <= documented, f"{type_name} calls {sorted(set(self.called) - documented)}"
        return done

    def _recording(self, service: str) -> Any:
        if service not in self._clients:
            made = self.daemon.client_with(service, f"HEADGATE{self.account}", "secret", region=self.region)
            made.meta.events.register("before-call", lambda model, **_: self.called.append(action(service, model.name)))
            self._clients[service] = made
        return self._clients[service]
