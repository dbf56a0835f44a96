"""What organization.yaml says, as frozen values."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

ENVIRONMENTS = ("experimentation", "dev", "preprod", "prod")
"""From the freest to the strictest; also the order in which a model passes them."""

DURABLE = ("governance", "tooling", "data-lake")
APPROVED_ENVIRONMENTS = ("preprod", "prod")
_UNITS = {"experimentation": "Experimentation", "dev": "Dev", "preprod": "Preprod", "prod": "Prod"}


@dataclass(frozen=True, slots=True)
class DurableAccount:
    """An account that outlives every team. Without an id it is created, with `email` as its root user's address."""

    name: str
    email: str | None = None
    account_id: str | None = None


@dataclass(frozen=True, slots=True)
class DataSet:
    """A data set of the data lake: its objects are under `prefix` in the data lake's bucket."""

    name: str
    description: str = ""

    @property
    def prefix(self) -> str:
        return f"{self.name}/"


@dataclass(frozen=True, slots=True)
class Guardrails:
    """What service control policies hold every account to. `instance_types` may hold `*`.

    `network_isolation`: containers of jobs and models have no network in environments without internet.
    """

    regions: tuple[str, ...]
    instance_types: tuple[str, ...]
    network_isolation: bool = False


@dataclass(frozen=True, slots=True)
class Retention:
    """Days that logs and the objects of feature branches are kept. Of a team, None: as the organization says."""

    logs: int | None
    feature_branches: int | None


@dataclass(frozen=True, slots=True)
class CreatedVpc:
    """A VPC that Headgate creates."""

    cidr: str


@dataclass(frozen=True, slots=True)
class BroughtVpc:
    """A VPC that is there already, with the private subnets and security groups that jobs are to use."""

    vpc_id: str
    subnet_ids: tuple[str, ...]
    security_group_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AccountDeclaration:
    """One account of a team. `environments` go from the freest to the strictest. With an id it is adopted.

    `endpoint_zones` is in how many Availability Zones interface endpoints stand.
    """

    name: str
    environments: tuple[str, ...]
    email: str
    vpc: CreatedVpc | BroughtVpc
    account_id: str | None = None
    endpoint_zones: int = 2

    @property
    def strictest(self) -> str:
        """The environment whose guardrails the whole account is under."""
        return self.environments[-1]

    @property
    def unit(self) -> str:
        """The organizational unit that it stands in, below `Headgate/Teams`."""
        return _UNITS[self.strictest]

    @property
    def has_internet(self) -> bool:
        """Only an account of nothing but experiments is connected to the internet."""
        return self.environments == ("experimentation",)


@dataclass(frozen=True, slots=True)
class Team:
    """A team and its accounts. `budget_usd` is US dollars a month for each account."""

    name: str
    owners: tuple[str, ...]
    approvers: Mapping[str, tuple[str, ...]]
    cost_centre: str
    budget_usd: float
    region: str
    data_sets: tuple[str, ...]
    accounts: Mapping[str, AccountDeclaration]
    retention: Retention = Retention(None, None)

    def account_of(self, environment: str) -> AccountDeclaration | None:
        """The account that an environment is in, None when the team does not have that environment."""
        return next((each for each in self.accounts.values() if environment in each.environments), None)

    @property
    def environments(self) -> tuple[str, ...]:
        """The team's environments, from the freest to the strictest."""
        return tuple(name for name in ENVIRONMENTS if self.account_of(name))


@dataclass(frozen=True)
class Organization:
    """A valid organization.yaml, defaults filled in."""

    name: str
    region: str
    email_pattern: str
    durable: Mapping[str, DurableAccount]
    guardrails: Guardrails
    data_sets: Mapping[str, DataSet]
    teams: Mapping[str, Team]
    identity_account_id: str
    retention: Retention
    close_retired_accounts: bool = False
    file: Path | None = field(default=None, compare=False)

    @property
    def regions(self) -> tuple[str, ...]:
        """The Regions in which anything may run."""
        return self.guardrails.regions

    @property
    def governance_account_id(self) -> str:
        """The management account's id, the one that is always declared."""
        return self.durable["governance"].account_id or ""

    def accounts(self) -> Iterator[tuple[Team, AccountDeclaration]]:
        """Every account of every team."""
        for team in self.teams.values():
            for account in team.accounts.values():
                yield team, account

    def as_json(self) -> dict[str, Any]:
        """The declaration as plain JSON: what vending reads. Where the file stood is left out."""
        return {
            "name": self.name,
            "region": self.region,
            "identity_account_id": self.identity_account_id,
            "retention": asdict(self.retention),
            "close_retired_accounts": self.close_retired_accounts,
            "durable": {name: asdict(account) for name, account in self.durable.items()},
            "guardrails": _lists(asdict(self.guardrails)),
            "data_sets": {name: {**asdict(each), "prefix": each.prefix} for name, each in self.data_sets.items()},
            "teams": {name: _team_json(team) for name, team in self.teams.items()},
        }

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the declaration: the same whatever order or comments the file has."""
        return hashlib.sha256(json.dumps(self.as_json(), sort_keys=True).encode()).hexdigest()


def _team_json(team: Team) -> dict[str, Any]:
    accounts = {
        name: {
            **_lists(asdict(account)),
            "unit": account.unit,
            "has_internet": account.has_internet,
        }
        for name, account in team.accounts.items()
    }
    return {**_lists(asdict(team)), "accounts": accounts}


def _lists(value: Any) -> Any:
    """The value with its tuples as lists, as it is when it comes back from JSON."""
    if isinstance(value, Mapping):
        return {name: _lists(each) for name, each in value.items()}
    return [_lists(each) for each in value] if isinstance(value, (list, tuple)) else value
