"""What a plan is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["create", "update", "vend", "drift", "remove"]

APPLY = "headgate accounts apply"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is not as declared. `command` is what mends it; `details` say what would be touched."""

    kind: Kind
    subject: str
    message: str
    command: str
    details: tuple[str, ...] = ()
