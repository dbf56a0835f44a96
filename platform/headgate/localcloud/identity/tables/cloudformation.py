"""CloudFormation: stacks, change sets and StackSets. A stack that is named without id stands as `stack/NAME/*`."""

from __future__ import annotations

from headgate.localcloud.identity.tables.model import Arns, Keys, Need
from headgate.localcloud.identity.tables.parts import (
    Operations,
    constant,
    creates,
    pass_role,
    same,
    several,
    tagging,
)
from headgate.localcloud.identity.tables.paths import Parameters, at
from headgate.localcloud.seams import Caller

_START = "arn:aws:cloudformation:{region}:{account}:"
_STACKSET = _START + "stackset/{StackSetName}:*"
_PRINCIPAL = constant("cloudformation.amazonaws.com")
_ROLE = pass_role("RoleARN", _PRINCIPAL)
_ADMINISTRATOR = pass_role("AdministrationRoleARN", _PRINCIPAL)
_TEMPLATE: Keys = {
    "cloudformation:TemplateUrl": "TemplateURL",
    "cloudformation:RoleArn": "RoleARN",
    "cloudformation:ResourceTypes": several("ResourceTypes[]"),
}
_POLICY: Keys = {"cloudformation:StackPolicyUrl": "StackPolicyURL"}
_CHANGE_SET: Keys = {"cloudformation:ChangeSetName": "ChangeSetName"}
_REGIONS: Keys = {"cloudformation:TargetRegion": several("Regions[]")}


def _stack_of(member: str) -> Arns:
    """A stack by name or by its whole ARN, which is called its id."""

    def arns(parameters: Parameters, caller: Caller) -> tuple[str, ...]:
        name = str(at(parameters, member) or "*")
        start = f"arn:aws:cloudformation:{caller.region}:{caller.account}:stack/"
        return (name if name.startswith("arn:") else f"{start}{name}/*",)

    return arns


def _of_change_set(parameters: Parameters, caller: Caller) -> tuple[str, ...]:
    """Everything that a change set is asked for by needs its stack; a change set's ARN alone does not name it."""
    if at(parameters, "StackName") is None:
        return (f"arn:aws:cloudformation:{caller.region}:{caller.account}:stack/*/*",)
    return tuple(_STACK(parameters, caller))


_STACK = _stack_of("StackName")
_TAGS = "cloudformation:TagResource"
_TAG_NAMES, _REQUEST_TAGS = tagging()


def _writes(operation: str) -> tuple[Need, ...]:
    """Making or changing a stack; tags on it need cloudformation:TagResource, a role to act as iam:PassRole."""
    created: Keys = {"cloudformation:CreateAction": constant(operation)}
    keys = {**_TEMPLATE, **(_CHANGE_SET if operation == "CreateChangeSet" else _POLICY)}
    needs = creates(f"cloudformation:{operation}", _STACK, keys, tag_action=_TAGS, tag_keys=created)
    return (*needs, _ROLE)


_STACKS: Operations = {
    "CreateStack": _writes("CreateStack"),
    "UpdateStack": _writes("UpdateStack"),
    "CreateChangeSet": _writes("CreateChangeSet"),
    "DeleteStack": (Need("cloudformation:DeleteStack", _STACK, {"cloudformation:RoleArn": "RoleARN"}), _ROLE),
    "ContinueUpdateRollback": (
        Need("cloudformation:ContinueUpdateRollback", _STACK, {"cloudformation:RoleArn": "RoleARN"}),
        _ROLE,
    ),
    "RollbackStack": (Need("cloudformation:RollbackStack", _STACK, {"cloudformation:RoleArn": "RoleARN"}), _ROLE),
    **same("cloudformation", _of_change_set, "DeleteChangeSet DescribeChangeSet ExecuteChangeSet", _CHANGE_SET),
    **same(
        "cloudformation",
        _STACK,
        "CancelUpdateStack DescribeStackEvents DescribeStackResource DescribeStackResourceDrifts "
        "DescribeStackResources DescribeStacks DetectStackDrift GetStackPolicy GetTemplate GetTemplateSummary "
        "ListChangeSets ListStackResources SignalResource UpdateTerminationProtection",
    ),
    "SetStackPolicy": (
        Need("cloudformation:SetStackPolicy", _STACK, {"cloudformation:StackPolicyUrl": "StackPolicyURL"}),
    ),
    **same(
        "cloudformation",
        "*",
        "DescribeAccountLimits DescribeStackDriftDetectionStatus ListExports ListImports ListStacks ValidateTemplate",
    ),
}
_SETS: Operations = {
    "CreateStackSet": (
        *creates(
            "cloudformation:CreateStackSet",
            "*",
            {"cloudformation:RoleArn": "AdministrationRoleARN", "cloudformation:TemplateUrl": "TemplateURL"},
        ),
        Need(
            _TAGS,
            _STACKSET,
            {**_TAG_NAMES, "cloudformation:CreateAction": constant("CreateStackSet")},
            _REQUEST_TAGS,
            when="Tags[]",
        ),
        _ADMINISTRATOR,
    ),
    "UpdateStackSet": (
        *creates(
            "cloudformation:UpdateStackSet",
            _STACKSET,
            {
                **_REGIONS,
                "cloudformation:RoleArn": "AdministrationRoleARN",
                "cloudformation:TemplateUrl": "TemplateURL",
            },
            tag_action=_TAGS,
        ),
        _ADMINISTRATOR,
    ),
    **same("cloudformation", _STACKSET, "CreateStackInstances DeleteStackInstances UpdateStackInstances", _REGIONS),
    **same(
        "cloudformation",
        _STACKSET,
        "DeleteStackSet DescribeStackInstance DescribeStackSet DescribeStackSetOperation DetectStackSetDrift "
        "ListStackInstances ListStackSetAutoDeploymentTargets ListStackSetOperationResults ListStackSetOperations "
        "StopStackSetOperation",
    ),
    **same(
        "cloudformation",
        "*",
        "ActivateOrganizationsAccess DeactivateOrganizationsAccess DescribeOrganizationsAccess ListStackSets",
    ),
}

OPERATIONS: Operations = {**_STACKS, **_SETS}
