"""Vending asked directly, without a product of Service Catalog: what isolates and ends accounts must not wait.

The governance account's state machine does the work either way; here its execution is started and followed.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from headgate.actions.accounts.products import lines
from headgate.aws.sessions import Session
from headgate.deploy.polling import Polling
from headgate.errors import FailedError, UserError

MACHINE = "headgate-vending"
_PATIENCE = 3600.0
"""Seconds; the machine itself gives up earlier."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to become of a team's accounts, or of one of them. `force` retires over running endpoints."""

    action: Literal["quarantine", "release", "retire"]
    team: str
    account: str | None = None
    reason: str = ""
    force: bool = False

    def as_input(self, requested_by: str) -> dict[str, Any]:
        """The input of an execution of the machine."""
        asked: dict[str, Any] = {"action": self.action, "team": self.team, "requested_by": requested_by}
        if self.account:
            asked["account_name"] = self.account
        if self.reason:
            asked["reason"] = self.reason
        return {**asked, "force": True} if self.force else asked


class Vending:
    """The state machine. `session` acts as the platform team (IT) in the governance account."""

    def __init__(self, session: Session) -> None:
        self._client = session.client("stepfunctions")
        self._polling = Polling(session.poll_seconds)
        self._machine = f"arn:aws:states:{session.region}:{session.account}:stateMachine:{MACHINE}"

    def run(self, order: Order, requested_by: str, each: Callable[[], None] = lambda: None) -> None:
        """Have an order carried out, and wait; `each` is called at every look.

        Raises UserError when there is no vending yet, FailedError with vending's reason.
        """
        execution = self._start(order, requested_by)
        for _ in self._polling.turns(f"execution {execution}", _PATIENCE):
            found = self._client.describe_execution(executionArn=execution)
            each()
            if found["status"] == "SUCCEEDED":
                return
            if found["status"] != "RUNNING":
                raise FailedError(
                    f"the accounts of team '{order.team}' are not what was asked for",
                    details=_reasons(found),
                    next_command=f"headgate accounts show {order.team}",
                )

    def _start(self, order: Order, requested_by: str) -> str:
        from botocore.exceptions import ClientError

        try:
            started = self._client.start_execution(
                stateMachineArn=self._machine,
                name=f"{order.team[:40]}-{order.action}-{uuid.uuid4().hex[:16]}",
                input=json.dumps(order.as_input(requested_by), sort_keys=True),
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "StateMachineDoesNotExist":
                raise
            raise UserError(
                "there is no vending in the governance account yet", next_command="headgate accounts apply"
            ) from error
        return str(started["executionArn"])


def _reasons(execution: Mapping[str, Any]) -> tuple[str, ...]:
    """What vending has told of its accounts, or how the execution ended without."""
    told = str(execution.get("cause") or execution.get("error") or "no reason was given")
    if execution.get("error") == "VendingFailed":
        return lines(told)
    return (f"{execution['status'].lower().replace('_', ' ')}: {told}",)
