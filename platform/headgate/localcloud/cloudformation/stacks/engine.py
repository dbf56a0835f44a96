"""Runs the operations of stacks: one thread each, resumable from what the documents say at any moment."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from headgate.localcloud.cloudformation.registry.schemas import Schemas
from headgate.localcloud.cloudformation.stacks.deploy import Deploy, evaluate_outputs
from headgate.localcloud.cloudformation.stacks.journal import StepLog
from headgate.localcloud.cloudformation.stacks.model import Model, Place, build
from headgate.localcloud.cloudformation.stacks.provision import Provisioner
from headgate.localcloud.cloudformation.stacks.records import Operation, Resource, Stack
from headgate.localcloud.cloudformation.stacks.remove import Removal
from headgate.localcloud.cloudformation.stacks.resolution import ActingLookup, Existing, exported, importers
from headgate.localcloud.cloudformation.stacks.shared_templates import SharedTemplates
from headgate.localcloud.cloudformation.stacks.store import StackStore
from headgate.localcloud.cloudformation.stacks.walk import Interrupted
from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Json

_LOG = logging.getLogger(__name__)

_PATIENCE = 5.0


@dataclass(frozen=True, slots=True)
class Tools:
    """What every operation works with."""

    store: StackStore
    provisioner: Provisioner
    schemas: Schemas
    templates: SharedTemplates


class StackEngine:
    """Starts operations that are in stacks' records, and takes them up again after a restart."""

    def __init__(self, tools: Tools) -> None:
        self.tools = tools
        self._lock = threading.Lock()
        self._threads: dict[str, threading.Thread] = {}

    def start(self, stack: Stack) -> None:
        """Run the operation that the stack's record holds."""
        thread = threading.Thread(target=self._run, args=(stack,), name=f"stack {stack.name}", daemon=True)
        with self._lock:
            self._threads = {key: other for key, other in self._threads.items() if other.is_alive()}
            self._threads[stack.id] = thread
            thread.start()  # within the lock: one that is not alive yet would be taken for one that is over

    def recover(self) -> None:
        """Take up what the end of the last daemon has interrupted."""
        for stack in self.tools.store.running():
            self.start(stack)

    def close(self) -> None:
        """Stop; what is under way is taken up at the next start."""
        self.tools.provisioner.stop.set()
        self.join(patience=_PATIENCE)

    def join(self, stack_id: str = "", patience: float | None = None) -> None:
        """Wait for the operation of a stack, or for all; at most so many seconds for each, if given."""
        with self._lock:
            threads = [thread for key, thread in self._threads.items() if stack_id in ("", key)]
        for thread in threads:
            thread.join(patience)

    def _run(self, stack: Stack) -> None:
        try:
            while stack.operation is not None and stack.status.endswith("_IN_PROGRESS"):
                stack = _Step(self.tools, stack, stack.operation).run()
        except Interrupted:
            _LOG.info("the operation on stack %s is taken up at the next start", stack.name)
        except Exception as error:
            if self.tools.provisioner.stop.is_set():
                return
            _LOG.exception("the operation on stack %s failed", stack.name)
            status = _FAILED_AS.get(stack.status, "UPDATE_ROLLBACK_FAILED")
            self.tools.store.set_status(stack, status, f"bug in the local cloud: {error!r}; see `headgate cloud logs`")


_FAILED_AS = {
    "CREATE_IN_PROGRESS": "CREATE_FAILED",
    "ROLLBACK_IN_PROGRESS": "ROLLBACK_FAILED",
    "DELETE_IN_PROGRESS": "DELETE_FAILED",
    "UPDATE_IN_PROGRESS": "UPDATE_FAILED",
}


