"""What the data lake lets an account read, by Lake Formation: the databases of the team's data sets, and nothing else.

A grant is to all principals of the account. Which of them may read what is then decided there, by the data sets in
their tags; buckets, keys and images of durable accounts are open to the organization by tags alone, so that nothing
needs granting there account by account.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from headgate.control.aws import Aws, Where, pages
from headgate.control.errors import CallFailed, Refused
from headgate.control.vending.edges import Edges
from headgate.control.vending.steps import SETTLED, Progress
from headgate.control.vending.values import Item, Row

DATABASE_PREFIX = "headgate_"
_PERMISSIONS: Mapping[str, tuple[str, ...]] = {"database": ("DESCRIBE",), "tables": ("DESCRIBE", "SELECT")}


class Grant(NamedTuple):
    """One permission on a data set's database, or on all tables in it."""

    database: str
    on: str
    permission: str


@dataclass(frozen=True, slots=True)
class Changes:
    """What brings the grants that there are to those that should be."""

    grant: tuple[Grant, ...]
    revoke: tuple[Grant, ...]


def grant(edges: Edges, item: Item, row: Row) -> Progress:
    """The steps `grant` and `revoke`: an account may read its team's data sets, or none."""
    if not row.account_id:
        return SETTLED
    wanted = () if item.step == "revoke" else row.data_sets
    changes = decide(present(edges.aws, edges.settings.data_lake, row.account_id), wanted)
    for verb, grants in (("revoke", changes.revoke), ("grant", changes.grant)):
        for each in grants:
            _change(edges, verb, row.account_id, each)
    return SETTLED


def database_name(data_set: str) -> str:
    """The Glue database of a data set, as the data lake's stack calls it."""
    return f"{DATABASE_PREFIX}{data_set.replace('-', '_')}"


def decide(present: Iterable[Grant], data_sets: Iterable[str]) -> Changes:
    """The difference, in a fixed order."""
    wanted = {
        Grant(database_name(name), on, permission)
        for name in data_sets
        for on, permissions in _PERMISSIONS.items()
        for permission in permissions
    }
    there = set(present)
    return Changes(tuple(sorted(wanted - there)), tuple(sorted(there - wanted)))


def present(aws: Aws, data_lake: str, account_id: str) -> frozenset[Grant]:
    """What an account's principals may do in Headgate's databases."""
    entries = pages(
        aws,
        "lakeformation",
        "list_permissions",
        "PrincipalResourcePermissions",
        where=Where.DATA_LAKE,
        CatalogId=data_lake,
    )
    # Lake Formation lists a principal's permissions on one resource only, so all are listed and the others left out.
    own = [entry for entry in entries if entry["Principal"] == _principal(account_id)]
    return frozenset(each for entry in own for each in _grants(entry) if each.database.startswith(DATABASE_PREFIX))


def _grants(entry: Mapping[str, Any]) -> Iterable[Grant]:
    resource: Mapping[str, Any] = entry["Resource"]
    if "Database" in resource:
        database, on = resource["Database"]["Name"], "database"
    else:
        # SELECT on all tables is listed as all columns of them.
        tables = resource.get("Table") or resource.get("TableWithColumns") or {}
        database, on = tables.get("DatabaseName", ""), "tables"
    return (Grant(database, on, permission) for permission in entry["Permissions"])


def _change(edges: Edges, verb: str, account_id: str, change: Grant) -> None:
    catalog = edges.settings.data_lake
    resource: dict[str, Any] = (
        {"Database": {"CatalogId": catalog, "Name": change.database}}
        if change.on == "database"
        else {"Table": {"CatalogId": catalog, "DatabaseName": change.database, "TableWildcard": {}}}
    )
    try:
        edges.aws.call(
            "lakeformation",
            f"{verb}_permissions",
            where=Where.DATA_LAKE,
            CatalogId=catalog,
            Principal=_principal(account_id),
            Resource=resource,
            Permissions=[change.permission],
        )
    except CallFailed as problem:
        if problem.code != "EntityNotFoundException":
            raise
        if verb == "grant":
            raise Refused(
                f"the data lake has no database {change.database}: `headgate accounts apply` creates it"
            ) from problem


def _principal(account_id: str) -> dict[str, str]:
    return {"DataLakePrincipalIdentifier": f"{account_id}:IAMPrincipals"}
