"""A team's accounts: requested as a product of Service Catalog, isolated and retired by the state machine behind it.

What is done is decided by the state machine in the governance account; here it is asked for, and told as it goes on.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Literal

from headgate.actions.accounts.opening import who
from headgate.actions.accounts.products import Products, reasons
from headgate.actions.accounts.vending import Order, Vending
from headgate.aws.sessions import Session
from headgate.errors import FailedError, UserError
from headgate.views.accounts import AccountView, read_catalog

PRODUCT = "ML account set"

Tell = Callable[[tuple[AccountView, ...]], None]


class AccountSets:
    """Teams' accounts. `session` acts as the platform team (IT) in the governance account; `tell` gets the team's
    accounts whenever one of them has changed.

    A set whose first launch failed is launched again: its accounts are in the catalog, and vending goes on with them.
    """

    def __init__(self, session: Session, tell: Tell = lambda _: None) -> None:
        self._session = session
        self._products = Products(session)
        self._vending = Vending(session)
        self._dynamodb = session.client("dynamodb")
        self._tell = tell

    def request(self, team: str, action: Literal["provision", "adopt"] = "provision") -> tuple[AccountView, ...]:
        """Make a team's accounts what is declared, and wait. Raises FailedError with vending's reason."""
        # What changes with every request makes CloudFormation ask vending again, also for the same action.
        request = {"Request": uuid.uuid4().hex, "RequestedBy": who(self._session)}
        parameters = {"Team": team, "Action": action, **request}
        self._wait(team, self._products.launch(PRODUCT, provisioned_name(team), parameters))
        return self._read(team)

    def carry_out(self, order: Order) -> tuple[AccountView, ...]:
        """Isolate accounts, or release them, and wait: without Service Catalog, so that nothing is waited for first.

        Raises UserError when the catalog has no such account, FailedError with vending's reason.
        """
        if not self._living(order):
            raise _none(order)
        self._vending.run(order, who(self._session), self._watch(order.team))
        return self._read(order.team)

    def retire(self, order: Order) -> tuple[AccountView, ...]:
        """Retire accounts and wait; with the team's last one its product ends too.

        Raises UserError when there is nothing to retire, FailedError with the reason. Can be repeated after anything.
        """
        living = self._living(order)
        if living:
            self._vending.run(order, who(self._session), self._watch(order.team))
        views = self._read(order.team)
        record = None
        if all(view.state == "retired" for view in views):
            record = self._products.terminate(provisioned_name(order.team))
        if record is not None:
            self._wait(order.team, record)
        elif not living:
            raise _none(order)
        return self._read(order.team)

    def _living(self, order: Order) -> list[AccountView]:
        """The accounts that an order is about."""
        views = self._read(order.team)
        return [view for view in views if view.state != "retired" and order.account in (None, view.name)]

    def _read(self, team: str) -> tuple[AccountView, ...]:
        return read_catalog(self._dynamodb, team)

    def _watch(self, team: str) -> Callable[[], None]:
        """What tells a team's accounts when they have changed since it was last called."""
        told: tuple[AccountView, ...] = ()

        def look() -> None:
            nonlocal told
            views = self._read(team)
            if views != told:
                told = views
                self._tell(views)

        return look

    def _wait(self, team: str, record: str) -> None:
        detail = self._products.wait(record, self._watch(team))
        if detail["Status"] != "SUCCEEDED":
            raise FailedError(
                f"the accounts of team '{team}' are not what was asked for",
                details=reasons(detail),
                next_command=f"headgate accounts show {team}",
            )


def provisioned_name(team: str) -> str:
    """What a team's provisioned product is called."""
    return f"account-set-{team}"


def _none(order: Order) -> UserError:
    name = f"account '{order.account}'" if order.account else "accounts"
    return UserError(f"team '{order.team}' has no {name} to {order.action}", next_command="headgate accounts list")
