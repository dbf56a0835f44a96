from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from headgate.localcloud.servicecatalog.organization import way_in


class Store:
    """Two levels above one account."""

    def of_account(self, account: str) -> Any:
        return (SimpleNamespace(id="o-1"), SimpleNamespace(id=account)) if account == "222222222222" else None

    def way(self, row: Any) -> Any:
        return [SimpleNamespace(id="r-1"), SimpleNamespace(id="ou-1"), row]


def test_an_account_stands_below_its_organization_root_and_units() -> None:
    way = way_in(Store())  # type: ignore[arg-type]
    assert way("222222222222") == ("o-1", "r-1", "ou-1")
    assert way("333333333333") == ()
