# ruff: noqa: N803 - parameters are called what AWS calls them
"""Organizations in memory: creation that takes time, one account per address, moves that name their source, quotas."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from headgate.control.errors import CallFailed

ROOT = "r-root"
UNITS = {
    "ou-headgate": ROOT,
    "ou-durable": "ou-headgate",
    "ou-teams": "ou-headgate",
    "ou-quarantine": "ou-headgate",
    "ou-retired": "ou-headgate",
    "ou-experimentation": "ou-teams",
    "ou-dev": "ou-teams",
    "ou-preprod": "ou-teams",
    "ou-prod": "ou-teams",
}
CREATION = timedelta(seconds=4)


@dataclass
class Account:
    account_id: str
    email: str
    name: str
    parent: str
    tags: dict[str, str] = field(default_factory=dict)
    status: str = "ACTIVE"


@dataclass
class Request:
    request_id: str
    name: str
    ready: datetime
    account: Account
    failure: str = ""


class Organizations:
    """`taken` are addresses of accounts elsewhere, `quota` is how many accounts there may be, `moved` is told of moves.

    `accepting` are accounts elsewhere by id, with their addresses, that accept an invitation after a while.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now
        self.moved: Callable[[str, str, str], None] = lambda *_: None
        self.accounts: dict[str, Account] = {}
        self.requests: dict[str, Request] = {}
        self.handshakes: dict[str, dict[str, Any]] = {}
        self.policies = {"ou-teams": ["p-guardrails"], "ou-quarantine": ["p-denyall"]}
        self.policies |= {f"ou-{name}": ["p-private"] for name in ("dev", "preprod", "prod")}
        self.taken: set[str] = set()
        self.accepting: dict[str, str] = {}
        self.quota = 50
        self.closures = 10

    def add(self, account_id: str, email: str, parent: str = ROOT, **tags: str) -> Account:
        account = Account(account_id, email, email, parent, tags)
        self.accounts[account_id] = account
        return account

    def inside(self, account_id: str, unit: str) -> bool:
        """Whether an account stands in a unit or anywhere below it."""
        place = self.accounts[account_id].parent
        while place != unit and place in UNITS:
            place = UNITS[place]
        return place == unit

    def _settle(self) -> None:
        for request in self.requests.values():
            if not request.failure and request.ready <= self.now():
                self.accounts.setdefault(request.account.account_id, request.account)
        for handshake in self.handshakes.values():
            account_id = handshake["Parties"][0]["Id"]
            late = handshake["RequestedTimestamp"] + CREATION <= self.now()
            if late and handshake["State"] == "OPEN" and account_id in self.accepting:
                handshake["State"] = "ACCEPTED"
                self.add(account_id, self.accepting[account_id])

    def _status(self, request: Request) -> dict[str, Any]:
        made = request.account.account_id in self.accounts
        state = "FAILED" if request.failure else "SUCCEEDED" if made else "IN_PROGRESS"
        status = {"Id": request.request_id, "State": state, "AccountName": request.name}
        return status | (
            {"FailureReason": request.failure}
            if request.failure
            else {"AccountId": request.account.account_id}
            if made
            else {}
        )

    def create_account(
        self, *, Email: str, AccountName: str, RoleName: str, IamUserAccessToBilling: str, Tags: list[dict[str, str]]
    ) -> dict[str, Any]:
        self._settle()
        pending = [each.account for each in self.requests.values() if not each.failure]
        if len(self.accounts) >= self.quota:
            raise CallFailed(
                "organizations",
                "create_account",
                "ConstraintViolationException",
                "You have exceeded the allowed number of AWS accounts.",
                why="ACCOUNT_NUMBER_LIMIT_EXCEEDED",
            )
        used = {each.email for each in (*self.accounts.values(), *pending)} | self.taken
        number = f"car-{len(self.requests):08d}"
        account = Account(f"{200000000000 + len(self.requests)}", Email, AccountName, ROOT, _tags(Tags))
        failure = "EMAIL_ALREADY_EXISTS" if Email in used else ""
        self.requests[number] = Request(number, AccountName, self.now() + CREATION, account, failure)
        return {"CreateAccountStatus": self._status(self.requests[number])}

    def describe_create_account_status(self, *, CreateAccountRequestId: str) -> dict[str, Any]:
        self._settle()
        return {"CreateAccountStatus": self._status(self.requests[CreateAccountRequestId])}

    def list_create_account_status(self, *, States: list[str], NextToken: str = "") -> dict[str, Any]:
        self._settle()
        found = [self._status(each) for each in self.requests.values()]
        return _page("CreateAccountStatuses", [each for each in found if each["State"] in States], NextToken)

    def list_accounts(self, *, NextToken: str = "") -> dict[str, Any]:
        self._settle()
        found = [{"Id": each.account_id, "Email": each.email} for each in self.accounts.values()]
        return _page("Accounts", found, NextToken)

    def describe_account(self, *, AccountId: str) -> dict[str, Any]:
        self._settle()
        account = self._account(AccountId)
        return {"Account": {"Id": AccountId, "Email": account.email, "Name": account.name, "Status": account.status}}

    def list_tags_for_resource(self, *, ResourceId: str) -> dict[str, Any]:
        return {"Tags": [{"Key": key, "Value": value} for key, value in self._account(ResourceId).tags.items()]}

    def tag_resource(self, *, ResourceId: str, Tags: list[dict[str, str]]) -> dict[str, Any]:
        self._account(ResourceId).tags.update(_tags(Tags))
        return {}

    def list_parents(self, *, ChildId: str) -> dict[str, Any]:
        parent = UNITS[ChildId] if ChildId in UNITS else self._account(ChildId).parent
        return {"Parents": [{"Id": parent, "Type": "ROOT" if parent == ROOT else "ORGANIZATIONAL_UNIT"}]}

    def list_policies_for_target(self, *, TargetId: str, Filter: str) -> dict[str, Any]:
        assert Filter == "SERVICE_CONTROL_POLICY"
        return {"Policies": [{"Id": each} for each in ("p-FullAWSAccess", *self.policies.get(TargetId, ()))]}

    def move_account(self, *, AccountId: str, SourceParentId: str, DestinationParentId: str) -> dict[str, Any]:
        account = self._account(AccountId)
        if account.parent == DestinationParentId:
            raise CallFailed("organizations", "move_account", "DuplicateAccountException", "it is there already")
        if account.parent != SourceParentId:
            raise CallFailed("organizations", "move_account", "SourceParentNotFoundException", "it is not there")
        account.parent = DestinationParentId
        self.moved(AccountId, SourceParentId, DestinationParentId)
        return {}

    def close_account(self, *, AccountId: str) -> dict[str, Any]:
        account = self._account(AccountId)
        if account.status != "ACTIVE":
            raise CallFailed("organizations", "close_account", "AccountAlreadyClosedException", "it is closed")
        if not self.closures:
            message = "CLOSE_ACCOUNT_QUOTA_EXCEEDED: ten per cent of the accounts in thirty days"
            raise CallFailed("organizations", "close_account", "ConstraintViolationException", message)
        self.closures -= 1
        account.status = "PENDING_CLOSURE"
        return {}

    def invite_account_to_organization(
        self, *, Target: Mapping[str, str], Notes: str, Tags: list[dict[str, str]]
    ) -> dict[str, Any]:
        number = f"h-{len(self.handshakes):08d}"
        self.handshakes[number] = {
            "Id": number,
            "State": "OPEN",
            "Parties": [dict(Target), {"Id": "o-example", "Type": "ORGANIZATION"}],
            "RequestedTimestamp": self.now(),
        }
        return {"Handshake": self.handshakes[number]}

    def list_handshakes_for_organization(self, *, Filter: Mapping[str, str]) -> dict[str, Any]:
        assert Filter == {"ActionType": "INVITE"}
        return {"Handshakes": list(self.handshakes.values())}

    def _account(self, account_id: str) -> Account:
        if account_id not in self.accounts:
            raise CallFailed("organizations", "describe_account", "AccountNotFoundException", "no such account")
        return self.accounts[account_id]


def _tags(tags: list[dict[str, str]]) -> dict[str, str]:
    return {each["Key"]: each["Value"] for each in tags}


def _page(key: str, found: list[dict[str, Any]], token: str, size: int = 3) -> dict[str, Any]:
    start = int(token or 0)
    more = {"NextToken": str(start + size)} if start + size < len(found) else {}
    return {key: found[start : start + size], **more}
