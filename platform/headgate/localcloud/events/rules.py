"""Rules and their targets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from headgate.localcloud.documents import Documents, Key, MissingError
from headgate.localcloud.errors import AwsError
from headgate.localcloud.events.buses import Buses
from headgate.localcloud.events.errors import invalid, missing
from headgate.localcloud.events.names import DEFAULT_BUS, Bus, find_bus
from headgate.localcloud.events.patterns import EventPattern, InvalidPatternError
from headgate.localcloud.events.schedules import InvalidScheduleError, parse
from headgate.localcloud.events.targets import check_target
from headgate.localcloud.paging import cut_page
from headgate.localcloud.seams import Caller, Clock, Json, Operation

KIND = "event-rule"
_PAGE = 100
_MOST_TARGETS = 5
_NO_TARGET = {"ErrorCode": "ResourceNotFoundException", "ErrorMessage": "the rule has no such target"}
_DESCRIBED = ("Name", "Arn", "EventPattern", "ScheduleExpression", "State", "Description", "RoleArn", "EventBusName")


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as deliveries need it."""

    bus: Bus
    body: Json

    @property
    def arn(self) -> str:
        return self.bus.rule_arn(self.body["Name"])

    @property
    def enabled(self) -> bool:
        return str(self.body["State"]) != "DISABLED"

    @property
    def reads_too(self) -> bool:
        """Whether it is told by CloudTrail of calls that only read, as of those that change something."""
        return str(self.body["State"]) == "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"

    @property
    def targets(self) -> list[Json]:
        return list(self.body.get("Targets", {}).values())


