"""A resource type put together from functions: how it is made, brought to what is wanted, described and removed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from headgate.localcloud.cloudformation.types import Context, Physical
from headgate.localcloud.seams import Json

Make = Callable[[Context, Json], str]
Converge = Callable[[Context, str, Json, Json], "str | None"]
Describe = Callable[[Context, str, Json], Mapping[str, Any]]
Remove = Callable[[Context, str, Json], None]
Find = Callable[[Context, Json], "str | None"]

_TAGS = frozenset({"Tags", "ResourceTags"})


def _nothing(_: Context, __: str, ___: Json) -> Mapping[str, Any]:
    return {}


def _no_change(_: Context, __: str, ___: Json, ____: Json) -> None:
    return None


def _unknown(_: Context, __: Json) -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class Declared:
    """A resource type.

    `make` creates the bare resource with the properties `made` and returns its physical id. `converge` makes the
    difference between two sets of properties real; after `make` it gets only what `make` left undone. It may return
    a new physical id. `describe` are the values of Fn::GetAtt. `remove` is idempotent. `find` is the id of
    what an interrupted `make` has left; it is then brought to what is wanted.
    """

    type_name: str
    handled: frozenset[str]
    make: Make
    remove: Remove
    converge: Converge = _no_change
    describe: Describe = _nothing
    find_id: Find = _unknown
    made: frozenset[str] = frozenset()
    ignored: Mapping[str, str] = field(default_factory=dict)

    def create(self, context: Context, properties: Json) -> Physical:
        """Make it whole, or leave nothing behind."""
        physical_id = self.make(context, properties)
        done = {name: value for name, value in properties.items() if name in self.made}
        try:
            return self.update(_tagged(context) if _TAGS & self.made else context, physical_id, done, properties)
        except Exception:
            self.remove(context, physical_id, properties)
            raise

    def update(self, context: Context, physical_id: str, old: Json, new: Json) -> Physical:
        physical_id = self.converge(context, physical_id, old, new) or physical_id
        return Physical(physical_id, dict(self.describe(context, physical_id, new)))

    def delete(self, context: Context, physical_id: str, properties: Json) -> None:
        self.remove(context, physical_id, properties)

    def find(self, context: Context, properties: Json) -> Physical | None:
        """What an interrupted creation has left, completed; None if there is nothing."""
        physical_id = self.find_id(context, properties)
        return None if physical_id is None else self.update(context, physical_id, {}, properties)


def _tagged(context: Context) -> Context:
    """The context after `make` has put the stack's tags on."""
    return replace(context, previous_tags=context.tags)
