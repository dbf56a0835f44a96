"""The organization as StackSets see it, over the local cloud's own Organizations."""

from __future__ import annotations

from headgate.localcloud.cloudformation.stacksets.roles import TRUSTED
from headgate.localcloud.organizations.model import Account, Unit
from headgate.localcloud.organizations.store import OrganizationStore


class StoredOrganization:
    """Reads the store of Organizations; nothing is changed."""

    def __init__(self, store: OrganizationStore) -> None:
        self._store = store

    def manages(self, account: str) -> bool:
        found = self._store.of_account(account)
        return found is not None and found[0].management_account == account and TRUSTED in found[0].trusted

    def has(self, account: str, unit: str) -> bool:
        found = self._store.of_account(account)
        row = self._store.find(Unit, unit)
        return found is not None and row is not None and row.organization == found[0].id

    def accounts_below(self, unit: str) -> tuple[str, ...]:
        row = self._store.find(Unit, unit)
        if row is None:
            return ()
        return tuple(
            account.id
            for account in self._store.all(Account, row.organization)
            if account.status == "ACTIVE" and unit in self.way(account.id) and self.manager(account.id) != account.id
        )

    def way(self, account: str) -> tuple[str, ...]:
        row = self._store.find(Account, account)
        return tuple(above.id for above in self._store.way(row)[:-1]) if row else ()

    def manager(self, account: str) -> str:
        found = self._store.of_account(account)
        return found[0].management_account if found else ""
