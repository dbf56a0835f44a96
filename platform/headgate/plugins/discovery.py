"""Which plugins there are, known from metadata alone: nothing of theirs is imported here."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

ENTRY_POINTS = "headgate.plugins"
POLICIES = "headgate.policies"
IN_TREE_FILE = "headgate_plugin.py"
IN_TREE_NAME = "project"
OUR_DISTRIBUTION = "headgate"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A plugin that could be loaded.

    `target` is the module of an installed plugin, or the path of an in-tree one. `policy`: it guards something, so
    what it guards must not proceed without it. `refused` is why it cannot be loaded at all, such as a taken name.
    """

    name: str
    target: str
    version: str
    source: str
    policy: bool = False
    refused: str | None = None

    @property
    def in_tree(self) -> bool:
        return self.source == IN_TREE_FILE

    def __str__(self) -> str:
        return f"plugin '{self.name}' {self.version} ({self.source})"


def discover(root: Path | None) -> tuple[Candidate, ...]:
    """All candidates: the project's own first, then the installed ones by name.

    A name belongs to the distribution `headgate`, else to the first distribution by name; the others of that name are
    refused.
    """
    points = metadata.entry_points()  # one walk over the installed distributions serves both groups
    policies = points.select(group=POLICIES)
    guarding = {(point.name, _distribution(point)) for point in policies}
    found: list[Candidate] = list(_in_tree(root))
    owners: dict[str, str] = {IN_TREE_NAME: f"the project's own {IN_TREE_FILE}"}
    for point in sorted(points.select(group=ENTRY_POINTS), key=_precedence):
        distribution = _distribution(point)
        policy = (point.name, distribution) in guarding
        refused = f"its name belongs to {owners[point.name]}" if point.name in owners else _malformed(point)
        owners.setdefault(point.name, distribution)
        found.append(Candidate(point.name, point.value, _version(point), distribution, policy, refused))
    found += _policies_without_plugin(policies, found)
    return tuple(found)


def _in_tree(root: Path | None) -> Iterable[Candidate]:
    file = root / IN_TREE_FILE if root else None
    if file and os.path.lexists(file):  # a link that leads nowhere is a plugin that fails to load, and perhaps a policy
        yield Candidate(IN_TREE_NAME, str(file), "in tree", IN_TREE_FILE)


def _policies_without_plugin(
    policies: Iterable[metadata.EntryPoint], found: Iterable[Candidate]
) -> Iterable[Candidate]:
    """A policy whose plugin is not registered can guard nothing, and must not be forgotten silently."""
    known = {(candidate.name, candidate.source) for candidate in found}
    for point in sorted(policies, key=_precedence):
        if (point.name, _distribution(point)) not in known:
            reason = f"it is registered under {POLICIES} but not under {ENTRY_POINTS}"
            yield Candidate(point.name, point.value, _version(point), _distribution(point), policy=True, refused=reason)


def _precedence(point: metadata.EntryPoint) -> tuple[str, bool, str]:
    distribution = _distribution(point)
    return point.name, distribution != OUR_DISTRIBUTION, distribution


def _malformed(point: metadata.EntryPoint) -> str | None:
    whole = all(part.isidentifier() for part in point.value.split("."))
    return None if whole else f"its entry point is '{point.value}', not the name of a module"


def _distribution(point: metadata.EntryPoint) -> str:
    """The distribution's name. Metadata of a broken installation may lack anything."""
    return _said(point, "Name") or "unknown distribution"


def _version(point: metadata.EntryPoint) -> str:
    return _said(point, "Version") or "unknown version"


def _said(point: metadata.EntryPoint, field: str) -> str | None:
    # Not `dist.name`: from Python 3.12 on that warns when the field is missing, and will raise.
    headers = point.dist.metadata if point.dist else None
    return headers[field] if headers and field in headers else None
