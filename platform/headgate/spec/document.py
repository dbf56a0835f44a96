"""YAML in which every value knows its line.

Scalars are read by the core schema of YAML 1.2: `true` and `false` are the only booleans, and a date, `yes` or `1:30`
is text. Anchors, aliases and merge keys (`<<`) work. Values are exactly JSON's.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headgate.errors import Location
from headgate.spec.problems import Problem, SpecError

if TYPE_CHECKING:
    import yaml

Scalar = str | int | float | bool | None
MOST_VALUES = 50_000
"""Aliases can make a small file expand without end; no settings file needs more values than this."""

MOST_DIGITS = 1_000
"""Python refuses to read integers of some thousand digits."""

_TAG = "tag:yaml.org,2002:"
_COLLECTIONS = (_TAG + "map", _TAG + "seq")
_SUPPORTED = "text, numbers, true, false, null, lists and mappings"
_RESOLVERS: tuple[tuple[str, str, str], ...] = (
    ("null", r"^(?:~|null|Null|NULL|)$", "~nN"),
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("int", r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$", "-+0123456789"),
    (
        "float",
        r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$",
        "-+.0123456789",
    ),
    ("merge", r"^<<$", "<"),
)


@dataclass(frozen=True, slots=True)
class Node:
    """A value and where it stands. `value` is a scalar, a tuple of nodes, or a mapping of names to nodes.

    `key` is where the value's name stands in its mapping. `source` is a scalar's text as it was written.
    """

    value: Scalar | tuple[Node, ...] | Mapping[str, Node]
    where: Location
    key: Location | None = None
    source: str = ""


EMPTY = Node({}, Location(""))


def plain(node: Node) -> Any:
    """The value as plain JSON, without places."""
    if isinstance(node.value, Mapping):
        return {name: plain(child) for name, child in node.value.items()}
    if isinstance(node.value, tuple):
        return [plain(child) for child in node.value]
    return node.value


def child(node: Node, name: str | int) -> Node | None:
    """A mapping's or a sequence's member, or None."""
    if isinstance(node.value, Mapping):
        return node.value.get(str(name))
    if isinstance(node.value, tuple) and isinstance(name, int) and 0 <= name < len(node.value):
        return node.value[name]
    return None


def find(node: Node, path: Iterable[str | int]) -> Node:
    """The node at a path, or the deepest there is on the way to it."""
    for name in path:
        below = child(node, name)
        if below is None:
            return node
        node = below
    return node


def merge(base: Node, over: Node) -> Node:
    """`over` laid over `base`: mappings are merged member by member, anything else is replaced."""
    if not (isinstance(base.value, Mapping) and isinstance(over.value, Mapping)):
        return over
    members = dict(base.value)
    for name, node in over.value.items():
        members[name] = merge(members[name], node) if name in members else node
    return Node(members, base.where, base.key)


def read(file: Path, shown: str | None = None) -> Node:
    """Read a YAML file whose top is a mapping; an empty one gives an empty mapping. Raises SpecError.

    `shown` is the file's name in errors.
    """
    name = shown or file.name
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = file.read_bytes()[: error.start].count(b"\n") + 1
        raise SpecError(
            [Problem(Location(name, line), f"byte 0x{error.object[error.start]:02x} is not UTF-8", "UTF-8 text")]
        ) from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SpecError([Problem(Location(name), f"cannot be read: {reason}", "a readable file")]) from error
    node = parse(text, name)
    if node is None:
        return Node({}, Location(name, 1))
    if not isinstance(node.value, Mapping):
        raise SpecError(
            [Problem(node.where, f"the file holds {describe(node)}", "a mapping of settings such as `name: wine`")]
        )
    return node


def parse(text: str, name: str) -> Node | None:
    """One YAML document, or None when it is empty. `name` stands for it in errors. Raises SpecError."""
    import yaml

    try:
        root = yaml.compose(text, Loader=_loader())
        if root is None:
            return None
        reader = _Reader(name)
        node = reader.node(root)
    except yaml.YAMLError as error:
        raise SpecError([_syntax(error, name, text)]) from error
    except RecursionError as error:
        raise SpecError([Problem(Location(name), "values are nested too deeply", "a few dozen levels")]) from error
    if reader.problems:
        raise SpecError(reader.problems)
    return node


class _Reader:
    """Turns PyYAML's nodes into ours, gathering problems."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.problems: list[Problem] = []
        self._count = 0
        self._open: set[int] = set()

    def node(self, node: yaml.Node, key: Location | None = None) -> Node:
        import yaml

        where = self._where(node)
        self._count += 1
        if id(node) in self._open:
            return self._refuse(where, "an alias points to a value that holds it")
        if self._count > MOST_VALUES:
            raise SpecError([Problem(where, "too many values", f"at most {MOST_VALUES}, aliases expanded")])
        self._open.add(id(node))
        try:
            if not isinstance(node, yaml.ScalarNode) and node.tag not in _COLLECTIONS:
                return self._refuse(where, _unsupported(node.tag), _SUPPORTED)
            if isinstance(node, yaml.MappingNode):
                return Node(self._members(node), where, key)
            if isinstance(node, yaml.SequenceNode):
                return Node(tuple(self.node(item) for item in node.value), where, key)
            return self._scalar(node, where, key)
        finally:
            self._open.discard(id(node))

    def _members(self, node: yaml.MappingNode) -> dict[str, Node]:
        members: dict[str, Node] = {}
        merged: dict[str, Node] = {}
        for key_node, value_node in node.value:
            where = self._where(key_node)
            if key_node.tag == _TAG + "merge":
                merged = {**self._merged(value_node), **merged}
                continue
            name = key_node.value
            if not isinstance(name, str):
                self._refuse(where, "a key is not text", "text")
                continue
            if name in members:
                first = members[name].key or members[name].where
                self._refuse(where, f"key '{name}' is there twice; the first is in line {first.line}", "each key once")
                continue
            members[name] = self.node(value_node, where)
        return {**merged, **members}

    def _merged(self, node: yaml.Node) -> dict[str, Node]:
        import yaml

        items = node.value if isinstance(node, yaml.SequenceNode) else [node]
        merged: dict[str, Node] = {}
        for item in items:
            if not isinstance(item, yaml.MappingNode):
                self._refuse(
                    self._where(item), "`<<` merges something that is not a mapping", "a mapping or a list of them"
                )
                continue
            value = self.node(item).value
            merged = {**value, **merged} if isinstance(value, Mapping) else merged
        return merged

    def _scalar(self, node: yaml.Node, where: Location, key: Location | None) -> Node:
        text = node.value
        try:
            value = _convert(node.tag, text)
        except ValueError as error:
            return self._refuse(where, str(error), _SUPPORTED)
        return Node(value, where, key, text)

    def _refuse(self, where: Location, message: str, allowed: str = "") -> Node:
        self.problems.append(Problem(where, message, allowed))
        return Node(None, where)

    def _where(self, node: yaml.Node) -> Location:
        return Location(self.name, node.start_mark.line + 1)


