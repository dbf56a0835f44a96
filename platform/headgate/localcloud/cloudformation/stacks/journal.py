"""Steps of resources, written down: each record and its event in one transaction."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from headgate.localcloud.cloudformation.stacks.records import Incarnation, Resource, Stack
from headgate.localcloud.cloudformation.stacks.store import StackStore
from headgate.localcloud.cloudformation.template.parameters import HIDDEN
from headgate.localcloud.seams import Json


class StepLog:
    """Keeps resources' records and events of one stack. Safe to use from many threads."""

    def __init__(self, store: StackStore, stack: Stack) -> None:
        self.store = store
        self.stack = stack
        self._secrets = _parameters(stack)
        for resource in store.resources(stack).values():
            self._note(resource.live)

    def write(
        self, resource: Resource, status: str, reason: str = "", *, event: bool = True, **changes: Any
    ) -> Resource:
        """The record with a new status, and fields changed, kept together with its event."""
        changed = replace(resource, status=status, reason=reason, time=self.store.clock.now(), **changes)
        changed = replace(changed, last_type=changed.type, last_physical_id=changed.physical_id)
        self._note(changed.live)
        with self.store.transaction():
            self.store.put_resource(self.stack, changed)
            if event:
                of = changed.wanted or changed.live or changed.previous or resource.live  # the last: what is let go of
                self.event(changed.logical_id, of, status, reason)
        return changed

    def event(self, logical_id: str, of: Incarnation | None, status: str, reason: str = "") -> None:
        body: Json = {"LogicalResourceId": logical_id, "ResourceStatus": status, "ResourceStatusReason": reason}
        if of is not None:
            body["PhysicalResourceId"] = of.physical_id
            body["ResourceType"] = of.type
            body["ResourceProperties"] = json.dumps(redacted(of.properties, self._secrets))
        self.store.event(self.stack, body)

    def _note(self, incarnation: Incarnation | None) -> None:
        """Keep what a custom resource wants hidden out of later events."""
        if incarnation is not None and incarnation.no_echo:
            self._secrets |= {item for item in incarnation.attributes.values() if isinstance(item, str) and item}


def _parameters(stack: Stack) -> frozenset[str]:
    """Values of parameters with NoEcho."""
    found: set[str] = set()
    deployments = [stack.deployment]
    if stack.operation and stack.operation.previous:
        deployments.append(stack.operation.previous)
    for deployment in deployments:
        for value in deployment.parameters.values():
            if value.hidden:
                found |= {value.resolved} if isinstance(value.resolved, str) else set(value.resolved)
    return frozenset(secret for secret in found if secret)


def redacted(value: Any, secrets: Iterable[str]) -> Any:
    """The value with every secret in it replaced by asterisks."""
    if isinstance(value, dict):
        return {key: redacted(item, secrets) for key, item in value.items()}
    if isinstance(value, list):
        return [redacted(item, secrets) for item in value]
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, HIDDEN)
    return value