class _Step:
    """One phase of one operation; `run` returns the stack in its next status."""

    def __init__(self, tools: Tools, stack: Stack, operation: Operation) -> None:
        self._tools = tools
        self._store = tools.store
        self._stack = stack
        self._operation = operation
        self._log = StepLog(tools.store, stack)
        self._removal = Removal(tools.store, tools.provisioner, stack, operation, self._log)

    def run(self) -> Stack:
        phases: Mapping[str, Callable[[], Stack]] = {
            "deploy": self._deploy,
            "cleanup": self._clean_up,
            "rollback": self._roll_back,
            "rollback-cleanup": self._clean_up_rollback,
            "delete": self._delete,
        }
        return phases[self._operation.phase]()

    def _deploy(self) -> Stack:
        try:
            model, existing, deploy = self._prepared()
            failed = deploy.run()
            if failed:
                return self._failed(_which(failed, self._store.resources(self._stack)))
            outputs = evaluate_outputs(model, deploy.scope)
            self._check_exports(outputs)
        except AwsError as error:
            return self._failed(error.message)
        changes: dict[str, Any] = {"outputs": outputs, "imports": tuple(sorted(existing.imports))}
        if self._operation.kind == "CREATE":
            self._settle_resources()
            return self._set("CREATE_COMPLETE", operation=None, **changes)
        return self._set("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", operation=self._phase("cleanup"), **changes)

    def _prepared(self) -> tuple[Model, Existing, Deploy]:
        model = build(self._stack.deployment, self._place())
        existing = Existing(self._store, self._stack, self._tools.schemas)
        lookup = ActingLookup(self._tools.provisioner.sessions, self._stack.acting)
        scope = model.scope(existing.reference, existing.attribute, existing.import_value, lookup.zones)
        parts = (self._store, self._tools.provisioner, self._tools.schemas, self._stack, self._operation)
        return model, existing, Deploy(*parts, model, scope, self._log)

    def _place(self) -> Place:
        stack = self._stack
        return Place(stack.account, stack.region, stack.name, stack.id)

    def _check_exports(self, outputs: tuple[Json, ...]) -> None:
        """No other stack exports the same name, and what others import stays as it is. Raises AwsError."""
        stack = self._stack
        mine = {item["ExportName"]: item["OutputValue"] for item in outputs if "ExportName" in item}
        others = exported(self._store, stack.account, stack.region)
        for name in mine:
            if name in others and others[name][0].stack_id != stack.id:
                other = others[name][0].stack_name
                raise AwsError("ValidationError", f"Export with name {name} is already exported by stack {other}.")
        for name, value in stack.exports.items():
            users = importers(self._store, stack.account, stack.region, name)
            if users and mine.get(name) != value:
                verb = "updated" if name in mine else "deleted"
                raise AwsError(
                    "ValidationError", f"Export {name} cannot be {verb} as it is in use by {', '.join(users)}"
                )

    def _failed(self, reason: str) -> Stack:
        """Where a failure on the way forward leads."""
        operation = self._operation
        if operation.kind == "CREATE":
            if operation.on_failure == "ROLLBACK":
                said = f"{reason} Rollback requested by user."
                return self._set(
                    "ROLLBACK_IN_PROGRESS", said, operation=replace(self._phase("rollback"), reason=reason)
                )
            if operation.on_failure == "DELETE":
                return self._set("DELETE_IN_PROGRESS", reason, operation=self._phase("delete"))
            return self._set("CREATE_FAILED", reason, operation=None)
        if operation.on_failure == "DO_NOTHING":
            return self._set("UPDATE_FAILED", reason)
        changes: dict[str, Any] = {"deployment": operation.previous} if operation.previous else {}
        following = replace(self._phase("rollback"), reason=reason)
        return self._set("UPDATE_ROLLBACK_IN_PROGRESS", reason, operation=following, **changes)

    def _clean_up(self) -> Stack:
        model = build(self._stack.deployment, self._place())
        self._removal.clean_up(model.resources, rolling_back=False)
        return self._set("UPDATE_COMPLETE", operation=None)

    def _roll_back(self) -> Stack:
        if self._operation.kind == "CREATE":
            failed = self._removal.delete(rolling_back=True)
            if failed:
                return self._set("ROLLBACK_FAILED", _undeleted(failed), operation=None)
            return self._set("ROLLBACK_COMPLETE", self._operation.reason, operation=None)
        failed = self._removal.restore()
        if failed:
            return self._set("UPDATE_ROLLBACK_FAILED", _which(failed, self._store.resources(self._stack)))
        changes: dict[str, Any] = {
            "operation": self._phase("rollback-cleanup"),
            "outputs": self._operation.previous_outputs,
        }
        return self._set("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", **changes)

    def _clean_up_rollback(self) -> Stack:
        made = {
            name
            for name, resource in self._store.resources(self._stack).items()
            if resource.created_by == self._operation.id
        }
        keep = set(self._store.resources(self._stack)) - made
        self._removal.clean_up(keep, rolling_back=True)
        return self._set("UPDATE_ROLLBACK_COMPLETE", self._operation.reason, operation=None)

    def _delete(self) -> Stack:
        for name in self._stack.exports:
            users = importers(self._store, self._stack.account, self._stack.region, name)
            if users:
                reason = f"Export {name} cannot be deleted as it is in use by {', '.join(users)}"
                return self._set("DELETE_FAILED", reason, operation=None)
        failed = self._removal.delete(rolling_back=self._operation.kind == "CREATE")
        if failed:
            return self._set("DELETE_FAILED", _undeleted(failed), operation=None)
        return self._set("DELETE_COMPLETE", operation=None, deleted=self._store.clock.now(), imports=())

    def _settle_resources(self) -> None:
        for resource in self._store.resources(self._stack).values():
            if resource.previous is not None or resource.wanted is not None:
                self._store.put_resource(self._stack, replace(resource, previous=None, wanted=None))

    def _phase(self, phase: str) -> Operation:
        return replace(self._operation, phase=phase)

    def _set(self, status: str, reason: str = "", **changes: object) -> Stack:
        return self._store.set_status(self._stack, status, reason, **changes)


def _which(failed: Mapping[str, Exception], resources: Mapping[str, Resource]) -> str:
    """The sentence of a stack's status reason: who failed at what."""
    updated = {name for name in failed if name in resources and resources[name].status.startswith("UPDATE")}
    groups = (("create", sorted(set(failed) - updated)), ("update", sorted(updated)))
    said = [f"The following resource(s) failed to {verb}: [{', '.join(names)}]." for verb, names in groups if names]
    return " ".join(said)


def _undeleted(failed: Mapping[str, Exception]) -> str:
    return f"The following resource(s) failed to delete: [{', '.join(sorted(failed))}]."
