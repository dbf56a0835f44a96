"""The forward way of an operation: every resource of the model created, changed in place, or replaced."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from headgate.localcloud.cloudformation.registry.schemas import Schemas
from headgate.localcloud.cloudformation.stacks.differences import changed_paths, recreation
from headgate.localcloud.cloudformation.stacks.journal import StepLog
from headgate.localcloud.cloudformation.stacks.model import Model
from headgate.localcloud.cloudformation.stacks.provision import Provisioner, StepError
from headgate.localcloud.cloudformation.stacks.records import Incarnation, Operation, Resource, Stack
from headgate.localcloud.cloudformation.stacks.store import StackStore
from headgate.localcloud.cloudformation.stacks.walk import Interrupted, walk
from headgate.localcloud.cloudformation.template.functions import Scope, evaluate
from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Json

_LOG = logging.getLogger(__name__)
_REPLACING = "Requested update requires the creation of a new physical resource; hence creating one."
CREATED = ("CREATE_IN_PROGRESS", "CREATE_COMPLETE", "CREATE_FAILED")
UPDATED = ("UPDATE_IN_PROGRESS", "UPDATE_COMPLETE", "UPDATE_FAILED")


@dataclass(frozen=True, slots=True)
class Deploy:
    """One run over a stack's model. `operation` is the stack's."""

    store: StackStore
    provisioner: Provisioner
    schemas: Schemas
    stack: Stack
    operation: Operation
    model: Model
    scope: Scope
    log: StepLog

    def run(self) -> dict[str, Exception]:
        """Bring every resource to what the model wants; the failures by logical id. Raises Interrupted."""
        return walk(self.model.needs, self._guarded)

    def _guarded(self, logical_id: str) -> None:
        """Bring one resource; a bug of ours fails it as anything else does, with the reason."""
        try:
            self._bring(logical_id)
        except (StepError, Interrupted):
            raise
        except Exception as error:
            if self.provisioner.stop.is_set():
                raise Interrupted from error
            _LOG.exception("resource %s of stack %s failed", logical_id, self.stack.name)
            record = self.store.resource(self.stack, logical_id) or self._fresh(logical_id)
            states = UPDATED if record.live else CREATED
            reason = f"bug in the local cloud: {error!r}; see `headgate cloud logs`"
            self.log.write(record, states[2], reason)
            raise StepError(reason) from error

    def _bring(self, logical_id: str) -> None:
        record = self.store.resource(self.stack, logical_id)
        wanted = self._wanted(logical_id, record)
        if record is None or record.live is None:
            self._create(logical_id, record, wanted)
        elif _interrupted_replacement(record, self.operation):
            self._replace(record, wanted)
        else:
            self._change(record, wanted)

    def _wanted(self, logical_id: str, record: Resource | None) -> Incarnation:
        """The incarnation that the model asks for, with a new token. Fails the resource if it cannot be evaluated."""
        declaration = self.model.resources[logical_id]
        wanted = Incarnation(
            type=declaration.type,
            token=str(uuid.uuid4()),
            properties={},
            needs=tuple(sorted(self.model.needs[logical_id])),
            deletion_policy=declaration.deletion_policy,
            update_replace_policy=declaration.update_replace_policy,
            tags=dict(self.stack.deployment.tags),
        )
        try:
            metadata = evaluate(declaration.metadata, self.scope)
            properties = evaluate(declaration.properties, self.scope)
        except AwsError as error:
            states = CREATED if record is None or record.live is None else UPDATED
            fresh = record or self._fresh(logical_id)
            self.log.write(fresh, states[2], error.message, wanted=wanted)
            raise StepError(error.message) from error
        converted = self.provisioner.checks.convert(declaration.type, properties)
        return replace(wanted, properties=converted, metadata=metadata)

    def _fresh(self, logical_id: str) -> Resource:
        return Resource(logical_id, "", 0.0, operation=self.operation.id, created_by=self.operation.id)

    def _create(self, logical_id: str, record: Resource | None, wanted: Incarnation) -> None:
        begun = record is not None and record.status == CREATED[0] and record.operation == self.operation.id
        if begun and record is not None and record.wanted is not None:
            wanted = replace(wanted, token=record.wanted.token)
        resource = self.log.write(self._fresh(logical_id), CREATED[0], wanted=wanted)
        try:
            live = self.provisioner.create(self.stack, logical_id, wanted, again=begun)
        except StepError as error:
            self.log.write(resource, CREATED[2], error.reason, live=error.left)
            raise
        self.log.write(resource, CREATED[1], live=live, wanted=None)

    def _change(self, record: Resource, wanted: Incarnation) -> None:
        live = _living(record)
        paths = list(changed_paths(live.properties, wanted.properties))
        retag = live.tags != wanted.tags and self._takes_tags(wanted.type)
        if not paths and not retag and not record.status.endswith(("_IN_PROGRESS", "_FAILED")):
            self._keep(record, wanted)
            return
        schema = self.schemas.find(wanted.type)
        if any(recreation(schema, path) == "Always" for path in paths):
            self._replace(record, wanted)
        else:
            self._update(record, replace(wanted, token=live.token))

    def _takes_tags(self, type_name: str) -> bool:
        provider = self.provisioner.provider(type_name)
        return provider is not None and "Tags" in provider.handled

    def _keep(self, record: Resource, wanted: Incarnation) -> None:
        """Nothing to do but to remember policies, metadata and needs."""
        live = _living(record)
        kept = replace(
            wanted,
            token=live.token,
            physical_id=live.physical_id,
            attributes=live.attributes,
            no_echo=live.no_echo,
        )
        if kept != live:
            changes = {"live": kept, "operation": self.operation.id, "previous": self._previous(record)}
            self.log.write(record, record.status, record.reason, event=False, **changes)

    def _update(self, record: Resource, wanted: Incarnation) -> None:
        live = _living(record)
        resource = self.log.write(
            record,
            UPDATED[0],
            wanted=replace(wanted, physical_id=live.physical_id),
            previous=self._previous(record),
            operation=self.operation.id,
        )
        token = f"{self.operation.id}-{record.logical_id}"
        try:
            changed = self.provisioner.update(self.stack, record.logical_id, token, live, wanted)
        except StepError as error:
            self.log.write(resource, UPDATED[2], error.reason)
            raise
        self._changed(resource, live, changed)

    def _changed(self, resource: Resource, live: Incarnation, changed: Incarnation) -> None:
        with self.store.transaction():
            if changed.physical_id != live.physical_id:
                # The type itself has replaced it, as custom resources may: what it was goes in the cleanup.
                changed = replace(changed, token=str(uuid.uuid4()))
                self.store.discard(self.stack, resource.logical_id, live)
            self.log.write(resource, UPDATED[1], live=changed, wanted=None)

    def _replace(self, record: Resource, wanted: Incarnation) -> None:
        live = _living(record)
        begun = _interrupted_replacement(record, self.operation)
        if begun and record.wanted is not None:
            wanted = replace(wanted, token=record.wanted.token)
        changes: dict[str, Any] = {"previous": self._previous(record), "operation": self.operation.id}
        resource = self.log.write(record, UPDATED[0], _REPLACING, wanted=wanted, **changes)
        try:
            made = self.provisioner.create(self.stack, record.logical_id, wanted, again=begun)
        except StepError as error:
            reason = error.reason
            if error.code == "AlreadyExists":
                reason = (
                    "CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename "
                    f"{record.logical_id} and update the stack again. {reason}"
                )
            with self.store.transaction():
                if error.left is not None:
                    self.store.discard(self.stack, record.logical_id, error.left)
                self.log.write(resource, UPDATED[2], reason, wanted=None)
            raise
        with self.store.transaction():
            self.store.discard(self.stack, record.logical_id, live)
            self.log.write(resource, UPDATED[1], live=made, wanted=None)

    def _previous(self, record: Resource) -> Incarnation | None:
        """What a rollback restores: what lived before the operation first touched the resource."""
        if record.operation == self.operation.id:
            return record.previous
        return record.live


def _interrupted_replacement(record: Resource, operation: Operation) -> bool:
    return (
        record.operation == operation.id
        and record.status == UPDATED[0]
        and record.wanted is not None
        and record.live is not None
        and record.wanted.token != record.live.token
    )


def _living(record: Resource) -> Incarnation:
    if record.live is None:
        raise ValueError(f"resource {record.logical_id} does not exist")
    return record.live


def evaluate_outputs(model: Model, scope: Scope) -> tuple[Json, ...]:
    """The members of DescribeStacks. Raises AwsError (ValidationError) for a value that is no text."""
    found: list[Json] = []
    for name, output in model.outputs.items():
        value = _output_text(evaluate(output["Value"], scope), f"/Outputs/{name}/Value")
        item: Json = {"OutputKey": name, "OutputValue": value}
        if "Description" in output:
            item["Description"] = output["Description"]
        if isinstance(output.get("Export"), Mapping):
            item["ExportName"] = _output_text(evaluate(output["Export"].get("Name"), scope), f"/Outputs/{name}/Export")
        found.append(item)
    return tuple(found)


def _output_text(value: Any, where: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, (str, int, float)):
        raise AwsError("ValidationError", f"Template format error: Output [{where}] is malformed: it must be a string")
    return str(value)
