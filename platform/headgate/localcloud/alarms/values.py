"""An alarm on one metric, and the state that it is in."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Literal

from headgate.localcloud.seams import Json

StateValue = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]
UNKNOWN: StateValue = "INSUFFICIENT_DATA"


@dataclass(frozen=True, slots=True)
class State:
    """`reason_data` is JSON; `since` is in seconds since the epoch."""

    value: StateValue = UNKNOWN
    reason: str = "Unchecked: Initial alarm creation"
    reason_data: str = "{}"
    since: float = 0.0

    def as_json(self) -> Json:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Alarm:
    """A metric alarm: `period` is in seconds, `actions` are ARNs by the state that they are of."""

    account: str
    region: str
    name: str
    namespace: str
    metric: str
    dimensions: tuple[tuple[str, str], ...]
    statistic: str
    period: int
    periods: int
    to_alarm: int
    comparison: str
    threshold: float
    missing: str = "missing"
    unit: str = ""
    description: str = ""
    enabled: bool = True
    actions: dict[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    updated: float = 0.0
    state: State = field(default_factory=State)

    @property
    def arn(self) -> str:
        return f"arn:aws:cloudwatch:{self.region}:{self.account}:alarm:{self.name}"
