"""The platform's own work: the governance stack, products, vending and what vending does in other accounts."""

from __future__ import annotations

from headgate.infra.permissions import resources
from headgate.infra.permissions.capabilities.data import DECRYPT, ENCRYPT, with_governance_keys
from headgate.infra.permissions.capabilities.delivery import CHANGE_STACKS, LOOK_AT_STACKS, STEER_STACKS
from headgate.infra.permissions.capabilities.model import Capability, linked_roles, passed_to
from headgate.infra.permissions.document import Statement

_STACK_SETS = (resources.STACK_SETS, resources.STACK_SET_TARGETS, resources.STACK_SET_TYPES)
LOOK_AT_STACK_SETS = (
    "cloudformation:DescribeStackInstance",
    "cloudformation:DescribeStackSet",
    "cloudformation:DescribeStackSetOperation",
    "cloudformation:ListStackInstances",
    "cloudformation:ListStackSetOperationResults",
    "cloudformation:ListStackSetOperations",
)

DEPLOY_STACK_SETS = Capability(
    "deploy StackSets",
    "create and change Headgate's StackSets and their instances",
    (
        Statement(
            "DeployStackSets",
            (
                *LOOK_AT_STACK_SETS,
                "cloudformation:CreateStackInstances",
                "cloudformation:CreateStackSet",
                "cloudformation:DeleteStackInstances",
                "cloudformation:DeleteStackSet",
                "cloudformation:DetectStackSetDrift",
                "cloudformation:StopStackSetOperation",
                "cloudformation:TagResource",
                "cloudformation:UntagResource",
                "cloudformation:UpdateStackInstances",
                "cloudformation:UpdateStackSet",
            ),
            _STACK_SETS,
        ),
        Statement("ListStackSets", ("cloudformation:ListStackSets",)),
    ),
)
PUBLISH = Capability(
    "publish assets",
    "put templates, function code and declarations into governance's bucket",
    (
        Statement(
            "PublishAssets",
            ("s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject", "s3:PutObjectTagging"),
            (resources.objects(resources.GOVERNANCE_BUCKET),),
        ),
        Statement("ReleaseLease", ("s3:DeleteObject",), (resources.DEPLOYMENT_LEASE,)),
        Statement("ListAssets", ("s3:GetBucketLocation", "s3:ListBucket"), (resources.GOVERNANCE_BUCKET,)),
        with_governance_keys("PublishWithGovernanceKeys", ENCRYPT),
        Statement(
            "PublishDeclaration",
            ("ssm:GetParameter", "ssm:GetParameters", "ssm:PutParameter"),
            (resources.DECLARATION_PARAMETER,),
        ),
    ),
)
REQUEST_ACCOUNTS = Capability(
    "request accounts",
    "provision, update and terminate Headgate's products, and see how it goes",
    (
        Statement(
            "ProvisionProducts",
            (
                "servicecatalog:DescribeProduct",
                "servicecatalog:DescribeProvisioningParameters",
                "servicecatalog:ListLaunchPaths",
                "servicecatalog:ProvisionProduct",
            ),
            (resources.PRODUCTS,),
        ),
        Statement(
            "SteerProvisionedProducts",
            (
                "servicecatalog:DescribeProvisionedProduct",
                "servicecatalog:DescribeRecord",
                "servicecatalog:ListRecordHistory",
                "servicecatalog:ScanProvisionedProducts",
                "servicecatalog:SearchProducts",
                "servicecatalog:SearchProvisionedProducts",
                "servicecatalog:TerminateProvisionedProduct",
                "servicecatalog:UpdateProvisionedProduct",
            ),
        ),
    ),
)
LAUNCH = Capability(
    "launch products",
    "the stacks of Service Catalog's products, whose only resources are calls to vending",
    (
        Statement(
            "LaunchStacks",
            (
                "cloudformation:CreateStack",
                "cloudformation:DeleteStack",
                "cloudformation:SetStackPolicy",
                "cloudformation:TagResource",
                "cloudformation:UntagResource",
                "cloudformation:UpdateStack",
                *(each for each in LOOK_AT_STACKS if "ChangeSet" not in each),
            ),
            (resources.LAUNCH_STACKS,),
        ),
        Statement("CheckTemplates", ("cloudformation:GetTemplateSummary", "cloudformation:ValidateTemplate")),
        Statement(
            "ReadProductTemplates",
            ("s3:GetObject",),
            ("*",),
            {"StringEquals": {"s3:ExistingObjectTag/servicecatalog:provisioning": "true"}},
        ),
        Statement("ReadStackSetTemplates", ("s3:GetObject",), (resources.ASSETS,)),
        with_governance_keys("ReadWithGovernanceKeys", DECRYPT),
        Statement("AskVending", ("lambda:InvokeFunction",), (resources.VENDING_REQUEST,)),
    ),
)
START_VENDING = Capability(
    "start vending",
    "start the vending state machine and see how its executions go",
    (
        Statement(
            "StartVending",
            ("states:DescribeExecution", "states:ListExecutions", "states:RedriveExecution", "states:StartExecution"),
            (resources.VENDING_MACHINE, resources.VENDING_EXECUTIONS),
        ),
    ),
)
RUN_VENDING = Capability(
    "run vending",
    "call the vending functions, step by step",
    (
        Statement(
            "CallVendingFunctions",
            ("lambda:InvokeFunction",),
            (resources.VENDING_FUNCTIONS, f"{resources.VENDING_FUNCTIONS}:*"),
        ),
    ),
)
DELIVER_LOGS = Statement(
    "DeliverLogs",
    (
        "logs:CreateLogDelivery",
        "logs:DeleteLogDelivery",
        "logs:DescribeLogGroups",
        "logs:DescribeResourcePolicies",
        "logs:GetLogDelivery",
        "logs:ListLogDeliveries",
        "logs:PutResourcePolicy",
        "logs:UpdateLogDelivery",
    ),
)
LOG_MACHINE = Capability("log executions", "let Step Functions write a state machine's log", (DELIVER_LOGS,))
WRITE_FUNCTION_LOGS = Capability(
    "write function logs",
    "write the function's own log streams",
    (
        Statement(
            "WriteFunctionLogs",
            ("logs:CreateLogStream", "logs:PutLogEvents"),
            (resources.FUNCTION_LOGS, resources.arn("logs", "log-group:/aws/lambda/headgate-vending-*")),
        ),
    ),
)
CREATE_ACCOUNTS = Capability(
    "create accounts",
    "create, invite, move, tag and close accounts of the organization",
    (
        Statement(
            "MoveAccounts",
            ("organizations:MoveAccount",),
            (resources.MEMBER_ACCOUNTS, resources.ORGANIZATIONAL_UNITS, resources.ORGANIZATION_ROOT),
        ),
        Statement(
            "TagAccounts",
            ("organizations:TagResource", "organizations:UntagResource"),
            (resources.MEMBER_ACCOUNTS,),
        ),
        Statement("CreateAccounts", ("organizations:CreateAccount",)),
        Statement(
            "InviteAccounts",
            ("organizations:InviteAccountToOrganization",),
            (resources.arn("organizations", "account/*", account="*", region=""), resources.ORGANIZATION),
        ),
        Statement("SeeAccounts", ("organizations:Describe*", "organizations:List*")),
    ),
)
PREPARE_ORGANIZATION = Capability(
    "prepare organization",
    "switch on what Headgate needs of the organization: trusted access, policy types",
    (
        Statement(
            "PrepareOrganization",
            (
                "cloudformation:ActivateOrganizationsAccess",
                "cloudformation:DescribeOrganizationsAccess",
                "organizations:EnableAWSServiceAccess",
                "organizations:ListAWSServiceAccessForOrganization",
                "ram:EnableSharingWithAwsOrganization",
            ),
        ),
        linked_roles("member.org.stacksets.cloudformation", "ram", "stacksets.cloudformation"),
        Statement("EnablePolicies", ("organizations:EnablePolicyType",), (resources.ORGANIZATION_ROOT,)),
    ),
)
ENTER_MEMBERS = Capability(
    "enter member accounts",
    "become headgate-vending in an account of the organization",
    (
        Statement(
            "BecomeVending",
            ("sts:AssumeRole",),
            (resources.role("headgate-vending", account="*"),),
            {"StringEquals": {"aws:ResourceOrgID": "${OrganizationId}"}},
        ),
    ),
)
DEPLOY_GOVERNANCE = Capability(
    "deploy governance",
    "deploy governance's stacks through CloudFormation, with its role and no other",
    (
        Statement(
            "DeployGovernance",
            CHANGE_STACKS,
            (resources.GOVERNANCE_STACKS,),
            {"ArnEquals": {"cloudformation:RoleArn": resources.at(resources.CLOUDFORMATION_ROLE, "governance")}},
        ),
        Statement("SteerGovernance", (*STEER_STACKS, *LOOK_AT_STACKS), (resources.GOVERNANCE_STACKS,)),
        Statement("SeeBootstrap", LOOK_AT_STACKS, (resources.BOOTSTRAP_STACK,)),
        Statement("ListStacks", ("cloudformation:ListStacks", "cloudformation:ValidateTemplate")),
        Statement(
            "PassCloudFormationRole",
            ("iam:PassRole",),
            (resources.at(resources.CLOUDFORMATION_ROLE, "governance"),),
            passed_to("cloudformation.amazonaws.com"),
        ),
    ),
)
