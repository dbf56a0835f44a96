"""What many tables say the same way: tags on create, iam:PassRole, an action per operation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from headgate.localcloud.identity.tables.model import Arns, Family, Keys, Need
from headgate.localcloud.identity.tables.paths import Parameters, at

Operations = Mapping[str, tuple[Need, ...]]


def tags_of(path: str = "Tags", key: str = "Key", value: str = "Value") -> Family:
    """Tags of a request as a mapping, whether the API takes a list of pairs or an object."""

    def read(parameters: Parameters) -> Mapping[str, str]:
        return _pairs(at(parameters, path), key, value)

    return read


def _pairs(found: Any, key: str, value: str) -> dict[str, str]:
    if isinstance(found, Mapping):
        return {str(name): str(item) for name, item in found.items()}
    return {str(tag[key]): str(tag.get(value) or "") for tag in found or () if key in tag}


def tag_names(path: str = "Tags", key: str = "Key") -> Callable[[Parameters], tuple[str, ...] | None]:
    """The keys of a request's tags for `aws:TagKeys`; of TagKeys-like lists of texts, the texts."""

    def read(parameters: Parameters) -> tuple[str, ...] | None:
        found = at(parameters, path)
        if isinstance(found, list | tuple) and all(isinstance(item, str) for item in found):
            return tuple(found) or None
        return tuple(_pairs(found, key, "Value")) or None

    return read


def tagging(path: str = "Tags", key: str = "Key", value: str = "Value") -> tuple[Keys, Mapping[str, Family]]:
    """`aws:TagKeys` and `aws:RequestTag/…` of a request."""
    return {"aws:TagKeys": tag_names(path, key)}, {"aws:RequestTag/": tags_of(path, key, value)}


def creates(
    action: str, resource: str | Arns, keys: Keys | None = None, *, path: str = "Tags", key: str = "Key"
) -> Need:
    """A need of an operation that takes tags."""
    value = "Value" if key == "Key" else key.removesuffix("Key") + "Value"
    tag_keys, families = tagging(path, key, value)
    return Need(action, resource, {**tag_keys, **(keys or {})}, families)


def untags(action: str, resource: str | Arns, path: str = "TagKeys") -> Need:
    """A need of an operation that takes names of tags to remove."""
    return Need(action, resource, {"aws:TagKeys": tag_names(path)})


def pass_role(path: str, to: str | Callable[[Parameters], str | None]) -> Need:
    """iam:PassRole for the role that a parameter names: an ARN, or a name in the caller's account."""

    def passed(parameters: Parameters) -> str | None:
        return to(parameters) if callable(to) else to

    return Need("iam:PassRole", f"arn:aws:iam::{{account}}:role/{{{path}}}", {"iam:PassedToService": passed}, when=path)


def same(prefix: str, resource: str | Arns, operations: str | Iterable[str], keys: Keys | None = None) -> Operations:
    """Operations that need the action of their own name on one kind of resource."""
    names = operations.split() if isinstance(operations, str) else operations
    return {name: (Need(f"{prefix}:{name}", resource, keys or {}),) for name in names}
