"""Checking a document against a schema, and saying what is wrong in the words of the schema's author."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from headgate.spec.document import Node, child, describe, find, plain
from headgate.spec.problems import Problem
from headgate.spec.schema import Schema, resolve
from headgate.spec.secrets import HIDDEN, looks_secret
from headgate.spec.suggest import did_you_mean

_TYPES = {
    "string": "text",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "object": "a mapping",
    "array": "a list",
    "null": "nothing",
}
PATH_FORMATS = {"project-file": "file", "project-folder": "folder", "project-path": "file or folder"}


def check(node: Node, schema: Schema, *, root: Path, prefix: tuple[str, ...] = ()) -> list[Problem]:
    """Everything in which a document breaks its schema. `root` is the project's folder, for settings that name paths.

    `prefix` is the node's own path in headgate.yaml. Raises jsonschema.exceptions.SchemaError, or referencing's
    errors, when the schema itself is wrong.
    """
    from jsonschema import Draft202012Validator, FormatChecker
    from jsonschema_specifications import REGISTRY

    formats = FormatChecker(formats=())
    for name, kind in PATH_FORMATS.items():
        formats.checks(name)(
            lambda value, kind=kind: not isinstance(value, str) or _path_problem(root, value, kind) is None
        )
    # With a registry of its own the validator does not look for references in the network.
    validator = Draft202012Validator(dict(schema), registry=REGISTRY, format_checker=formats)
    problems = [
        problem
        for error in validator.iter_errors(plain(node))
        for problem in _Explained(node, root, prefix, schema).problems(error)
    ]
    return list(dict.fromkeys(problems))


class _Explained:
    """Turns jsonschema's errors about one document into problems."""

    def __init__(self, node: Node, root: Path, prefix: tuple[str, ...], schema: Schema) -> None:
        self.node = node
        self.root = root
        self.prefix = prefix
        self.schema = schema

    def problems(self, error: Any) -> Iterator[Problem]:
        """The problems that one error stands for: one per unknown key, one per missing key, else one."""
        found = find(self.node, error.absolute_path)
        path = tuple(map(str, error.absolute_path))
        if error.validator in {"anyOf", "oneOf"} and error.context:
            yield from self._alternatives(error, found, path)
        elif error.validator in {"additionalProperties", "unevaluatedProperties"}:
            yield from self._unknown_keys(error, found, path)
        elif error.validator == "required":
            yield self._missing(error, found, path)
        else:
            yield self._wrong_value(error, found, path)

    def _problem(self, node: Node, path: tuple[str, ...], message: str, allowed: str = "", hint: str = "") -> Problem:
        return Problem(node.where, message, allowed, hint, ".".join(self.prefix + path))

    def _named(self, path: tuple[str, ...]) -> str:
        return ".".join(self.prefix + path)

    def _unknown_keys(self, error: Any, found: Node, path: tuple[str, ...]) -> Iterator[Problem]:
        known = list(_known_keys(error.schema, self.schema))
        patterns = list(error.schema.get("patternProperties", ()))
        members = found.value if isinstance(found.value, Mapping) else {}
        for name, member in members.items():
            if name in known or _matches_any(patterns, name):
                continue
            place = f" in {self._named(path)}" if self._named(path) else ""
            key = Node(member.value, member.key or member.where)
            yield self._problem(
                key,
                (*path, name),
                f"unknown key '{name}'{place}",
                ", ".join(known) or "no keys",
                did_you_mean(name, known),
            )

    def _missing(self, error: Any, found: Node, path: tuple[str, ...]) -> Problem:
        members = found.value if isinstance(found.value, Mapping) else {}
        missing = [name for name in error.validator_value if name not in members]
        name = next((name for name in missing if f"'{name}'" in error.message), missing[0])
        below = resolve(error.schema.get("properties", {}).get(name, {}), self.schema)
        place = f" in {self._named(path)}" if self._named(path) else ""
        return self._problem(
            Node(found.value, found.key or found.where),
            (*path, name),
            f"missing key '{name}'{place}",
            _allowed_by(below),
        )

    def _alternatives(self, error: Any, found: Node, path: tuple[str, ...]) -> Iterator[Problem]:
        """The branch that was meant is the one in which something deeper is wrong; else all branches are told."""
        depth = max(len(inner.absolute_path) for inner in error.context)
        deepest = [inner for inner in error.context if len(inner.absolute_path) == depth]
        if depth > len(error.absolute_path):
            yield from self.problems(deepest[0])
            return
        keys = [inner for inner in error.context if inner.validator not in {"type", "enum", "const"}]
        if len(keys) == 1:
            yield from self.problems(keys[0])
            return
        resolved = (resolve(branch, self.schema) for branch in error.validator_value)
        branches = dict.fromkeys(_allowed_by(branch) + _with_keys(branch) for branch in resolved)
        yield self._problem(found, path, self._found(found, path), " or ".join(filter(None, branches)))

    def _wrong_value(self, error: Any, found: Node, path: tuple[str, ...]) -> Problem:
        value = error.instance
        subschema = error.schema if isinstance(error.schema, Mapping) else {}
        if "propertyNames" in error.absolute_schema_path:
            key = child(found, str(value)) or found
            place = f" in {self._named(path)}" if self._named(path) else ""
            return self._problem(
                Node(key.value, key.key or key.where),
                (*path, str(value)),
                f"bad name '{value}'{place}",
                _allowed_by(subschema),
            )
        if error.validator == "format" and isinstance(value, str):
            kind = PATH_FORMATS[error.validator_value]
            message = _path_problem(self.root, value, kind) or ""
            hint = _near_path(self.root, value)
            return self._problem(
                found, path, f"{self._named(path)}: {message}", f"a {kind} under {self.root.name}/", hint
            )
        hint = ""
        if error.validator == "enum" and isinstance(value, str):
            hint = did_you_mean(value, [choice for choice in error.validator_value if isinstance(choice, str)])
        if (
            error.validator == "type"
            and not isinstance(value, str)
            and "string" in _as_list(error.validator_value)
            and found.source
        ):
            hint = f'write it in quotes: "{found.source}"'
        return self._problem(found, path, self._found(found, path), _allowed_by(subschema, error), hint)

    def _found(self, found: Node, path: tuple[str, ...]) -> str:
        named = self._named(path) or "the file"
        secret = any(looks_secret(part) for part in path)
        return f"{named}: found {HIDDEN if secret else describe(found)}"


