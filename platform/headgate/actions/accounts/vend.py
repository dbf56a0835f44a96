"""Requesting, isolating and retiring a team's accounts: products of Service Catalog, followed to their end.

What is done is decided by the state machine in the governance account; here it is asked for, and told as it goes on.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable

from headgate.actions.accounts.products import Products, reasons
from headgate.aws.sessions import Session
from headgate.errors import FailedError, UserError
from headgate.views.accounts import AccountView, read_catalog

PRODUCT = "ML account set"
_ACTIONS = ("provision", "adopt", "quarantine", "release")

Tell = Callable[[tuple[AccountView, ...]], None]


class AccountSets:
    """Account sets as Service Catalog has them. `session` acts as the platform team (IT) in the governance account.

    A set whose first launch failed is launched again: its accounts are in the catalog, and vending goes on with them.
    """

    def __init__(self, session: Session, tell: Tell = lambda _: None) -> None:
        self._products = Products(session)
        self._dynamodb = session.client("dynamodb")
        self._tell = tell

    def request(self, team: str, action: str = "provision") -> tuple[AccountView, ...]:
        """Make a team's accounts what the action says, and wait. Raises FailedError with vending's reason."""
        assert action in _ACTIONS  # noqa: S101 - callers choose among them
        # What changes with every request makes CloudFormation ask vending again, also for the same action.
        parameters = {"Team": team, "Action": action, "Request": uuid.uuid4().hex}
        return self._follow(team, self._products.launch(PRODUCT, provisioned_name(team), parameters))

    def retire(self, team: str) -> tuple[AccountView, ...]:
        """Retire a team's accounts and wait. Raises UserError when it has none, FailedError with the reason."""
        record = self._products.terminate(provisioned_name(team))
        if record is None:
            raise UserError(f"team '{team}' has no accounts to retire", next_command="headgate accounts list")
        return self._follow(team, record)

    def _follow(self, team: str, record: str) -> tuple[AccountView, ...]:
        told: list[tuple[AccountView, ...]] = [()]

        def tell() -> None:
            views = read_catalog(self._dynamodb, team)
            if views != told[0]:
                told[0] = views
                self._tell(views)

        detail = self._products.wait(record, tell)
        if detail["Status"] != "SUCCEEDED":
            raise FailedError(
                f"the accounts of team '{team}' are not what was asked for",
                details=reasons(detail),
                next_command=f"headgate accounts show {team}",
            )
        return read_catalog(self._dynamodb, team)


def provisioned_name(team: str) -> str:
    """What a team's provisioned product is called."""
    return f"account-set-{team}"
