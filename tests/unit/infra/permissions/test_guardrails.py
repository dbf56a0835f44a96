"""Guardrails and boundary, statement by statement: each denies what it is for, and only that."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from headgate.infra.permissions.boundary import boundary
from headgate.infra.permissions.document import render
from headgate.infra.permissions.guardrails import guardrails
from headgate.localcloud.identity import principals
from headgate.localcloud.identity.evaluate import AccessRequest, Decision, PolicySet, evaluate
from headgate.localcloud.identity.policy import compile_policy
from unit.infra.permissions.table import rows
from unit.infra.permissions.world import EVERYTHING, IDS, values

ACCOUNT = IDS["churn-dev"]
ALL = compile_policy(json.dumps(EVERYTHING), "identity")
EXECUTION = f"arn:aws:iam::{ACCOUNT}:role/headgate/headgate-dev-execution"
PROMOTION = f"arn:aws:iam::{ACCOUNT}:role/headgate/headgate-prod-promotion"

# Guardrail, action, condition keys that are denied, condition keys that are not, the statement. What needs a call that
# the local cloud's tables do not know, or an option, is here; everything else is in the table 'who may do what'.
CASES: tuple[tuple[str, str, Mapping[str, str], Mapping[str, str] | None, str], ...] = (
    ("organization", "account:EnableRegion", {}, None, "NoRegionIsOpened"),
    (
        "organization",
        "ram:CreateResourceShare",
        {"ram:RequestedAllowsExternalPrincipals": "true"},
        {"ram:RequestedAllowsExternalPrincipals": "false"},
        "NoSharingOutside",
    ),
    (
        "baseline",
        "ec2:ModifyVpcEndpoint",
        {"aws:ResourceTag/headgate:account": "dev"},
        {"aws:ResourceTag/team": "networks"},
        "NetworkStays",
    ),
    ("data", "s3:PutBucketAcl", {"s3:x-amz-acl": "private"}, None, "NoAcl"),
    ("data", "ec2:ModifySnapshotAttribute", {}, None, "NothingIsShared"),
    (
        "data",
        "lambda:CreateFunctionUrlConfig",
        {"lambda:FunctionUrlAuthType": "NONE"},
        {"lambda:FunctionUrlAuthType": "AWS_IAM"},
        "NoOpenFunctionUrl",
    ),
    (
        "machine-learning",
        "sagemaker:CreateNotebookInstance",
        {"sagemaker:InstanceTypes": "ml.m5.large"},
        {"sagemaker:InstanceTypes": "ml.m5.large", "sagemaker:RootAccess": "Disabled"},
        "NotebooksWithoutRoot",
    ),
    (
        "machine-learning",
        "sagemaker:UpdateNotebookInstance",
        {"sagemaker:RootAccess": "Enabled"},
        {},
        "NotebooksStayWithoutRoot",
    ),
    (
        "machine-learning",
        "sagemaker:CreateDomain",
        {},
        {"sagemaker:AppNetworkAccessType": "VpcOnly"},
        "DomainsInTheVpc",
    ),
    (
        "machine-learning",
        "sagemaker:UpdateDomain",
        {"sagemaker:AppNetworkAccessType": "PublicInternetOnly"},
        {},
        "DomainsStayInTheVpc",
    ),
    ("machine-learning", "aws-marketplace:Subscribe", {}, None, "NoMarketplace"),
    (
        "network-isolation",
        "sagemaker:CreateTrainingJob",
        {"sagemaker:NetworkIsolation": "false"},
        {"sagemaker:NetworkIsolation": "true"},
        "ContainersWithoutNetwork",
    ),
    (
        "deployment",
        "cloudformation:CreateStack",
        {},
        {"cloudformation:RoleArn": f"arn:aws:iam::{ACCOUNT}:role/headgate/headgate-prod-cloudformation"},
        "OnlyWithCloudFormationRole",
    ),
)


def _decide(body: Mapping[str, Any], action: str, context: Mapping[str, str], role: str = EXECUTION) -> Decision:
    name = role.rpartition("/")[2]
    principal = principals.session(f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/session", role)
    known = {"aws:principalarn": role, "aws:requestedregion": "eu-central-1", "aws:principalisawsservice": "false"}
    request = AccessRequest(principal, action, "*", known | {key.lower(): value for key, value in context.items()})
    scp = compile_policy(json.dumps(body), "scp")
    return evaluate(request, PolicySet((ALL,), scps=((compile_policy(json.dumps(EVERYTHING), "scp"), scp),)))


def _body(name: str) -> Mapping[str, Any]:
    (found,) = [each for each in guardrails() if each.name == f"headgate-{name}"]
    return render(found.document, values("churn-dev"))


@pytest.mark.parametrize(("name", "action", "context", "_", "sid"), CASES)
def test_statement_denies_what_it_is_for(
    name: str, action: str, context: Mapping[str, str], _: object, sid: str
) -> None:
    decision = _decide(_body(name), action, context, PROMOTION if name == "deployment" else EXECUTION)
    assert (decision.allowed, decision.layer) == (False, "scp")
    assert decision.statement is not None
    assert decision.statement["Sid"] == sid


@pytest.mark.parametrize(
    ("name", "action", "context"), [(name, action, right) for name, action, _, right, _ in CASES if right is not None]
)
def test_statement_lets_through_what_it_is_not_for(name: str, action: str, context: Mapping[str, str]) -> None:
    assert _decide(_body(name), action, context, PROMOTION if name == "deployment" else EXECUTION).allowed


def test_every_statement_of_every_guardrail_and_of_the_boundary_is_shown_to_deny_something() -> None:
    shown = {row.statement for row in rows()} | {sid for *_, sid in CASES}
    said = {each.sid for guardrail in guardrails() for each in guardrail.document.statements}
    said |= {each.sid for each in boundary().statements if each.effect == "Deny"}
    assert said - shown == {"NobodyClaimsDataSets", "RolesAreTagged", "TagsAreAsNamed"}, "those have tests below"


def _within_boundary(action: str, context: Mapping[str, str], role: str = EXECUTION) -> Decision:
    name = role.rpartition("/")[2]
    principal = principals.session(f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/session", role)
    known = {"aws:principalarn": role, "aws:resourceaccount": ACCOUNT}
    request = AccessRequest(principal, action, "*", known | {key.lower(): value for key, value in context.items()})
    limit = compile_policy(json.dumps(render(boundary(), values("churn-dev"))), "identity")
    return evaluate(request, PolicySet((ALL,), limit))


def test_a_role_that_no_environment_tag_is_on_can_do_nothing() -> None:
    decision = _within_boundary("sagemaker:ListEndpoints", {})
    assert decision.statement is not None
    assert decision.statement["Sid"] == "RolesAreTagged"
    assert _within_boundary("sagemaker:ListEndpoints", {"aws:PrincipalTag/headgate:environment": "dev"}).allowed


def test_a_session_of_a_projects_role_is_of_the_environment_in_the_roles_name_whatever_it_was_tagged_with() -> None:
    """Projects write their roles' trust, and so could let somebody in who tags the session as another environment's."""
    role = f"arn:aws:iam::{ACCOUNT}:role/headgate-project/headgate-preprod-open"
    named = {"aws:PrincipalTag/headgate:environment": "preprod"}
    assert _within_boundary("sagemaker:ListEndpoints", named, role).allowed
    for claimed in ("prod", "governance", "account", "*"):
        forged = {"aws:PrincipalTag/headgate:environment": claimed}
        decision = _within_boundary("sagemaker:ListEndpoints", forged, role)
        assert decision.statement is not None, claimed
        assert decision.statement["Sid"] == "TagsAreAsNamed"


def test_no_session_claims_data_sets_where_no_guardrail_reaches() -> None:
    own = {"aws:PrincipalTag/headgate:environment": "governance"}
    decision = _within_boundary("sts:TagSession", {**own, "aws:TagKeys": "headgate:data-sets"})
    assert decision.statement is not None
    assert decision.statement["Sid"] == "NobodyClaimsDataSets"


def test_a_guardrail_that_is_an_option_is_only_that_of_isolation() -> None:
    assert {each.name: each.option for each in guardrails() if each.option} == {
        "headgate-network-isolation": "NetworkIsolation"
    }
