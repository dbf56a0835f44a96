"""Every document of the model: valid by AWS's own reference, within AWS's limits, and never more than is said."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from headgate.control.vending.calls import CALLS
from headgate.errors import UserError
from headgate.infra.kinds import KINDS
from headgate.infra.permissions import resource_policies, resources, sharing
from headgate.infra.permissions.document import Document, Purpose, render, size
from headgate.infra.permissions.guardrails import guardrails
from headgate.infra.permissions.model import all_roles, documents, roles_of
from headgate.infra.permissions.places import ENVIRONMENTS, Kind
from unit.infra.permissions import reference

LONGEST: dict[str, str | list[str]] = {
    **dict.fromkeys(
        ("AWS::AccountId", "GovernanceAccountId", "ToolingAccountId", "DataLakeAccountId", "IdentityAccountId"),
        "1" * 12,
    ),
    "AWS::Partition": "aws-us-gov",
    "AWS::Region": "ap-southeast-1",
    "HomeRegion": "ap-southeast-1",
    "Team": "t" * 31,
    "Project": "p" * 31,
    "Environment": "experimentation",
    "OrganizationId": "o-" + "a" * 32,
    "DataSets": ":" + "sales:" * 20,
    "VpcId": "vpc-" + "0" * 17,
    "ApprovedRegions": ["ap-southeast-1"] * 8,
    "ApprovedInstanceTypes": ["ml.c7i-flex.24xlarge"] * 30,
}
SHARED = (
    *sharing.tooling_artifacts(),
    sharing.team_group(),
    *sharing.data_set("sales", "sales/", "Sales"),
    sharing.assets(),
    sharing.assets_key(),
    sharing.lake_locations(),
    sharing.tooling_key(),
    sharing.lake_key(),
    sharing.bus(),
    sharing.team_repository(),
    sharing.shared_repository(),
    *resource_policies.environment_key(),
    *resource_policies.account_key(),
    *resource_policies.trail_bucket(),
    *resource_policies.trail_key(),
    resource_policies.environment_bucket(resources.DATA_BUCKET, reading=True),
    *resource_policies.encrypted_with(resources.DATA_BUCKET, resources.KEYS),
    resource_policies.server_access_logs(resources.LOGS_BUCKET),
    *resource_policies.bucket(resources.DATA_BUCKET),
    *resource_policies.topic(resources.TOOLING_TOPICS, "events.amazonaws.com"),
    *resource_policies.queue(resources.QUEUES, "events.amazonaws.com"),
    resource_policies.log_groups_use_key("/headgate/*"),
    resource_policies.services_use_key("events.amazonaws.com", "sns.amazonaws.com"),
)


@cache
def _documents() -> dict[str, Document]:
    return {f"{kind}:{name}": document for kind in Kind for name, document in documents(kind).items()}


def _statements() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, document in _documents().items():
        for statement in document.body["Statement"]:
            yield name, statement
    for each in SHARED:
        yield f"resource:{each.sid}", each.as_json()


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize("name", sorted(_documents()))
def test_document_is_within_awss_limit_with_the_longest_values(name: str) -> None:
    document = _documents()[name]
    assert size(render(document, LONGEST)) <= document.purpose.limit


def test_every_action_is_in_the_service_authorization_reference() -> None:
    unknown = {
        f"{name} {action}"
        for name, statement in _statements()
        for action in _several(statement.get("Action", statement.get("NotAction")))
        if action != "*" and not reference.matching(action) and action not in _WHOLE_SERVICES
    }
    assert not unknown


_WHOLE_SERVICES = {"aws-portal:*", "importexport:*", "supportplans:*", "sustainability:*"}
"""Global services that the reference lists elsewhere; AWS's example of a Region guardrail names them."""


def test_every_condition_key_is_in_the_service_authorization_reference() -> None:
    unknown = {
        f"{name} {key}"
        for name, statement in _statements()
        for keys in statement.get("Condition", {}).values()
        for key in keys
        if not reference.knows_key(key)
    }
    assert not unknown


def test_nothing_is_allowed_everywhere_by_everything() -> None:
    for name, statement in _statements():
        if statement["Effect"] == "Allow" and not name.endswith(("boundary", "resource:OwnAccountDecidesByIam")):
            actions = _several(statement["Action"])
            assert not any(action in {"*", "*:*"} or action.endswith(":*") for action in actions), name


