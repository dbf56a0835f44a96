"""The plugins' sections of headgate.yaml: their schemas, and checking the whole file with them at once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headgate.plugins.calls import BadResultError
from headgate.plugins.discovery import OUR_DISTRIBUTION
from headgate.plugins.records import PluginRecord, State
from headgate.spec.build import build_project
from headgate.spec.check import check
from headgate.spec.document import EMPTY, Node, child, plain
from headgate.spec.load import RawProject
from headgate.spec.problems import Problem, SpecError
from headgate.spec.project import Project
from headgate.spec.schema import base_schema, fill_defaults, flaw, strict
from headgate.spec.suggest import did_you_mean


@dataclass(slots=True)
class SectionSchemas:
    """JSON Schemas by plugin."""

    by_plugin: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def add(self, record: PluginRecord, schema: object) -> None:
        """Take what a plugin's hook returned. Raises BadResultError, or what reading the file raises."""
        if isinstance(schema, Path):
            schema = json.loads(schema.read_text(encoding="utf-8"))
        if not isinstance(schema, Mapping):
            message = f"gave {type(schema).__name__}, not a mapping or a path"
            raise BadResultError(message)
        if schema.get("type", "object") != "object":
            message = f"has `type: {schema['type']}` at its top; a section is an object"
            raise BadResultError(message)
        ours = record.candidate.source == OUR_DISTRIBUTION
        wrong = None if ours else flaw(schema)  # ours are sound: a test sees to it, and this takes some 20 ms
        if wrong:
            raise BadResultError(f"is no JSON Schema at {wrong}")
        self.by_plugin[record.name] = schema


@dataclass(frozen=True, slots=True)
class Checked:
    """A checked project. `unusable` says, by plugin, why its hooks that need a project cannot be called in this one."""

    project: Project
    unusable: Mapping[str, str]


def check_project(
    raw: RawProject, schemas: Mapping[str, Mapping[str, Any]], plugins: tuple[PluginRecord, ...]
) -> Checked:
    """The project with its sections' defaults filled in. Raises SpecError with everything that is wrong in the file.

    A plugin whose schema is wrong, or which requires settings while the file has no section for it, is unusable here:
    installing a plugin must not break the projects that do not use it.
    """
    problems, unusable = find_problems(raw, schemas, plugins)
    if problems:
        raise SpecError(problems)
    filled = {
        name: fill_defaults(plain(_section(raw, name) or EMPTY), schema)
        for name, schema in schemas.items()
        if name not in unusable
    }
    off = frozenset(record.name for record in plugins if record.state is State.DISABLED)
    return Checked(build_project(raw, filled, off), unusable)


def find_problems(
    raw: RawProject, schemas: Mapping[str, Mapping[str, Any]], plugins: tuple[PluginRecord, ...]
) -> tuple[list[Problem], dict[str, str]]:
    """What is wrong in the file, plugins' sections included, and the plugins that are unusable with it."""
    problems = check(raw.node, base_schema(), root=raw.root)
    problems += _unknown_sections(raw, plugins)
    loaded = [record.name for record in plugins if record.state is State.LOADED]
    unusable = {name: "its settings schema cannot be had" for name in loaded if name not in schemas}
    for name, schema in schemas.items():
        section = _section(raw, name)
        try:
            wrong = check(section or EMPTY, strict(schema), root=raw.root, prefix=("plugins", name))
        except Exception as error:  # somebody else's: jsonschema, referencing and re raise all sorts
            unusable[name] = f"its settings schema is wrong: {' '.join(str(error).split())[:200]}"
            continue
        if section:
            problems += wrong
        elif wrong:
            unusable[name] = f"it needs settings: {wrong[0].message}"
    return problems, unusable


def _section(raw: RawProject, plugin: str) -> Node | None:
    """A plugin's section, None when the file has none; an empty one (`training:`) is a mapping without members."""
    section = child(child(raw.node, "plugins") or EMPTY, plugin)
    return Node({}, section.where, section.key) if section and section.value is None else section


def _unknown_sections(raw: RawProject, plugins: tuple[PluginRecord, ...]) -> list[Problem]:
    sections = child(raw.node, "plugins") or EMPTY
    names = list(dict.fromkeys(record.name for record in plugins))
    members = sections.value if isinstance(sections.value, Mapping) else {}
    return [
        Problem(
            node.key or node.where,
            f"there is no plugin '{name}'",
            ", ".join(names) or "none: no plugin is installed",
            did_you_mean(name, names),
            f"plugins.{name}",
        )
        for name, node in members.items()
        if name not in names
    ]