class Rules:
    """PutRule, PutTargets and the like. `changed` is called with a rule's key after its schedule may have changed."""

    def __init__(self, documents: Documents, buses: Buses, clock: Clock) -> None:
        self._documents = documents
        self._buses = buses
        self._clock = clock
        self._listening: dict[Bus, tuple[tuple[Rule, EventPattern], ...]] = {}
        self.changed: Callable[[Key], None] = lambda _: None
        documents.watch((KIND,), self._forget)

    def operations(self) -> dict[str, Operation]:
        return {
            "PutRule": self.put,
            "DeleteRule": self.delete,
            "DescribeRule": self.describe,
            "ListRules": self.list_all,
            "EnableRule": lambda caller, request: self._switch(caller, request, "ENABLED"),
            "DisableRule": lambda caller, request: self._switch(caller, request, "DISABLED"),
            "PutTargets": self.put_targets,
            "RemoveTargets": self.remove_targets,
            "ListTargetsByRule": self.list_targets,
            "ListRuleNamesByTarget": self.list_names_by_target,
        }

    def find(self, key: Key) -> Rule | None:
        """A rule by its document's key."""
        body = self._documents.find(key)
        return Rule(_bus_of(key), body) if body is not None else None

    def scheduled(self) -> Iterator[Key]:
        """The keys of all rules with a schedule."""
        return (key for key, body in self._documents.list(KIND) if "ScheduleExpression" in body)

    def wanting(self, bus: Bus, event: Json) -> Iterator[Rule]:
        """The enabled rules of a bus whose pattern an event matches; a rule with only a schedule wants none."""
        return (rule for rule, pattern in self.listening(bus) if pattern.matches(event))

    def listening(self, bus: Bus) -> tuple[tuple[Rule, EventPattern], ...]:
        """The enabled rules of a bus that have a pattern, from memory. Asked for within a transaction only.

        Rules are written, and forgotten here, within transactions too: nobody fills the memory with what is old.
        """
        known = self._listening.get(bus)
        if known is None:
            found = self._documents.list(KIND, account=bus.account, region=bus.region, prefix=f"{bus.name}/")
            rules = (Rule(_bus_of(key), body) for key, body in found if "EventPattern" in body)
            known = tuple((rule, EventPattern(rule.body["EventPattern"])) for rule in rules if rule.enabled)
            self._listening[bus] = known
        return known

    def _forget(self, key: Key, *_: Json | None) -> None:
        self._listening.pop(_bus_of(key), None)

    def put(self, caller: Caller, request: Json) -> Json:
        bus = find_bus(caller, request.get("EventBusName"))
        self._buses.require(bus)
        pattern, schedule = request.get("EventPattern"), request.get("ScheduleExpression")
        if not pattern and not schedule:
            raise invalid("Parameter(s) EventPattern or ScheduleExpression must be specified.")
        if schedule and bus.name != DEFAULT_BUS:
            raise invalid("ScheduleExpression is supported only on the default event bus.")
        _check(pattern, schedule)
        key = _key(bus, request["Name"])
        with self._documents.transaction():
            before = self._documents.find(key) or {}
            body: Json = {
                **{name: request[name] for name in _DESCRIBED if name in request},
                "EventBusName": bus.name,
                "State": request.get("State", before.get("State", "ENABLED")),
                "Targets": before.get("Targets", {}),
                "Started": before.get("Started", self._clock.now()),
            }
            if before.get("ScheduleExpression") != schedule:
                body["Started"] = self._clock.now()
            self._documents.put(key, body)
        self.changed(key)
        return {"RuleArn": bus.rule_arn(request["Name"])}

    def delete(self, caller: Caller, request: Json) -> Json:
        """Deleting what is not there is no error; a rule with targets stays."""
        key = _key(find_bus(caller, request.get("EventBusName")), request["Name"])
        with self._documents.transaction():
            body = self._documents.find(key)
            if body is None:
                return {}
            if body["Targets"]:
                raise invalid("Rule can't be deleted since it has targets.")
            self._documents.delete(key)
        self.changed(key)
        return {}

    def describe(self, caller: Caller, request: Json) -> Json:
        bus = find_bus(caller, request.get("EventBusName"))
        return _described(bus, self._require(bus, request["Name"])) | {"CreatedBy": bus.account}

    def list_all(self, caller: Caller, request: Json) -> Json:
        bus = find_bus(caller, request.get("EventBusName"))
        self._buses.require(bus)
        prefix = f"{bus.name}/{request.get('NamePrefix', '')}"
        found = self._documents.list(KIND, account=bus.account, region=bus.region, prefix=prefix)
        return _page([_described(bus, body) for _, body in found], "Rules", request)

    def put_targets(self, caller: Caller, request: Json) -> Json:
        """All targets are put, or none."""
        bus = find_bus(caller, request.get("EventBusName"))
        key = _key(bus, request["Rule"])
        for target in request["Targets"]:
            check_target(target)

        def change(body: Json) -> None:
            body["Targets"] |= {target["Id"]: target for target in request["Targets"]}
            if len(body["Targets"]) > _MOST_TARGETS:
                message = (
                    f"The requested resource exceeds the maximum number allowed: {_MOST_TARGETS} targets of a rule."
                )
                raise AwsError("LimitExceededException", message)

        self._update(bus, key, request["Rule"], change)
        return {"FailedEntryCount": 0, "FailedEntries": []}

    def remove_targets(self, caller: Caller, request: Json) -> Json:
        bus = find_bus(caller, request.get("EventBusName"))
        failed: list[Json] = []

        def change(body: Json) -> None:
            absent = [name for name in request["Ids"] if body["Targets"].pop(name, None) is None]
            failed.extend({"TargetId": name, **_NO_TARGET} for name in absent)

        self._update(bus, _key(bus, request["Rule"]), request["Rule"], change)
        return {"FailedEntryCount": len(failed), "FailedEntries": failed}

    def list_targets(self, caller: Caller, request: Json) -> Json:
        bus = find_bus(caller, request.get("EventBusName"))
        body = self._require(bus, request["Rule"])
        return _page(list(body["Targets"].values()), "Targets", request)

    def list_names_by_target(self, caller: Caller, request: Json) -> Json:
        bus = find_bus(caller, request.get("EventBusName"))
        found = self._documents.list(KIND, account=bus.account, region=bus.region, prefix=f"{bus.name}/")
        arn = request["TargetArn"]
        names = [body["Name"] for _, body in found if any(each["Arn"] == arn for each in body["Targets"].values())]
        return _page(names, "RuleNames", request)

    def _switch(self, caller: Caller, request: Json, state: str) -> Json:
        bus = find_bus(caller, request.get("EventBusName"))
        key = _key(bus, request["Name"])
        self._update(bus, key, request["Name"], lambda body: body.update(State=state))
        self.changed(key)
        return {}

    def _require(self, bus: Bus, name: str) -> Json:
        body = self._documents.find(_key(bus, name))
        if body is None:
            raise missing(f"Rule {name} on event bus {bus.name}")
        return body

    def _update(self, bus: Bus, key: Key, name: str, change: Callable[[Json], None]) -> None:
        try:
            self._documents.update(key, change)
        except MissingError as error:
            raise missing(f"Rule {name} on event bus {bus.name}") from error


def _key(bus: Bus, rule: str) -> Key:
    return Key(bus.account, bus.region, KIND, f"{bus.name}/{rule}")


def _bus_of(key: Key) -> Bus:
    return Bus(key.account, key.region, key.name.partition("/")[0])


def _check(pattern: str | None, schedule: str | None) -> None:
    try:
        if pattern:
            EventPattern(pattern)
        if schedule and schedule.startswith("at("):
            raise InvalidScheduleError("at(...) is for EventBridge Scheduler")
        if schedule:
            parse(schedule)
    except InvalidPatternError as error:
        raise AwsError("InvalidEventPatternException", f"Event pattern is not valid. Reason: {error}") from error
    except InvalidScheduleError as error:
        raise invalid(f"Parameter ScheduleExpression is not valid: {error}.") from error


def _described(bus: Bus, body: Json) -> Json:
    return {name: body[name] for name in _DESCRIBED if name in body} | {"Arn": bus.rule_arn(body["Name"])}


def _page(found: list[Json], name: str, request: Json) -> Json:
    page, token = cut_page(found, request.get("NextToken"), request.get("Limit", _PAGE))
    return {name: list(page), **({"NextToken": token} if token else {})}
