"""EventBridge as a service: what is put on a bus, and what the local cloud's own services announce there."""

from __future__ import annotations

import json
import re
import uuid
from datetime import UTC, datetime
from typing import Any

from headgate.localcloud.documents import Documents, Key
from headgate.localcloud.errors import AwsError, unsupported
from headgate.localcloud.events.buses import Buses
from headgate.localcloud.events.delivery import Callers, Deliveries, Origin, Timeline
from headgate.localcloud.events.names import DEFAULT_BUS, Bus, find_bus
from headgate.localcloud.events.patterns import EventPattern, InvalidPatternError
from headgate.localcloud.events.rules import Rule, Rules
from headgate.localcloud.events.schedules import parse
from headgate.localcloud.events.tags import RuleTags
from headgate.localcloud.events.targets import FORWARDED, kind_of
from headgate.localcloud.events.transform import target_input
from headgate.localcloud.paging import seconds
from headgate.localcloud.seams import Caller, HttpRequest, HttpResponse, Json
from headgate.localcloud.server.json_service import JsonService, operation_table

PRINCIPAL = "events.amazonaws.com"
_LARGEST = 256 * 1024
_MOST_HOPS = 5
"""EventBridge passes an event on from bus to bus no more often than this."""
_ACCOUNT = re.compile(r"^arn:[\w-]+:(?:iam|sts)::(\d{12}):")


