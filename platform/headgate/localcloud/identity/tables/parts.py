"""What many tables say the same way: tags on create, iam:PassRole, an action per operation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from headgate.localcloud.identity.tables.model import Arns, Extract, Family, Keys, Need
from headgate.localcloud.identity.tables.paths import Parameters, at, text, texts, values

Operations = Mapping[str, tuple[Need, ...]]


def several(*paths: str) -> Extract:
    """A key with several values: everything that any of the paths leads to."""

    def read(parameters: Parameters) -> tuple[str, ...] | None:
        return texts([value for path in paths for value in values(parameters, path)])

    return read


def first(*paths: str) -> Extract:
    """A key with one value: what the first path leads to that is there."""

    def read(parameters: Parameters) -> str | None:
        return next((found for path in paths if (found := text(at(parameters, path))) is not None), None)

    return read


def tags_of(path: str = "Tags", key: str = "Key", value: str = "Value") -> Family:
    """Tags of a request as a mapping, whether the API takes a list of pairs or an object."""

    def read(parameters: Parameters) -> Mapping[str, str]:
        return _pairs(parameters, path, key, value)

    return read


def tag_names(path: str = "Tags", key: str = "Key") -> Extract:
    """The keys of a request's tags for `aws:TagKeys`; of lists of names, the names."""

    def read(parameters: Parameters) -> tuple[str, ...] | None:
        listed = values(parameters, f"{path}[]")
        if listed and all(isinstance(item, str) for item in listed) and not isinstance(at(parameters, path), Mapping):
            return texts(listed)
        return tuple(_pairs(parameters, path, key, "Value")) or None

    return read


def tagging(path: str = "Tags", key: str = "Key", value: str = "Value") -> tuple[Keys, Mapping[str, Family]]:
    """`aws:TagKeys` and `aws:RequestTag/…` of a request."""
    return {"aws:TagKeys": tag_names(path, key)}, {"aws:RequestTag/": tags_of(path, key, value)}


def creates(
    action: str,
    resource: str | Arns,
    keys: Keys | None = None,
    *,
    tag_action: str = "",
    tag_keys: Keys | None = None,
    tags: str = "Tags",
    key: str = "Key",
    value: str = "Value",
) -> tuple[Need, ...]:
    """What an operation needs that takes tags: its action, and `tag_action` on the same resource if there are any."""
    names, families = tagging(tags, key, value)
    main = Need(action, resource, {**names, **(keys or {})}, families)
    if not tag_action:
        return (main,)
    return main, Need(tag_action, resource, {**names, **(tag_keys or {})}, families, when=lambda p: bool(at(p, tags)))


def tags_resource(
    action: str, resource: str | Arns, *, tags: str = "Tags", key: str = "Key", value: str = "Value"
) -> tuple[Need, ...]:
    """An operation that does nothing but tag."""
    return creates(action, resource, tags=tags, key=key, value=value)


def untags_resource(action: str, resource: str | Arns, *, names: str = "TagKeys") -> tuple[Need, ...]:
    """An operation that removes tags by name."""
    return (Need(action, resource, {"aws:TagKeys": tag_names(names)}),)


def pass_role(path: str, to: str | Extract) -> Need:
    """iam:PassRole for the role that a parameter names: by ARN, or by name in the caller's account."""

    def passed(parameters: Parameters) -> str | tuple[str, ...] | None:
        return to(parameters) if callable(to) else to

    return Need("iam:PassRole", f"arn:aws:iam::{{account}}:role/{{{path}}}", {"iam:PassedToService": passed}, when=path)


def constant(value: str) -> Extract:
    """A key whose value does not depend on the request."""
    return lambda _: value


def same(prefix: str, resource: str | Arns, operations: str | Iterable[str], keys: Keys | None = None) -> Operations:
    """Operations that need the action of their own name on one kind of resource."""
    names = operations.split() if isinstance(operations, str) else operations
    return {name: (Need(f"{prefix}:{name}", resource, keys or {}),) for name in names}


def allowed_by(action: str, resource: str | Arns, operations: str, keys: Keys | None = None) -> Operations:
    """Operations that one action of another name allows."""
    return {name: (Need(action, resource, keys or {}),) for name in operations.split()}


def is_set(path: str) -> Callable[[Parameters], bool]:
    """Whether a parameter is there and not false."""
    return lambda parameters: bool(at(parameters, path))


def _pairs(parameters: Parameters, path: str, key: str, value: str) -> dict[str, str]:
    """Tags at a path: an object of names and values, or a list of pairs; a path with `[]` can lead to several."""
    pairs: dict[str, str] = {}
    for found in values(parameters, path):
        pairs |= _of_one(found, key, value)
    return pairs


def _of_one(found: Any, key: str, value: str) -> dict[str, str]:
    if isinstance(found, Mapping):
        return {str(name): str(item) for name, item in found.items()}
    if not isinstance(found, list | tuple):
        return {}
    return {str(tag[key]): str(tag.get(value) or "") for tag in found if isinstance(tag, Mapping) and key in tag}
