"""Guardrails of guarded and of quarantined accounts: who may still act there."""

from __future__ import annotations

from headgate.infra.permissions.document import Statement
from headgate.infra.permissions.guardrails.model import (
    AUDITORS,
    MACHINES,
    STACK_SETS,
    VENDING,
    deny,
    deny_all_but,
    unless,
)


def deployment() -> tuple[Statement, ...]:
    reading = (
        "access-analyzer:Get*",
        "access-analyzer:List*",
        "budgets:View*",
        "ce:Get*",
        "cloudformation:Describe*",
        "cloudformation:Get*",
        "cloudformation:List*",
        "cloudformation:ValidateTemplate",
        "cloudtrail:Describe*",
        "cloudtrail:Get*",
        "cloudtrail:List*",
        "cloudtrail:LookupEvents",
        "cloudwatch:Describe*",
        "cloudwatch:Get*",
        "cloudwatch:List*",
        "dynamodb:Describe*",
        "dynamodb:GetItem",
        "dynamodb:List*",
        "dynamodb:Query",
        "ec2:Describe*",
        "ecr:Batch*",
        "ecr:Describe*",
        "ecr:Get*",
        "events:Describe*",
        "events:List*",
        "glue:Get*",
        "iam:Get*",
        "iam:List*",
        "iam:Simulate*",
        "kms:Decrypt",
        "kms:Describe*",
        "kms:Get*",
        "kms:List*",
        "lambda:Get*",
        "lambda:List*",
        "logs:Describe*",
        "logs:Filter*",
        "logs:Get*",
        "logs:List*",
        "logs:StartQuery",
        "s3:Get*",
        "s3:List*",
        "sagemaker:BatchDescribe*",
        "sagemaker:Describe*",
        "sagemaker:Get*",
        "sagemaker:List*",
        "sagemaker:Search",
        "sns:Get*",
        "sns:List*",
        "sqs:Get*",
        "sqs:List*",
        "ssm:Describe*",
        "ssm:Get*",
        "ssm:List*",
        "states:Describe*",
        "states:Get*",
        "states:List*",
        "sts:*",
        "support:*",
        "tag:Get*",
        "xray:Get*",
    )
    return (
        deny_all_but("MachinesDeploy", reading, unless(STACK_SETS, VENDING, *MACHINES)),
        deny(
            "OnlyWithCloudFormationRole",
            ("cloudformation:CreateChangeSet", "cloudformation:CreateStack", "cloudformation:UpdateStack"),
            {
                "Null": {"cloudformation:RoleArn": "true"},
                "ArnLike": {"aws:PrincipalArn": MACHINES},
            },
        ),
    )


def quarantine() -> tuple[Statement, ...]:
    """Auditors look, vending and StackSets release or retire; living sessions of anybody else are dead."""
    return (deny("NobodyButAuditors", ("*",), unless(STACK_SETS, VENDING, AUDITORS)),)
