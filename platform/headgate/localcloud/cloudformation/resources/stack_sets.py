"""AWS::CloudFormation::StackSet, with the instances that its template names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headgate.localcloud.cloudformation.resources.api import call, changed, code_of, pick, unless_gone
from headgate.localcloud.cloudformation.resources.declared import Declared
from headgate.localcloud.cloudformation.resources.tags import all_tags, tag_list
from headgate.localcloud.cloudformation.types import Context, ResourceError
from headgate.localcloud.seams import Json

_SET = (
    "AdministrationRoleARN",
    "AutoDeployment",
    "CallAs",
    "Capabilities",
    "Description",
    "ExecutionRoleName",
    "ManagedExecution",
    "Parameters",
    "PermissionModel",
    "TemplateBody",
    "TemplateURL",
)
_INSTANCES = "StackInstancesGroup"
_SECONDS = 6 * 3600
_ENDED = {"SUCCEEDED", "FAILED", "STOPPED"}


def _formation(context: Context, operation: str, members: Mapping[str, Any] | None = None, **more: Any) -> Any:
    return call(context, "cloudformation", operation, members, **more)


def _name(properties: Json) -> Json:
    return pick(properties, "StackSetName", "CallAs")


def _make(context: Context, properties: Json) -> str:
    made = _formation(
        context,
        "CreateStackSet",
        pick(properties, "StackSetName", *_SET),
        ClientRequestToken=context.token,
        Tags=tag_list(all_tags(context, properties)),
    )
    stack_set: str = made["StackSetId"]
    return stack_set


def _converge(context: Context, _: str, old: Json, new: Json) -> None:
    tags_differ = changed(old, new, "Tags") or context.tags != context.previous_tags
    if old and (changed(old, new, *_SET) or tags_differ):
        members = pick(new, "StackSetName", "OperationPreferences", *_SET)
        tags = tag_list(all_tags(context, new)) or []
        _done(context, new, _formation(context, "UpdateStackSet", members, Tags=tags))
    _converge_instances(context, old, new)


def _converge_instances(context: Context, old: Json, new: Json) -> None:
    before, after = old.get(_INSTANCES) or [], new.get(_INSTANCES) or []
    places = [_place(group) for group in after]
    for group in [group for group in before if _place(group) not in places]:
        _delete_instances(context, new, group)
    known = {_key(group): group for group in before}
    for group in after:
        earlier = known.get(_key(group))
        if earlier is None:
            _done(context, new, _formation(context, "CreateStackInstances", _members(new, group)))
        elif earlier != group:
            _done(context, new, _formation(context, "UpdateStackInstances", _members(new, group)))


def _place(group: Json) -> Json:
    return {"DeploymentTargets": group["DeploymentTargets"], "Regions": sorted(group["Regions"])}


def _key(group: Json) -> str:
    return repr(_place(group))


def _members(properties: Json, group: Json) -> Json:
    members = {**_name(properties), **pick(properties, "OperationPreferences")}
    return {**members, **pick(group, "DeploymentTargets", "Regions", "ParameterOverrides")}


def _delete_instances(context: Context, properties: Json, group: Json) -> None:
    members = {key: value for key, value in _members(properties, group).items() if key != "ParameterOverrides"}
    with unless_gone():
        _done(context, properties, _formation(context, "DeleteStackInstances", members, RetainStacks=False))


def _done(context: Context, properties: Json, started: Json) -> None:
    """Wait for an operation's end. Raises ResourceError (NotStabilized) with the reasons when it failed."""
    operation = started.get("OperationId")
    if operation is None:
        return

    def ended() -> str | None:
        members = {**_name(properties), "OperationId": operation}
        status: str = _formation(context, "DescribeStackSetOperation", members)["StackSetOperation"]["Status"]
        return status if status in _ENDED else None

    what = f"operation {operation} of StackSet {properties['StackSetName']}"
    status = context.wait(ended, seconds=_SECONDS, what=what)
    if status != "SUCCEEDED":
        reasons = "; ".join(_reasons(context, properties, operation)) or "no instance said why"
        raise ResourceError(f"{what} ended {status}: {reasons}", code="NotStabilized")


def _reasons(context: Context, properties: Json, operation: str) -> list[str]:
    members = {**_name(properties), "OperationId": operation}
    found = _formation(context, "ListStackSetOperationResults", members)["Summaries"]
    return [
        f"{one['Account']}/{one['Region']}: {one.get('StatusReason', one['Status'])}"
        for one in found
        if one["Status"] != "SUCCEEDED"
    ]


def _remove(context: Context, _: str, properties: Json) -> None:
    """Raises ClientError (StackSetNotEmptyException) while instances are left that the template does not name."""
    if not _exists(context, properties):
        return
    for group in properties.get(_INSTANCES) or ():
        _delete_instances(context, properties, group)
    with unless_gone():
        _formation(context, "DeleteStackSet", _name(properties))


def _exists(context: Context, properties: Json) -> Json | None:
    from botocore.exceptions import ClientError

    try:
        found: Json = _formation(context, "DescribeStackSet", _name(properties))["StackSet"]
    except ClientError as error:
        if code_of(error) == "StackSetNotFoundException":
            return None
        raise
    return found if found.get("Status") != "DELETED" else None


def _find(context: Context, properties: Json) -> str | None:
    found = _exists(context, properties)
    return None if found is None else str(found["StackSetId"])


TYPES = (
    Declared(
        "AWS::CloudFormation::StackSet",
        handled=frozenset({"OperationPreferences", "StackSetName", "Tags", _INSTANCES, *_SET}),
        make=_make,
        made=frozenset({"OperationPreferences", "Tags", *_SET}),
        converge=_converge,
        describe=lambda _, stack_set, __: {"StackSetId": stack_set},
        remove=_remove,
        find_id=_find,
    ),
)
