"""Permissions of Lake Formation, in the order in which they were granted.

moto keeps them in a set whose members change under it: what was granted twice could not be revoked, and a list of them
looked different after every start. Held by tests/contract/test_moto_lakeformation.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from headgate.localcloud.server.moto_determinism import once_imported, patch


def install() -> None:
    """Patch Lake Formation as soon as somebody uses it."""
    once_imported("moto.lakeformation.models", _patch)


def _patch() -> None:
    from moto.lakeformation.models import PermissionCatalog

    patch(PermissionCatalog, "__init__", _initialize)
    patch(PermissionCatalog, "add_permission", _grant)
    patch(PermissionCatalog, "remove_permission", _revoke)


def _initialize(self: Any) -> None:
    self.permissions = []


def _grant(self: Any, granted: Any) -> None:
    known = _of_same(self, granted)
    if known is None:
        self.permissions.append(granted)
        return
    known.permissions = _joined(known.permissions, granted.permissions)
    known.permissions_with_grant_options = _joined(
        known.permissions_with_grant_options, granted.permissions_with_grant_options
    )


def _revoke(self: Any, revoked: Any) -> None:
    known = _of_same(self, revoked)
    if known is None:
        return
    known.permissions = _without(known.permissions, revoked.permissions)
    known.permissions_with_grant_options = _without(
        known.permissions_with_grant_options, revoked.permissions_with_grant_options
    )
    if known.is_empty():
        self.permissions = [each for each in self.permissions if each is not known]


def _of_same(catalog: Any, wanted: Any) -> Any:
    """What the same principal may do with the same resource."""
    return next((each for each in catalog.permissions if each.equal_principal_and_resouce(wanted)), None)


def _joined(first: Iterable[str], second: Iterable[str]) -> list[str]:
    return list(dict.fromkeys([*first, *second]))


def _without(first: Iterable[str], second: Iterable[str]) -> list[str]:
    taken = set(second)
    return [each for each in first if each not in taken]
