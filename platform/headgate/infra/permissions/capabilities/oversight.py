"""Looking after others: audit, costs, the catalog of accounts."""

from __future__ import annotations

from headgate.infra.permissions import resources
from headgate.infra.permissions.capabilities.data import DECRYPT, LIST_BUCKETS, READ_OBJECTS, with_governance_keys
from headgate.infra.permissions.capabilities.model import Capability
from headgate.infra.permissions.document import Statement
from headgate.infra.permissions.places import OWN_TEAM

READ_ROWS = (
    "dynamodb:BatchGetItem",
    "dynamodb:DescribeTable",
    "dynamodb:GetItem",
    "dynamodb:Query",
    "dynamodb:Scan",
)
READ_POLICIES = ("iam:Get*", "iam:List*", "iam:SimulatePrincipalPolicy")
READ_CONFIGURATION = (
    "cloudformation:Describe*",
    "cloudformation:GetTemplate",
    "cloudformation:List*",
    "ec2:Describe*",
    "kms:Describe*",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:List*",
    "lambda:GetPolicy",
    "lambda:ListFunctions",
    "s3:GetBucket*",
    "s3:GetEncryptionConfiguration",
    "s3:GetLifecycleConfiguration",
    "s3:ListAllMyBuckets",
    "tag:GetResources",
)

READ_AUDIT = Capability(
    "read audit",
    "read the account's trail events, policies and configuration",
    (
        Statement(
            "ReadTrailEvents",
            ("cloudtrail:Describe*", "cloudtrail:Get*", "cloudtrail:List*", "cloudtrail:LookupEvents"),
        ),
        Statement("ReadPolicies", READ_POLICIES),
        Statement("ReadConfiguration", READ_CONFIGURATION),
    ),
)
_READ_AUDIT_TABLE = Statement("ReadAuditTable", READ_ROWS, (resources.AUDIT_TABLE, f"{resources.AUDIT_TABLE}/index/*"))
READ_CHANGES = Capability(
    "read changes", "see what was done to which account, when, by whom and why", (_READ_AUDIT_TABLE,)
)
READ_AUDIT_ARCHIVE = Capability(
    "read audit archive",
    "read the organization's trail and the audit table in governance",
    (
        Statement("ListTrail", LIST_BUCKETS, (resources.TRAIL_BUCKET,)),
        Statement("ReadTrail", READ_OBJECTS, (resources.objects(resources.TRAIL_BUCKET),)),
        with_governance_keys("ReadWithGovernanceKeys", DECRYPT),
        _READ_AUDIT_TABLE,
    ),
)
READ_CATALOG = Capability(
    "read catalog",
    "see which team has which accounts, and in what state",
    (
        Statement("ReadCatalogTable", READ_ROWS, (resources.CATALOG_TABLE, f"{resources.CATALOG_TABLE}/index/*")),
        Statement(
            "ReadDeclaration",
            ("ssm:GetParameter", "ssm:GetParameters"),
            (resources.DECLARATION_PARAMETER,),
        ),
        Statement("ReadDeclarationObject", ("s3:GetObject",), (resources.DECLARATIONS,)),
        with_governance_keys("ReadWithGovernanceKeys", DECRYPT),
        Statement(
            "SeeVending",
            (
                "states:DescribeExecution",
                "states:DescribeStateMachine",
                "states:GetExecutionHistory",
                "states:ListExecutions",
            ),
            (resources.VENDING_MACHINE, resources.VENDING_EXECUTIONS),
        ),
    ),
)
READ_OWN_CATALOG = Capability(
    "read the team's catalog rows",
    "see the accounts of one's own team, and in what state they are",
    (
        Statement(
            "ReadOwnRows",
            ("dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query"),
            (resources.CATALOG_TABLE,),
            {
                "ForAllValues:StringEquals": {"dynamodb:LeadingKeys": OWN_TEAM},
                "Null": {"dynamodb:LeadingKeys": "false"},
            },
        ),
        with_governance_keys("ReadWithGovernanceKeys", DECRYPT),
    ),
)
READ_ORGANIZATION = Capability(
    "read organization",
    "see accounts, organizational units, guardrails and StackSets",
    (
        Statement("ReadOrganization", ("organizations:Describe*", "organizations:List*")),
        Statement("ReadStackSets", ("cloudformation:Describe*", "cloudformation:List*")),
        Statement(
            "ReadUnits",
            ("ssm:GetParametersByPath",),
            (resources.DECLARATION_PARAMETER,),
        ),
    ),
)
READ_COSTS = Capability(
    "read costs",
    "see budgets and what was spent",
    (
        Statement(
            "ReadBudgets",
            ("budgets:ViewBudget",),
            (resources.arn("budgets", "budget/*", region=""),),
        ),
        Statement("ReadCosts", ("ce:GetCostAndUsage", "ce:GetCostForecast", "ce:GetDimensionValues", "ce:GetTags")),
    ),
)
