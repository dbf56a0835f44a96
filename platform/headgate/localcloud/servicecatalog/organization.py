"""Where an account stands, from the store of Organizations."""

from __future__ import annotations

from headgate.localcloud.organizations.store import OrganizationStore
from headgate.localcloud.servicecatalog.access import Way


def way_in(store: OrganizationStore) -> Way:
    """Tells of an account its organization, root and OUs, by id."""

    def way(account: str) -> tuple[str, ...]:
        found = store.of_account(account)
        if found is None:
            return ()
        organization, member = found
        return (organization.id, *(row.id for row in store.way(member)[:-1]))

    return way
