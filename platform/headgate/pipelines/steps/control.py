"""The steps that run no job: Condition and Fail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from headgate.pipelines.conditions import Test
from headgate.pipelines.references import Property, Renderable, Value
from headgate.pipelines.steps.base import Build, Step


@dataclass(frozen=True, eq=False)
class Condition(Step):
    """Runs `then` when all `tests` hold, else `otherwise`."""

    kind: ClassVar[str] = "Condition"

    tests: Sequence[Test]
    then: Sequence[Step] = field(default=(), kw_only=True)
    otherwise: Sequence[Step] = field(default=(), kw_only=True)

    @property
    def outcome(self) -> Property:
        """Which branch was taken."""
        return Property(self.name, "Outcome")

    def children(self) -> Iterator[Step]:
        for step in (*self.then, *self.otherwise):
            yield step
            yield from step.children()

    def request(self, build: Build) -> Mapping[str, Renderable]:
        return {
            "Conditions": [test.as_json() for test in self.tests],
            "IfSteps": [step.compile(build) for step in self.then],
            "ElseSteps": [step.compile(build) for step in self.otherwise],
        }


@dataclass(frozen=True, eq=False)
class Fail(Step):
    """Ends the execution as Failed, with the message as its reason."""

    kind: ClassVar[str] = "Fail"

    message: Value

    def request(self, build: Build) -> Mapping[str, Renderable]:  # noqa: ARG002
        return {"ErrorMessage": self.message}