def _with_keys(branch: Schema) -> str:
    """What tells one alternative that is a mapping from another: its keys."""
    return f" of {', '.join(branch['properties'])}" if branch.get("properties") else ""


def _allowed_by(schema: Schema, error: Any = None) -> str:
    """What a schema allows, in words: its choices or its type and limits, and its description."""
    if "const" in schema:
        return _shown(schema["const"])
    if "enum" in schema:
        return ", ".join(map(_shown, schema["enum"]))
    words = " or ".join(_TYPES.get(str(kind), str(kind)) for kind in _as_list(schema.get("type")))
    limits = [
        f"{text} {_shown(schema[keyword])}{unit}{'s' if unit and schema[keyword] != 1 else ''}"
        for keyword, text, unit in (
            ("minimum", "at least", ""),
            ("exclusiveMinimum", "above", ""),
            ("maximum", "at most", ""),
            ("exclusiveMaximum", "below", ""),
            ("multipleOf", "a multiple of", ""),
            ("minLength", "at least", " character"),
            ("maxLength", "at most", " character"),
            ("minItems", "at least", " item"),
            ("maxItems", "at most", " item"),
        )
        if keyword in schema
    ]
    if schema.get("uniqueItems"):
        limits.append("each item once")
    described = str(schema.get("description", "")).strip()
    if "pattern" in schema and not described:
        limits.append(f"matching {schema['pattern']}")
    text = ", ".join(part for part in (words, *limits) if part)
    if not text and error is not None and not described:
        return f"what `{error.validator}: {_shown(error.validator_value)}` allows" if error.validator else "no value"
    return ": ".join(part for part in (text, described) if part)


def _shown(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return str(value)


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _known_keys(schema: Schema, root: Schema) -> Iterator[str]:
    resolved = resolve(schema, root)
    yield from resolved.get("properties", {})
    for keyword in ("allOf", "anyOf", "oneOf"):
        for part in resolved.get(keyword, ()):
            yield from _known_keys(part, root)


def _matches_any(patterns: Iterable[str], name: str) -> bool:
    import re

    return any(re.search(pattern, name) for pattern in patterns)


def _path_problem(root: Path, value: str, kind: str) -> str | None:
    """What is wrong with a path in the project, or None."""
    path = root / value
    if Path(value).is_absolute() or not path.resolve().is_relative_to(root.resolve()):
        return f"'{value}' is outside the project"
    if kind == "file" and path.is_dir():
        return f"'{value}' is a folder"
    if kind == "folder" and path.is_file():
        return f"'{value}' is a file"
    return None if path.exists() else f"no such {kind}: '{value}'"


def _near_path(root: Path, value: str) -> str:
    """The entry that was probably meant, of the deepest folder on the way that exists."""
    folder, parts = root, list(Path(value).parts)
    while parts and (folder / parts[0]).is_dir() and len(parts) > 1:
        folder = folder / parts.pop(0)
    if not parts or not folder.is_dir() or (folder / parts[0]).exists():
        return ""
    names = [str((folder / entry.name).relative_to(root)) for entry in sorted(folder.iterdir())]
    return did_you_mean(str((folder / parts[0]).relative_to(root)), names)
