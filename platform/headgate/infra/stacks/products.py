"""The templates of Service Catalog's products, launched in governance."""

from __future__ import annotations

import aws_cdk as cdk
from constructs import Construct

from headgate.infra.stacks.base import KindStack
from headgate.infra.tokens import sub

VENDING_REQUEST = "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:headgate-vending-request"
EXPORTS = ("organization-id", "durable-unit", "tooling-account")
"""What the governance stack exports to products as `headgate-governance-<name>`: nobody who launches one is asked."""


class AccountSetProduct(KindStack):
    """`ML account set`: one call to vending, which does the work and answers. Deleting its stack retires accounts."""

    def __init__(self, scope: Construct, synthesizer: cdk.IStackSynthesizer) -> None:
        super().__init__(scope, "product-account-set", synthesizer)
        self.resource = cdk.CfnResource(
            self,
            "AccountSet",
            type="Custom::AccountSet",
            properties={
                "ServiceToken": sub(VENDING_REQUEST),
                **{name: sub(f"${{{name}}}") for name in ("Team", "Action", "Request", "RequestedBy")},
            },
        )


class ProjectProduct(KindStack):
    """`ML project`: a StackSet of its own with one instance, which gives the project its place in tooling."""

    def __init__(self, scope: Construct, synthesizer: cdk.IStackSynthesizer, template_url: str) -> None:
        super().__init__(scope, "product-project", synthesizer)
        self.resource = cdk.CfnStackSet(
            self,
            "StackSet",
            stack_set_name=sub("headgate-project-${Team}-${Project}"),
            description="A project's model package group and images",
            template_url=template_url,
            permission_model="SERVICE_MANAGED",
            auto_deployment=cdk.CfnStackSet.AutoDeploymentProperty(enabled=False),
            capabilities=["CAPABILITY_NAMED_IAM"],
            managed_execution={"Active": True},
            parameters=[
                _parameter("OrganizationId", _imported("organization-id")),
                _parameter("Team", sub("${Team}")),
                _parameter("Project", sub("${Project}")),
            ],
            stack_instances_group=[
                cdk.CfnStackSet.StackInstancesProperty(
                    deployment_targets=cdk.CfnStackSet.DeploymentTargetsProperty(
                        organizational_unit_ids=[_imported("durable-unit")],
                        accounts=[_imported("tooling-account")],
                        account_filter_type="INTERSECTION",
                    ),
                    regions=[cdk.Aws.REGION],
                )
            ],
        )


def exported(name: str) -> str:
    """The name under which the governance stack exports a value to its products."""
    return f"headgate-governance-{name}"


def _imported(name: str) -> str:
    return cdk.Fn.import_value(exported(name))


def _parameter(key: str, value: str) -> cdk.CfnStackSet.ParameterProperty:
    return cdk.CfnStackSet.ParameterProperty(parameter_key=key, parameter_value=value)