class EventBridge:
    """Buses, rules and deliveries over the documents. `publish` is how AWS services of the local cloud announce."""

    def __init__(self, documents: Documents, timeline: Timeline, callers: Callers) -> None:
        self._documents = documents
        self._timeline = timeline
        self.buses = Buses(documents, timeline)
        self.rules = Rules(documents, self.buses, timeline)
        self.deliveries = Deliveries(documents, timeline, callers, Origin("event-delivery", PRINCIPAL, kind_of))
        self.rules.changed = self._plan
        self._planned: dict[Key, Any] = {}
        tags = RuleTags(documents, self.buses, self.rules)
        table = operation_table("events")
        table.add(self.buses.operations() | {"CreateEventBus": tags.tagging(self.buses.create, "EventBusArn")})
        table.add(self.rules.operations() | {"PutRule": tags.tagging(self.rules.put, "RuleArn")})
        table.add(tags.operations())
        table.add({"PutEvents": self.put_events, "TestEventPattern": self.test_pattern})
        self._service = JsonService("events", table)

    def handle(self, request: HttpRequest) -> HttpResponse | None:
        return self._service.handle(request)

    def recover(self) -> None:
        """Deliver what a killed daemon had accepted, and go on with schedules from now."""
        self.deliveries.recover()
        for key in list(self.rules.scheduled()):
            self._plan(key)

    def close(self) -> None:
        self.deliveries.close()

    def publish(
        self, account: str, region: str, source: str, detail_type: str, detail: Json, resources: tuple[str, ...] = ()
    ) -> None:
        """Put an AWS service's own event (`aws.sagemaker`) on an account's default bus.

        Within a transaction it is accepted exactly when the transaction is.
        """
        event = self._envelope(account, region, source, detail_type, detail, resources, self._timeline.now())
        self._put(Bus(account, region, DEFAULT_BUS), event, 0)

    def publish_call(self, account: str, record: Json) -> None:
        """Put a request that CloudTrail recorded on an account's default bus, in the region that it is recorded in.

        Of requests that only read those rules hear whose state says so.
        """
        region, service = record["awsRegion"], record["eventSource"].partition(".")[0]
        title = "AWS Service Event" if record["eventType"] == "AwsServiceEvent" else "AWS API Call"
        event = self._envelope(
            account, region, f"aws.{service}", f"{title} via CloudTrail", record, (), self._timeline.now()
        )
        self._put(Bus(account, region, DEFAULT_BUS), event, 0, reads=bool(record["readOnly"]))

    def heard(self, account: str, region: str) -> bool:
        """Whether any rule listens on an account's default bus. Asked for within a transaction."""
        return bool(self.rules.listening(Bus(account, region, DEFAULT_BUS)))

    def put_events(self, caller: Caller, request: Json) -> Json:
        """Each entry on its own; one that is refused says why, the others go through."""
        entries = []
        for entry in request["Entries"]:
            if "EndpointId" in request:
                raise unsupported("EndpointId of PutEvents (global endpoints)")
            try:
                entries.append({"EventId": self._put_entry(caller, entry)})
            except AwsError as error:
                entries.append({"ErrorCode": error.code, "ErrorMessage": error.message})
        return {"FailedEntryCount": sum("ErrorCode" in each for each in entries), "Entries": entries}

    def test_pattern(self, caller: Caller, request: Json) -> Json:  # noqa: ARG002 - an operation's signature
        try:
            pattern = EventPattern(request["EventPattern"])
        except InvalidPatternError as error:
            raise AwsError("InvalidEventPatternException", f"Event pattern is not valid. Reason: {error}") from error
        return {"Result": pattern.matches(json.loads(request["Event"]))}

    def _put_entry(self, caller: Caller, entry: Json) -> str:
        bus = find_bus(caller, entry.get("EventBusName"))
        self.buses.require(bus)
        forwarded = self._forwarded(entry, bus)
        if forwarded is not None:
            event, hops = forwarded["event"], forwarded["hops"] + 1
        else:
            event, hops = self._own(caller, entry), 0
        if hops <= _MOST_HOPS:
            self._put(bus, event, hops)
        return str(event["id"])

    def _forwarded(self, entry: Json, bus: Bus) -> Json | None:
        """The delivery by which another bus passes an event on to this one."""
        trace = entry.get("TraceHeader", "")
        delivery = self.deliveries.forwarded(trace.removeprefix(FORWARDED)) if trace.startswith(FORWARDED) else None
        return delivery if delivery is not None and delivery["target"]["Arn"] == bus.arn else None

    def _own(self, caller: Caller, entry: Json) -> Json:
        """The envelope of an event that somebody puts. Raises AwsError for what EventBridge refuses."""
        for name in ("Source", "DetailType", "Detail"):
            if not entry.get(name):
                raise AwsError(
                    "InvalidArgument", f"Parameter {name} is not valid. Reason: {name} is a required argument."
                )
        if entry["Source"].startswith("aws."):
            raise AwsError("NotAuthorizedForSourceException", "Not authorized for the source.")
        try:
            detail = json.loads(entry["Detail"])
        except ValueError as error:
            raise AwsError("MalformedDetail", "Detail is malformed.") from error
        if not isinstance(detail, dict):
            raise AwsError("MalformedDetail", "Detail is malformed.")
        if sum(len(str(entry.get(name, "")).encode()) for name in ("Source", "DetailType", "Detail")) > _LARGEST:
            raise AwsError("InvalidArgument", f"Total size of the entry exceeds {_LARGEST} bytes.")
        sender = _ACCOUNT.match(caller.principal)
        account = sender[1] if sender else caller.account
        moment = seconds(entry["Time"]) if "Time" in entry else self._timeline.now()
        return self._envelope(
            account,
            caller.region,
            entry["Source"],
            entry["DetailType"],
            detail,
            tuple(entry.get("Resources", ())),
            moment,
        )

    def _envelope(
        self,
        account: str,
        region: str,
        source: str,
        detail_type: str,
        detail: Json,
        resources: tuple[str, ...],
        moment: float,
    ) -> Json:
        return {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": detail_type,
            "source": source,
            "account": account,
            "time": _iso(moment),
            "region": region,
            "resources": list(resources),
            "detail": detail,
        }

    def _put(self, bus: Bus, event: Json, hops: int, *, reads: bool = False) -> None:
        """Accept an event for every target of every rule that wants it; once this returns it is not lost."""
        with self._documents.transaction():
            rules = [rule for rule in self.rules.wanting(bus, event) if rule.reads_too or not reads]
            keys = [key for rule in rules for key in self._accept(rule, event, hops)]
            if keys:
                self._documents.after_commit(lambda: self.deliveries.start(keys))

    def _accept(self, rule: Rule, event: Json, hops: int) -> list[Key]:
        ingested = _iso(self._timeline.now())
        return self.deliveries.accept(
            rule.bus.account,
            rule.bus.region,
            (
                {
                    "target": target,
                    "input": target_input(target, event, rule.arn, ingested),
                    "event": event,
                    "source_arn": rule.arn,
                    "hops": hops,
                }
                for target in rule.targets
            ),
        )

    def _plan(self, key: Key) -> None:
        """Set the timer of a rule's next moment; a rule that is gone, disabled or has no schedule has none."""
        timer = self._planned.pop(key, None)
        if timer is not None:
            timer.cancel()
        self._plan_after(key, self._timeline.now())

    def _plan_after(self, key: Key, moment: float) -> None:
        rule = self.rules.find(key)
        if rule is None or not rule.enabled or "ScheduleExpression" not in rule.body:
            return
        due = parse(rule.body["ScheduleExpression"]).after(moment, rule.body["Started"])
        if due is not None:
            self._planned[key] = self._timeline.call_at(due, lambda: self._fire(key, due))

    def _fire(self, key: Key, due: float) -> None:
        rule = self.rules.find(key)
        if rule is None or not rule.enabled:
            return
        bus = rule.bus
        event = self._envelope(bus.account, bus.region, "aws.events", "Scheduled Event", {}, (rule.arn,), due)
        with self._documents.transaction():
            keys = self._accept(rule, event, 0)
        self.deliveries.start(keys)
        self._plan_after(key, due)


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