def _convert(tag: str, text: str) -> Scalar:
    kind = tag.removeprefix(_TAG)
    if kind in {"str", "merge"}:
        return text
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    if kind == "int":
        if len(text) > MOST_DIGITS:
            raise ValueError(f"a number of {len(text)} digits")
        return int(text, 0) if text[:2] in {"0x", "0o"} else int(text)
    if kind == "float":
        number = float(text.replace(".inf", "inf").replace(".nan", "nan").replace(".Inf", "inf").lower())
        if not math.isfinite(number):
            raise ValueError(f"{text} is not a number that JSON has")
        return number
    raise ValueError(_unsupported(tag))


def _unsupported(tag: str) -> str:
    return f"tag {'!!' + tag.removeprefix(_TAG) if tag.startswith(_TAG) else tag} is not supported"


def _loader() -> type[Any]:
    """PyYAML's loader, in C when there, with the resolvers of YAML 1.2's core schema."""
    import yaml

    base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    loader: type[Any] = type("_CoreLoader", (base,), {"yaml_implicit_resolvers": {}})
    for tag, pattern, first in _RESOLVERS:
        loader.add_implicit_resolver(_TAG + tag, re.compile(pattern), [*first, ""] if tag == "null" else list(first))
    return loader


def _syntax(error: Exception, name: str, text: str) -> Problem:
    character = getattr(error, "character", None)
    if isinstance(character, int):  # PyYAML's reader, which knows no line
        place = Location(name, text.count("\n", 0, text.find(chr(character))) + 1)
        return Problem(place, f"not YAML: character 0x{character:02x}", "printable characters")
    lines = text.splitlines()
    mark, began = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    line = min(mark.line + 1, max(len(lines), 1)) if mark else None
    written = lines[line - 1] if line and lines else ""
    if "\t" in written[: len(written) - len(written.lstrip())]:
        return Problem(Location(name, line), "a tab indents this line", "spaces: YAML forbids tabs for indentation")
    reason = getattr(error, "problem", None) or str(error).splitlines()[0]
    context = getattr(error, "context", None)
    if context and began and line and began.line + 1 < line:
        context += f" that began in line {began.line + 1}"
    return Problem(Location(name, line), "not YAML: " + ", ".join(part for part in (context, reason) if part))


def describe(node: Node) -> str:
    """What was found, in words: `'abc' (text)`, `a list`, `nothing`."""
    value = node.value
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, tuple):
        return "a list"
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"{str(value).lower()} (boolean)"
    if isinstance(value, str):
        shown = value if len(value) <= 60 else value[:57] + "..."
        return f"'{shown}' (text)"
    return f"{node.source or value} ({'integer' if isinstance(value, int) else 'number'})"
