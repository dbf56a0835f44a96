"""Telling EventBridge of status changes: written with the change itself, and sent at least once, restarts included."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from headgate.localcloud.documents import Documents, Key
from headgate.localcloud.seams import Caller, Json
from headgate.localcloud.states.records import NOTICE
from headgate.localcloud.states.turn import moment

_LOG = logging.getLogger(__name__)

Publish = Callable[[Caller, Json], None]
"""Takes an account, a region, and an event: its `source`, `detail-type`, `resources`, `time` and `detail`."""

_SHOWN = ("executionArn", "stateMachineArn", "name", "status", "input", "output", "error", "cause")
_STOPPED = ("SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT")


class Notices:
    """Status changes that are to be told, in the order in which they happened."""

    def __init__(self, documents: Documents, publish: Publish) -> None:
        self._documents = documents
        self._publish = publish

    def keep(self, execution: Key, body: Json) -> int:
        """Write down, within the transaction of the change, that an execution's status is to be told; its number."""
        number = self._documents.next_number(NOTICE)
        self._documents.insert(_key(number), {"account": execution.account, "region": execution.region, "body": body})
        return number

    def send(self, numbers: list[int]) -> None:
        """Tell, then forget. What cannot be told is told after the next start."""
        for number in numbers:
            notice = self._documents.find(_key(number))
            if notice is None:
                continue
            try:
                self._publish(Caller(notice["account"], notice["region"]), event(notice["body"]))
            except Exception:
                _LOG.exception("a status change of %s was not delivered", notice["body"]["executionArn"])
            else:
                self._documents.delete(_key(number))

    def recover(self) -> None:
        """Tell what the last daemon did not."""
        self.send([int(key.name) for key, _ in self._documents.list(NOTICE)])


def event(body: Json) -> Json:
    """The event of an execution's status, as EventBridge receives it from Step Functions."""
    detail: dict[str, Any] = {name: body.get(name) for name in _SHOWN}
    detail["startDate"] = round(body["startDate"] * 1000)
    detail["stopDate"] = round(body["stopDate"] * 1000) if "stopDate" in body else None
    detail["inputDetails"] = {"included": True}
    detail["outputDetails"] = {"included": True} if "output" in body else None
    detail["redriveCount"] = body.get("redriveCount", 0)
    detail["redriveDate"] = round(body["redriveDate"] * 1000) if "redriveDate" in body else None
    detail["redriveStatus"] = body.get("redriveStatus")
    detail["redriveStatusReason"] = body.get("redriveStatusReason")
    detail["stateMachineVersionArn"] = detail["stateMachineAliasArn"] = None
    ended = body["status"] in _STOPPED
    when = body["stopDate" if ended else "redriveDate" if "redriveDate" in body else "startDate"]
    return {
        "source": "aws.states",
        "detail-type": "Step Functions Execution Status Change",
        "resources": [body["executionArn"]],
        "time": moment(when),
        "detail": detail,
    }


def _key(number: int) -> Key:
    return Key("", "", NOTICE, str(number))
