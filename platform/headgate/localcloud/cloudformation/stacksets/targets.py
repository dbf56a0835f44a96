"""Which accounts an operation is for, and in which order and how many at a time. Pure decisions.

Source: AWS CloudFormation user guide, 'StackSets concepts' and 'DeploymentTargets'.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from headgate.localcloud.cloudformation.stacksets.model import SERVICE_MANAGED, Instance, StackSet, Step
from headgate.localcloud.errors import AwsError, unsupported
from headgate.localcloud.seams import Json

_FILTERS = ("NONE", "INTERSECTION", "DIFFERENCE", "UNION")


class OrganizationView(Protocol):
    """What StackSets need to know of the organization that an account manages."""

    def manages(self, account: str) -> bool:
        """Whether the account is an organization's management account that trusts StackSets."""
        ...

    def has(self, account: str, unit: str) -> bool:
        """Whether the organization that the account manages has this root or organizational unit."""
        ...

    def accounts_below(self, unit: str) -> tuple[str, ...]:
        """Active members in a root or unit and in those below it, without the management account."""
        ...

    def way(self, account: str) -> tuple[str, ...]:
        """The ids of the root and the units above an account; nothing when it is in no organization."""
        ...

    def manager(self, account: str) -> str:
        """The management account of the account's organization, or nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Wish:
    """Deployment targets of a request, checked."""

    units: tuple[str, ...]
    accounts: tuple[str, ...]
    filter: str


def read_wish(stack_set: StackSet, request: Json, organization: OrganizationView) -> Wish:
    """The accounts that a request names. Raises AwsError (ValidationError)."""
    targets = request.get("DeploymentTargets") or {}
    if targets.get("AccountsUrl"):
        raise unsupported("AccountsUrl of deployment targets")
    accounts = tuple(dict.fromkeys([*request.get("Accounts", ()), *targets.get("Accounts", ())]))
    units = tuple(dict.fromkeys(targets.get("OrganizationalUnitIds", ())))
    kind = targets.get("AccountFilterType", "NONE")
    if stack_set.permission_model != SERVICE_MANAGED:
        if units or kind != "NONE" or not accounts:
            raise AwsError("ValidationError", "StackSets with SELF_MANAGED permissions take accounts, and no OUs")
        return Wish((), accounts, "NONE")
    if request.get("Accounts") or not units:
        raise AwsError(
            "ValidationError",
            "StackSets with SERVICE_MANAGED permissions take OrganizationalUnitIds in DeploymentTargets, and accounts "
            "only there, to filter",
        )
    if kind not in _FILTERS or (kind == "NONE") != (not accounts):
        raise AwsError("ValidationError", "AccountFilterType INTERSECTION, DIFFERENCE or UNION goes with Accounts")
    for unit in units:
        if not organization.has(stack_set.account, unit):
            raise AwsError("ValidationError", f"Organizational unit {unit} is not one of the organization's")
    return Wish(units, accounts, kind)


def accounts_of(wish: Wish, organization: OrganizationView) -> list[tuple[str, str]]:
    """Accounts with the OU that they are deployed for; none for accounts named by themselves."""
    if not wish.units:
        return [(account, "") for account in wish.accounts]
    found: dict[str, str] = {}
    for unit in wish.units:
        for account in organization.accounts_below(unit):
            if _passes(wish, account):
                found.setdefault(account, unit)
    if wish.filter == "UNION":
        for account in wish.accounts:
            way = organization.way(account)
            if not way:
                raise AwsError("ValidationError", f"Account {account} is not in the organization")
            found.setdefault(account, way[-1])
    return list(found.items())


def _passes(wish: Wish, account: str) -> bool:
    if wish.filter == "INTERSECTION":
        return account in wish.accounts
    return wish.filter != "DIFFERENCE" or account not in wish.accounts


def steps_of(accounts: Iterable[tuple[str, str]], regions: Sequence[str]) -> list[Step]:
    """One step for each account in each region."""
    among = list(accounts)
    return [Step(account, region, unit) for region in regions for account, unit in among]


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast an operation may go in each region, and how much may fail there."""

    regions: tuple[str, ...]
    parallel_regions: bool
    concurrency: Mapping[str, int]
    tolerance: Mapping[str, int]


def pace(preferences: Json, steps: Sequence[Step]) -> Pace:
    """From operation preferences. Raises AwsError (ValidationError) for ones that contradict each other."""
    order = preferences.get("RegionOrder") or ()
    present = list(dict.fromkeys(step.region for step in steps))
    regions = [region for region in order if region in present]
    regions += [region for region in present if region not in regions]
    concurrency, tolerance = {}, {}
    for region in regions:
        count = sum(step.region == region for step in steps)
        tolerance[region] = _share(preferences, "FailureTolerance", count, 0)
        most = max(1, _share(preferences, "MaxConcurrent", count, 1))
        strict = preferences.get("ConcurrencyMode", "STRICT_FAILURE_TOLERANCE") == "STRICT_FAILURE_TOLERANCE"
        concurrency[region] = min(most, tolerance[region] + 1) if strict else most
    parallel = preferences.get("RegionConcurrencyType") == "PARALLEL"
    return Pace(tuple(regions), parallel, concurrency, tolerance)


def check_preferences(preferences: Json) -> None:
    """Raises AwsError (ValidationError) when a number is given both as a count and as a percentage."""
    for name in ("FailureTolerance", "MaxConcurrent"):
        if f"{name}Count" in preferences and f"{name}Percentage" in preferences:
            raise AwsError("ValidationError", f"{name}Count and {name}Percentage cannot both be given")


def _share(preferences: Json, name: str, count: int, default: int) -> int:
    if f"{name}Count" in preferences:
        return int(preferences[f"{name}Count"])
    if f"{name}Percentage" in preferences:
        return count * int(preferences[f"{name}Percentage"]) // 100
    return default


@dataclass(frozen=True, slots=True)
class Move:
    """What automatic deployment does when an account has come to stand somewhere else."""

    create: tuple[Step, ...]
    delete: tuple[Step, ...]
    keep: tuple[tuple[str, str], ...]
    """Regions whose instance stays, with the OU that it now belongs to."""


def on_move(stack_set: StackSet, account: str, way: Sequence[str], instances: Sequence[Instance]) -> Move:
    """Decide by the OUs that are now above an account. `instances` are those of the account in the StackSet."""
    wanted: dict[str, str] = {}
    for unit in reversed(way):
        target = stack_set.targets.get(unit)
        if target is not None and account not in target.get("except", ()):
            for region in target["regions"]:
                wanted.setdefault(region, unit)
    have = {instance.region: instance for instance in instances}
    create = tuple(Step(account, region, unit) for region, unit in wanted.items() if region not in have)
    leaving = [one for one in instances if one.region not in wanted and one.ou not in way]
    keep = tuple((region, unit) for region, unit in wanted.items() if region in have and have[region].ou != unit)
    return Move(create, tuple(Step(one.account, one.region, one.ou) for one in leaving), keep)
