"""What is wrong with a definition, as CreateStateMachine and ValidateStateMachineDefinition report it."""

from __future__ import annotations

from dataclasses import dataclass, field

SCHEMA = "SCHEMA_VALIDATION_FAILED"
MISSING_TARGET = "MISSING_TRANSITION_TARGET"
INVALID_JSON = "INVALID_JSON_DESCRIPTION"
UNSUPPORTED = "UNSUPPORTED_BY_LOCAL_CLOUD"
"""Ours: a definition that AWS would take, and that would not run here."""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One thing that is wrong; `location` is a JSON pointer into the definition."""

    code: str
    message: str
    location: str

    def __str__(self) -> str:
        return f"{self.code}: {self.message} at {self.location}" if self.location else f"{self.code}: {self.message}"


@dataclass(slots=True)
class Findings:
    """Collects what the checks find."""

    found: list[Diagnostic] = field(default_factory=list)

    def add(self, message: str, location: str, code: str = SCHEMA) -> None:
        self.found.append(Diagnostic(code, message, location))

    def unsupported(self, what: str, location: str) -> None:
        self.add(f"the local cloud does not support {what}; it would run on AWS", location, UNSUPPORTED)
