"""ARNs of buses and rules."""

from __future__ import annotations

import re
from dataclasses import dataclass

from headgate.localcloud.events.errors import invalid
from headgate.localcloud.seams import Caller

DEFAULT_BUS = "default"
_BUS_ARN = re.compile(r"^arn:[\w-]+:events:([\w-]+):(\d{12}):event-bus/([\w./-]{1,256})$")
_BUS_NAME = re.compile(r"^[\w.-]{1,256}$")


@dataclass(frozen=True, slots=True)
class Bus:
    """A bus by the account and region that it is in."""

    account: str
    region: str
    name: str

    @property
    def arn(self) -> str:
        return f"arn:aws:events:{self.region}:{self.account}:event-bus/{self.name}"

    def rule_arn(self, rule: str) -> str:
        """Rules of the default bus do not name it."""
        path = rule if self.name == DEFAULT_BUS else f"{self.name}/{rule}"
        return f"arn:aws:events:{self.region}:{self.account}:rule/{path}"


def find_bus(caller: Caller, name_or_arn: str | None) -> Bus:
    """The bus that a request means. Raises AwsError (ValidationException) for what is no name."""
    text = name_or_arn or DEFAULT_BUS
    arn = _BUS_ARN.match(text)
    if arn:
        return Bus(arn[2], arn[1], arn[3])
    if not _BUS_NAME.match(text):
        raise invalid(f"'{text}' is neither the name nor the ARN of an event bus")
    return Bus(caller.account, caller.region, text)
