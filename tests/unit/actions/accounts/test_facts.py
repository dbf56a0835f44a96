"""What there is, read once; and the stacks as they are to be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from headgate.actions.accounts.desired import UNKNOWN, desired_stacks, parameter_values
from headgate.actions.accounts.facts import Facts, StackFacts, read_facts, resource_digests
from headgate.actions.accounts.opening import OpenOrganization
from headgate.actions.accounts.planning import make_plan
from headgate.aws.sessions import Session
from headgate.deploy.prerequisites import OrganizationFacts
from headgate.errors import FailedError
from headgate.infra.kinds import KINDS, PARAMETERS
from headgate.infra.synth import Assembly, Template
from headgate.spec.organization import Organization, load_organization
from unit.actions.accounts.cloud import Catalog, FakeSession, refused
from unit.actions.accounts.worlds import GOVERNANCE, LAKE, TOOLING, declare

BODY = {"Resources": {"Key": {"Type": "AWS::KMS::Key"}}}


class Pages:
    """Clients whose lists are what a test says."""

    lists: dict[str, list[Any]]

    def get_paginator(self, name: str) -> Any:
        pages = self.lists.get(name, [])
        return type("Pages", (), {"paginate": lambda *_, **__: pages})()


class Organizations(Pages):
    def __init__(self, there: bool = True) -> None:
        self.there = there
        addresses = {GOVERNANCE: "root", TOOLING: "aws+tooling", LAKE: "aws+data-lake"}
        accounts = [
            {"Id": identity, "Email": f"{name}@example.com", "Status": "ACTIVE"} for identity, name in addresses.items()
        ]
        self.lists = {"list_accounts": [{"Accounts": accounts}]}

    def describe_organization(self) -> Any:
        if not self.there:
            raise refused("AWSOrganizationsNotInUseException")
        return {"Organization": {"Id": "o-abcdefghij"}}

    def list_roots(self) -> Any:
        return {"Roots": [{"Id": "r-abcd"}]}


class CloudFormation(Pages):
    def __init__(self, status: str = "CREATE_COMPLETE", body: Any = BODY, error: Exception | None = None) -> None:
        self.status, self.body, self.error = status, body, error
        self.lists = {}

    def describe_stacks(self, StackName: str) -> Any:  # noqa: N803
        if self.error:
            raise self.error
        if StackName == "headgate-bootstrap":
            raise ClientError({"Error": {"Code": "ValidationError", "Message": "it does not exist"}}, "DescribeStacks")
        return {"Stacks": [{"StackStatus": self.status, "Parameters": [{"ParameterKey": "A", "ParameterValue": "1"}]}]}

    def get_template(self, **_: Any) -> Any:
        return {"TemplateBody": self.body}


class Ssm(Pages):
    def __init__(self, uri: str | None = None, code: str = "ParameterNotFound") -> None:
        self.uri, self.code = uri, code
        self.lists = {}

    def get_parameter(self, **_: Any) -> Any:
        if self.uri is None:
            raise refused(self.code)
        return {"Parameter": {"Value": self.uri}}


def session(**clients: Any) -> Session:
    defaults = {
        "organizations": Organizations(),
        "cloudformation": CloudFormation(),
        "ssm": Ssm("s3://bucket/organization/abc.json"),
        "dynamodb": Catalog(),
    }
    return cast("Session", FakeSession({**defaults, **clients}))


STACKS = ("headgate-bootstrap", "headgate-governance")


def test_an_account_without_an_organization_has_no_facts() -> None:
    assert read_facts(session(organizations=Organizations(there=False)), STACKS) == Facts()


@pytest.mark.parametrize("body", [BODY, json.dumps(BODY)])
def test_facts_are_what_there_is(body: Any) -> None:
    facts = read_facts(session(cloudformation=CloudFormation(body=body)), STACKS)
    assert facts.organization == OrganizationFacts("o-abcdefghij", "r-abcd")
    assert facts.stacks == {
        "headgate-governance": StackFacts("CREATE_COMPLETE", {"A": "1"}, resource_digests(json.dumps(BODY)))
    }
    assert facts.declaration == "abc"
    assert set(facts.members) == {GOVERNANCE, TOOLING, LAKE}


def test_a_stack_that_is_only_planned_is_not_there() -> None:
    assert read_facts(session(cloudformation=CloudFormation("REVIEW_IN_PROGRESS")), STACKS).stacks == {}


def test_before_the_first_apply_there_is_no_declaration() -> None:
    assert read_facts(session(ssm=Ssm()), STACKS).declaration is None


@pytest.mark.parametrize(
    "clients",
    [
        {"ssm": Ssm(code="AccessDeniedException")},
        {"cloudformation": CloudFormation(error=refused("AccessDenied"))},
    ],
)
def test_what_may_not_be_read_is_not_taken_for_absent(clients: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        read_facts(session(**clients), STACKS)


def test_resources_are_told_apart_by_all_that_they_say() -> None:
    one = resource_digests(json.dumps(BODY))
    other = {"Resources": {"Key": {"Type": "AWS::KMS::Key", "DeletionPolicy": "Retain"}}}
    assert one != resource_digests(json.dumps(other))
    assert one["Key"].startswith("AWS::KMS::Key ")


def test_what_cloudformation_takes_for_no_change_is_none() -> None:
    def template(name: str, value: str, **more: Any) -> str:
        key = {
            "Type": "AWS::KMS::Key",
            "Condition": name,
            "Properties": {"Description": {"Fn::If": [name, "a", "b"]}},
            **more,
        }
        said = {"IsTrue": {"Fn::Equals": [{"Ref": "P"}, value]}, name: {"Condition": "IsTrue"}}
        return json.dumps({"Conditions": said, "Resources": {"Key": key}})

    one = resource_digests(template("One", "true"))
    assert resource_digests(template("Other", "true", DependsOn=["Elsewhere"])) == one
    assert resource_digests(template("One", "false")) != one
    assert resource_digests(template("One", "true", DeletionPolicy="Retain")) != one


def assembly(folder: Path, **parameters: str | None) -> Assembly:
    templates = {}
    for kind in ("bootstrap", "governance"):
        file = folder / f"{kind}.json"
        file.write_text(json.dumps(BODY))
        templates[kind] = Template(kind, file, "d" * 64, parameters)
    return Assembly(templates, ())


@pytest.fixture
def organization(tmp_path: Path) -> Organization:
    return declare(tmp_path)


def test_stacks_get_the_parameters_that_they_ask_for(organization: Organization, tmp_path: Path) -> None:
    facts = OrganizationFacts("o-abcdefghij", "r-abcd")
    made = assembly(tmp_path, OrganizationId=None, ToolingAccountId=None, LogRetentionDays="365")
    bootstrap, governance = desired_stacks(organization, made, facts, {"tooling": TOOLING})
    assert (bootstrap.name, governance.name) == STACKS
    assert governance.parameters == {
        "OrganizationId": "o-abcdefghij",
        "ToolingAccountId": TOOLING,
        "LogRetentionDays": "365",
    }


def test_what_is_kept_closed_and_isolated_reaches_the_governance_stack(tmp_path: Path) -> None:
    said = {"NetworkIsolation", "CloseAccounts", "LogRetentionDays", "FeatureExpiryDays"}

    def given(organization: Organization) -> dict[str, str]:
        return {name: value for name, value in parameter_values(organization, None, {}).items() if name in said}

    by_default = given(declare(tmp_path))
    assert by_default == {name: PARAMETERS[name].default for name in said}
    file = tmp_path / "organization.yaml"
    file.write_text(
        file.read_text()
        + "close_retired_accounts: true\nretention: {logs: 30, feature_branches: 3}\n"
        + "guardrails: {network_isolation: true}\n"
    )
    assert given(load_organization(file)) == {
        "NetworkIsolation": "true",
        "CloseAccounts": "true",
        "LogRetentionDays": "30",
        "FeatureExpiryDays": "3",
    }
    assert said <= set(KINDS["governance"].parameters)


def test_what_only_applying_can_tell_is_said_to_be_so(organization: Organization) -> None:
    values = parameter_values(organization, None, {"tooling": None})
    unknown = {name for name, value in values.items() if value == UNKNOWN}
    assert unknown == {"OrganizationId", "OrganizationRootId", "ToolingAccountId", "DataLakeAccountId"}
    assert values["ApprovedRegions"] == "eu-west-1"


def test_a_parameter_that_nothing_declares_is_a_failure(organization: Organization, tmp_path: Path) -> None:
    with pytest.raises(FailedError, match="the template 'bootstrap' asks for Colour, which nothing declares"):
        desired_stacks(organization, assembly(tmp_path, Colour=None), None, {})


def test_a_plan_knows_durable_accounts_by_their_addresses(
    organization: Organization, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = assembly(tmp_path, ToolingAccountId=None)
    monkeypatch.setattr(OpenOrganization, "assembly", lambda _: made)
    changes = make_plan(OpenOrganization(organization, session()))
    details = next(change.details for change in changes if change.subject == "stack headgate-governance")
    assert details == (f"parameter ToolingAccountId:  -> {TOOLING}",)
