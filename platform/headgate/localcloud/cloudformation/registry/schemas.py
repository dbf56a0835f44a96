"""Schemas of resource types: the CloudFormation registry's, as cfn-lint bundles them.

`cfnlint/data/schemas/providers/us-east-1.json` names each type's file below `resources/`. Only the data is read;
nothing of cfn-lint is imported.
"""

from __future__ import annotations

import importlib.util
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from headgate.localcloud.seams import Json

CUSTOM = "AWS::CloudFormation::CustomResource"
_PREFIX = "/properties/"


@dataclass(frozen=True)
class Schema:
    """One type's schema. Paths are tuples of property names, `*` for items of lists."""

    type_name: str
    body: Json

    @cached_property
    def properties(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.body.get("properties", {})
        return found

    @cached_property
    def create_only(self) -> tuple[tuple[str, ...], ...]:
        """Paths whose change means replacement."""
        return self._paths("createOnlyProperties")

    @cached_property
    def conditionally_create_only(self) -> tuple[tuple[str, ...], ...]:
        """Paths whose change may mean replacement; the type decides."""
        return self._paths("conditionalCreateOnlyProperties")

    @cached_property
    def read_only(self) -> tuple[tuple[str, ...], ...]:
        """Paths that a template cannot set."""
        return self._paths("readOnlyProperties")

    @cached_property
    def attributes(self) -> frozenset[str]:
        """What Fn::GetAtt may ask for, with dots."""
        return frozenset(".".join(path) for path in self.read_only)

    @cached_property
    def required(self) -> frozenset[str]:
        return frozenset(self.body.get("required", ()))

    def permissions(self, handler: str) -> tuple[str, ...]:
        """The IAM actions that a handler (`create`, `read`, `update`, `delete`, `list`) says it needs."""
        return tuple(self.body.get("handlers", {}).get(handler, {}).get("permissions", ()))

    def _paths(self, member: str) -> tuple[tuple[str, ...], ...]:
        pointers = self.body.get(member, ())
        return tuple(
            tuple(part for part in pointer.removeprefix(_PREFIX).split("/") if part != "properties")
            for pointer in pointers
        )


class Schemas:
    """All schemas, each read when it is first asked for. Safe to use from many threads."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._index: Mapping[str, str] | None = None
        self._read: dict[str, Schema] = {}

    def find(self, type_name: str) -> Schema | None:
        """The schema of a type, None when AWS has no such type. `Custom::*` has the custom resource's."""
        name = CUSTOM if type_name.startswith("Custom::") else type_name
        with self._lock:
            if name not in self._read:
                file = self._files().get(name)
                if file is None:
                    return None
                body = json.loads((self._root / "resources" / f"{file}.json").read_text())
                self._read[name] = Schema(name, body)
            return self._read[name]

    @property
    def _root(self) -> Path:
        if self._folder is None:
            self._folder = _bundled()
        return self._folder

    def _files(self) -> Mapping[str, str]:
        if self._index is None:
            self._index = json.loads((self._root / "providers" / "us-east-1.json").read_text())
        return self._index


def _bundled() -> Path:
    """Where cfn-lint keeps its schemas. Raises RuntimeError when it is not installed."""
    found = importlib.util.find_spec("cfnlint")
    if found is None or not found.submodule_search_locations:
        raise RuntimeError("cfn-lint, whose schemas CloudFormation needs, is missing: pip install 'headgate[local]'")
    return Path(next(iter(found.submodule_search_locations))) / "data" / "schemas"
