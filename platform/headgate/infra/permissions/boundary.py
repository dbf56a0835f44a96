"""The permission boundary that every role of Headgate and of its projects carries.

It grants nothing. It keeps whatever a role's policies say within its environment (names where AWS lets us choose
them, tags elsewhere) and away from the baseline: roles, boundary, trail, tags. Roles carry their environment as a tag
that nobody may change, so that one document serves every account, and environments that share one.
"""

from __future__ import annotations

from headgate.infra.permissions import resources
from headgate.infra.permissions.document import Conditions, Document, Purpose, Statement
from headgate.infra.permissions.places import (
    DATA_SETS_TAG,
    ENVIRONMENT_TAG,
    OWN_ENVIRONMENT,
    OWN_TEAM,
    PERSONA_TAG,
    TAGS,
    TEAM_TAG,
)

_SERVICES = (
    "apigateway",
    "application-autoscaling",
    "athena",
    "ce",
    "cloudformation",
    "cloudtrail",
    "cloudwatch",
    "dynamodb",
    "ecr",
    "events",
    "glue",
    "iam",
    "kms",
    "lakeformation",
    "lambda",
    "logs",
    "organizations",
    "ram",
    "s3",
    "sagemaker",
    "scheduler",
    "secretsmanager",
    "servicecatalog",
    "sns",
    "sqs",
    "ssm",
    "states",
    "sts",
    "tag",
    "xray",
)
_PARTS_OF_SERVICES = (
    "budgets:View*",
    "ec2:*PrivateIpAddresses",
    "ec2:CreateNetworkInterface*",
    "ec2:DeleteNetworkInterface*",
    "ec2:Describe*",
)
"""Networks and budgets are the baseline's: roles join the one and look at the other."""

IAM_WRITES = (
    "iam:Add*",
    "iam:Attach*",
    "iam:Create*",
    "iam:Delete*",
    "iam:Detach*",
    "iam:Put*",
    "iam:Remove*",
    "iam:Set*",
    "iam:Tag*",
    "iam:Untag*",
    "iam:Update*",
)
IDENTITIES = (
    "iam:AddUserToGroup",
    "iam:AttachGroupPolicy",
    "iam:AttachUserPolicy",
    "iam:CreateAccessKey",
    "iam:CreateGroup",
    "iam:CreateLoginProfile",
    "iam:CreateOpenIDConnectProvider",
    "iam:CreateSAMLProvider",
    "iam:CreateServiceSpecificCredential",
    "iam:CreateUser",
    "iam:CreateVirtualMFADevice",
    "iam:PutGroupPolicy",
    "iam:PutUserPolicy",
    "iam:UpdateLoginProfile",
    "iam:UpdateOpenIDConnectProviderThumbprint",
    "iam:UpdateSAMLProvider",
)
STOP_TRAILS = (
    "cloudtrail:CreateTrail",
    "cloudtrail:DeleteTrail",
    "cloudtrail:PutEventSelectors",
    "cloudtrail:PutInsightSelectors",
    "cloudtrail:StopLogging",
    "cloudtrail:UpdateTrail",
)
_NAMED = (
    "cloudformation:*ChangeSet",
    "cloudformation:*Stack",
    "dynamodb:*Item",
    "dynamodb:*Table",
    "dynamodb:Query",
    "dynamodb:Scan",
    "events:*Targets",
    "events:PutRule",
    "lambda:AddPermission",
    "lambda:DeleteFunction",
    "lambda:InvokeFunction",
    "lambda:UpdateFunction*",
    "s3:AbortMultipartUpload",
    "s3:CreateBucket",
    "s3:Delete*",
    "s3:GetBucket*",
    "s3:GetObject*",
    "s3:ListBucket*",
    "s3:Put*",
    "secretsmanager:*SecretValue",
    "ssm:*Parameter",
    "ssm:GetParameters*",
    "states:*StateMachine",
    "states:StartExecution",
)
"""Actions on resources whose names say which environment they are of."""


_PLATFORM = ("account", "governance")
"""Roles that serve every environment of an account, or every account: vending and what it runs as."""

_UNTAG = ("iam:UntagPolicy", "iam:UntagRole", "kms:UntagResource", "sagemaker:DeleteTags")
"""Where tags, not names, say whose something is."""

_NOT_THE_PLATFORM = {"ArnNotEquals": {"aws:PrincipalArn": resources.at(resources.CLOUDFORMATION_ROLE, "governance")}}
"""CloudFormation in governance creates the baseline there; in no other account can a role have this name."""


def _own(pattern: str) -> str:
    """The pattern for the environment that the principal is tagged with, in any Region of its account."""
    return resources.at(pattern, OWN_ENVIRONMENT).replace(resources.REGION, "*")


