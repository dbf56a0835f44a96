"""The organization as it was applied: a document in S3, of which a team's accounts are read as they are wanted.

The document is what `headgate accounts apply` has validated; here it is only read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Any
from urllib.parse import urlsplit

from headgate.control.aws import Aws
from headgate.control.errors import CallFailed, Refused
from headgate.control.vending.values import Wanted

SUBNETS_BITS = 2
"""A VPC that is created is cut into four subnets."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """The applied declaration; `digest` is the SHA-256 of its bytes."""

    digest: str
    value: Mapping[str, Any]


def read(aws: Aws, parameter: str) -> Declaration:
    """The declaration that an SSM parameter points at; raises Refused when there is none."""
    try:
        uri = aws.call("ssm", "get_parameter", Name=parameter)["Parameter"]["Value"]
        place = urlsplit(uri)
        body = aws.call("s3", "get_object", Bucket=place.netloc, Key=place.path.lstrip("/"))["Body"].read()
    except CallFailed as problem:
        if problem.code in ("ParameterNotFound", "NoSuchKey", "NoSuchBucket"):
            raise Refused(
                f"no declaration is applied ({parameter}): `headgate accounts apply` applies organization.yaml"
            ) from problem
        raise
    return Declaration(hashlib.sha256(body).hexdigest(), json.loads(body))


def wanted(declaration: Declaration, team: str) -> tuple[Wanted, ...]:
    """A team's accounts in the declaration's order; raises Refused for a team that is not declared."""
    teams: Mapping[str, Any] = declaration.value["teams"]
    if team not in teams:
        raise Refused(
            f"team {team} is not in the applied declaration: it declares {', '.join(sorted(teams)) or 'none'}"
        )
    return tuple(_account(teams[team], account) for account in teams[team]["accounts"].values())


def _account(team: Mapping[str, Any], account: Mapping[str, Any]) -> Wanted:
    """What differs from the StackSets' own values is said only where the declaration says it."""
    common = {"Team": team["name"], "AccountName": account["name"], "CostCentre": team["cost_centre"]}
    internet = {"Internet": "true" if account["has_internet"] else "false"}
    data_sets = "".join(f"{name}:" for name in team["data_sets"])
    people = {"Owners": ",".join(team["owners"])}
    kept: Mapping[str, Any] = team.get("retention") or {}
    one_zone = {"ZoneRedundant": "false"} if account.get("endpoint_zones") == 1 else {}
    return Wanted(
        name=account["name"],
        email=account["email"],
        ou=account["unit"],
        environments=tuple(account["environments"]),
        region=team["region"],
        account_id=account.get("account_id"),
        cost_centre=team["cost_centre"],
        data_sets=tuple(team["data_sets"]),
        account_parameters={
            **common,
            **internet,
            **_network(account["vpc"]),
            "BudgetUsd": _number(team["budget_usd"]),
            "OwnerEmail": next(iter(team["owners"]), ""),
            **one_zone,
            **_days("LogRetentionDays", kept.get("logs")),
        },
        environment_parameters={
            environment: {
                **common,
                **internet,
                **people,
                "Approvers": ",".join(team["approvers"].get(environment, ())),
                "DataSets": f":{data_sets}",
                **_days("FeatureExpiryDays", kept.get("feature_branches")),
            }
            for environment in account["environments"]
        },
    )


def _days(parameter: str, days: int | None) -> dict[str, str]:
    return {} if days is None else {parameter: str(days)}


def _number(value: float) -> str:
    """A number as CloudFormation takes it: `1500`, `20.5`, never with an exponent."""
    return f"{value:.2f}".removesuffix(".00")


def _network(vpc: Mapping[str, Any]) -> dict[str, str]:
    """The parameters of a VPC to create, or of one that is brought; the others' are unset."""
    none = {"VpcCidr": "", "VpcId": "", "SubnetIds": "", "SecurityGroupIds": ""}
    if "cidr" in vpc:
        bits = 32 - IPv4Network(vpc["cidr"]).prefixlen - SUBNETS_BITS
        return {**none, "VpcCidr": vpc["cidr"], "SubnetBits": str(bits)}
    brought = {
        "VpcId": vpc["vpc_id"],
        "SubnetIds": ",".join(vpc["subnet_ids"]),
        "SecurityGroupIds": ",".join(vpc["security_group_ids"]),
    }
    return {**none, **brought, "SubnetBits": "6"}
