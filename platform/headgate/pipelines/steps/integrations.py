"""The steps that call out: Lambda and Callback."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal, TypeAlias

from headgate.errors import UserError
from headgate.pipelines.references import Property, Renderable, Value
from headgate.pipelines.steps.base import Build, CachedStep

OutputType: TypeAlias = Literal["String", "Integer", "Float", "Boolean"]


@dataclass(frozen=True, eq=False)
class _Calling(CachedStep):
    inputs: Mapping[str, Value] = field(default_factory=dict, kw_only=True)
    outputs: Mapping[str, OutputType] = field(default_factory=dict, kw_only=True)

    def output(self, name: str) -> Property:
        """A value that the callee gave back. Raises UserError when the step declares no such output."""
        if name not in self.outputs:
            raise UserError(
                f"step {self.name} has no output {name!r}", expected=", ".join(self.outputs) or "none declared"
            )
        return Property(self.name, f"OutputParameters['{name}']")

    def request(self, build: Build) -> Mapping[str, Renderable]:  # noqa: ARG002
        return self.inputs

    def extras(self, build: Build) -> Mapping[str, Renderable]:
        outputs: Renderable = [{"OutputName": name, "OutputType": kind} for name, kind in self.outputs.items()]
        return {**super().extras(build), "OutputParameters": outputs}


@dataclass(frozen=True, eq=False)
class Lambda(_Calling):
    """Invokes a Lambda function with `inputs` as its event; its answer's members are the outputs."""

    kind: ClassVar[str] = "Lambda"

    function_arn: Value = field(kw_only=True)

    def extras(self, build: Build) -> Mapping[str, Renderable]:
        return {**super().extras(build), "FunctionArn": self.function_arn}


@dataclass(frozen=True, eq=False)
class Callback(_Calling):
    """Sends `inputs` and a token to an SQS queue, and waits until somebody returns the token with the outputs."""

    kind: ClassVar[str] = "Callback"

    queue_url: Value = field(kw_only=True)

    def extras(self, build: Build) -> Mapping[str, Renderable]:
        return {**super().extras(build), "SqsQueueUrl": self.queue_url}
