"""The organization as it is: everything that a plan compares the declaration with, read with a few list calls."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from headgate.deploy.prerequisites import OrganizationFacts, read_organization
from headgate.views.accounts import (
    AccountView,
    AttachedPolicy,
    Member,
    StackInstance,
    read_catalog,
    read_instances,
    read_members,
    read_policies,
    read_units,
)

if TYPE_CHECKING:
    from headgate.aws.sessions import Session

DECLARATION_PARAMETER = "/headgate/organization/declaration"


@dataclass(frozen=True, slots=True)
class StackFacts:
    """A stack of the governance account. `resources` are the digests of its resources' declarations by logical id."""

    status: str
    parameters: Mapping[str, str]
    resources: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Facts:
    """What there is. `declaration` is the digest of what was applied last, None when nothing was."""

    organization: OrganizationFacts | None = None
    stacks: Mapping[str, StackFacts] = field(default_factory=dict)
    members: Mapping[str, Member] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    policies: Mapping[str, AttachedPolicy] = field(default_factory=dict)
    instances: tuple[StackInstance, ...] = ()
    accounts: tuple[AccountView, ...] = ()
    declaration: str | None = None


def read_facts(session: Session, stacks: tuple[str, ...]) -> Facts:
    """Look at the organization, with credentials of its governance account. `stacks` are names of stacks there."""
    organization = read_organization(session.client("organizations"))
    if organization is None:
        return Facts()
    units = read_units(session.client("ssm"))
    cloudformation = session.client("cloudformation")
    found = {name: read_stack(cloudformation, name) for name in stacks}
    return Facts(
        organization=organization,
        stacks={name: stack for name, stack in found.items() if stack is not None},
        members=read_members(session.client("organizations"), units),
        units=units,
        policies=read_policies(session.client("organizations")),
        instances=read_instances(cloudformation),
        accounts=read_catalog(session.client("dynamodb")),
        declaration=_declaration(session.client("ssm")),
    )


def resource_digests(template: str) -> dict[str, str]:
    """What each resource of a template is declared as, in short, so that two templates can be compared.

    What CloudFormation takes for no change is none: the order in which resources are made, how conditions are called.
    """
    import hashlib

    document = json.loads(template)
    resources: Mapping[str, Any] = document.get("Resources", {})
    conditions: Mapping[str, Any] = document.get("Conditions", {})

    def digest(value: Mapping[str, Any]) -> str:
        meant = {key: each for key, each in _spelled_out(value, conditions).items() if key != "DependsOn"}
        return hashlib.sha256(json.dumps(meant, sort_keys=True).encode()).hexdigest()

    return {name: f"{value['Type']} {digest(value)}" for name, value in resources.items()}


def _spelled_out(value: Any, conditions: Mapping[str, Any]) -> Any:
    """The value with what each condition says instead of its name."""
    if isinstance(value, list):
        return [_spelled_out(each, conditions) for each in value]
    if not isinstance(value, Mapping):
        return value
    spelled = {key: _spelled_out(each, conditions) for key, each in value.items()}
    for key in ("Condition", "Fn::If"):
        named = value.get(key)
        name = named[0] if key == "Fn::If" and isinstance(named, list) and named else named
        if isinstance(name, str) and name in conditions:
            said = _spelled_out(conditions[name], conditions)
            spelled[key] = [said, *spelled[key][1:]] if key == "Fn::If" else said
    return spelled


def read_stack(cloudformation: Any, name: str) -> StackFacts | None:
    """A stack by name; None for one that does not exist, or was only planned."""
    from botocore.exceptions import ClientError

    try:
        stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        body = cloudformation.get_template(StackName=name, TemplateStage="Original")["TemplateBody"]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    if stack["StackStatus"] == "REVIEW_IN_PROGRESS":
        return None
    text = body if isinstance(body, str) else json.dumps(body)
    return StackFacts(
        status=stack["StackStatus"],
        parameters={each["ParameterKey"]: each.get("ParameterValue", "") for each in stack.get("Parameters", [])},
        resources=resource_digests(text),
    )


def _declaration(ssm: Any) -> str | None:
    from botocore.exceptions import ClientError

    try:
        uri: str = ssm.get_parameter(Name=DECLARATION_PARAMETER)["Parameter"]["Value"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ParameterNotFound":
            raise
        return None
    return uri.rsplit("/", 1)[1].removesuffix(".json")
