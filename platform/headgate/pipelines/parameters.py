"""Pipeline parameters: values that may be given when an execution starts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Literal, TypeAlias

from headgate.errors import UserError
from headgate.pipelines.references import Json, Primitive, Reference

ParameterType: TypeAlias = Literal["String", "Integer", "Float", "Boolean"]

Number: TypeAlias = int | float  # inside Parameter, `float` is the constructor

PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "String": (str,),
    "Integer": (int,),
    "Float": (int, float),
    "Boolean": (bool,),
}


def is_of_type(value: object, kind: str) -> bool:
    """Whether a value can be given to a parameter of that type; a boolean is no number."""
    return isinstance(value, PYTHON_TYPES[kind]) and (kind == "Boolean" or not isinstance(value, bool))


@dataclass(frozen=True, slots=True)
class Parameter(Reference):
    """A parameter, and at once the reference to its value."""

    name: str
    type: ParameterType
    default: Primitive | None = None
    choices: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.default is not None and not is_of_type(self.default, self.type):
            raise UserError(
                f"the default {self.default!r} of parameter {self.name} is not of type {self.type}",
                expected=f"a value of type {self.type}, or no default",
            )
        if self.choices and self.default is not None and self.default not in self.choices:
            raise UserError(
                f"the default {self.default!r} of parameter {self.name} is not among its values",
                expected="one of " + ", ".join(self.choices),
            )

    @staticmethod
    def string(name: str, default: str | None = None, *, choices: Sequence[str] = ()) -> Parameter:
        """A string, optionally one of `choices` (the definition's `EnumValues`)."""
        return Parameter(name, "String", default, tuple(choices))

    @staticmethod
    def integer(name: str, default: int | None = None) -> Parameter:
        return Parameter(name, "Integer", default)

    @staticmethod
    def float(name: str, default: Number | None = None) -> Parameter:
        return Parameter(name, "Float", default)

    @staticmethod
    def boolean(name: str, default: bool | None = None) -> Parameter:
        return Parameter(name, "Boolean", default)

    def expression(self) -> dict[str, Json]:
        return {"Get": f"Parameters.{self.name}"}

    @property
    def is_text(self) -> bool:
        return self.type == "String"

    def as_json(self) -> dict[str, Json]:
        """The parameter's entry in the definition's `Parameters`."""
        entry: dict[str, Json] = {"Name": self.name, "Type": self.type}
        if self.default is not None:
            entry["DefaultValue"] = self.default
        if self.choices:
            entry["EnumValues"] = list(self.choices)
        return entry


def used_parameters(value: object) -> Iterator[Parameter]:
    """Every parameter inside of a value: a step's, in whatever it is made of; some perhaps more than once."""
    if isinstance(value, Parameter):
        yield value
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from used_parameters(getattr(value, field.name))
    elif isinstance(value, Mapping):
        for member in value.values():
            yield from used_parameters(member)
    elif isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        for member in value:
            yield from used_parameters(member)
