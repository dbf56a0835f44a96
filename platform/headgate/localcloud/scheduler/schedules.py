"""Schedules: when something is due, what is called then, and with what."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from headgate.localcloud.documents import Documents, DuplicateError, Key, MissingError
from headgate.localcloud.errors import AwsError, unsupported
from headgate.localcloud.events.schedules import InvalidScheduleError, Rate, Schedule, parse
from headgate.localcloud.paging import cut_page, seconds
from headgate.localcloud.scheduler.groups import DEFAULT_GROUP, SCHEDULES, Groups, conflict, missing
from headgate.localcloud.scheduler.targets import check_target
from headgate.localcloud.seams import Caller, Clock, Json, Operation

_PAGE = 100
INSTANT = 1e-6
"""Seconds: what is due at a moment is due after the instant before it."""
_VARIABLE = re.compile(r"<aws\.scheduler\.([a-z-]+)>")
_KEPT = (
    *("ActionAfterCompletion", "Description", "EndDate", "FlexibleTimeWindow", "ScheduleExpression"),
    *("ScheduleExpressionTimezone", "StartDate", "State", "Target"),
)


class Schedules:
    """CreateSchedule and the like. `changed` is called with a schedule's key after it was changed."""

    def __init__(self, documents: Documents, groups: Groups, clock: Clock) -> None:
        self._documents = documents
        self._groups = groups
        self._clock = clock
        self.changed: Callable[[Key], None] = lambda _: None

    def operations(self) -> dict[str, Operation]:
        return {
            "CreateSchedule": self.create,
            "GetSchedule": self.get,
            "UpdateSchedule": self.update,
            "DeleteSchedule": self.delete,
            "ListSchedules": self.list_all,
        }

    def keys(self) -> Iterator[Key]:
        """The keys of all schedules."""
        return (key for key, _ in self._documents.list(SCHEDULES))

    def create(self, caller: Caller, request: Json) -> Json:
        key = self._key(caller, request)
        now = self._clock.now()
        body = _body(request) | {"CreationDate": now, "LastModificationDate": now, "Name": request["Name"]}
        try:
            self._documents.insert(key, body)
        except DuplicateError as error:
            raise conflict(f"Schedule {request['Name']}") from error
        self.changed(key)
        return {"ScheduleArn": schedule_arn(key)}

    def update(self, caller: Caller, request: Json) -> Json:
        """What an update leaves out goes back to its default, as with AWS."""
        key = self._key(caller, request)
        changed = _body(request) | {"LastModificationDate": self._clock.now()}
        try:
            self._documents.update(
                key, lambda body: {"Name": body["Name"], "CreationDate": body["CreationDate"], **changed}
            )
        except MissingError as error:
            raise missing(f"Schedule {request['Name']}") from error
        self.changed(key)
        return {"ScheduleArn": schedule_arn(key)}

    def get(self, caller: Caller, request: Json) -> Json:
        key = self._key(caller, request)
        body = self._documents.find(key)
        if body is None:
            raise missing(f"Schedule {request['Name']}")
        return {**body, "Arn": schedule_arn(key), "GroupName": key.name.partition("/")[0]}

    def delete(self, caller: Caller, request: Json) -> Json:
        key = self._key(caller, request)
        try:
            self._documents.delete(key)
        except MissingError as error:
            raise missing(f"Schedule {request['Name']}") from error
        self.changed(key)
        return {}

    def list_all(self, caller: Caller, request: Json) -> Json:
        group = request.get("GroupName") or request.get("ScheduleGroup")
        prefix = f"{group}/" if group else ""
        found = [
            {
                **{name: body[name] for name in ("Name", "State", "CreationDate", "LastModificationDate")},
                "Arn": schedule_arn(key),
                "GroupName": key.name.partition("/")[0],
                "Target": {"Arn": body["Target"]["Arn"]},
            }
            for key, body in self._documents.list(
                SCHEDULES, account=caller.account, region=caller.region, prefix=prefix
            )
            if body["Name"].startswith(request.get("NamePrefix", ""))
            and body["State"] == request.get("State", body["State"])
        ]
        page, token = cut_page(found, request.get("NextToken"), int(request.get("MaxResults", _PAGE)))
        return {"Schedules": list(page), **({"NextToken": token} if token else {})}

    def _key(self, caller: Caller, request: Json) -> Key:
        group = request.get("GroupName") or DEFAULT_GROUP
        self._groups.require(caller.account, caller.region, group)
        return Key(caller.account, caller.region, SCHEDULES, f"{group}/{request['Name']}")


def schedule_arn(key: Key) -> str:
    return f"arn:aws:scheduler:{key.region}:{key.account}:schedule/{key.name}"


def next_time(body: Json, moment: float) -> float | None:
    """When a schedule is due next after a moment; None when it is over or disabled.

    A rate is due for the first time when it begins: at its StartDate, or when it was created.
    """
    if body["State"] == "DISABLED":
        return None
    begins = float(body.get("StartDate") or body["CreationDate"])
    schedule = compiled(body)
    if moment < begins:
        due = begins if isinstance(schedule, Rate) else schedule.after(begins - INSTANT, begins)
    else:
        due = schedule.after(moment, begins)
    return None if due is None or ("EndDate" in body and due > body["EndDate"]) else due


def compiled(body: Json) -> Schedule:
    """The schedule's expression. Raises AwsError (ValidationException)."""
    try:
        return parse(body["ScheduleExpression"], body["ScheduleExpressionTimezone"])
    except InvalidScheduleError as error:
        raise AwsError("ValidationException", f"Invalid Schedule Expression: {error}.") from error


def input_of(key: Key, body: Json, due: float) -> str:
    """A target's input with Scheduler's own variables filled in; without one, what AWS sends then: an empty object."""
    values = {
        "schedule-arn": schedule_arn(key),
        "scheduled-time": datetime.fromtimestamp(due, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "execution-id": str(uuid.uuid4()),
        "attempt-number": "1",
    }
    text = str(body["Target"].get("Input", "{}"))
    return _VARIABLE.sub(lambda match: values.get(match[1], match[0]), text)


def _body(request: Json) -> Json:
    """What is kept of a request, checked. Raises AwsError."""
    if "KmsKeyArn" in request:
        raise unsupported("KmsKeyArn of schedules")
    if request["FlexibleTimeWindow"]["Mode"] != "OFF":
        raise unsupported("flexible time windows of schedules")
    body: Json = {
        "State": "ENABLED",
        "ScheduleExpressionTimezone": "UTC",
        "ActionAfterCompletion": "NONE",
        **{name: request[name] for name in _KEPT if name in request},
    }
    for name in ("StartDate", "EndDate"):
        if name in body:
            body[name] = seconds(body[name])
    compiled(body)
    check_target(body["Target"])
    _check_input(body["Target"])
    return body


def _check_input(target: Json) -> None:
    value: Any = target.get("Input")
    if value is None:
        return
    try:
        json.loads(_VARIABLE.sub("0", value))
    except ValueError as error:
        if ":aws-sdk:" in target["Arn"]:
            raise AwsError("ValidationException", f"Invalid RequestJson provided: {error}.") from error
