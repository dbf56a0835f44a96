"""Accounts of an organization: created, moved, closed, let go."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import replace

from headgate.localcloud.errors import AwsError
from headgate.localcloud.organizations.model import Account, Creation, Organization, Policy
from headgate.localcloud.organizations.rules import Office, constraint, denied, given_tags, page
from headgate.localcloud.organizations.units_api import attach_full_access, shown_account
from headgate.localcloud.seams import Caller, Json, Operation

DEFAULT_ROLE = "OrganizationAccountAccessRole"
_MONTH = 30 * 86400
_CLOSED_AT_LEAST = 10

MakeRole = Callable[[str, str, str], None]
"""Takes an account, a role's name and the account that may assume it; makes the role unless it is there."""


class Accounts:
    """The operations on accounts. `make_role` is what AWS does inside a new account."""

    def __init__(self, office: Office, make_role: MakeRole) -> None:
        self._office = office
        self._store = office.store
        self._make_role = make_role

    def operations(self) -> dict[str, Operation]:
        return {
            "CreateAccount": self.create,
            "DescribeCreateAccountStatus": self.describe_creation,
            "ListCreateAccountStatus": self.list_creations,
            "DescribeAccount": self.describe,
            "ListAccounts": self.list_all,
            "MoveAccount": self.move,
            "CloseAccount": self.close,
            "RemoveAccountFromOrganization": self.remove,
            "LeaveOrganization": self.leave,
        }

    def create(self, caller: Caller, request: Json) -> Json:
        """Begin to create an account. As on AWS the answer is IN_PROGRESS, and failures are in the status only."""
        organization = self._office.manager(caller)
        creation = Creation(
            self._office.identifier("car", 32),
            organization.id,
            request["AccountName"],
            request["Email"],
            request.get("RoleName", DEFAULT_ROLE),
            "",
            self._office.clock.now(),
            tags=given_tags(request),
        )
        with self._store.changing():
            if self._is_full(organization):
                message = "You've exceeded the number of accounts you can have in an organization."
                raise constraint("ACCOUNT_NUMBER_LIMIT_EXCEEDED", message)
            begun = self._begin(organization, creation)
            self._store.put(begun)
        self._finish(begun)
        return {"CreateAccountStatus": _status(replace(begun, state="IN_PROGRESS", account="", failure=""))}

    def recover(self) -> None:
        """Finish in the background what a killed daemon had begun: its accounts are there, their role may not be."""
        begun = [creation for creation in self._store.all(Creation) if creation.state == "IN_PROGRESS"]
        if begun:
            threading.Thread(target=self._finish_all, args=(begun,), name="account creations", daemon=True).start()

    def describe_creation(self, caller: Caller, request: Json) -> Json:
        organization = self._office.reader(caller)
        identifier = request["CreateAccountRequestId"]
        found = self._store.find(Creation, identifier)
        if found is None or found.organization != organization.id:
            message = f"We can't find an create account request with the CreateAccountRequestId {identifier}."
            raise AwsError("CreateAccountStatusNotFoundException", message)
        return {"CreateAccountStatus": _status(found)}

    def list_creations(self, caller: Caller, request: Json) -> Json:
        organization = self._office.reader(caller)
        states = request.get("States") or ["IN_PROGRESS", "SUCCEEDED", "FAILED"]
        found = [one for one in self._store.all(Creation, organization.id) if one.state in states]
        return page([_status(one) for one in found], request, "CreateAccountStatuses")

    def describe(self, caller: Caller, request: Json) -> Json:
        organization = self._office.reader(caller)
        return {"Account": shown_account(organization, self._office.account(organization, request["AccountId"]))}

    def list_all(self, caller: Caller, request: Json) -> Json:
        organization = self._office.reader(caller)
        accounts = self._store.all(Account, organization.id)
        return page([shown_account(organization, account) for account in accounts], request, "Accounts")

    def move(self, caller: Caller, request: Json) -> Json:
        organization = self._office.manager(caller)
        with self._store.changing():
            account = self._office.account(organization, request["AccountId"])
            self._office.unit(organization, request["SourceParentId"], "SourceParentNotFoundException")
            target = self._office.unit(
                organization, request["DestinationParentId"], "DestinationParentNotFoundException"
            )
            if account.parent != request["SourceParentId"]:
                message = f"Account {account.id} is not in {request['SourceParentId']}, it is in {account.parent}."
                raise AwsError("SourceParentNotFoundException", message)
            if account.parent == target.id:
                raise AwsError("DuplicateAccountException", f"Account {account.id} is already in {target.id}.")
            self._store.put(replace(account, parent=target.id))
        return {}

    def close(self, caller: Caller, request: Json) -> Json:
        organization = self._office.manager(caller)
        now = self._office.clock.now()
        with self._store.changing():
            account = self._office.account(organization, request["AccountId"])
            if account.id == organization.management_account:
                raise constraint("CANNOT_CLOSE_MANAGEMENT_ACCOUNT", "You cannot close the management account.")
            if account.id in organization.delegated:
                raise constraint(
                    "CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG", f"{account.id} is a delegated administrator."
                )
            if account.status != "ACTIVE":
                raise AwsError("AccountAlreadyClosedException", f"Account {account.id} is already closed.")
            accounts = self._store.all(Account, organization.id)
            recent = sum(one.status == "SUSPENDED" and one.closed > now - _MONTH for one in accounts)
            if recent >= max(_CLOSED_AT_LEAST, len(accounts) // 10):
                message = "You have exceeded close account quota for the past 30 days."
                raise constraint("CLOSE_ACCOUNT_QUOTA_EXCEEDED", message)
            self._store.put(replace(account, status="SUSPENDED", closed=now))
        return {}

    def remove(self, caller: Caller, request: Json) -> Json:
        organization = self._office.manager(caller)
        with self._store.changing():
            self._let_go(organization, self._office.account(organization, request["AccountId"]))
        return {}

    def leave(self, caller: Caller, request: Json) -> Json:  # noqa: ARG002 - it has no parameters
        organization, account = self._office.member(caller)
        with self._store.changing():
            self._let_go(organization, account)
        return {}

    def _let_go(self, organization: Organization, account: Account) -> None:
        if account.id == organization.management_account:
            message = "You can't remove a management account from an organization."
            raise AwsError("MasterCannotLeaveOrganizationException", message)
        if account.status != "ACTIVE":
            raise denied()
        if account.id in organization.delegated:
            reason = "CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG"
            raise constraint(reason, f"{account.id} is a delegated administrator; deregister it first.")
        detach_all(self._office, organization, account.id)
        self._store.remove(account)

    def _is_full(self, organization: Organization) -> bool:
        active = [one for one in self._store.all(Account, organization.id) if one.status == "ACTIVE"]
        return len(active) >= self._office.quotas().accounts

    def _begin(self, organization: Organization, creation: Creation) -> Creation:
        """The account is there at once, in the root; or the request has failed."""
        if any(one.email.lower() == creation.email.lower() for one in self._store.all(Account)):
            return self._failed(creation, "EMAIL_ALREADY_EXISTS")
        identifier = self._new_account_id()
        now = self._office.clock.now()
        account = Account(identifier, organization.id, organization.root, creation.account_name, creation.email, now)
        self._store.put(account)
        if organization.policy_types:
            attach_full_access(self._office, organization, account.id)
        self._office.set_tags(organization, account.id, creation.tags)
        return replace(creation, account=account.id)

    def _finish_all(self, creations: list[Creation]) -> None:
        for creation in creations:
            self._finish(creation)

    def _finish(self, creation: Creation) -> None:
        if creation.state != "IN_PROGRESS":
            return
        organization = self._store.find(Organization, creation.organization)
        if organization is None:
            return
        self._make_role(creation.account, creation.role, organization.management_account)
        with self._store.changing():
            self._store.put(replace(creation, state="SUCCEEDED", completed=self._office.clock.now()))

    def _failed(self, creation: Creation, reason: str) -> Creation:
        return replace(creation, state="FAILED", failure=reason, completed=self._office.clock.now())

    def _new_account_id(self) -> str:
        """Twelve digits that no account here has; the first is not 0, which spreadsheets lose."""
        while True:
            digest = hashlib.sha256(self._office.random(32).encode()).digest()
            identifier = str(int.from_bytes(digest, "big") % (9 * 10**11) + 10**11)
            if self._store.find(Account, identifier) is None:
                return identifier


def detach_all(office: Office, organization: Organization, target: str) -> None:
    """Take every policy from an account that leaves."""
    for policy in office.store.all(Policy, organization.id):
        if target in policy.targets:
            office.store.put(replace(policy, targets=tuple(one for one in policy.targets if one != target)))


def _status(creation: Creation) -> Json:
    shown: Json = {
        "Id": creation.id,
        "AccountName": creation.account_name,
        "State": creation.state,
        "RequestedTimestamp": creation.requested,
    }
    if creation.state != "IN_PROGRESS":
        shown["CompletedTimestamp"] = creation.completed
    if creation.account:
        shown["AccountId"] = creation.account
    if creation.failure:
        shown["FailureReason"] = creation.failure
    return shown
