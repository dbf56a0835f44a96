"""An organization with every policy of the permission model in it, for IAM's evaluator to decide requests in.

Two teams: `churn` has an account for each environment, `pricing` has experimentation and dev in one account and preprod
and prod in another. `gone-dev` is an account of a third team, in quarantine. Who asks is written
`<role>@<account>`, `<role>@<account> for <team>` where sessions carry a team, `root@<account>`,
`<persona> of <team>@identity` for people, and `<service>.amazonaws.com@<account>`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from headgate.infra.permissions import resource_policies, resources, sharing
from headgate.infra.permissions.boundary import boundary
from headgate.infra.permissions.document import Document, Purpose, Statement, render
from headgate.infra.permissions.guardrails import guardrails
from headgate.infra.permissions.model import roles_of
from headgate.infra.permissions.perimeter import GATEWAYS, INTERFACES, endpoint_policy
from headgate.infra.permissions.places import Kind
from headgate.localcloud.authorization.networks import endpoint_service
from headgate.localcloud.identity import directory, principals
from headgate.localcloud.seams import Caller

REGION = "eu-central-1"
ORGANIZATION = "o-abcdef1234"
IDS = {
    "governance": "100000000001",
    "tooling": "100000000002",
    "data-lake": "100000000003",
    "identity": "100000000004",
    "churn-lab": "200000000001",
    "churn-dev": "200000000002",
    "churn-preprod": "200000000003",
    "churn-prod": "200000000004",
    "pricing-nonprod": "300000000001",
    "pricing-live": "300000000002",
    "gone-dev": "400000000001",
    "stranger": "999999999999",
}
ENVIRONMENTS = {
    "churn-lab": ("experimentation",),
    "churn-dev": ("dev",),
    "churn-preprod": ("preprod",),
    "churn-prod": ("prod",),
    "pricing-nonprod": ("experimentation", "dev"),
    "pricing-live": ("preprod", "prod"),
    "gone-dev": ("dev",),
}
_UNITS = {
    "tooling": ("Headgate", "Durable"),
    "data-lake": ("Headgate", "Durable"),
    "churn-lab": ("Headgate", "Teams", "Experimentation"),
    "churn-dev": ("Headgate", "Teams", "Dev"),
    "churn-preprod": ("Headgate", "Teams", "Preprod"),
    "churn-prod": ("Headgate", "Teams", "Prod"),
    "pricing-nonprod": ("Headgate", "Teams", "Dev"),
    "pricing-live": ("Headgate", "Teams", "Prod"),
    "gone-dev": ("Headgate", "Quarantine"),
}
_TOPIC = ("cloudwatch.amazonaws.com", "events.amazonaws.com")
DATA_SETS = {"churn": ":sales:", "pricing": ":returns:", "gone": ":sales:"}
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
OPEN = {"Version": "2012-10-17", "Statement": [{**EVERYTHING["Statement"][0], "Principal": "*", "Action": "s3:*"}]}  # type: ignore[dict-item]
_WHO = re.compile(r"(?P<name>[^@]+?)(?: of (?P<own>\S+))?@(?P<account>\S+?)(?: for (?P<team>\S+))?")


@dataclass(frozen=True)
class Held:
    """A role as it is in an account: its trust policy, what it holds, its tags."""

    arn: str
    trust: Mapping[str, Any]
    policies: tuple[Mapping[str, Any], ...]
    boundary: Mapping[str, Any] | None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Bucket:
    """A bucket: who owns it, its policy, the key that encrypts it."""

    owner: str
    policy: Mapping[str, Any] | None
    key: str = ""


class World:
    """A `Directory` of the whole organization: roles by ARN, buckets by name, other resources by ARN."""

    def __init__(self) -> None:
        self.roles: dict[str, Held] = {}
        self.buckets: dict[str, Bucket] = {}
        self.policies: dict[str, Mapping[str, Any]] = {}
        self.keys: dict[str, tuple[Mapping[str, Any], Mapping[str, str]]] = {}
        self.tags: dict[str, Mapping[str, str]] = {}
        self.scps: dict[str, list[Mapping[str, Any]]] = {}
        self.endpoints: dict[tuple[str, str], Mapping[str, Any]] = {}

    def version(self) -> int:
        return 1

    def endpoint(self, service: str, context: Mapping[str, str]) -> directory.Document | None:
        """The policy of the endpoint that a call to a service comes by; none from outside of VPCs."""
        account = context.get("aws:SourceVpc", "").removeprefix("vpc-")
        name = endpoint_service(service, REGION)
        return _document(name, self.endpoints[account, name]) if account else None

    def membership(self, account: str) -> directory.Membership | None:
        name = next(name for name, number in IDS.items() if number == account)
        if name == "stranger":
            return None
        units = _UNITS.get(name, ())
        full = directory.Document("FullAWSAccess", json.dumps(EVERYTHING))
        levels = [directory.Level("r-root", (full,))]
        for unit in units:
            own = tuple(_document(f"{unit}-{number}", body) for number, body in enumerate(self.scps.get(unit, ())))
            levels.append(directory.Level(f"ou-{unit}", (full, *own)))
        levels.append(directory.Level(account, (full,)))
        path = "/".join([ORGANIZATION, "r-root", *(f"ou-{unit}" for unit in units)]) + "/"
        return directory.Membership(ORGANIZATION, path, IDS["governance"], tuple(levels))

    def identity(self, caller: Caller) -> directory.Identity | None:
        if ":user/" in caller.principal:
            return _person(caller.principal)
        name = caller.principal.split("/")[1]
        held = next(each for arn, each in self.roles.items() if _is(arn, caller.account, name))
        tags = {**held.tags, **({"headgate:team": caller.access_key} if caller.access_key else {})}
        return directory.Identity(
            principals.session(caller.principal, held.arn),
            tuple(_document(f"{name}-{number}", body) for number, body in enumerate(held.policies)),
            _document("headgate-boundary", held.boundary) if held.boundary else None,
            None,
            tags,
        )

    def resolve(self, arn: str) -> str:
        found = re.fullmatch(r"arn:aws:iam::(\d+):role/([^/]+)", arn)
        if found is None:
            return arn
        return next((each for each in self.roles if _is(each, found[1], found[2])), arn)

    def resource(self, arn: str) -> directory.ResourceRecord | None:
        service, account = arn.split(":")[2], arn.split(":")[4]
        if service == "s3":
            bucket = self.buckets.get(arn.split(":::")[1].partition("/")[0])
            return bucket and directory.ResourceRecord(
                bucket.owner, bucket.policy and _document("bucket policy", bucket.policy), {}, bucket.key
            )
        if arn in self.roles:
            held = self.roles[arn]
            return directory.ResourceRecord(account, _document("trust policy", held.trust), held.tags)
        if arn in self.keys:
            policy, tags = self.keys[arn]
            return directory.ResourceRecord(account, _document("key policy", policy), tags)
        begin = next((each for each in self.policies if arn.startswith(each)), "")
        policy, tags = self.policies.get(begin), {**_tags(arn), **self.tags.get(begin, {})}
        if arn.endswith(":table/headgate-catalog"):
            return directory.ResourceRecord(account, partition_key="team")
        if policy is None and not tags:
            return None
        return directory.ResourceRecord(account, policy and _document("resource policy", policy), tags)


def _is(arn: str, account: str, name: str) -> bool:
    return arn.split(":")[4] == account and arn.rpartition("/")[2] == name


def _tags(arn: str) -> Mapping[str, str]:
    """Named resources say by their names whose they are: `dev-training` is dev's, `untagged-…` is nobody's."""
    name = arn.split("/")[1] if "/" in arn else ""
    for place in ("experimentation", "dev", "preprod", "prod"):
        if name.startswith(f"{place}-"):
            return {"headgate:environment": place}
    return {}


def _person(arn: str) -> directory.Identity:
    persona, _, team = arn.rpartition("/")[2].partition(".")
    may = {"Effect": "Allow", "Action": ["sts:AssumeRole", "sts:TagSession"], "Resource": "*"}
    tags = {"headgate:persona": persona, **({"headgate:team": team} if team else {})}
    document = _document("people", {"Version": "2012-10-17", "Statement": [may]})
    return directory.Identity(principals.user(arn), (document,), None, None, tags)


def _document(name: str, body: Mapping[str, Any]) -> directory.Document:
    return directory.Document(name, json.dumps(body))


def caller(who: str, context: Mapping[str, str]) -> Caller:
    """Who asks, as the local cloud sees a request of theirs; `context` is what is known of its origin."""
    found = _WHO.fullmatch(who)
    assert found, f"not a caller: {who}"
    account = IDS[found["account"]]
    name = found["name"]
    if name.endswith(".amazonaws.com"):
        return Caller("", REGION, service=name, context={"aws:SourceAccount": account, **context})
    if name == "root":
        principal = f"arn:aws:iam::{account}:root"
    elif found["account"] == "identity":
        principal = f"arn:aws:iam::{account}:user/{name}.{found['own'] or ''}"
    else:
        principal = f"arn:aws:sts::{account}:assumed-role/{name}/session"
    return Caller(account, REGION, principal, context=context, access_key=found["team"] or "")


def values(account: str, environment: str = "") -> dict[str, str | list[str]]:
    """What stacks in an account are deployed with."""
    team = account.partition("-")[0]
    return {
        "AWS::Partition": "aws",
        "AWS::Region": REGION,
        "AWS::AccountId": IDS[account],
        "HomeRegion": REGION,
        "OrganizationId": ORGANIZATION,
        "GovernanceAccountId": IDS["governance"],
        "ToolingAccountId": IDS["tooling"],
        "DataLakeAccountId": IDS["data-lake"],
        "IdentityAccountId": IDS["identity"],
        "Team": team,
        "Project": "forecast",
        "Environment": environment,
        "DataSets": DATA_SETS.get(team, ":"),
        "VpcId": f"vpc-{account}",
        "ApprovedRegions": [REGION, "eu-west-1"],
        "ApprovedInstanceTypes": ["ml.m5.*", "ml.c5.*"],
    }


def from_model() -> World:
    """The world as the permission model says it, without any template."""
    world = World()
    for account in IDS:
        if account in {"identity", "stranger"}:
            continue
        for kind in _kinds(account):
            for environment in ENVIRONMENTS[account] if kind is Kind.ENVIRONMENT else ("",):
                _create_roles(world, kind, account, environment)
        add_strangers(world, account, render(boundary(), values(account)))
    for account, environments in ENVIRONMENTS.items():
        for environment in environments:
            _create_environment(world, account, environment)
    _create_networks(world)
    _create_durable(world)
    for guardrail in guardrails():
        for unit in guardrail.units if guardrail.option is None else ():
            world.scps.setdefault(unit, []).append(render(guardrail.document, values("governance")))
    return world


def _kinds(account: str) -> tuple[Kind, ...]:
    if account == "governance":
        return (Kind.BOOTSTRAP, Kind.GOVERNANCE)
    if account in {"tooling", "data-lake"}:
        return (Kind.GUARD, Kind(account))
    return (Kind.GUARD, Kind.ACCOUNT, Kind.ENVIRONMENT)


def _create_roles(world: World, kind: Kind, account: str, environment: str) -> None:
    given = values(account, environment)
    for role in roles_of(kind):
        if role.environments is not None and environment not in role.environments:
            continue
        arn = _text(role.arn, given)
        world.roles[arn] = Held(
            arn,
            render(role.trust, given),
            tuple(
                render(each, given)
                for each in role.policies
                if each.environments is None or environment in each.environments
            ),
            render(boundary(), given),
            {key: _text(value, given) for key, value in role.tags.items()},
        )


def add_strangers(world: World, account: str, bounded: Mapping[str, Any]) -> None:
    """What is in accounts besides Headgate's roles: an administrator, StackSets' role, roles that projects made.

    Outside of the organization somebody has a bucket that is open to everybody.
    """
    world.buckets[f"open-{IDS['stranger']}"] = Bucket(IDS["stranger"], OPEN)
    number = IDS[account]
    trusting = {"Version": "2012-10-17", "Statement": []}
    for name in ("OrganizationAccountAccessRole", "stacksets-exec-0123456789abcdef"):
        arn = f"arn:aws:iam::{number}:role/{name}"
        world.roles[arn] = Held(arn, trusting, (EVERYTHING,), None)
    for environment in ENVIRONMENTS.get(account, ()):
        arn = f"arn:aws:iam::{number}:role/headgate-project/headgate-{environment}-api"
        tags = {"headgate:environment": environment, "headgate:team": account.partition("-")[0]}
        world.roles[arn] = Held(arn, trusting, (EVERYTHING,), bounded, tags)


def _create_environment(world: World, account: str, environment: str) -> None:
    given = values(account, environment)
    key = f"arn:aws:kms:{REGION}:{IDS[account]}:key/{environment}"
    logs = resource_policies.log_groups_use_key("/headgate/${Environment}/*")
    statements = (*resource_policies.environment_key(), logs)
    world.keys[key] = (_policy(statements, given), {"headgate:environment": environment})
    for pattern in (resources.DATA_BUCKET, resources.ARTIFACTS_BUCKET):
        own_vpc = resource_policies.environment_bucket(pattern, reading=pattern == resources.DATA_BUCKET)
        closed = ENVIRONMENTS[account] != ("experimentation",)
        statements = (
            *resource_policies.bucket(pattern),
            *resource_policies.encrypted_with(pattern, key),
            *((own_vpc,) if closed else ()),
        )
        name = _text(pattern, given).rpartition(":")[2]
        world.buckets[name] = Bucket(IDS[account], _policy(statements, given), key)


def _create_networks(world: World) -> None:
    """Accounts for experiments only have a way to the internet, and need no endpoints but those that cost nothing."""
    for account, environments in ENVIRONMENTS.items():
        services = GATEWAYS if environments == ("experimentation",) else (*GATEWAYS, *INTERFACES)
        for service in services:
            policy = render(endpoint_policy(service), values(account))
            world.endpoints[account, f"com.amazonaws.{REGION}.{service}"] = policy


def _create_durable(world: World) -> None:
    tooling, lake, governance = values("tooling"), values("data-lake"), values("governance")
    for place, *shared in (
        ("tooling", resource_policies.services_use_key(*_TOPIC, "sns.amazonaws.com"), sharing.tooling_key()),
        ("data-lake", sharing.lake_key()),
    ):
        key = f"arn:aws:kms:{REGION}:{IDS[place]}:key/{place}"
        logs = resource_policies.log_groups_use_key("*")
        statements = (*resource_policies.account_key(), logs, *shared)
        world.keys[key] = (_policy(statements, values(place)), {"headgate:environment": place})
    for given, pattern, statements, key in (
        (tooling, resources.TOOLING_ARTIFACTS, sharing.tooling_artifacts(), "tooling"),
        (
            lake,
            resources.LAKE_BUCKET,
            (
                sharing.lake_locations(),
                *sharing.data_set("sales", "sales/", "Sales"),
                *sharing.data_set("returns", "returns/", "Returns"),
            ),
            "data-lake",
        ),
        (governance, resources.TRAIL_BUCKET, resource_policies.trail_bucket(), ""),
        (governance, resources.GOVERNANCE_BUCKET, (sharing.assets(),), ""),
    ):
        owner = str(given["AWS::AccountId"])
        arn = f"arn:aws:kms:{REGION}:{owner}:key/{key}" if key else ""
        encrypted = resource_policies.encrypted_with(pattern, arn) if arn else ()
        policy = _policy((*resource_policies.bucket(pattern), *encrypted, *statements), given)
        world.buckets[_text(pattern, given).rpartition(":")[2]] = Bucket(owner, policy, arn)
    world.policies[_text(resources.TOOLING_BUS, tooling)] = _policy((sharing.bus(),), tooling)
    for team in ("churn", "pricing"):
        given = {**tooling, "Team": team}
        start = f"arn:aws:sagemaker:{REGION}:{IDS['tooling']}:model-package"
        for begin in (f"{start}-group/{team}-forecast", f"{start}/{team}-forecast/"):
            world.policies[begin] = _policy((sharing.team_group(),), given)
            world.tags[begin] = {"headgate:team": team}
        repository = f"arn:aws:ecr:{REGION}:{IDS['tooling']}:repository/headgate/{team}/forecast"
        world.policies[repository] = _policy((sharing.team_repository(),), given)


def _policy(statements: tuple[Statement, ...], given: Mapping[str, Any]) -> Mapping[str, Any]:
    return render(Document("policy", Purpose.RESOURCE, statements), given)


def _text(text: str, given: Mapping[str, Any]) -> str:
    for name, value in given.items():
        text = text.replace(f"${{{name}}}", str(value))
    return text
