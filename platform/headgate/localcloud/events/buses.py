"""Event buses and the policies that say who may put events on them. Every account has one called `default`."""

from __future__ import annotations

import json
from typing import Any

from headgate.localcloud.documents import Documents, DuplicateError, Key, MissingError
from headgate.localcloud.errors import unsupported
from headgate.localcloud.events.errors import exists, invalid, missing
from headgate.localcloud.events.names import DEFAULT_BUS, Bus, find_bus
from headgate.localcloud.paging import cut_page
from headgate.localcloud.seams import Caller, Clock, Json, Operation

KIND = "event-bus"
_PAGE = 100
_KEPT = ("Description", "DeadLetterConfig", "KmsKeyIdentifier")
"""What is kept as it is given. Nothing is encrypted on this machine, so the key has no effect."""


class Buses:
    """CreateEventBus, PutPermission and the like."""

    def __init__(self, documents: Documents, clock: Clock) -> None:
        self._documents = documents
        self._clock = clock

    def operations(self) -> dict[str, Operation]:
        return {
            "CreateEventBus": self.create,
            "DeleteEventBus": self.delete,
            "DescribeEventBus": self.describe,
            "UpdateEventBus": self.update,
            "ListEventBuses": self.list_all,
            "PutPermission": self.put_permission,
            "RemovePermission": self.remove_permission,
        }

    def require(self, bus: Bus) -> Json:
        """What is known of a bus. Raises AwsError (ResourceNotFoundException)."""
        found = self._documents.find(_key(bus))
        if found is None and bus.name != DEFAULT_BUS:
            raise missing(f"Event bus {bus.name}")
        return found or {"Created": 0.0}

    def policy(self, bus: Bus) -> Json | None:
        """The bus's resource policy, None when it has none."""
        found = self._documents.find(_key(bus)) or {}
        policy: Json | None = found.get("Policy")
        return policy

    def create(self, caller: Caller, request: Json) -> Json:
        for member in ("EventSourceName", "LogConfig"):
            if member in request:
                raise unsupported(f"{member} of CreateEventBus")
        bus = Bus(caller.account, caller.region, request["Name"])
        if bus.name == DEFAULT_BUS:
            raise exists("Event bus default")
        now = self._clock.now()
        body: Json = {"Created": now, "Modified": now, **{name: request[name] for name in _KEPT if name in request}}
        try:
            self._documents.insert(_key(bus), body)
        except DuplicateError as error:
            raise exists(f"Event bus {bus.name}") from error
        return {"EventBusArn": bus.arn}

    def update(self, caller: Caller, request: Json) -> Json:
        bus = find_bus(caller, request.get("Name"))
        if "LogConfig" in request:
            raise unsupported("LogConfig of UpdateEventBus")
        changed = {name: request[name] for name in _KEPT if name in request}
        self._documents.put(_key(bus), {**self.require(bus), "Modified": self._clock.now(), **changed})
        return {"Arn": bus.arn, "Name": bus.name, **changed}

    def delete(self, caller: Caller, request: Json) -> Json:
        """Deleting what is not there is no error; a bus with rules stays."""
        bus = find_bus(caller, request["Name"])
        if bus.name == DEFAULT_BUS:
            raise invalid("Cannot delete event bus default.")
        with self._documents.transaction():
            if self._documents.list("event-rule", account=bus.account, region=bus.region, prefix=f"{bus.name}/"):
                raise invalid(f"Event bus {bus.name} still has rules; delete them first.")
            try:
                self._documents.delete(_key(bus))
            except MissingError:
                return {}
        return {}

    def describe(self, caller: Caller, request: Json) -> Json:
        bus = find_bus(caller, request.get("Name"))
        return _described(bus, self.require(bus))

    def list_all(self, caller: Caller, request: Json) -> Json:
        own = self._documents.list(KIND, account=caller.account, region=caller.region)
        bodies: dict[str, Json] = {DEFAULT_BUS: {}} | {key.name: body for key, body in own}
        prefix = request.get("NamePrefix", "")
        found = [
            _described(Bus(caller.account, caller.region, name), body)
            for name, body in sorted(bodies.items())
            if name.startswith(prefix)
        ]
        page, token = cut_page(found, request.get("NextToken"), request.get("Limit", _PAGE))
        return {"EventBuses": list(page), **({"NextToken": token} if token else {})}

    def put_permission(self, caller: Caller, request: Json) -> Json:
        bus = find_bus(caller, request.get("EventBusName"))
        body = self.require(bus)
        if "Policy" in request:
            body["Policy"] = _policy(request["Policy"])
        else:
            statement = _statement(bus, request)
            policy = body.get("Policy") or {"Version": "2012-10-17", "Statement": []}
            others = [each for each in policy["Statement"] if each.get("Sid") != statement["Sid"]]
            body["Policy"] = {**policy, "Statement": [*others, statement]}
        self._documents.put(_key(bus), body)
        return {}

    def remove_permission(self, caller: Caller, request: Json) -> Json:
        bus = find_bus(caller, request.get("EventBusName"))
        body = self.require(bus)
        policy = body.get("Policy")
        if request.get("RemoveAllPermissions"):
            body.pop("Policy", None)
        else:
            statements = policy["Statement"] if policy else []
            left = [each for each in statements if each.get("Sid") != request.get("StatementId")]
            if len(left) == len(statements):
                raise missing(f"Statement {request.get('StatementId')} of event bus {bus.name}")
            body["Policy"] = {**(policy or {}), "Statement": left}
            if not left:
                body.pop("Policy")
        self._documents.put(_key(bus), body)
        return {}


def _key(bus: Bus) -> Key:
    return Key(bus.account, bus.region, KIND, bus.name)


def _policy(text: str) -> Json:
    try:
        policy: Any = json.loads(text)
    except ValueError as error:
        raise invalid(f"Policy is not JSON: {error}") from error
    if not isinstance(policy, dict) or not policy.get("Statement"):
        raise invalid("Policy has no Statement")
    statements = policy["Statement"]
    return {**policy, "Statement": statements if isinstance(statements, list) else [statements]}


def _statement(bus: Bus, request: Json) -> Json:
    absent = [name for name in ("Action", "Principal", "StatementId") if name not in request]
    if absent:
        raise invalid(f"PutPermission takes a Policy, or Action, Principal and StatementId; {absent[0]} is missing")
    principal = request["Principal"]
    statement: Json = {
        "Sid": request["StatementId"],
        "Effect": "Allow",
        "Principal": "*" if principal == "*" else {"AWS": f"arn:aws:iam::{principal}:root"},
        "Action": request["Action"],
        "Resource": bus.arn,
    }
    condition = request.get("Condition")
    if condition:
        statement["Condition"] = {condition["Type"]: {condition["Key"]: condition["Value"]}}
    return statement


def _described(bus: Bus, body: Json) -> Json:
    described: Json = {"Name": bus.name, "Arn": bus.arn}
    described |= {name: body[name] for name in _KEPT if name in body}
    if body.get("Policy"):
        described["Policy"] = json.dumps(body["Policy"])
    if body.get("Created"):
        described |= {"CreationTime": body["Created"], "LastModifiedTime": body.get("Modified", body["Created"])}
    return described
