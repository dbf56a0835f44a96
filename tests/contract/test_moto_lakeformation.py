"""Grants of Lake Formation: granted in parts, revoked in parts, and the same after a restart."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contract.local_daemon import LocalDaemon

pytestmark = [pytest.mark.slow]

RESOURCE = {"Database": {"Name": "sales"}}


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[LocalDaemon]:
    made = LocalDaemon(tmp_path / "state")
    yield made
    made.close()


def change(daemon: LocalDaemon, verb: str, account: str, *permissions: str, grantable: tuple[str, ...] = ()) -> None:
    getattr(daemon.client("lakeformation"), f"{verb}_permissions")(
        Principal={"DataLakePrincipalIdentifier": f"{account}:IAMPrincipals"},
        Resource=RESOURCE,
        Permissions=list(permissions),
        PermissionsWithGrantOption=list(grantable),
    )


def granted(daemon: LocalDaemon) -> list[tuple[str, list[str], list[str]]]:
    listed: list[dict[str, Any]] = daemon.client("lakeformation").list_permissions()["PrincipalResourcePermissions"]
    return [
        (each["Principal"]["DataLakePrincipalIdentifier"][:1], each["Permissions"], each["PermissionsWithGrantOption"])
        for each in listed
    ]


def test_what_was_granted_in_parts_is_revoked_in_parts_and_kept_in_order(daemon: LocalDaemon) -> None:
    for account in ("3" * 12, "1" * 12, "2" * 12):
        change(daemon, "grant", account, "DESCRIBE")
        change(daemon, "grant", account, "ALTER", "DROP", grantable=("DROP",))
    change(daemon, "grant", "1" * 12, "DROP")
    change(daemon, "revoke", "1" * 12, "ALTER")
    change(daemon, "revoke", "2" * 12, "DESCRIBE", "ALTER")
    change(daemon, "revoke", "2" * 12, "DROP", grantable=("DROP",))
    change(daemon, "revoke", "4" * 12, "DROP")
    expected = [("3", ["DESCRIBE", "ALTER", "DROP"], ["DROP"]), ("1", ["DESCRIBE", "DROP"], ["DROP"])]
    assert granted(daemon) == expected
    daemon.kill_and_restart()
    assert granted(daemon) == expected
    assert "differently" not in (daemon.state / "daemon.log").read_text()
