"""The roles that CloudFormation deploys as, generated from the resource types that it deploys.

Which actions a type takes is the registry's word (`registry`); which resources they may touch is this model's: each
service's names that are Headgate's. IAM and KMS are written out, because there the conditions are the point.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from headgate.errors import UserError
from headgate.infra.permissions import resources, trust
from headgate.infra.permissions.capabilities.model import Capability, both, linked_roles, passed_to, tagged_here
from headgate.infra.permissions.deployed_types import GOVERNANCE_TYPES, PRODUCT_TYPES, PROJECT_TYPES
from headgate.infra.permissions.document import Conditions, Statement
from headgate.infra.permissions.places import ENVIRONMENT_TAG, ENVIRONMENTS, TEAM_TAG, Kind
from headgate.infra.permissions.registry import actions_of, is_on_everything
from headgate.infra.permissions.roles import Role, in_account, in_environments

_WRITTEN_OUT = frozenset({"iam", "kms"})
_OPTIONAL = frozenset(
    {"codedeploy", "codestar-connections", "ec2", "elasticfilesystem", "firehose", "glue", "kinesis", "s3tables"}
)
"""Services that types only call for properties which no stack of Headgate sets."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a role may touch of a service."""

    resources: tuple[str, ...]
    conditions: Conditions = field(default_factory=dict)


_OWN_SAGEMAKER: Conditions = {
    "StringEqualsIfExists": {
        f"aws:RequestTag/{ENVIRONMENT_TAG}": resources.HERE,
        f"aws:ResourceTag/{ENVIRONMENT_TAG}": resources.HERE,
    }
}
_PROJECT: Mapping[str, Scope] = {
    "apigateway": Scope((resources.APIS,)),
    "application-autoscaling": Scope((resources.SCALABLE_TARGETS,)),
    "cloudwatch": Scope((resources.ALARMS, resources.DASHBOARDS)),
    "dynamodb": Scope((resources.TABLES,)),
    "events": Scope((resources.RULES,)),
    "lambda": Scope((resources.FUNCTIONS, resources.LAYERS, resources.EVENT_SOURCES)),
    "logs": Scope((resources.LOG_GROUPS, resources.FUNCTION_LOGS, resources.MACHINE_LOGS)),
    "s3": Scope((resources.ARTIFACTS_BUCKET, resources.objects(resources.ARTIFACTS_BUCKET))),
    "sagemaker": Scope((resources.SAGEMAKER,), _OWN_SAGEMAKER),
    "scheduler": Scope((resources.SCHEDULES, resources.SCHEDULE_GROUPS)),
    "secretsmanager": Scope((resources.SECRETS,)),
    "sns": Scope((resources.TOPICS,)),
    "sqs": Scope((resources.QUEUES,)),
    "ssm": Scope((resources.PARAMETERS,)),
    "states": Scope((resources.STATE_MACHINES,)),
}


def _every(pattern: str) -> str:
    """In governance a name is Headgate's when it begins so."""
    return resources.at(pattern, "*").replace("headgate-*-*", "headgate-*")


_GOVERNANCE: Mapping[str, Scope] = {
    "cloudformation": Scope((resources.STACK_SETS, resources.STACK_SET_TARGETS, resources.STACK_SET_TYPES)),
    "cloudtrail": Scope((resources.TRAIL,)),
    "cloudwatch": Scope((_every(resources.ALARMS),)),
    "dynamodb": Scope((_every(resources.TABLES),)),
    "events": Scope((_every(resources.RULES),)),
    "lambda": Scope((_every(resources.FUNCTIONS),)),
    "logs": Scope((_every(resources.LOG_GROUPS), _every(resources.FUNCTION_LOGS), _every(resources.MACHINE_LOGS))),
    "organizations": Scope(
        (
            resources.ORGANIZATION_ROOT,
            resources.ORGANIZATIONAL_UNITS,
            resources.ORGANIZATION_POLICIES,
            resources.MEMBER_ACCOUNTS,
        )
    ),
    "s3": Scope((_every(resources.OWN_BUCKETS),)),
    "servicecatalog": Scope((resources.PRODUCTS, resources.PORTFOLIOS)),
    "sns": Scope((_every(resources.TOPICS),)),
    "sqs": Scope((_every(resources.QUEUES),)),
    "ssm": Scope((_every(resources.PARAMETERS),)),
    "states": Scope((_every(resources.STATE_MACHINES),)),
}


def generated(types: Iterable[str], scopes: Mapping[str, Scope]) -> tuple[Statement, ...]:
    """A statement for each service that the types call, on that service's scope; one for what has no resources.

    Raises:
        UserError: a type calls a service that has no scope.
    """
    by_service: dict[str, list[str]] = {}
    everywhere: list[str] = []
    for action in actions_of(types):
        service = action.partition(":")[0]
        if service in _WRITTEN_OUT or service in _OPTIONAL:
            continue
        if service not in scopes:
            raise UserError(
                f"a resource type calls {action}, and nobody has said on what",
                expected="a scope for the service in headgate.infra.permissions.cloudformation",
            )
        (everywhere if is_on_everything(action) else by_service.setdefault(service, [])).append(action)
    made = [
        Statement(_sid("Manage", service), tuple(actions), scopes[service].resources, scopes[service].conditions)
        for service, actions in sorted(by_service.items())
    ]
    return (*made, Statement("WithoutResource", tuple(everywhere))) if everywhere else tuple(made)


def _sid(verb: str, service: str) -> str:
    return verb + service.title().replace("-", "")


