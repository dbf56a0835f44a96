"""ARNs taken apart."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Arn:
    """`arn:aws:SERVICE:REGION:ACCOUNT:RESOURCE`; region and account may be empty."""

    text: str
    service: str
    region: str
    account: str
    resource: str

    @property
    def kind(self) -> str:
        """`table` of `table/name`, `function` of `function:name`; the resource itself without either."""
        return self.resource.replace(":", "/", 1).partition("/")[0]

    @property
    def name(self) -> str:
        """What follows the kind, `name/stream` and all."""
        return self.resource.replace(":", "/", 1).partition("/")[2]


def parse(text: str) -> Arn | None:
    """An ARN, or None for what is none."""
    parts = text.split(":", 5)
    if len(parts) < 6 or parts[0] != "arn":
        return None
    return Arn(text, parts[2], parts[3], parts[4], parts[5])
