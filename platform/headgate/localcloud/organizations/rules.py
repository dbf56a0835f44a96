"""What every operation of Organizations asks first, and the words of its errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from headgate.localcloud.errors import AwsError
from headgate.localcloud.organizations.model import Account, Organization, Tags, Unit
from headgate.localcloud.organizations.store import OrganizationStore
from headgate.localcloud.paging import cut_page
from headgate.localcloud.seams import Caller, Clock, Json

_PAGE = 20
_MOST_TAGS = 50


@dataclass(frozen=True, slots=True)
class Quotas:
    """AWS's limits. `accounts` is the one that differs from organization to organization (10 for a new one on AWS)."""

    accounts: int = 500
    units: int = 2000
    depth: int = 5
    policies: int = 2000
    policies_per_target: int = 5
    policy_characters: int = 5120


@dataclass(frozen=True, slots=True)
class Office:
    """What the operations share: the store, the time, chance and the limits."""

    store: OrganizationStore
    clock: Clock
    random: Callable[[int], str]
    quotas: Callable[[], Quotas]

    def identifier(self, prefix: str, length: int) -> str:
        """A new id of lower-case letters and digits."""
        return f"{prefix}-{self.random(length).lower()}"

    def member(self, caller: Caller) -> tuple[Organization, Account]:
        """The caller's organization. Raises AwsError (AWSOrganizationsNotInUseException)."""
        found = self.store.of_account(caller.account)
        if found is None:
            raise AwsError("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")
        return found

    def manager(self, caller: Caller) -> Organization:
        """The organization whose management account calls. Raises AwsError (AccessDeniedException)."""
        organization, _ = self.member(caller)
        if caller.account != organization.management_account:
            raise denied()
        return organization

    def reader(self, caller: Caller) -> Organization:
        """The organization, for its management account and its delegated administrators. Raises AwsError."""
        organization, _ = self.member(caller)
        if caller.account != organization.management_account and caller.account not in organization.delegated:
            raise denied()
        return organization

    def unit(self, organization: Organization, identifier: str, error: str) -> Unit:
        """A root or unit. Raises AwsError with the code that is given."""
        found = self.store.find(Unit, identifier)
        if found is None or found.organization != organization.id:
            raise AwsError(error, f"You specified a root or organizational unit that doesn't exist: {identifier}")
        return found

    def account(self, organization: Organization, identifier: str) -> Account:
        """A member. Raises AwsError (AccountNotFoundException)."""
        found = self.store.find(Account, identifier)
        if found is None or found.organization != organization.id:
            raise AwsError("AccountNotFoundException", f"You specified an account that doesn't exist: {identifier}")
        return found

    def target(self, organization: Organization, identifier: str) -> Unit | Account:
        """A root, unit or account. Raises AwsError (TargetNotFoundException)."""
        found = self.store.targets(organization.id, identifier)
        if found is None:
            raise AwsError("TargetNotFoundException", f"You specified a target that doesn't exist: {identifier}")
        return found

    def set_tags(self, organization: Organization, identifier: str, tags: Mapping[str, str]) -> None:
        """Replace the tags of a resource. Raises AwsError (ConstraintViolationException)."""
        if len(tags) > _MOST_TAGS:
            raise constraint("TAG_POLICY_VIOLATION", f"a resource can have {_MOST_TAGS} tags, not {len(tags)}")
        if tags or self.store.tags(identifier):
            self.store.put(Tags(identifier, organization.id, dict(tags)))


def target_arn(organization: Organization, row: Unit | Account) -> str:
    """The ARN of a root, unit or account."""
    if isinstance(row, Account):
        return organization.arn(f"account/{organization.id}/{row.id}")
    kind = "ou" if row.parent else "root"
    return organization.arn(f"{kind}/{organization.id}/{row.id}")


def target_type(row: Unit | Account) -> str:
    if isinstance(row, Account):
        return "ACCOUNT"
    return "ORGANIZATIONAL_UNIT" if row.parent else "ROOT"


def given_tags(request: Json) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in request.get("Tags", [])}


def page(items: Sequence[Json], request: Json, name: str) -> Json:
    """One page of an answer's list. Raises AwsError (InvalidInputException) for a foreign token."""
    size = int(request.get("MaxResults", _PAGE))
    try:
        cut, token = cut_page(items, request.get("NextToken"), size)
    except ValueError as error:
        raise invalid("INVALID_NEXT_TOKEN", "You specified an invalid value for NextToken.") from error
    return {name: list(cut), **({"NextToken": token} if token else {})}


def denied() -> AwsError:
    return AwsError("AccessDeniedException", "You don't have permissions to access this resource.")


def constraint(reason: str, message: str) -> AwsError:
    return AwsError("ConstraintViolationException", message, members={"Reason": reason})


def invalid(reason: str, message: str) -> AwsError:
    return AwsError("InvalidInputException", message, members={"Reason": reason})
