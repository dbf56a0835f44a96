"""The kinds of stack that an organization consists of, and the CloudFormation parameters of each.

Pure data: deploying and vending read it without the CDK, to know which of their values a kind takes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Parameter:
    """A CloudFormation parameter: `default` None makes it one that must be given."""

    name: str
    description: str
    type: str = "String"
    default: str | None = None
    pattern: str | None = None
    allowed: tuple[str, ...] = ()
    wrong: str | None = None
    """What CloudFormation says when `pattern` is not met."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of stack: `parameters` are names in PARAMETERS, `stack_name` is what its stack or StackSet is called."""

    name: str
    stack_name: str
    description: str
    parameters: tuple[str, ...]


_ACCOUNT_ID = r"^[0-9]{12}$"
_OPTIONAL_ACCOUNT_ID = r"^([0-9]{12})?$"
_NAME = r"^[a-z][a-z0-9-]{0,30}$"

# A pattern, and not AllowedValues, wherever a value becomes part of names: validators multiply out allowed values.
_DECLARED = (
    Parameter("OrganizationId", "The organization, as in aws:PrincipalOrgID", pattern=r"^o-[a-z0-9]{10,32}$"),
    Parameter("OrganizationRootId", "The root of the organization", pattern=r"^r-[a-z0-9]{4,32}$"),
    Parameter("GovernanceAccountId", "The organization's management account", pattern=_ACCOUNT_ID),
    Parameter("ToolingAccountId", "The account of registry, images, artifacts and events", pattern=_ACCOUNT_ID),
    Parameter("DataLakeAccountId", "The account of the data lake", pattern=_ACCOUNT_ID),
    Parameter("IdentityAccountId", "The account whose principals people are", pattern=_ACCOUNT_ID),
    Parameter("HomeRegion", "The Region in which the durable accounts work", pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$"),
    Parameter("Team", "The team that the account belongs to", pattern=_NAME),
    Parameter("AccountName", "The account's name in the declaration", pattern=_NAME),
    Parameter(
        "Environment",
        "The environment of the stack",
        pattern="^(experimentation|dev|preprod|prod)$",
        wrong="experimentation, dev, preprod or prod",
    ),
    Parameter("CostCentre", "Who pays", default="none"),
    Parameter("BudgetUsd", "The account's budget a month in US dollars", type="Number", default="1000"),
    Parameter("OwnerEmail", "Who is told by e-mail about the budget; nobody when empty", default=""),
    Parameter(
        "DataSets",
        "The data sets that may be read, each between colons",
        default=":",
        pattern=r"^:([a-z0-9_-]+:)*$",
        wrong="a list between colons, such as :sales:returns:",
    ),
    Parameter("VpcCidr", "The network of the VPC to create; empty when one is brought", default=""),
    Parameter("SubnetBits", "Host bits of each of the VPC's four subnets", type="Number", default="6"),
    Parameter("VpcId", "The VPC that is brought; empty when one is created", default=""),
    Parameter("SubnetIds", "The brought VPC's private subnets", type="CommaDelimitedList", default=""),
    Parameter("SecurityGroupIds", "The brought VPC's security groups for jobs", type="CommaDelimitedList", default=""),
    Parameter(
        "Internet", "Whether jobs reach the internet (experimentation only)", default="false", allowed=("true", "false")
    ),
    Parameter(
        "ZoneRedundant", "Whether endpoints stand in two Availability Zones", default="true", allowed=("true", "false")
    ),
    Parameter("ApprovedRegions", "The Regions that guardrails allow", type="CommaDelimitedList"),
    Parameter(
        "ApprovedInstanceTypes", "The instance types that guardrails allow, with * and ?", type="CommaDelimitedList"
    ),
    Parameter(
        "NetworkIsolation",
        "Whether containers have no network in environments without internet",
        default="false",
        allowed=("true", "false"),
    ),
    Parameter("OrganizationName", "The organization's name in its declaration", pattern=_NAME),
    Parameter(
        "CloseAccounts",
        "Whether retiring closes accounts that vending made",
        default="false",
        allowed=("true", "false"),
    ),
    Parameter("Owners", "Who answers for the team's accounts: e-mail addresses by commas", default=""),
    Parameter("Approvers", "Who approves promotion into the environment: e-mail addresses by commas", default=""),
    Parameter("RequestedBy", "Who asks, for the audit", default=""),
    Parameter("Action", "What is to become of the accounts", default="provision"),
    Parameter("Request", "What tells one request from the next for the same action", default="1"),
    Parameter("Project", "The project's name", pattern=_NAME),
    Parameter("LogRetentionDays", "Days that log events are kept", type="Number", default="365"),
    Parameter("FeatureExpiryDays", "Days that objects of feature branches are kept", type="Number", default="14"),
)

PARAMETERS: Mapping[str, Parameter] = MappingProxyType({each.name: each for each in _DECLARED})

_ACCOUNT = ("Team", "AccountName", "CostCentre")

_KINDS = (
    Kind(
        "bootstrap",
        "headgate-bootstrap",
        "What the management account needs before the governance stack: bucket, boundary, CloudFormation's role",
        ("OrganizationId", "GovernanceAccountId", "HomeRegion"),
    ),
    Kind(
        "governance",
        "headgate-governance",
        "The management account: units, guardrails, Service Catalog, vending, catalog, trail",
        (
            "OrganizationId",
            "OrganizationName",
            "OrganizationRootId",
            "GovernanceAccountId",
            "HomeRegion",
            "ToolingAccountId",
            "DataLakeAccountId",
            "IdentityAccountId",
            "ApprovedRegions",
            "ApprovedInstanceTypes",
            "NetworkIsolation",
            "CloseAccounts",
            "LogRetentionDays",
            "FeatureExpiryDays",
        ),
    ),
    Kind(
        "guard",
        "headgate-guard",
        "What stands in an account before anything else can run in it",
        ("GovernanceAccountId", "HomeRegion", "ToolingAccountId", "DataLakeAccountId"),
    ),
    Kind(
        "tooling",
        "headgate-tooling",
        "The account of images, artifacts, events and promotion",
        ("OrganizationId", "HomeRegion", "ToolingAccountId", "IdentityAccountId"),
    ),
    Kind(
        "data-lake",
        "headgate-data-lake",
        "The account of the data lake: data sets, their catalog and who may read them",
        ("OrganizationId", "HomeRegion", "DataLakeAccountId", "IdentityAccountId"),
    ),
    Kind(
        "account",
        "headgate-account",
        "What every account of a team has once: network, key, budget, logs",
        (
            *_ACCOUNT,
            "OrganizationId",
            "BudgetUsd",
            "OwnerEmail",
            "VpcCidr",
            "SubnetBits",
            "VpcId",
            "SubnetIds",
            "SecurityGroupIds",
            "Internet",
            "ZoneRedundant",
            "LogRetentionDays",
        ),
    ),
    Kind(
        "environment",
        "headgate-environment",
        "One environment of a team: key, buckets, roles of people and machines",
        (
            *_ACCOUNT,
            "Environment",
            "HomeRegion",
            "ToolingAccountId",
            "DataLakeAccountId",
            "IdentityAccountId",
            "Owners",
            "Approvers",
            "DataSets",
            "Internet",
            "FeatureExpiryDays",
        ),
    ),
    Kind("project", "headgate-project", "A project's place in tooling", ("OrganizationId", "Team", "Project")),
    Kind(
        "product-account-set",
        "headgate-product-account-set",
        "The product 'ML account set': a team's accounts",
        ("Team", "Action", "Request", "RequestedBy"),
    ),
    Kind(
        "product-project",
        "headgate-product-project",
        "The product 'ML project': a project's place in tooling",
        ("Team", "Project"),
    ),
)

KINDS: Mapping[str, Kind] = MappingProxyType({each.name: each for each in _KINDS})
