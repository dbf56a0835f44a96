"""Telling EventBridge of status changes: written with the change itself, and sent at least once, restarts included."""

from __future__ import annotations

import logging
from collections.abc import Callable

from headgate.localcloud.documents import Documents, Key
from headgate.localcloud.seams import Json
from headgate.localcloud.states.records import NOTICE

_LOG = logging.getLogger(__name__)

SOURCE = "aws.states"
DETAIL_TYPE = "Step Functions Execution Status Change"

Publish = Callable[[str, str, str, str, Json, tuple[str, ...]], None]
"""Puts an event on an account's default bus: account, region, source, detail type, detail, resources."""

_SHOWN = ("executionArn", "stateMachineArn", "name", "status", "input", "output", "error", "cause")
_REDRIVE = ("redriveStatus", "redriveStatusReason")


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
            account, region, body = notice["account"], notice["region"], notice["body"]
            try:
                self._publish(account, region, SOURCE, DETAIL_TYPE, detail(body), (body["executionArn"],))
            except Exception:
                _LOG.exception("a status change of %s was not delivered", body["executionArn"])
            else:
                self._documents.delete(_key(number))

    def recover(self) -> None:
        """Tell what the last daemon did not."""
        self.send([int(key.name) for key, _ in self._documents.list(NOTICE)])


def detail(body: Json) -> Json:
    """What EventBridge is told of an execution; times are in milliseconds."""
    return {
        **{name: body.get(name) for name in (*_SHOWN, *_REDRIVE)},
        **{name: _milliseconds(body, name) for name in ("startDate", "stopDate", "redriveDate")},
        "inputDetails": {"included": True},
        "outputDetails": {"included": True} if "output" in body else None,
        "redriveCount": body.get("redriveCount", 0),
        "stateMachineVersionArn": None,
        "stateMachineAliasArn": None,
    }


def _milliseconds(body: Json, name: str) -> int | None:
    return round(body[name] * 1000) if name in body else None


def _key(number: int) -> Key:
    return Key("", "", NOTICE, str(number))
