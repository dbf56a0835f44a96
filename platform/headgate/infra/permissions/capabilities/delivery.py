"""Delivery: stacks that CloudFormation deploys as its own role, and the roles along the chain from tooling."""

from __future__ import annotations

from headgate.infra.permissions import resources
from headgate.infra.permissions.capabilities.model import Capability, passed_to
from headgate.infra.permissions.document import Statement

CHANGE_STACKS = (
    "cloudformation:CreateChangeSet",
    "cloudformation:CreateStack",
    "cloudformation:DeleteStack",
    "cloudformation:UpdateStack",
)
STEER_STACKS = (
    "cloudformation:CancelUpdateStack",
    "cloudformation:ContinueUpdateRollback",
    "cloudformation:DeleteChangeSet",
    "cloudformation:ExecuteChangeSet",
    "cloudformation:RollbackStack",
    "cloudformation:SetStackPolicy",
    "cloudformation:TagResource",
    "cloudformation:UntagResource",
    "cloudformation:UpdateTerminationProtection",
)
LOOK_AT_STACKS = (
    "cloudformation:DescribeChangeSet",
    "cloudformation:DescribeStackEvents",
    "cloudformation:DescribeStackResource",
    "cloudformation:DescribeStackResources",
    "cloudformation:DescribeStacks",
    "cloudformation:GetStackPolicy",
    "cloudformation:GetTemplate",
    "cloudformation:GetTemplateSummary",
    "cloudformation:ListChangeSets",
    "cloudformation:ListStackResources",
)

READ_STACKS = Capability(
    "read stacks",
    "see the place's stacks, their events and change sets",
    (
        Statement("ReadStacks", LOOK_AT_STACKS, (resources.STACKS, resources.CHANGE_SETS)),
        Statement("ListStacks", ("cloudformation:ListStacks", "cloudformation:ValidateTemplate")),
    ),
)
DEPLOY = Capability(
    "deploy stacks",
    "deploy the place's stacks through CloudFormation, with its role and no other",
    (
        Statement(
            "DeployWithCloudFormationRole",
            CHANGE_STACKS,
            (resources.STACKS, resources.CHANGE_SETS),
            {"ArnEquals": {"cloudformation:RoleArn": resources.CLOUDFORMATION_ROLE}},
        ),
        Statement("SteerStacks", STEER_STACKS, (resources.STACKS, resources.CHANGE_SETS)),
        Statement(
            "PassCloudFormationRole",
            ("iam:PassRole",),
            (resources.CLOUDFORMATION_ROLE,),
            passed_to("cloudformation.amazonaws.com"),
        ),
    ),
)


def assume(what: str, *names: str) -> Capability:
    """Becoming roles of these names, in whichever account of the organization trusts the caller."""
    return Capability(
        f"become {what}",
        f"assume the role {what} of an environment that trusts it",
        (
            Statement(
                f"Become{what.title().replace('-', '')}",
                ("sts:AssumeRole", "sts:TagSession"),
                tuple(resources.role(name, account="*") for name in names),
                {"StringEquals": {"aws:ResourceOrgID": "${OrganizationId}"}},
            ),
        ),
    )


CALL_FUNCTIONS = Capability(
    "call functions",
    "invoke the place's functions",
    (Statement("CallFunctions", ("lambda:InvokeFunction",), (resources.FUNCTIONS, f"{resources.FUNCTIONS}:*")),),
)
START_MACHINES = Capability(
    "start state machines",
    "start the place's state machines",
    (Statement("StartMachines", ("states:StartExecution",), (resources.STATE_MACHINES,)),),
)
WATCH_ALARMS = Capability(
    "watch alarms",
    "see alarms and metrics while a deployment bakes",
    (
        Statement(
            "WatchAlarms", ("cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData", "cloudwatch:GetMetricStatistics")
        ),
    ),
)
WRITE_PARAMETERS = Capability(
    "write parameters",
    "write the place's parameters",
    (
        Statement(
            "WriteParameters",
            ("ssm:AddTagsToResource", "ssm:DeleteParameter", "ssm:GetParameter", "ssm:PutParameter"),
            (resources.PARAMETERS,),
        ),
    ),
)
