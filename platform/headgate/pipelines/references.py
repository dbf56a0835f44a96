"""Pipeline variables: what a definition holds where a value is known only when the pipeline runs.

Sources: 'Pipeline definition JSON schema' 2020-12-01 and the developer guide's 'Step properties',
'Pass data between steps' and 'Use property files and JsonGet'.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from headgate.errors import UserError

Primitive: TypeAlias = str | int | float | bool
Json: TypeAlias = Primitive | Sequence["Json"] | Mapping[str, "Json"] | None

VariableName: TypeAlias = Literal[
    "CurrentDateTime",
    "PipelineArn",
    "PipelineExecutionArn",
    "PipelineExecutionId",
    "PipelineName",
    "ProcessingJobName",
    "StartDateTime",
    "TrainingJobName",
]
EXECUTION_VARIABLES: tuple[str, ...] = get_args(VariableName)


class Reference(ABC):
    """A value that SageMaker fills in at run time; usable wherever a value is."""

    __slots__ = ()

    @abstractmethod
    def expression(self) -> dict[str, Json]:
        """The one-key object that stands for the value in the definition."""

    @property
    def is_text(self) -> bool:
        """Whether SageMaker is sure to give a string, so that `text()` need not convert it."""
        return True


Value: TypeAlias = Primitive | Reference
"""A literal, or a reference to what becomes one."""


@dataclass(frozen=True, slots=True)
class Property(Reference):
    """A member of what the service's Describe operation says about a step: `Steps.Train.ModelArtifacts...`."""

    step: str
    path: str

    def expression(self) -> dict[str, Json]:
        return {"Get": f"Steps.{self.step}.{self.path}"}


@dataclass(frozen=True, slots=True)
class ExecutionVariable(Reference):
    """What an execution knows of itself, such as `PipelineExecutionId`."""

    name: str

    def expression(self) -> dict[str, Json]:
        return {"Get": f"Execution.{self.name}"}


@dataclass(frozen=True, slots=True)
class Join(Reference):
    """`Std:Join`: the values as text, with `on` between them."""

    on: str
    values: tuple[Value, ...]

    def expression(self) -> dict[str, Json]:
        return {"Std:Join": {"On": self.on, "Values": [render(value) for value in self.values]}}


@dataclass(frozen=True, slots=True)
class JsonGet(Reference):
    """`Std:JsonGet`: one value out of a step's property file; `path` is dotted, lists as `[0]`."""

    step: str
    property_file: str
    path: str

    def expression(self) -> dict[str, Json]:
        file = {"Get": f"Steps.{self.step}.PropertyFiles.{self.property_file}"}
        return {"Std:JsonGet": {"PropertyFile": file, "Path": self.path}}

    @property
    def is_text(self) -> bool:
        return False


def join(on: str, values: Sequence[Value]) -> Join:
    """The values as one string, with `on` between them."""
    return Join(on, tuple(values))


def json_get(step: str, property_file: str, path: str) -> JsonGet:
    """A value out of a property file of the step of that name."""
    return JsonGet(step, property_file, path)


def execution(name: VariableName) -> ExecutionVariable:
    """A variable of the execution. Raises UserError on a name that SageMaker does not have."""
    if name not in EXECUTION_VARIABLES:
        raise UserError(f"there is no execution variable {name!r}", expected="one of " + ", ".join(EXECUTION_VARIABLES))
    return ExecutionVariable(name)


def text(value: Value) -> str | Reference:
    """The value where SageMaker takes only strings: environment, hyperparameters, arguments.

    Booleans become `true` and `false`, as in JSON; a reference to a number is joined with nothing, which is
    how SageMaker makes a string of it.
    """
    if isinstance(value, Reference):
        return value if value.is_text else Join("", (value,))
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def texts(values: Mapping[str, Value]) -> dict[str, str | Reference]:
    """`text` for every value of a mapping."""
    return {name: text(value) for name, value in values.items()}


Renderable: TypeAlias = Value | Sequence["Renderable"] | Mapping[str, "Renderable"] | None


def render(value: Renderable) -> Json:
    """The JSON of a value: references as expressions, members whose value is None left out."""
    if isinstance(value, Reference):
        return value.expression()
    if isinstance(value, Mapping):
        return {key: render(member) for key, member in value.items() if member is not None}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [render(member) for member in value]
    return value


_TOKEN = re.compile(r"\.?([A-Za-z_][A-Za-z0-9_-]*)|\['([^']*)'\]|\[\"([^\"]*)\"\]|\[(\d+)\]")


def path_tokens(path: str) -> list[str | int] | None:
    """`Outputs['train'].S3Output[0]` as `["Outputs", "train", "S3Output", 0]`; None if it is not such a path."""
    tokens: list[str | int] = []
    position = 0
    while position < len(path):
        match = _TOKEN.match(path, position)
        if match is None or (position == 0 and match.group(0).startswith(".")):
            return None
        name, single, double, index = match.groups()
        tokens.append(int(index) if index is not None else name or single or double or "")
        position = match.end()
    return tokens or None
