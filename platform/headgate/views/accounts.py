"""The accounts of an organization as people look at them: what the catalog, Organizations and StackSets say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

CATALOG_TABLE = "headgate-catalog"
AUDIT_TABLE = "headgate-audit"
UNITS_FOLDER = "/headgate/organization/units"
MEMBER_STACK_SETS = (
    "headgate-guard",
    "headgate-account",
    *(f"headgate-environment-{name}" for name in ("experimentation", "dev", "preprod", "prod")),
)


_APART = {"quarantined": "Quarantine", "retired": "Retired"}
"""The units of accounts that do not stand in that of their environments, by state."""


@dataclass(frozen=True, slots=True)
class AccountView:
    """One account in the catalog. `state` is requested, provisioning, active, quarantined or retired.

    `unit` is the organizational unit that it stands in, in that state.
    """

    team: str
    name: str
    state: str
    account_id: str | None
    environments: tuple[str, ...]
    email: str
    unit: str
    region: str
    reason: str = ""
    updated_at: str = ""
    execution: str = ""
    declaration: str = ""
    adopted: bool = False
    parameters: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """How people are told of it."""
        return f"account {self.team}/{self.name}"

    @property
    def subject(self) -> str:
        """How the audit names it."""
        return f"account/{self.team}/{self.name}"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One change of an account: who made it, what it was and why."""

    at: str
    who: str
    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Member:
    """An account as AWS Organizations has it. `unit` is the name of the OU that it stands in, `-` for the root."""

    account_id: str
    email: str
    status: str
    unit: str


@dataclass(frozen=True, slots=True)
class StackInstance:
    """A stack of a StackSet in one account; `status` is CURRENT, OUTDATED or INOPERABLE."""

    stack_set: str
    account_id: str
    status: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class AttachedPolicy:
    """A service control policy of Headgate's, the ids of what it is attached to, and what it says, as JSON."""

    name: str
    policy_id: str
    targets: frozenset[str]
    content: str


def read_catalog(dynamodb: Any, team: str | None = None) -> tuple[AccountView, ...]:
    """The catalog's accounts, those of one team or all; none when there is no catalog yet."""
    found = (_plain(item) for item in _items(dynamodb, team))
    views = [_view(item) for item in found if not item["team"].startswith("#")]
    return tuple(sorted(views, key=lambda view: (view.team, view.name)))


def read_audit(dynamodb: Any, view: AccountView) -> tuple[AuditEntry, ...]:
    """Every change of an account, the oldest first."""
    pages = dynamodb.get_paginator("query").paginate(
        TableName=AUDIT_TABLE,
        KeyConditionExpression="subject = :subject",
        ExpressionAttributeValues={":subject": {"S": view.subject}},
    )
    entries = [_plain(item) for page in pages for item in page["Items"]]
    return tuple(
        AuditEntry(str(each["at#id"]).partition("#")[0], each["who"], each["what"], each.get("why") or "")
        for each in entries
    )


def read_units(ssm: Any) -> Mapping[str, str]:
    """The ids of Headgate's organizational units by their names in lower case; none before the first deployment."""
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path=UNITS_FOLDER)
    return {each["Name"].rsplit("/", 1)[1]: each["Value"] for page in pages for each in page["Parameters"]}


def read_members(organizations: Any, units: Mapping[str, str]) -> Mapping[str, Member]:
    """Every account of the organization by its id: one list, and one for each unit, however many accounts there are."""
    names = {
        account["Id"]: name
        for name, unit in units.items()
        for page in organizations.get_paginator("list_accounts_for_parent").paginate(ParentId=unit)
        for account in page["Accounts"]
    }
    pages = organizations.get_paginator("list_accounts").paginate()
    return {
        account["Id"]: Member(account["Id"], account["Email"], account["Status"], names.get(account["Id"], "-"))
        for page in pages
        for account in page["Accounts"]
    }


def read_policies(organizations: Any) -> Mapping[str, AttachedPolicy]:
    """Headgate's service control policies by name."""
    pages = organizations.get_paginator("list_policies").paginate(Filter="SERVICE_CONTROL_POLICY")
    found = [(each["Name"], each["Id"]) for page in pages for each in page["Policies"]]
    return {
        name: AttachedPolicy(name, identity, _targets(organizations, identity), _content(organizations, identity))
        for name, identity in found
        if name.startswith("headgate-")
    }


def _targets(organizations: Any, policy: str) -> frozenset[str]:
    pages = organizations.get_paginator("list_targets_for_policy").paginate(PolicyId=policy)
    return frozenset(each["TargetId"] for page in pages for each in page["Targets"])


def _content(organizations: Any, policy: str) -> str:
    return str(organizations.describe_policy(PolicyId=policy)["Policy"]["Content"])


def read_instances(cloudformation: Any, stack_sets: tuple[str, ...] = MEMBER_STACK_SETS) -> tuple[StackInstance, ...]:
    """Every instance of the members' StackSets; a StackSet that is not there has none."""
    return tuple(each for name in stack_sets for each in _instances(cloudformation, name))


def _instances(cloudformation: Any, name: str) -> Iterator[StackInstance]:
    from botocore.exceptions import ClientError

    try:
        for page in cloudformation.get_paginator("list_stack_instances").paginate(StackSetName=name):
            for each in page["Summaries"]:
                yield StackInstance(name, each["Account"], each["Status"], each.get("StatusReason", ""))
    except ClientError as error:
        if "NotFound" not in error.response["Error"]["Code"]:
            raise


def _items(dynamodb: Any, team: str | None) -> Iterator[Mapping[str, Any]]:
    from botocore.exceptions import ClientError

    if team is None:
        pages = dynamodb.get_paginator("scan").paginate(TableName=CATALOG_TABLE)
    else:
        pages = dynamodb.get_paginator("query").paginate(
            TableName=CATALOG_TABLE,
            KeyConditionExpression="team = :team",
            ExpressionAttributeValues={":team": {"S": team}},
        )
    try:
        for page in pages:
            yield from page["Items"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise


def _plain(item: Mapping[str, Any]) -> dict[str, Any]:
    from boto3.dynamodb.types import TypeDeserializer

    read = TypeDeserializer().deserialize
    return {name: read(value) for name, value in item.items()}


def _view(item: Mapping[str, Any]) -> AccountView:
    return AccountView(
        team=item["team"],
        name=item["account_name"],
        state=item["state"],
        account_id=item.get("account_id") or None,
        environments=tuple(item.get("environments") or ()),
        email=item.get("email") or "",
        unit=_APART.get(item["state"]) or str(item.get("ou") or item.get("unit") or ""),
        region=item.get("region") or "",
        reason=item.get("reason") or "",
        updated_at=item.get("updated_at") or "",
        execution=item.get("execution") or "",
        declaration=item.get("declaration") or "",
        adopted=bool(item.get("adopted")),
        parameters=item.get("parameters") or {},
    )
