"""Who may see and launch what: own and shared portfolios, and the principals associated with them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from headgate.localcloud.documents import Key
from headgate.localcloud.seams import Caller, Json
from headgate.localcloud.servicecatalog.records import IMPORT, PORTFOLIO, PRINCIPALS, PRODUCT, Shelf, not_found

Way = Callable[[str], tuple[str, ...]]
"""The ids of an account's organization, root and OUs, from the top down; none for an account without one."""

RoleArn = Callable[[str, str], str]
"""The ARN, with its path, of an account's role by name; empty if there is none."""

_SESSION = re.compile(r"arn:aws:sts::(\d{12}):assumed-role/([^/]+)/")


@dataclass(frozen=True, slots=True)
class LaunchPath:
    """A portfolio by which a principal may launch a product. `owner` is the portfolio's account and region."""

    id: str
    name: str
    portfolio: str
    owner: Caller
    tags: tuple[Json, ...]


class Access:
    """Answers from the documents. `way` tells where an account stands in its organization."""

    def __init__(self, shelf: Shelf, way: Way, role_arn: RoleArn) -> None:
        self._shelf = shelf
        self._way = way
        self._role_arn = role_arn

    def portfolio(self, caller: Caller, name: str) -> tuple[Key, Json]:
        """A portfolio of the account, or one that is shared with it. Raises AwsError (ResourceNotFoundException)."""
        found = self._shelf.anywhere(caller.region, PORTFOLIO, name)
        if found is None or not (found[0].account == caller.account or self.offered(caller, found[1])):
            raise not_found(f"Portfolio {name} not found in account {caller.account}")
        return found

    def offered(self, caller: Caller, portfolio: Json) -> bool:
        """Whether a portfolio of another account is shared with the caller's, accepted or not."""
        return any(self._covers(share, caller.account) for share in portfolio["Shares"])

    def shared(self, caller: Caller, kind: str) -> list[Json]:
        """Portfolios that the account uses because they are shared: IMPORTED ones, or AWS_ORGANIZATIONS."""
        found = [body for key, body in self._all(caller) if key.account != caller.account]
        if kind == "IMPORTED":
            return [body for body in found if self._imported(caller, body)]
        return [body for body in found if self._by_organization(caller, body)]

    def paths(self, caller: Caller, product: str) -> tuple[LaunchPath, ...]:
        """The ways in which the caller may launch a product; none if nobody lets it."""
        found = []
        for key, body in self._all(caller):
            if product in body["Products"] and self._usable(caller, key, body) and self._allows(caller, key, body):
                owner = Caller(key.account, key.region)
                name = f"lpv3-{key.name.removeprefix('port-')}"
                found.append(LaunchPath(name, body["DisplayName"], key.name, owner, tuple(body["Tags"])))
        return tuple(found)

    def products(self, caller: Caller) -> list[tuple[Key, Json]]:
        """Products that the caller may launch."""
        every = self._shelf.documents.list(PRODUCT, region=caller.region)
        return [(key, body) for key, body in every if self.paths(caller, key.name)]

    def _all(self, caller: Caller) -> list[tuple[Key, Json]]:
        return self._shelf.documents.list(PORTFOLIO, region=caller.region)

    def _usable(self, caller: Caller, key: Key, body: Json) -> bool:
        return key.account == caller.account or self._imported(caller, body) or self._by_organization(caller, body)

    def _imported(self, caller: Caller, body: Json) -> bool:
        """Whether the account has accepted a share that still holds."""
        kept = self._shelf.documents.find(Key(caller.account, caller.region, IMPORT, body["Id"]))
        return kept is not None and self.offered(caller, body)

    def _by_organization(self, caller: Caller, body: Json) -> bool:
        """Whether the account has the portfolio by its organization, where nobody needs to accept."""
        return any(share["Type"] != "ACCOUNT" and self._covers(share, caller.account) for share in body["Shares"])

    def _covers(self, share: Json, account: str) -> bool:
        return share["PrincipalId"] in (account, *self._way(account))

    def _allows(self, caller: Caller, key: Key, body: Json) -> bool:
        """Whether the caller's principal is associated with the portfolio, in its account or with the share."""
        arn = self._principal(caller)
        own = self._principals(Key(caller.account, caller.region, PRINCIPALS, key.name))
        if any(_matches(arn, caller.account, entry) for entry in own):
            return True
        names = [share for share in body["Shares"] if share["SharePrincipals"] and self._covers(share, caller.account)]
        owners = self._principals(Key(key.account, key.region, PRINCIPALS, key.name)) if names else []
        return any(entry["PrincipalType"] == "IAM_PATTERN" and _matches(arn, caller.account, entry) for entry in owners)

    def _principal(self, caller: Caller) -> str:
        """The ARN by which associations know the caller: the role's own, with its path, for a session."""
        session = _SESSION.match(caller.principal)
        if session is None:
            return caller.principal
        account, name = session.groups()
        return self._role_arn(account, name) or f"arn:aws:iam::{account}:role/{name}"

    def _principals(self, key: Key) -> list[Json]:
        return list((self._shelf.documents.find(key) or {"principals": []})["principals"])


def _matches(arn: str, account: str, entry: Json) -> bool:
    """Whether a principal association means a principal; a pattern is of any account, and leaves its number out."""
    if entry["PrincipalType"] == "IAM":
        return bool(entry["PrincipalARN"] == arn)
    return fnmatchcase(arn.replace(f"::{account}:", ":::", 1), entry["PrincipalARN"])
