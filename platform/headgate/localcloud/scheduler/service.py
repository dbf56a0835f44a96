"""Scheduler as a service: schedules on the virtual clock, delivered by EventBridge's deliveries."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from headgate.localcloud.documents import Documents, Key, MissingError
from headgate.localcloud.errors import unsupported
from headgate.localcloud.events.delivery import Callers, Deliveries, Origin, Timeline
from headgate.localcloud.scheduler.groups import Groups
from headgate.localcloud.scheduler.schedules import INSTANT, Schedules, input_of, next_time, schedule_arn
from headgate.localcloud.scheduler.targets import target_kind
from headgate.localcloud.seams import HttpRequest, HttpResponse
from headgate.localcloud.server import rest
from headgate.localcloud.server.json_service import operation_table

_PRINCIPAL = "scheduler.amazonaws.com"


class Scheduler:
    """Schedules and their groups over the documents."""

    def __init__(self, documents: Documents, timeline: Timeline, callers: Callers) -> None:
        self._documents = documents
        self._timeline = timeline
        self._deliveries = Deliveries(
            documents, timeline, callers, Origin("schedule-delivery", _PRINCIPAL, target_kind, "SCHEDULE_ARN")
        )
        self._groups = Groups(documents, timeline)
        self._schedules = Schedules(documents, self._groups, timeline)
        self._schedules.changed = self._plan
        self._planned: dict[Key, Any] = {}
        self.operations = operation_table("scheduler")
        self.operations.add(self._groups.operations())
        self.operations.add(self._schedules.operations())

    def handle(self, request: HttpRequest) -> HttpResponse | None:
        """Answer one REST request. Raises AwsError."""
        body = request.body.read()
        found = rest.read(request, request.raw_path or quote(request.path), body)
        if found is None:
            raise unsupported(f"scheduler {request.method} {request.path}")
        answer = self.operations.call(request.caller, *found)
        return HttpResponse(200, {"content-type": "application/json"}, json.dumps(answer).encode())

    def recover(self) -> None:
        """Deliver what was accepted and set the timers again. What was due while the cloud was down is over."""
        self._deliveries.recover()
        for key in list(self._schedules.keys()):
            self._plan_after(key, self._timeline.now())

    def close(self) -> None:
        self._deliveries.close()

    def _plan(self, key: Key) -> None:
        timer = self._planned.pop(key, None)
        if timer is not None:
            timer.cancel()
        self._plan_after(key, self._timeline.now() - INSTANT)

    def _plan_after(self, key: Key, moment: float) -> None:
        body = self._documents.find(key)
        if body is None:
            return
        due = next_time(body, moment)
        if due is not None:
            self._planned[key] = self._timeline.call_at(due, lambda: self._fire(key, due))

    def _fire(self, key: Key, due: float) -> None:
        body = self._documents.find(key)
        if body is None or next_time(body, due - INSTANT) != due:
            return  # deleted, disabled or moved meanwhile
        delivery = {
            "target": body["Target"],
            "input": input_of(key, body, due),
            "event": {},
            "source_arn": schedule_arn(key),
            "hops": 0,
        }
        over = next_time(body, due) is None
        with self._documents.transaction():
            keys = self._deliveries.accept(key.account, key.region, [delivery])
            if over and body["ActionAfterCompletion"] == "DELETE":
                self._forget(key)
        self._deliveries.start(keys)
        self._plan_after(key, due)

    def _forget(self, key: Key) -> None:
        try:
            self._documents.delete(key)
        except MissingError:
            return
