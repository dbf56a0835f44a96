"""The one family of errors that Headgate prints without a traceback.

Anything else that reaches the user is a bug and shows its trace.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a file of the user's; `line` counts from 1."""

    file: str
    line: int | None = None

    def __str__(self) -> str:
        return self.file if self.line is None else f"{self.file}:{self.line}"


class HeadgateError(Exception):
    """What was wrong, where, what would be right, and the command to type next.

    `exit_code` is 2 when the user can mend it by changing what they typed or wrote, and 1 when
    something failed while doing what was asked. `code` is a stable word for machines (`--output json`).
    """

    exit_code = 1
    code = "failure"

    def __init__(
        self,
        message: str,
        *,
        where: Location | str | None = None,
        expected: str | None = None,
        next_command: str | None = None,
        details: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.where = Location(where) if isinstance(where, str) else where
        self.expected = expected
        self.next_command = next_command
        self.details = details

    def as_json(self) -> dict[str, object]:
        """The error as one JSON object, for `--output json`."""
        return {
            "error": self.code,
            "message": self.message,
            "file": self.where.file if self.where else None,
            "line": self.where.line if self.where else None,
            "expected": self.expected,
            "next_command": self.next_command,
            "details": list(self.details),
        }


class UserError(HeadgateError):
    """The user's mistake: a wrong file, a wrong option, a thing that does not exist."""

    exit_code = 2
    code = "user-error"


class FailedError(HeadgateError):
    """What was asked for was right, but doing it failed."""