_READ_IAM = (
    "iam:GetPolicy",
    "iam:GetPolicyVersion",
    "iam:GetRole",
    "iam:GetRolePolicy",
    "iam:ListAttachedRolePolicies",
    "iam:ListEntitiesForPolicy",
    "iam:ListPolicyVersions",
    "iam:ListRolePolicies",
)
_CHANGE_ROLES = (
    "iam:DeleteRole",
    "iam:DeleteRolePolicy",
    "iam:DetachRolePolicy",
    "iam:PutRolePolicy",
    "iam:TagRole",
    "iam:UntagRole",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateRole",
    "iam:UpdateRoleDescription",
)
_CHANGE_POLICIES = (
    "iam:CreatePolicy",
    "iam:CreatePolicyVersion",
    "iam:DeletePolicy",
    "iam:DeletePolicyVersion",
    "iam:TagPolicy",
    "iam:UntagPolicy",
)
_RUNNING = ("events", "lambda", "sagemaker", "scheduler", "states")
_SCALED = ("dynamodb", "lambda", "sagemaker")


def _identities(roles: str, policies: str, passed: tuple[str, ...], services: tuple[str, ...]) -> tuple[Statement, ...]:
    """Roles and policies under one path, always with the boundary, attached to nothing but each other."""
    bounded: Conditions = {"ArnEquals": {"iam:PermissionsBoundary": resources.BOUNDARY_POLICY}}
    return (
        Statement("CreateRolesWithBoundary", ("iam:CreateRole", "iam:PutRolePermissionsBoundary"), (roles,), bounded),
        Statement("ChangeRoles", _CHANGE_ROLES, (roles,)),
        Statement("AttachOwnPolicies", ("iam:AttachRolePolicy",), (roles,), {"ArnLike": {"iam:PolicyARN": policies}}),
        Statement("ChangePolicies", _CHANGE_POLICIES, (policies,)),
        Statement("ReadIdentities", _READ_IAM, (roles, policies)),
        Statement("PassRoles", ("iam:PassRole",), passed, passed_to(*(f"{each}.amazonaws.com" for each in services))),
    )


_USE_KEY = ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey")
_ADMINISTER_KEYS = (
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:DisableKeyRotation",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateKeyDescription",
)
_FOR_AWS: Conditions = {"Bool": {"kms:GrantIsForAWSResource": "true"}}


def projects() -> Capability:
    """What CloudFormation may do in an environment."""
    return Capability(
        "deploy a project's resources",
        "create, change and delete what projects consist of, by the environment's names and tags",
        (
            *generated(PROJECT_TYPES, _PROJECT),
            *_identities(
                resources.PROJECT_ROLES,
                resources.PROJECT_POLICIES,
                (resources.PROJECT_ROLES, resources.EXECUTION_ROLE, resources.EVENTS_ROLE),
                _RUNNING,
            ),
            linked_roles(*(f"{each}.application-autoscaling" for each in _SCALED)),
            Statement("UseOwnKey", _USE_KEY, (resources.KEYS,), tagged_here()),
            Statement("GrantOwnKey", ("kms:CreateGrant",), (resources.KEYS,), both(tagged_here(), _FOR_AWS)),
        ),
    )


def governance() -> Capability:
    """What CloudFormation may do in governance."""
    return Capability(
        "deploy the platform's resources",
        "create, change and delete what the governance stack consists of, by Headgate's names",
        (
            *generated(GOVERNANCE_TYPES, _GOVERNANCE),
            *_identities(
                resources.HEADGATE_ROLES,
                resources.HEADGATE_POLICIES,
                (resources.LAUNCH_ROLE, resources.VENDING_ROLES),
                ("events", "lambda", "servicecatalog", "states"),
            ),
            linked_roles("cloudtrail"),
            Statement("SeeLinkedRoles", ("iam:GetRole",), (resources.SERVICE_ROLES,)),
            # A policy that is created with tags has no ARN yet: AWS asks for the right to tag anything.
            Statement("TagPolicies", ("organizations:TagResource",)),
            Statement("CreateKeys", ("kms:CreateKey",)),
            Statement(
                "AdministerKeys",
                _ADMINISTER_KEYS,
                (resources.GOVERNANCE_KEYS,),
                {"StringEqualsIfExists": {f"aws:ResourceTag/{ENVIRONMENT_TAG}": "governance"}},
            ),
            Statement(
                "NameKeys",
                ("kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"),
                (resources.GOVERNANCE_KEYS, resources.at(resources.KEY_ALIASES, "*")),
            ),
            Statement(
                "UseKeys",
                (*_USE_KEY, "kms:CreateGrant"),
                (resources.GOVERNANCE_KEYS,),
                {"StringLike": {"kms:ViaService": "*.amazonaws.com"}},
            ),
        ),
    )


def products() -> Capability:
    """What the portfolio's products launch."""
    return Capability(
        "launch a project",
        "create, change and delete the StackSet that gives a project its place in tooling",
        (
            *generated(
                PRODUCT_TYPES,
                {"cloudformation": Scope((resources.PROJECT_STACK_SETS, *resources.ANY_STACK_SET_TARGET))},
            ),
            Statement("SeeOrganization", ("organizations:Describe*", "organizations:List*")),
        ),
    )


def roles_of_cloudformation() -> tuple[Role, ...]:
    """`headgate-<environment>-cloudformation`, and governance's own, which is there before the governance stack."""
    service = "cloudformation.amazonaws.com"
    return (
        in_environments(
            "cloudformation",
            "what CloudFormation deploys projects as",
            trust.service("cloudformation", service),
            dict.fromkeys(ENVIRONMENTS, (projects(),)),
            {TEAM_TAG: "${Team}"},
        ),
        in_account(
            "cloudformation",
            Kind.BOOTSTRAP,
            "governance",
            "what CloudFormation deploys the governance stack as",
            trust.service("cloudformation/governance", service),
            (governance(),),
        ),
    )
