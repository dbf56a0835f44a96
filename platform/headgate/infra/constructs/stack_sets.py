"""StackSets: how the templates of members' stacks come to accounts, by organizational unit or one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from constructs import Construct

from headgate.infra.kinds import KINDS, PARAMETERS

UNASSIGNED = "unassigned"
"""The value, in a StackSet, of a parameter that every instance overrides."""


class MemberStackSet(Construct):
    """A service-managed StackSet of one kind. With `units`, accounts that enter them get their instance by themselves.

    `values` are parameters that are the same in all instances; the rest of what a kind needs is each instance's own.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        kind: str,
        stack_set_name: str,
        template_url: str,
        values: Mapping[str, str],
        units: Sequence[str] = (),
    ) -> None:
        super().__init__(scope, name)
        described = KINDS[kind]
        given = {
            parameter: values.get(parameter, UNASSIGNED)
            for parameter in described.parameters
            if parameter in values or PARAMETERS[parameter].default is None
        }
        self.resource = cdk.CfnStackSet(
            self,
            "Resource",
            stack_set_name=stack_set_name,
            description=described.description,
            template_url=template_url,
            permission_model="SERVICE_MANAGED",
            auto_deployment=cdk.CfnStackSet.AutoDeploymentProperty(
                enabled=bool(units), retain_stacks_on_account_removal=True if units else None
            ),
            capabilities=["CAPABILITY_NAMED_IAM"],
            managed_execution={"Active": True},
            operation_preferences=cdk.CfnStackSet.OperationPreferencesProperty(
                failure_tolerance_percentage=0, max_concurrent_percentage=25, region_concurrency_type="SEQUENTIAL"
            ),
            parameters=[
                cdk.CfnStackSet.ParameterProperty(parameter_key=key, parameter_value=value)
                for key, value in given.items()
            ],
            stack_instances_group=[
                cdk.CfnStackSet.StackInstancesProperty(
                    deployment_targets=cdk.CfnStackSet.DeploymentTargetsProperty(organizational_unit_ids=list(units)),
                    regions=[cdk.Aws.REGION],
                )
            ]
            if units
            else None,
        )
        self.resource.apply_removal_policy(cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
