"""What IAM must allow for a call that one of vending's functions makes.

The functions list their calls (`headgate.control.vending.calls`); this table says which action each needs, and on
what. A call that is not in it is an error when the roles are made, so that no function gets more than it uses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from headgate.control.aws import Call
from headgate.errors import UserError
from headgate.infra.permissions import resources
from headgate.infra.permissions.capabilities.data import with_governance_keys
from headgate.infra.permissions.document import Conditions, Statement

_STACK_SETS = (resources.STACK_SETS, resources.STACK_SET_TARGETS, resources.STACK_SET_TYPES)
_ACCOUNTS = (resources.MEMBER_ACCOUNTS,)
_TABLES = (resources.CATALOG_TABLE,)
_LAKE_ONLY: Conditions = {"StringEquals": {"aws:PrincipalAccount": resources.DATA_LAKE}}
_INVITED = resources.arn("organizations", "account/*", account="*", region="")


def _on(*on: str, conditions: Conditions | None = None, **actions: str) -> tuple[Statement, ...]:
    return tuple(Statement(sid, tuple(names.split()), on or ("*",), conditions or {}) for sid, names in actions.items())


_SHARING = Statement(
    "ShareDataSets",
    (
        "glue:DeleteResourcePolicy",
        "glue:GetResourcePolicy",
        "glue:PutResourcePolicy",
        "ram:AssociateResourceShare",
        "ram:AssociateResourceSharePermission",
        "ram:CreateResourceShare",
        "ram:DeleteResourceShare",
        "ram:DisassociateResourceShare",
        "ram:Get*",
        "ram:List*",
        "ram:UpdateResourceShare",
    ),
    conditions={
        "ForAnyValue:StringEquals": {"aws:CalledVia": "lakeformation.amazonaws.com"},
        "StringEquals": {"aws:PrincipalAccount": resources.DATA_LAKE},
    },
)
"""How Lake Formation itself shares with another account, in the name of who grants."""

_NEEDS: Mapping[tuple[str, str], tuple[Statement, ...]] = {
    ("cloudformation", "create_stack_instances"): _on(
        *_STACK_SETS, CreateInstances="cloudformation:CreateStackInstances"
    ),
    ("cloudformation", "delete_stack_instances"): _on(
        *_STACK_SETS, DeleteInstances="cloudformation:DeleteStackInstances"
    ),
    ("cloudformation", "describe_stack_instance"): _on(
        *_STACK_SETS, SeeInstance="cloudformation:DescribeStackInstance"
    ),
    ("cloudformation", "describe_stack_set_operation"): _on(
        *_STACK_SETS, SeeOperation="cloudformation:DescribeStackSetOperation"
    ),
    ("cloudformation", "list_stack_instances"): _on(*_STACK_SETS, ListInstances="cloudformation:ListStackInstances"),
    ("cloudformation", "update_stack_instances"): _on(
        *_STACK_SETS, UpdateInstances="cloudformation:UpdateStackInstances"
    ),
    ("dynamodb", "get_item"): _on(*_TABLES, ReadItem="dynamodb:GetItem"),
    ("dynamodb", "query"): _on(*_TABLES, ReadItems="dynamodb:Query"),
    ("dynamodb", "transact_write_items"): (
        *_on(*_TABLES, WriteItems="dynamodb:ConditionCheckItem dynamodb:PutItem"),
        *_on(resources.AUDIT_TABLE, AppendAudit="dynamodb:PutItem"),
    ),
    ("dynamodb", "update_item"): _on(*_TABLES, HoldLease="dynamodb:UpdateItem"),
    ("lakeformation", "grant_permissions"): (
        *_on(GrantDataSets="lakeformation:GrantPermissions", conditions=_LAKE_ONLY),
        _SHARING,
    ),
    ("lakeformation", "list_permissions"): _on(SeeGrants="lakeformation:ListPermissions", conditions=_LAKE_ONLY),
    ("lakeformation", "revoke_permissions"): (
        *_on(RevokeDataSets="lakeformation:RevokePermissions", conditions=_LAKE_ONLY),
        _SHARING,
    ),
    ("organizations", "close_account"): _on(*_ACCOUNTS, CloseAccount="organizations:CloseAccount"),
    ("organizations", "create_account"): _on(CreateAccount="organizations:CreateAccount organizations:TagResource"),
    ("organizations", "describe_account"): _on(*_ACCOUNTS, SeeAccount="organizations:DescribeAccount"),
    ("organizations", "describe_create_account_status"): _on(SeeCreation="organizations:DescribeCreateAccountStatus"),
    ("organizations", "invite_account_to_organization"): _on(
        _INVITED, resources.ORGANIZATION, InviteAccount="organizations:InviteAccountToOrganization"
    ),
    ("organizations", "list_accounts"): _on(ListAccounts="organizations:ListAccounts"),
    ("organizations", "list_create_account_status"): _on(ListCreations="organizations:ListCreateAccountStatus"),
    ("organizations", "list_handshakes_for_organization"): _on(
        ListInvitations="organizations:ListHandshakesForOrganization"
    ),
    ("organizations", "list_parents"): _on(FindPlace="organizations:ListParents"),
    ("organizations", "list_policies_for_target"): _on(SeeGuardrails="organizations:ListPoliciesForTarget"),
    ("organizations", "list_tags_for_resource"): _on(SeeTags="organizations:ListTagsForResource"),
    ("organizations", "move_account"): _on(
        *_ACCOUNTS,
        resources.ORGANIZATIONAL_UNITS,
        resources.ORGANIZATION_ROOT,
        MoveAccount="organizations:MoveAccount",
    ),
    ("organizations", "tag_resource"): _on(*_ACCOUNTS, TagAccount="organizations:TagResource"),
    ("s3", "get_object"): _on(resources.DECLARATIONS, ReadDeclaration="s3:GetObject"),
    ("s3", "list_buckets"): _on(ListBuckets="s3:ListAllMyBuckets"),
    ("sagemaker", "describe_model_package"): _on(resources.MODEL_PACKAGES, SeePackage="sagemaker:DescribeModelPackage"),
    ("sagemaker", "list_endpoints"): _on(ListEndpoints="sagemaker:ListEndpoints"),
    ("sagemaker", "list_model_package_groups"): _on(ListGroups="sagemaker:ListModelPackageGroups"),
    ("sagemaker", "list_model_packages"): _on(ListPackages="sagemaker:ListModelPackages"),
    ("ssm", "get_parameter"): _on(resources.DECLARATION_PARAMETER, FindDeclaration="ssm:GetParameter"),
    ("stepfunctions", "describe_execution"): _on(resources.VENDING_EXECUTIONS, SeeExecution="states:DescribeExecution"),
    ("stepfunctions", "start_execution"): _on(resources.VENDING_MACHINE, StartVending="states:StartExecution"),
}
_ENCRYPTED = frozenset({"dynamodb", "s3"})
"""Services whose data in governance is encrypted with keys of its own."""


def needed(calls: Iterable[Call]) -> tuple[Statement, ...]:
    """The statements for some calls, ordered by the calls' names.

    Raises:
        UserError: a call that the table lacks.
    """
    made: list[Statement] = []
    services = set()
    for call in sorted(calls):
        if (call.service, call.operation) not in _NEEDS:
            raise UserError(
                f"nobody has said what {call.service} {call.operation} needs of IAM",
                expected="an entry in headgate.infra.permissions.calls",
            )
        services.add(call.service)
        made += _NEEDS[call.service, call.operation]
    if services & _ENCRYPTED:
        made.append(with_governance_keys("UseKeys", ("kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey")))
    return tuple(made)
