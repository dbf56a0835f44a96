"""Tags of resources: the stack's and the resource's own, in the forms that AWS's services take them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from headgate.localcloud.cloudformation.resources.api import call
from headgate.localcloud.cloudformation.types import Context
from headgate.localcloud.seams import Json


def tags_of(value: Any) -> dict[str, str]:
    """A `Tags` property, a list of Key and Value or a map, by key."""
    if isinstance(value, Mapping):
        return {str(key): str(item) for key, item in value.items()}
    return {str(tag["Key"]): str(tag["Value"]) for tag in value or ()}


def all_tags(context: Context, properties: Json, name: str = "Tags") -> dict[str, str]:
    """What the resource is to be tagged with; its own tags win over the stack's."""
    return {**context.tags, **tags_of(properties.get(name))}


def tag_list(tags: Mapping[str, str], key: str = "Key", value: str = "Value") -> list[Json] | None:
    """Tags as a list of structures; None without any, because some APIs refuse an empty list."""
    return [{key: name, value: text} for name, text in tags.items()] or None


@dataclass(frozen=True, slots=True)
class Tagging:
    """How a service changes the tags of an existing resource.

    `resource` is the member that names it, a list of one where `plural`; `members` are those with the tags to set and
    the keys to remove. `pair` names the parts of a tag, None where tags are a map; `bare_keys` says whether keys are
    removed by name or as a list of tags; `constant` goes into every call; `name` is the property.
    """

    service: str
    tag: str
    untag: str
    resource: str
    members: tuple[str, str] = ("Tags", "TagKeys")
    pair: tuple[str, str] | None = ("Key", "Value")
    bare_keys: bool = True
    plural: bool = False
    constant: Mapping[str, str] = field(default_factory=dict)
    name: str = "Tags"

    def apply(self, context: Context, resource: str, old: Json, new: Json) -> None:
        """Make the difference between two sets of properties, and of the stack's own tags, real."""
        before = {**context.previous_tags, **tags_of(old.get(self.name))}
        after = all_tags(context, new, self.name)
        named = {**self.constant, self.resource: [resource] if self.plural else resource}
        removed = [key for key in before if key not in after]
        if removed:
            keys: Any = removed if self.bare_keys else [{"Key": key} for key in removed]
            call(context, self.service, self.untag, {**named, self.members[1]: keys})
        added = {key: value for key, value in after.items() if before.get(key) != value}
        if added:
            tags: Any = tag_list(added, *self.pair) if self.pair else added
            call(context, self.service, self.tag, {**named, self.members[0]: tags})
