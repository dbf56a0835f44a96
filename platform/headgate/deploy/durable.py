"""The durable accounts: found, or created once, and put into their organizational unit.

Team accounts are vended by the state machine in the governance account. That machine, and all it is told, needs the
durable accounts first, so these few are made by whoever deploys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from headgate.deploy.polling import Polling
from headgate.errors import FailedError, UserError
from headgate.spec.organization import DurableAccount

_PATIENCE = 1800.0
"""Seconds that creating an account may take; AWS says minutes."""

_SINGLE = frozenset({"CONCURRENT_ACCOUNT_MODIFICATION", "INTERNAL_FAILURE"})
"""Reasons of CreateAccount that pass by themselves."""


class DurableAccounts:
    """Durable accounts in AWS Organizations. `client` is a boto3 client in the management account."""

    def __init__(self, client: Any, polling: Polling, tell: Callable[[str], None] = lambda _: None) -> None:
        self._client = client
        self._polling = polling
        self._tell = tell

    def find(self, declared: Iterable[DurableAccount]) -> dict[str, str | None]:
        """The ids of the accounts that exist, by name; None for one that is to be created.

        Raises UserError for an id that is in no account of the organization.
        """
        members = self._members()
        by_address = {member["Email"].lower(): member for member in members.values()}
        found: dict[str, str | None] = {}
        for account in declared:
            if account.account_id and account.account_id not in members:
                raise UserError(
                    f"account {account.account_id} is not in this organization",
                    where=f"organization.yaml: accounts.{account.name}.id",
                    expected="an account of the organization: invite it, accept, and apply again; "
                    "or no id, and it is created",
                    next_command="aws organizations invite-account-to-organization "
                    f"--target Id={account.account_id},Type=ACCOUNT",
                )
            member = members.get(account.account_id or "") or by_address.get((account.email or "").lower())
            if member is not None and member["Status"] != "ACTIVE":
                raise FailedError(f"account {member['Id']} ({account.name}) is {member['Status'].lower()}")
            found[account.name] = member["Id"] if member else None
        return found

    def ensure(self, declared: Iterable[DurableAccount]) -> dict[str, str]:
        """The ids of the accounts by name; what is missing is created, one after the other as AWS wants it.

        An account that an interrupted run began is waited for. Raises FailedError with AWS's reason.
        """
        accounts = list(declared)
        found = self.find(accounts)
        return {account.name: found[account.name] or self._create(account) for account in accounts}

    def place(self, account: str, unit: str) -> bool:
        """Move an account into an organizational unit; False when it is there already."""
        (parent,) = self._client.list_parents(ChildId=account)["Parents"]
        if parent["Id"] == unit:
            return False
        self._client.move_account(AccountId=account, SourceParentId=parent["Id"], DestinationParentId=unit)
        return True

    def _create(self, account: DurableAccount) -> str:
        status = self._begun(account)
        if status is None:
            self._tell(f"creating account {account.name}")
            status = self._client.create_account(
                Email=account.email, AccountName=account.name, Tags=[{"Key": "headgate:account", "Value": account.name}]
            )["CreateAccountStatus"]
        for _ in self._polling.turns(f"creating account {account.name}", _PATIENCE):
            if status["State"] != "IN_PROGRESS":
                break
            found = self._client.describe_create_account_status(CreateAccountRequestId=status["Id"])
            status = found["CreateAccountStatus"]
        if status["State"] == "FAILED":
            raise _refused(account, str(status.get("FailureReason", "no reason given")))
        return str(status["AccountId"])

    def _begun(self, account: DurableAccount) -> Mapping[str, Any] | None:
        """A creation of this account that is going on; one that ended well shows as a member."""
        pages = self._client.get_paginator("list_create_account_status").paginate(States=["IN_PROGRESS"])
        for page in pages:
            for status in page["CreateAccountStatuses"]:
                if status.get("AccountName") == account.name:
                    begun: Mapping[str, Any] = status
                    return begun
        return None

    def _members(self) -> dict[str, Mapping[str, Any]]:
        pages = self._client.get_paginator("list_accounts").paginate()
        return {member["Id"]: member for page in pages for member in page["Accounts"]}


def _refused(account: DurableAccount, reason: str) -> FailedError:
    expected = {
        "ACCOUNT_LIMIT_EXCEEDED": "a higher quota 'maximum number of accounts' of AWS Organizations",
        "EMAIL_ALREADY_EXISTS": f"another address than {account.email}, or the id of the account that has it",
        "INVALID_EMAIL": f"a valid address instead of {account.email}",
    }.get(reason, "the same again in a while" if reason in _SINGLE else None)
    return FailedError(
        f"account {account.name} was not created: {reason}",
        where=f"organization.yaml: accounts.{account.name}",
        expected=expected,
        next_command="headgate accounts apply",
    )
