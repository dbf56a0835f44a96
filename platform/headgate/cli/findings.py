"""What a check of `headgate doctor` finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One check's result. `fix` is what to type or change; empty when there is nothing to mend."""

    check: str
    verdict: Verdict
    found: str
    fix: str = ""
