"""What a check finds."""

from __future__ import annotations

from dataclasses import dataclass

from headgate.errors import UserError


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a definition: in which step (None: outside of all), at which path, and what was meant."""

    step: str | None
    path: str
    message: str
    suggestion: str | None = None

    def __str__(self) -> str:
        parts = (f"step {self.step}" if self.step else "", self.path, self.message)
        meant = f"; did you mean '{self.suggestion}'?" if self.suggestion else ""
        return ": ".join(part for part in parts if part) + meant

    def as_json(self) -> dict[str, str | None]:
        return {"step": self.step, "path": self.path, "message": self.message, "did_you_mean": self.suggestion}


MOST_SHOWN = 12


class InvalidPipelineError(UserError):
    """A definition that cannot run. `problems` holds everything that was found."""

    code = "invalid-pipeline"

    def __init__(self, pipeline: str, problems: list[Problem], *, where: str | None = None) -> None:
        more = len(problems) - MOST_SHOWN
        details = (*(str(problem) for problem in problems[:MOST_SHOWN]), *((f"and {more} more",) if more > 0 else ()))
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__(
            f"pipeline '{pipeline}' has {count}",
            where=where,
            details=details,
            next_command=f"headgate compile {pipeline} --check",
        )
        self.problems = problems

    def as_json(self) -> dict[str, object]:
        return {**super().as_json(), "problems": [problem.as_json() for problem in self.problems]}
