"""CloudFormation's roles: generated from the registry, and only for what Headgate's stacks consist of."""

from __future__ import annotations

import json

import pytest

from headgate.control.aws import Call
from headgate.errors import UserError
from headgate.infra.permissions import calls, cloudformation, registry, resources
from headgate.infra.permissions.capabilities import platform
from headgate.infra.permissions.capabilities.model import Capability
from headgate.infra.permissions.deployed_types import ALL_TYPES, PROJECT_TYPES
from headgate.infra.permissions.sagemaker_requests import (
    IN_VPC,
    ISOLATED,
    WITH_INSTANCES,
    WITH_OUTPUT_KEY,
    WITH_VOLUME_KEY,
)
from unit.infra.permissions import reference


def test_committed_table_is_what_the_registry_says_now() -> None:
    assert json.loads(registry.TABLE.read_text()) == registry.generate(ALL_TYPES)


def test_what_a_type_takes_is_what_its_handlers_take() -> None:
    assert {"sqs:CreateQueue", "sqs:DeleteQueue"} <= set(registry.actions_of(["AWS::SQS::Queue"]))


def test_an_unknown_type_is_refused_with_the_command_that_adds_it() -> None:
    with pytest.raises(UserError, match="AWS::Nothing::AtAll") as raised:
        registry.actions_of(["AWS::Nothing::AtAll"])
    assert raised.value.next_command == "python -m headgate.infra.permissions.registry"


def test_table_is_written_by_the_command(tmp_path, monkeypatch) -> None:
    file = tmp_path / "table.json"
    monkeypatch.setattr(registry, "TABLE", file)
    registry.main()
    assert set(json.loads(file.read_text())["types"]) == set(ALL_TYPES)


def test_a_missing_development_dependency_is_named() -> None:
    with pytest.raises(Exception, match="the package not_there is not installed"):
        registry._package("not_there")


def test_a_service_without_a_scope_is_refused() -> None:
    with pytest.raises(UserError, match="and nobody has said on what"):
        cloudformation.generated(PROJECT_TYPES, {})


def test_projects_change_no_identities_but_their_own() -> None:
    for statement in cloudformation.projects().statements:
        if any(action.startswith("iam:") for action in statement.actions) and statement.sid != "CreateLinkedRoles":
            assert all("/headgate-project/" in arn or "PassRole" in statement.actions[0] for arn in statement.resources)


@pytest.mark.parametrize(
    ("deploys", "services"),
    [
        (cloudformation.projects(), {"dynamodb.application-autoscaling", "sagemaker.application-autoscaling"}),
        (cloudformation.governance(), {"cloudtrail"}),
        (platform.PREPARE_ORGANIZATION, {"ram", "stacksets.cloudformation", "member.org.stacksets.cloudformation"}),
    ],
    ids=["projects", "governance", "organization"],
)
def test_roles_that_services_link_to_themselves_can_be_made(deploys: Capability, services: set[str]) -> None:
    """Their first use in an account creates them; without the right to, the stack of a fresh account fails."""
    (linked,) = [each for each in deploys.statements if each.sid == "CreateLinkedRoles"]
    named = linked.conditions["StringEquals"]["iam:AWSServiceName"]
    listed = {named} if isinstance(named, str) else set(named)
    assert {f"{each}.amazonaws.com" for each in services} <= listed
    assert linked.resources == (resources.SERVICE_ROLES,)


def test_a_call_that_nobody_has_mapped_is_refused() -> None:
    with pytest.raises(UserError, match="organizations leave_organization"):
        calls.needed([Call("organizations", "leave_organization")])


@pytest.mark.parametrize(
    ("named", "key"),
    [
        (WITH_INSTANCES, "sagemaker:InstanceTypes"),
        (IN_VPC, "sagemaker:VpcSubnets"),
        (WITH_VOLUME_KEY, "sagemaker:VolumeKmsKey"),
        (WITH_OUTPUT_KEY, "sagemaker:OutputKmsKey"),
        (ISOLATED, "sagemaker:NetworkIsolation"),
    ],
)
def test_requests_with_a_condition_key_are_those_of_the_reference(named: tuple[str, ...], key: str) -> None:
    """Updates cannot take away what was given at creation; an endpoint is in its model's VPC."""
    known = {each for each in reference.with_key("sagemaker", key) if ":Create" in each or named is WITH_INSTANCES}
    assert set(named) | {"sagemaker:CreateEndpointConfig"} == known | {"sagemaker:CreateEndpointConfig"}
