"""What an organization needs before its first stack, and what no template can ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from headgate.errors import UserError

TRUSTED_SERVICES = (
    "cloudtrail.amazonaws.com",
    "member.org.stacksets.cloudformation.amazonaws.com",
    "ram.amazonaws.com",
)


@dataclass(frozen=True, slots=True)
class OrganizationFacts:
    """What AWS Organizations says of itself."""

    organization_id: str
    root_id: str


def prepare_organization(
    organizations: Any, cloudformation: Any, ram: Any, account: str, tell: Callable[[str], None] = lambda _: None
) -> OrganizationFacts:
    """Create the organization if there is none, and turn on what Headgate uses. Repeating it changes nothing.

    Raises UserError when the account is a member of somebody else's organization, or the organization has consolidated
    billing only.
    """
    organization = _organization(organizations, tell)
    if organization["MasterAccountId"] != account:
        raise UserError(
            f"account {account} is not the management account of organization {organization['Id']}",
            where="organization.yaml: accounts.governance.id",
            expected=f"credentials of account {organization['MasterAccountId']}, or that account as governance",
        )
    if organization.get("FeatureSet") != "ALL":
        raise UserError(
            f"organization {organization['Id']} has consolidated billing only",
            expected="all features, which every member must agree to once",
            next_command="aws organizations enable-all-features",
        )
    (root,) = organizations.list_roots()["Roots"]
    if not any(each["Type"] == "SERVICE_CONTROL_POLICY" for each in root.get("PolicyTypes", [])):
        tell("enabling service control policies")
        policy_type = {"RootId": root["Id"], "PolicyType": "SERVICE_CONTROL_POLICY"}
        _unless("PolicyTypeAlreadyEnabledException", lambda: organizations.enable_policy_type(**policy_type))
    own_way = {
        "member.org.stacksets.cloudformation.amazonaws.com": cloudformation.activate_organizations_access,
        "ram.amazonaws.com": ram.enable_sharing_with_aws_organization,
    }
    _trust_services(organizations, own_way, tell)
    return OrganizationFacts(organization["Id"], root["Id"])


def read_organization(organizations: Any) -> OrganizationFacts | None:
    """The organization as it is, None when the account is in none."""
    found = _describe(organizations)
    if found is None:
        return None
    (root,) = organizations.list_roots()["Roots"]
    return OrganizationFacts(found["Id"], root["Id"])


def _organization(organizations: Any, tell: Callable[[str], None]) -> Any:
    found = _describe(organizations)
    if found is not None:
        return found
    tell("creating the organization")
    _unless("AlreadyInOrganizationException", lambda: organizations.create_organization(FeatureSet="ALL"))
    return _describe(organizations)


def _describe(organizations: Any) -> Any:
    from botocore.exceptions import ClientError

    try:
        return organizations.describe_organization()["Organization"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "AWSOrganizationsNotInUseException":
            raise
        return None


def _trust_services(
    organizations: Any, own_way: Mapping[str, Callable[[], object]], tell: Callable[[str], None]
) -> None:
    """Trust what is not trusted yet. Services that have a way of their own make roles in it that they cannot do
    without: RAM shares with nobody when only Organizations was asked (AWS Organizations user guide, AWS RAM).
    """
    pages = organizations.get_paginator("list_aws_service_access_for_organization").paginate()
    trusted = {each["ServicePrincipal"] for page in pages for each in page["EnabledServicePrincipals"]}
    for service in TRUSTED_SERVICES:
        if service in trusted:
            continue
        tell(f"trusting {service}")
        if service in own_way:
            own_way[service]()
        organizations.enable_aws_service_access(ServicePrincipal=service)


def _unless(code: str, change: Callable[[], object]) -> None:
    """Make a change that somebody else may have made in the meantime, which is as good."""
    from botocore.exceptions import ClientError

    try:
        change()
    except ClientError as error:
        if error.response["Error"]["Code"] != code:
            raise