def boundary() -> Document:
    """`headgate-boundary`. Its only placeholders are CloudFormation's pseudo parameters."""
    return Document(
        "boundary",
        Purpose.BOUNDARY,
        (
            Statement("WithinTheseServices", (*(f"{each}:*" for each in _SERVICES), *_PARTS_OF_SERVICES)),
            *_roles(),
            *_environments(),
            *_tags(),
        ),
        what="what no role may exceed, whatever its policies say",
    )


def _roles() -> tuple[Statement, ...]:
    return (
        Statement(
            "RolesCarryTheBoundary",
            ("iam:CreateRole", "iam:PutRolePermissionsBoundary"),
            conditions={"StringNotEquals": {"iam:PermissionsBoundary": resources.BOUNDARY_POLICY}},
            effect="Deny",
        ),
        Statement("NobodyShedsTheBoundary", ("iam:DeleteRolePermissionsBoundary",), effect="Deny"),
        Statement(
            "OnlyProjectRolesChange",
            IAM_WRITES,
            (),
            _NOT_THE_PLATFORM,
            effect="Deny",
            not_resources=(
                resources.at(resources.PROJECT_ROLES, OWN_ENVIRONMENT),
                resources.at(resources.PROJECT_POLICIES, OWN_ENVIRONMENT),
                resources.SERVICE_ROLES,
            ),
        ),
        Statement(
            "PassRolesOfOwnEnvironment",
            ("iam:PassRole",),
            (),
            _NOT_THE_PLATFORM,
            effect="Deny",
            not_resources=(
                resources.at(resources.PROJECT_ROLES, OWN_ENVIRONMENT),
                resources.role(f"headgate-{OWN_ENVIRONMENT}-*"),
            ),
        ),
        Statement("TrailStays", STOP_TRAILS, conditions=_NOT_THE_PLATFORM, effect="Deny"),
        Statement("MembershipStays", ("organizations:LeaveOrganization",), effect="Deny"),
    )


def _environments() -> tuple[Statement, ...]:
    environment = f"aws:PrincipalTag/{ENVIRONMENT_TAG}"
    tag = f"aws:ResourceTag/{ENVIRONMENT_TAG}"
    here = {"aws:ResourceAccount": resources.ACCOUNT}
    named = (
        resources.OWN_BUCKETS,
        resources.PARAMETERS,
        resources.ACCOUNT_PARAMETERS,
        resources.STACKS_AND_CHANGE_SETS,
        resources.FUNCTIONS,
        resources.RULES,
        resources.SECRETS,
        resources.TABLES,
        resources.STATE_MACHINES,
    )
    return (
        Statement("RolesAreTagged", ("*",), conditions={"Null": {environment: "true"}}, effect="Deny"),
        Statement(
            "TagsAreAsNamed",
            ("*",),
            conditions={
                "ArnNotLike": {
                    "aws:PrincipalArn": (
                        resources.HEADGATE_ROLES,
                        resources.at(resources.PROJECT_ROLES, OWN_ENVIRONMENT),
                    )
                }
            },
            effect="Deny",
        ),
        Statement(
            "NamedOfOwnEnvironment",
            _NAMED,
            (),
            {"StringEquals": here, "StringNotEquals": {environment: _PLATFORM}},
            effect="Deny",
            not_resources=tuple(_own(each) for each in named),
        ),
        Statement(
            "TaggedOfOwnEnvironment",
            ("*",),
            conditions={
                "Null": {tag: "false"},
                "StringEquals": here,
                "StringNotEquals": {tag: (OWN_ENVIRONMENT, "account"), environment: _PLATFORM},
            },
            effect="Deny",
        ),
    )


def _tags() -> tuple[Statement, ...]:
    environment = f"aws:PrincipalTag/{ENVIRONMENT_TAG}"

    def foreign(sid: str, key: str, own: str) -> Statement:
        tag = f"aws:RequestTag/{key}"
        conditions: Conditions = {"Null": {tag: "false"}, "StringNotEquals": {tag: own, environment: _PLATFORM}}
        return Statement(sid, ("*",), conditions=conditions, effect="Deny")

    return (
        foreign("TagsOfOwnEnvironment", ENVIRONMENT_TAG, OWN_ENVIRONMENT),
        foreign("TagsOfOwnTeam", TEAM_TAG, OWN_TEAM),
        Statement(
            "NobodyClaimsDataSets",
            ("iam:CreateRole", "iam:TagRole", "sts:TagSession"),
            conditions={
                "ForAnyValue:StringEquals": {"aws:TagKeys": (DATA_SETS_TAG, PERSONA_TAG)},
                **_NOT_THE_PLATFORM,
            },
            effect="Deny",
        ),
        Statement(
            "TagsStay",
            _UNTAG,
            conditions={"ForAnyValue:StringLike": {"aws:TagKeys": TAGS}, **_NOT_THE_PLATFORM},
            effect="Deny",
        ),
    )
