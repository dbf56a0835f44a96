"""The backward ways: resources deleted, an update's changes taken back, what was replaced cleaned up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from headgate.localcloud.cloudformation.stacks.deploy import UPDATED
from headgate.localcloud.cloudformation.stacks.journal import StepLog
from headgate.localcloud.cloudformation.stacks.provision import Provisioner, StepError
from headgate.localcloud.cloudformation.stacks.records import (
    Incarnation,
    Operation,
    Resource,
    Stack,
    without_operation,
)
from headgate.localcloud.cloudformation.stacks.store import StackStore
from headgate.localcloud.cloudformation.stacks.walk import reverse, walk

DELETED = ("DELETE_IN_PROGRESS", "DELETE_COMPLETE", "DELETE_FAILED", "DELETE_SKIPPED")


@dataclass(frozen=True, slots=True)
class Removal:
    """Deletes and restores the resources of one stack."""

    store: StackStore
    provisioner: Provisioner
    stack: Stack
    operation: Operation
    log: StepLog

    def delete(self, *, rolling_back: bool) -> dict[str, Exception]:
        """Delete everything that lives, what needs another thing first; the failures by logical id."""
        resources = self.store.resources(self.stack)
        failed = self._delete_logical(resources, rolling_back=rolling_back)
        return failed or self._delete_discarded(resources)

    def restore(self) -> dict[str, Exception]:
        """Bring back what the operation has changed; what it has made is left for the cleanup."""
        resources = self.store.resources(self.stack)
        touched = {
            name: frozenset(resource.previous.needs)
            for name, resource in resources.items()
            if resource.operation == self.operation.id and resource.previous is not None
        }
        return walk(touched, lambda name: self._restore(resources[name]))

    def clean_up(self, keep: Iterable[str], *, rolling_back: bool) -> dict[str, Exception]:
        """Delete what is not to be kept and what was replaced; the failures, which fail nothing else."""
        resources = self.store.resources(self.stack)
        kept = set(keep)
        leaving = {name: resource for name, resource in resources.items() if name not in kept}
        failed = self._delete_logical(leaving, rolling_back=rolling_back)
        failed |= self._delete_discarded(resources)
        for name, resource in self.store.resources(self.stack).items():
            if name in kept:
                self.store.put_resource(self.stack, without_operation(resource))
            elif resource.live is None:
                self.store.drop_resource(self.stack, name)
        return failed

    def _delete_logical(self, resources: Mapping[str, Resource], *, rolling_back: bool) -> dict[str, Exception]:
        needs = {
            name: frozenset(resource.live.needs) for name, resource in resources.items() if resource.live is not None
        }
        for resource in resources.values():
            if resource.live is None and resource.status != DELETED[1]:
                self.log.write(resource, DELETED[1])
        return walk(
            reverse(needs), lambda name: self._delete(resources[name], rolling_back=rolling_back), keep_going=True
        )

    def _delete(self, resource: Resource, *, rolling_back: bool) -> None:
        live = resource.live
        if live is None:
            return
        if resource.logical_id in self.operation.skip or self._retained(live, resource, rolling_back=rolling_back):
            self.log.write(resource, DELETED[3], live=None, wanted=None)
            return
        resource = self.log.write(resource, DELETED[0], wanted=None)
        try:
            self.provisioner.delete(self.stack, resource.logical_id, live)
        except StepError as error:
            if self.operation.force:
                self.log.write(resource, DELETED[3], error.reason, live=None)
                return
            self.log.write(resource, DELETED[2], error.reason)
            raise
        with self.store.transaction():
            self.log.event(resource.logical_id, live, DELETED[1])
            self.log.write(resource, DELETED[1], event=False, live=None, previous=None)

    def _retained(self, live: Incarnation, resource: Resource, *, rolling_back: bool) -> bool:
        if live.deletion_policy == "Delete":
            return False
        on_create = rolling_back and resource.created_by == self.operation.id
        except_on_create = live.deletion_policy == "RetainExceptOnCreate" or self.operation.retain_except_on_create
        return not (on_create and except_on_create)

    def _delete_discarded(self, resources: Mapping[str, Resource]) -> dict[str, Exception]:
        discarded = {f"{name}/{old.token}": (name, old) for name, old in self.store.discarded(self.stack)}
        needs = {
            key: frozenset(other for other, (name, _) in discarded.items() if name in old.needs)
            for key, (_, old) in discarded.items()
        }

        def remove(key: str) -> None:
            name, old = discarded[key]
            self._delete_physical(name, old, still=resources.get(name))

        return walk(reverse(needs), remove, keep_going=True)

    def _delete_physical(self, logical_id: str, old: Incarnation, still: Resource | None) -> None:
        if still is not None and still.live is not None and still.live.physical_id == old.physical_id:
            # An update that gave back the id it had: there is one physical resource only, and it lives.
            self.store.keep(self.stack, logical_id, old.token)
            return
        if old.update_replace_policy != "Delete":
            with self.store.transaction():
                self.log.event(logical_id, old, DELETED[3])
                self.store.keep(self.stack, logical_id, old.token)
            return
        self.log.event(logical_id, old, DELETED[0])
        try:
            self.provisioner.delete(self.stack, logical_id, old)
        except StepError as error:
            with self.store.transaction():
                self.log.event(logical_id, old, DELETED[2], error.reason)
                self.store.keep(self.stack, logical_id, old.token)
            raise
        with self.store.transaction():
            self.log.event(logical_id, old, DELETED[1])
            self.store.keep(self.stack, logical_id, old.token)

    def _restore(self, resource: Resource) -> None:
        previous = resource.previous
        if previous is None or resource.live is None:
            return
        if resource.logical_id in self.operation.skip:
            self.log.write(resource, UPDATED[1], "skipped by ContinueUpdateRollback", live=previous, previous=None)
            return
        if resource.replaced:
            with self.store.transaction():
                self.store.keep(self.stack, resource.logical_id, previous.token)
                self.store.discard(
                    self.stack, resource.logical_id, replace(resource.live, update_replace_policy="Delete")
                )
                self.log.write(resource, UPDATED[1], live=previous, previous=None, wanted=None)
            return
        self._revert(resource, resource.live, previous)

    def _revert(self, resource: Resource, live: Incarnation, previous: Incarnation) -> None:
        attempted = replace(resource.wanted, physical_id=live.physical_id) if resource.wanted else live
        if attempted.properties == previous.properties and attempted.tags == previous.tags:
            self.log.write(
                resource,
                resource.status if resource.wanted is None else UPDATED[1],
                event=False,
                live=previous,
                previous=None,
                wanted=None,
            )
            return
        resource = self.log.write(resource, UPDATED[0])
        token = f"{self.operation.id}-{resource.logical_id}-rollback"
        try:
            restored = self.provisioner.update(self.stack, resource.logical_id, token, attempted, previous)
        except StepError as error:
            self.log.write(resource, UPDATED[2], error.reason)
            raise
        with self.store.transaction():
            if restored.physical_id != live.physical_id:
                self.store.discard(self.stack, resource.logical_id, replace(live, update_replace_policy="Delete"))
            self.log.write(resource, UPDATED[1], live=restored, previous=None, wanted=None)
