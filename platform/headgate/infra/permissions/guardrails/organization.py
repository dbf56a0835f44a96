"""Guardrails of every account: where, who, and that what Headgate installs stays."""

from __future__ import annotations

from headgate.infra.permissions import resources
from headgate.infra.permissions.boundary import IAM_WRITES, IDENTITIES, STOP_TRAILS
from headgate.infra.permissions.document import Ref, Statement
from headgate.infra.permissions.guardrails.model import STACK_SETS, VENDING, anywhere, deny, deny_all_but, unless
from headgate.infra.permissions.places import ACCOUNT_TAG, DATA_SETS_TAG, PERSONA_TAG, TAGS


def organization() -> tuple[Statement, ...]:
    everywhere = (
        "account:*",
        "artifact:*",
        "aws-portal:*",
        "billing:*",
        "budgets:*",
        "ce:*",
        "cloudfront:*",
        "consolidatedbilling:*",
        "cur:*",
        "globalaccelerator:*",
        "health:*",
        "iam:*",
        "importexport:*",
        "organizations:*",
        "pricing:*",
        "resource-explorer-2:*",
        "route53:*",
        "route53domains:*",
        "s3:GetAccountPublicAccessBlock",
        "s3:ListAllMyBuckets",
        "shield:*",
        "sts:*",
        "support:*",
        "supportplans:*",
        "sustainability:*",
        "tag:*",
        "tax:*",
        "trustedadvisor:*",
        "waf:*",
    )
    return (
        deny_all_but(
            "ApprovedRegionsOnly",
            everywhere,
            {"StringNotEquals": {"aws:RequestedRegion": Ref("ApprovedRegions")}},
        ),
        deny("NoRootUser", ("*",), {"ArnLike": {"aws:PrincipalArn": f"arn:{resources.PARTITION}:iam::*:root"}}),
        deny(
            "AccountsStayInTheOrganization",
            ("account:CloseAccount", "organizations:DeleteOrganization", "organizations:LeaveOrganization"),
        ),
        deny("NoUsersAndNoAccessKeys", IDENTITIES),
        deny("NoRegionIsOpened", ("account:DisableRegion", "account:EnableRegion")),
        deny(
            "RolesOfTheOrganizationOnly",
            ("sts:AssumeRole",),
            {
                "StringNotEqualsIfExists": {"aws:ResourceOrgID": "${OrganizationId}"},
                "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
            },
        ),
        deny(
            "NoSharingOutside",
            ("ram:CreateResourceShare", "ram:UpdateResourceShare"),
            {"Bool": {"ram:RequestedAllowsExternalPrincipals": "true"}, **unless(VENDING)},
        ),
    )


def baseline() -> tuple[Statement, ...]:
    baseline = unless(STACK_SETS)
    return (
        deny(
            "RolesCarryTheBoundary",
            ("iam:CreateRole", "iam:PutRolePermissionsBoundary"),
            {
                "ArnNotLike": {
                    "aws:PrincipalArn": STACK_SETS,
                    "iam:PermissionsBoundary": anywhere(resources.BOUNDARY_POLICY),
                },
            },
        ),
        deny("NobodyShedsTheBoundary", ("iam:DeleteRolePermissionsBoundary",), baseline),
        deny(
            "BaselineRolesStay",
            IAM_WRITES,
            baseline,
            anywhere(resources.HEADGATE_ROLES),
            anywhere(resources.HEADGATE_POLICIES),
        ),
        deny(
            "StackSetRolesStay",
            IAM_WRITES,
            None,
            STACK_SETS,
            anywhere(resources.MANAGEMENT_ROLE),
        ),
        deny(
            "OnlyStackSetsTagPeople",
            ("iam:CreateRole", "iam:TagRole", "iam:TagUser", "sts:TagSession"),
            {
                **baseline,
                "ForAnyValue:StringEquals": {"aws:TagKeys": (DATA_SETS_TAG, PERSONA_TAG)},
            },
        ),
        deny(
            "TagsOfRolesStay",
            ("iam:UntagRole", "iam:UntagUser"),
            {**baseline, "ForAnyValue:StringLike": {"aws:TagKeys": TAGS}},
        ),
        deny("TrailStays", STOP_TRAILS, baseline),
        deny(
            "DetectionStays",
            (
                "access-analyzer:DeleteAnalyzer",
                "config:DeleteConfigurationRecorder",
                "config:DeleteDeliveryChannel",
                "config:StopConfigurationRecorder",
                "ec2:DeleteFlowLogs",
                "guardduty:DeleteDetector",
                "guardduty:DisassociateFromMasterAccount",
                "guardduty:UpdateDetector",
                "securityhub:DisableSecurityHub",
            ),
            baseline,
        ),
        deny(
            "BaselineStacksStay",
            (
                "cloudformation:CreateChangeSet",
                "cloudformation:DeleteStack",
                "cloudformation:ExecuteChangeSet",
                "cloudformation:SetStackPolicy",
                "cloudformation:UpdateStack",
                "cloudformation:UpdateTerminationProtection",
            ),
            baseline,
            anywhere(resources.BASELINE_STACKS),
        ),
        deny(
            "BaselineLogsStay",
            (
                "logs:DeleteLogGroup",
                "logs:DeleteLogStream",
                "logs:DeleteRetentionPolicy",
                "logs:DisassociateKmsKey",
                "logs:PutRetentionPolicy",
            ),
            baseline,
            anywhere(resources.ACCOUNT_LOGS),
            anywhere(resources.SAGEMAKER_LOGS),
        ),
        deny(
            "NetworkStays",
            (
                "ec2:AuthorizeSecurityGroup*",
                "ec2:CreateRoute",
                "ec2:DeleteTags",
                "ec2:DeleteVpcEndpoints",
                "ec2:ModifySecurityGroupRules",
                "ec2:ModifyVpcEndpoint",
                "ec2:ReplaceRoute*",
            ),
            {**baseline, "Null": {f"aws:ResourceTag/{ACCOUNT_TAG}": "false"}},
        ),
        deny(
            "AlarmsStay",
            (
                "budgets:ModifyBudget",
                "events:DeleteRule",
                "events:DisableRule",
                "events:PutRule",
                "events:PutTargets",
                "events:RemoveTargets",
                "sns:AddPermission",
                "sns:DeleteTopic",
                "sns:SetTopicAttributes",
            ),
            baseline,
            anywhere(resources.BUDGETS),
            anywhere(resources.FORWARDING_RULES),
            anywhere(resources.ALARMS_TOPIC),
        ),
        deny(
            "AccountParametersStay",
            ("ssm:DeleteParameter", "ssm:DeleteParameters", "ssm:PutParameter"),
            baseline,
            anywhere(resources.ACCOUNT_PARAMETERS),
        ),
    )
