"""Step Functions. Parameters begin with small letters; an execution's ARN is one of its own."""

from __future__ import annotations

from headgate.localcloud.identity.tables.model import Keys, Need
from headgate.localcloud.identity.tables.parts import (
    Operations,
    constant,
    creates,
    is_set,
    pass_role,
    same,
    tags_resource,
    untags_resource,
)
from headgate.localcloud.identity.tables.paths import Parameters, at

_MACHINE = "{stateMachineArn}"
_NEW_MACHINE = "arn:aws:states:{region}:{account}:stateMachine:{name}"
_EXECUTION = "{executionArn}"
_ROLE = pass_role("roleArn", constant("states.amazonaws.com"))


def _qualifier(parameters: Parameters) -> str | None:
    """The alias or version in a state machine's ARN."""
    parts = str(at(parameters, "stateMachineArn") or "").split(":")
    return parts[7] if len(parts) == 8 else None


_QUALIFIED: Keys = {"states:StateMachineQualifier": _qualifier}

OPERATIONS: Operations = {
    "CreateStateMachine": (
        *creates(
            "states:CreateStateMachine",
            _NEW_MACHINE,
            tag_action="states:TagResource",
            tags="tags",
            key="key",
            value="value",
        ),
        _ROLE,
        Need("states:PublishStateMachineVersion", _NEW_MACHINE, when=is_set("publish")),
    ),
    "UpdateStateMachine": (
        Need("states:UpdateStateMachine", _MACHINE),
        _ROLE,
        Need("states:PublishStateMachineVersion", _MACHINE, when=is_set("publish")),
    ),
    **same("states", _MACHINE, "DeleteStateMachine DescribeStateMachine ListExecutions ListStateMachineAliases"),
    **same("states", _MACHINE, "ListStateMachineVersions PublishStateMachineVersion"),
    **same("states", _MACHINE, "StartExecution StartSyncExecution", _QUALIFIED),
    **same(
        "states",
        _EXECUTION,
        "DescribeExecution DescribeStateMachineForExecution GetExecutionHistory ListMapRuns RedriveExecution "
        "StopExecution",
    ),
    **same("states", "{mapRunArn}", "DescribeMapRun UpdateMapRun"),
    **same("states", "arn:aws:states:{region}:{account}:activity:{name}", "CreateActivity"),
    **same("states", "{activityArn}", "DeleteActivity DescribeActivity GetActivityTask"),
    **same(
        "states",
        "*",
        "ListActivities ListStateMachines SendTaskFailure SendTaskHeartbeat SendTaskSuccess "
        "ValidateStateMachineDefinition",
    ),
    "TestState": (Need("states:TestState"), _ROLE),
    "ListTagsForResource": (Need("states:ListTagsForResource", "{resourceArn}"),),
    "TagResource": tags_resource("states:TagResource", "{resourceArn}", tags="tags", key="key", value="value"),
    "UntagResource": untags_resource("states:UntagResource", "{resourceArn}", names="tagKeys"),
}