def test_what_changes_something_is_allowed_on_named_resources_or_under_a_condition() -> None:
    """`*` is for reading, and for actions for which AWS has no resource."""
    for role in all_roles():
        for document in role.policies:
            for statement in document.statements:
                if statement.effect == "Deny" or statement.resources != ("*",) or statement.conditions:
                    continue
                for action in statement.actions:
                    for each in reference.matching(action):
                        service, _, name = each.partition(":")
                        privilege = reference.privileges(service)[name]
                        reading = privilege["access_level"] in {"Read", "List"}
                        without = set(privilege["resource_types"]) <= {""}
                        known = each in _WITHOUT_RESOURCE_IN_PRACTICE
                        assert reading or without or known, f"{role.key} {statement.sid} {each}"


_WITHOUT_RESOURCE_IN_PRACTICE = {
    "organizations:TagResource",  # of an account that is being created: its ARN is not known before
    "servicecatalog:TerminateProvisionedProduct",
    "servicecatalog:UpdateProvisionedProduct",
    "logs:PutResourcePolicy",
    "cloudformation:CreateStackSet",
}


def test_sids_are_letters_and_digits_and_name_one_statement() -> None:
    for name, document in _documents().items():
        sids = [each.sid for each in document.statements]
        assert all(sid.isalnum() for sid in sids), name
        assert len(set(sids)) == len(sids), name


@pytest.mark.parametrize("kind", [each for each in Kind if each.value in KINDS])
def test_placeholders_are_parameters_of_the_stacks_kind(kind: Kind) -> None:
    given = set(KINDS[kind.value].parameters)
    wanted = {name for document in documents(kind).values() for name in document.placeholders}
    wanted |= {text.strip("${}") for role in roles_of(kind) for text in role.tags.values() if text.startswith("${")}
    assert {name for name in wanted if not name.startswith("AWS::")} <= given


def test_roles_have_names_that_fit() -> None:
    for role in all_roles():
        assert len(role.name.replace("${Environment}", "experimentation")) <= 64
        assert role.path == "/headgate/"
        assert role.tags["headgate:environment"]


def test_a_role_has_at_most_ten_policies_in_an_environment() -> None:
    for role in all_roles():
        for environment in role.environments or ("",):
            attached = [each for each in role.policies if each.environments is None or environment in each.environments]
            assert len(attached) <= 10, role.key


def test_roles_exist_once() -> None:
    names = [role.name for role in all_roles()]
    assert len(set(names)) == len(names)


def test_every_vending_function_has_its_role() -> None:
    keys = {role.key for role in roles_of(Kind.GOVERNANCE)}
    assert {f"vending-{handler}" for handler in CALLS} <= keys


def test_a_policy_is_attached_only_where_its_role_exists() -> None:
    for role in all_roles():
        for policy in role.policies:
            assert policy.environments is None or policy.environments <= (role.environments or frozenset())


def test_people_never_pass_a_role_but_execution() -> None:
    for role in all_roles():
        for policy in role.policies if role.is_person else ():
            for statement in policy.statements:
                if "iam:PassRole" in statement.actions:
                    assert statement.resources in (
                        (resources.EXECUTION_ROLE,),
                        (resources.at(resources.CLOUDFORMATION_ROLE, "governance"),),
                    )


def test_no_guardrails_target_has_more_than_awss_five() -> None:
    parents = dict.fromkeys(("Durable", "Quarantine", "Retired"), ("Headgate",))
    parents |= dict.fromkeys(("Experimentation", "Dev", "Preprod", "Prod"), ("Headgate", "Teams"))
    for unit in ("Headgate", "Teams", *parents):
        attached = [each for each in guardrails() if unit in each.units]
        assert len(attached) + 1 <= 5, unit


def test_trust_names_services_or_conditions_but_never_everybody() -> None:
    for role in all_roles():
        for statement in role.trust.statements:
            assert statement.conditions, role.key
            assert statement.principals != "*"
            assert statement.principals != {"AWS": "*"}


def test_an_unknown_kind_is_refused_with_those_there_are() -> None:
    with pytest.raises(UserError, match="no kind of stack 'nothing'") as raised:
        roles_of("nothing")
    assert "environment" in (raised.value.expected or "")


def test_every_environment_has_people_and_machines() -> None:
    for environment in ENVIRONMENTS:
        keys = {role.key for role in roles_of(Kind.ENVIRONMENT) if environment in (role.environments or ())}
        assert {"auditor", "it", "deployer", "execution", "cloudformation"} <= keys


def test_purposes_have_awss_limits() -> None:
    assert {each: each.limit for each in Purpose} == {
        Purpose.IDENTITY: 6144,
        Purpose.BOUNDARY: 6144,
        Purpose.TRUST: 2048,
        Purpose.GUARDRAIL: 5120,
        Purpose.RESOURCE: 20480,
    }
