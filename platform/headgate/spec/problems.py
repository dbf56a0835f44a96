"""What is wrong with a document, gathered and shown on one screen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from headgate.errors import Location, UserError
from headgate.spec.secrets import mask

SHOWN = 10
"""So many problems fit on one screen; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where, what was found, what is allowed, and the nearest match if there is one.

    `path` is the setting's, as in `plugins.training.threshold`.
    """

    where: Location
    message: str
    allowed: str = ""
    hint: str = ""
    path: str = ""

    def __str__(self) -> str:
        tail = "; ".join(part for part in (self.allowed and f"allowed: {self.allowed}", self.hint) if part)
        return f"{self.where}: {self.message}" + (f" ({tail})" if tail else "")

    def as_json(self) -> dict[str, object]:
        return {
            "file": self.where.file,
            "line": self.where.line,
            "path": self.path,
            "message": self.message,
            "allowed": self.allowed,
            "hint": self.hint,
        }


class SpecError(UserError):
    """A document that cannot be used, with everything that is wrong with it. `problems` is never empty."""

    code = "invalid-spec"

    def __init__(self, problems: Iterable[Problem], *, next_command: str | None = "headgate schema") -> None:
        self.problems = tuple(sorted(set(problems), key=_place))
        first = self.problems[0]
        count = len(self.problems)
        details = [mask(str(problem)) for problem in self.problems[:SHOWN]]
        if count > SHOWN:
            details.append(f"and {count - SHOWN} more; mend these first")
        alone = count == 1
        super().__init__(
            mask(first.message) if alone else f"{count} problems in {' and '.join(_sources(self.problems))}",
            where=first.where if alone else None,
            expected=("; ".join(part for part in (mask(first.allowed), first.hint) if part) or None) if alone else None,
            next_command=next_command,
            details=() if alone else tuple(details),
        )

    def as_json(self) -> dict[str, object]:
        return {**super().as_json(), "problems": [problem.as_json() for problem in self.problems]}


def _sources(problems: Iterable[Problem]) -> list[str]:
    """The files that the problems are in, with "options" for all that was typed instead."""
    return list(dict.fromkeys(problem.where.file if problem.where.line else "options" for problem in problems))


def _place(problem: Problem) -> tuple[str, int, str, str]:
    return problem.where.file, problem.where.line or 0, problem.path, problem.message
