"""What an update would do, resource by resource, in the words of DescribeChangeSet. Computed from values only."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from headgate.localcloud.cloudformation.api.prepare import Prepared
from headgate.localcloud.cloudformation.registry.schemas import Schema
from headgate.localcloud.cloudformation.stacks.deploy import evaluate_outputs
from headgate.localcloud.cloudformation.stacks.differences import Path, changed_paths, recreation
from headgate.localcloud.cloudformation.stacks.engine import Tools
from headgate.localcloud.cloudformation.stacks.journal import redacted
from headgate.localcloud.cloudformation.stacks.records import Incarnation, Resource, Stack
from headgate.localcloud.cloudformation.stacks.resolution import ActingLookup, Existing
from headgate.localcloud.cloudformation.template.functions import Scope, evaluate
from headgate.localcloud.cloudformation.template.graph import References, order
from headgate.localcloud.cloudformation.template.values import Unknown, unknown_among
from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Json

LATER = "{{changeSet:KNOWN_AFTER_APPLY}}"


@dataclass(frozen=True, slots=True)
class Changes:
    """`resources` are the members `Changes` of DescribeChangeSet; `outputs` says whether any output changes."""

    resources: tuple[Json, ...]
    outputs: bool
    tags: bool

    @property
    def any(self) -> bool:
        return bool(self.resources) or self.outputs or self.tags


def stack_changes(tools: Tools, stack: Stack, prepared: Prepared) -> Changes:
    """What deploying `prepared` to the stack would change. Raises AwsError (ValidationError) for forbidden changes."""
    return _Comparison(tools, stack, prepared).changes()


@dataclass(slots=True)
class _Comparison:
    tools: Tools
    stack: Stack
    prepared: Prepared
    living: dict[str, Incarnation] = field(default_factory=dict)
    replacements: dict[str, str] = field(default_factory=dict)

    def changes(self) -> Changes:
        model = self.prepared.model
        records = self.tools.store.resources(self.stack)
        self.living = {name: record.live for name, record in records.items() if record.live is not None}
        self._refuse_new_types()
        scope = self._scope()
        found = [self._change(name, scope, records.get(name)) for name in order(model.resources)]
        removed = [_removal(name, live) for name, live in self.living.items() if name not in model.resources]
        resources = tuple(change for change in [*found, *removed] if change)
        tags = bool(self.living) and self.prepared.deployment.tags != self.stack.deployment.tags
        return Changes(resources, self._outputs_change(scope), tags)

    def _refuse_new_types(self) -> None:
        wanted = self.prepared.model.resources
        changed = sorted(
            name for name, live in self.living.items() if name in wanted and wanted[name].type != live.type
        )
        if changed:
            raise AwsError(
                "ValidationError",
                "Update of resource type is not permitted. The new template modifies resource type of the following "
                f"resources: [{', '.join(changed)}]",
            )

    def _scope(self) -> Scope:
        existing = Existing(self.tools.store, self.stack, self.tools.schemas)
        lookup = ActingLookup(self.tools.provisioner.sessions, self.stack.acting)
        model = self.prepared.model

        def reference(name: str) -> Any:
            if name not in model.resources:
                return None
            known = self.replacements.get(name)
            return Unknown(frozenset({name})) if known in ("Add", "True", "Conditional") else existing.reference(name)

        def attribute(name: str, attribute: str) -> Any:
            if name not in model.resources:
                return None
            if name in self.replacements:
                return Unknown(frozenset({f"{name}.{attribute}"}))
            return existing.attribute(name, attribute)

        return model.scope(reference, attribute, existing.import_value, lookup.zones)

    def _change(self, name: str, scope: Scope, record: Resource | None) -> Json | None:
        declaration = self.prepared.model.resources[name]
        properties = self.tools.provisioner.checks.convert(declaration.type, evaluate(declaration.properties, scope))
        live = self.living.get(name)
        if live is None:
            self.replacements[name] = "Add"
            return self._described(name, "Add", None, properties)
        schema = self.tools.schemas.find(declaration.type)
        details = list(self._details(name, live, properties, schema))
        scopes = sorted({str(detail["Target"]["Attribute"]) for detail in details})
        metadata = evaluate(declaration.metadata, scope)
        attributes = {
            "Metadata": metadata != live.metadata,
            "DeletionPolicy": declaration.deletion_policy != live.deletion_policy,
            "UpdateReplacePolicy": declaration.update_replace_policy != live.update_replace_policy,
        }
        scopes += [attribute for attribute, changed in attributes.items() if changed]
        if self._retags(declaration.type, live):
            scopes.append("Tags")
        failed = record is not None and record.status.endswith("_FAILED")
        if not scopes and not failed:
            return None
        replacement = _replacement(details)
        if details:
            self.replacements[name] = replacement
        policy = {"PolicyAction": _policy(declaration.update_replace_policy)} if replacement != "False" else {}
        more = {"Replacement": replacement, "Scope": sorted(set(scopes)), "Details": details, **policy}
        return self._described(name, "Modify", live, properties, **more)

    def _retags(self, type_name: str, live: Incarnation) -> bool:
        provider = self.tools.provisioner.provider(type_name)
        return provider is not None and "Tags" in provider.handled and live.tags != self.prepared.deployment.tags

    def _details(self, name: str, live: Incarnation, properties: Json, schema: Schema | None) -> Iterator[Json]:
        paths: dict[str, list[Path]] = {}
        for path in changed_paths(live.properties, properties):
            paths.setdefault(path[0], []).append(path)
        for top, below in paths.items():
            kinds = {recreation(schema, path) for path in below}
            recreate = next(kind for kind in ("Always", "Conditionally", "Never") if kind in kinds)
            target = {
                "Attribute": "Tags" if top == "Tags" else "Properties",
                "Name": top,
                "RequiresRecreation": recreate,
                "Path": f"/Properties/{'/'.join(below[0])}",
                "AttributeChangeType": _change_type(top, live.properties, properties),
            }
            unknown = unknown_among(properties.get(top))
            for source in self._sources(name, top, unknown):
                yield {"Target": target, "Evaluation": "Dynamic" if unknown else "Static", **source}

    def _sources(self, name: str, top: str, unknown: Unknown | None) -> Iterator[Json]:
        """What causes a property to change."""
        if unknown:
            for cause in sorted(unknown.causes):
                kind = "ResourceAttribute" if "." in cause else "ResourceReference"
                yield {"ChangeSource": kind, "CausingEntity": cause}
            return
        references = References(self.prepared.model.resources[name].properties.get(top))
        before, after = self.stack.deployment.parameters, self.prepared.deployment.parameters
        causes = [
            parameter
            for parameter in sorted(references.names & set(after))
            if parameter not in before or before[parameter].resolved != after[parameter].resolved
        ]
        for parameter in causes:
            yield {"ChangeSource": "ParameterReference", "CausingEntity": parameter}
        if not causes:
            yield {"ChangeSource": "DirectModification"}

    def _described(self, name: str, action: str, live: Incarnation | None, properties: Json, **more: Any) -> Json:
        hidden = self.prepared.deployment.parameters.values()
        secrets = [str(value.resolved) for value in hidden if value.hidden and value.resolved]
        change: Json = {
            "Action": action,
            "LogicalResourceId": name,
            "ResourceType": self.prepared.model.resources[name].type,
            "Scope": [],
            "Details": [],
            **more,
            "AfterContext": _context(redacted(_later(properties), secrets)),
        }
        if live is not None:
            change["PhysicalResourceId"] = live.physical_id
            change["BeforeContext"] = _context(redacted(live.properties, secrets))
        return {"Type": "Resource", "ResourceChange": change}

    def _outputs_change(self, scope: Scope) -> bool:
        model = self.prepared.model
        try:
            outputs = evaluate_outputs(model, scope)
        except AwsError:
            return True  # an output of what is yet to be made has no text so far
        return list(outputs) != [dict(item) for item in self.stack.outputs]


def _removal(name: str, live: Incarnation) -> Json:
    change: Json = {
        "Action": "Remove",
        "PolicyAction": "Delete" if live.deletion_policy == "Delete" else "Retain",
        "LogicalResourceId": name,
        "PhysicalResourceId": live.physical_id,
        "ResourceType": live.type,
        "Scope": [],
        "Details": [],
        "BeforeContext": _context(live.properties),
    }
    return {"Type": "Resource", "ResourceChange": change}


def _replacement(details: list[Json]) -> str:
    """`True`, `Conditional` or `False`, from the details of a change."""
    kinds = {(detail["Target"]["RequiresRecreation"], detail["Evaluation"]) for detail in details}
    if ("Always", "Static") in kinds:
        return "True"
    if any(recreate in ("Always", "Conditionally") for recreate, _ in kinds):
        return "Conditional"
    return "False"


def _policy(update_replace_policy: str) -> str:
    return "ReplaceAndDelete" if update_replace_policy == "Delete" else "ReplaceAndRetain"


def _change_type(top: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    if top not in old:
        return "Add"
    return "Modify" if top in new else "Remove"


def _later(value: Any) -> Any:
    """A value that JSON can hold: what nobody knows yet is said to be so."""
    if isinstance(value, Unknown):
        return LATER
    if isinstance(value, dict):
        return {key: _later(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_later(item) for item in value]
    return value


def _context(properties: Json) -> str:
    return json.dumps({"Properties": properties})
