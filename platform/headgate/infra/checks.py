"""The whole app under cdk-nag's AwsSolutions, CloudFormation's own validator, and the Guard rules in `guard/`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from cdk_nag import AwsSolutionsChecks
from constructs import IConstruct

from headgate.infra.acknowledgements import BY_TYPE, OF_STACKS, Acknowledged, of_policy
from headgate.infra.app import build
from headgate.infra.contents import INPUTS_VARIABLE, Inputs
from headgate.infra.permissions.places import BOUNDARY

RULES = Path(__file__).parent / "guard"


def check() -> None:
    """Every check over the app of this process's inputs; what they find stands in the CDK's report.

    Run in a process of its own: `findings.check` does, and reads the report.
    """
    app = build(Inputs.loads(os.environ[INPUTS_VARIABLE])).app
    acknowledge(app)
    cdk.Validations.of(app).add_plugins(
        AwsSolutionsChecks(app),
        cdk.CloudFormationValidatePlugin(guard_rules=guard_rules(RULES), include_default_rules=True),
    )
    try:
        app.synth()
    except RuntimeError as error:
        if "Validation" not in str(error):
            raise


def guard_rules(folder: Path) -> list[cdk.ValidationRuleSource]:
    """The Guard rules of a folder, each file by its name."""
    return [
        cdk.ValidationRuleSource(name=file.stem, content=file.read_text()) for file in sorted(folder.glob("*.guard"))
    ]


def acknowledge(app: cdk.App) -> None:
    """Tells the checks what is right as it is, construct by construct, with the reason."""
    for node in app.node.find_all():
        for each in _acknowledged(node):
            cdk.Validations.of(node).acknowledge(cdk.Acknowledgment(id=each.id, reason=each.reason))


def _acknowledged(node: IConstruct) -> list[Acknowledged]:
    if isinstance(node, cdk.Stack):
        return [Acknowledged(*each) for each in OF_STACKS.items()]
    if isinstance(node, iam.CfnManagedPolicy):
        document: Mapping[str, Any] = cdk.Stack.of(node).resolve(node.policy_document)
        return list(of_policy(document, is_boundary=node.managed_policy_name == BOUNDARY))
    if isinstance(node, cdk.CfnResource):
        return [Acknowledged(*each) for each in BY_TYPE.get(node.cfn_resource_type, {}).items()]
    return []


if __name__ == "__main__":
    check()
