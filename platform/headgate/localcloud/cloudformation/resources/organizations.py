"""AWS::Organizations::OrganizationalUnit and Policy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headgate.localcloud.cloudformation.resources.api import call, changed, json_text, look, pick, unless_gone
from headgate.localcloud.cloudformation.resources.declared import Declared
from headgate.localcloud.cloudformation.resources.reading import Readable, in_order, live_document, told
from headgate.localcloud.cloudformation.resources.tags import Tagging, all_tags, tag_list
from headgate.localcloud.cloudformation.types import Context
from headgate.localcloud.seams import Json

_TAGGING = Tagging("organizations", "TagResource", "UntagResource", "ResourceId")


def _make_unit(context: Context, properties: Json) -> str:
    tags = tag_list(all_tags(context, properties))
    made = call(context, "organizations", "CreateOrganizationalUnit", pick(properties, "Name", "ParentId"), Tags=tags)
    unit: str = made["OrganizationalUnit"]["Id"]
    return unit


def _converge_unit(context: Context, unit: str, old: Json, new: Json) -> None:
    if changed(old, new, "Name"):
        call(context, "organizations", "UpdateOrganizationalUnit", OrganizationalUnitId=unit, Name=new["Name"])
    _TAGGING.apply(context, unit, old, new)


def _describe_unit(context: Context, unit: str, _: Json) -> Mapping[str, Any]:
    found = call(context, "organizations", "DescribeOrganizationalUnit", OrganizationalUnitId=unit)
    arn = found["OrganizationalUnit"]["Arn"]
    return {"Id": unit, "Arn": arn, "Path": _path(context, unit, arn)}


def _path(context: Context, unit: str, arn: str) -> str:
    """`o-.../r-.../ou-.../`, as in aws:PrincipalOrgPaths."""
    steps, child = [unit], unit
    while not child.startswith("r-"):
        child = call(context, "organizations", "ListParents", ChildId=child)["Parents"][0]["Id"]
        steps.append(child)
    organization = arn.split(":")[5].split("/")[1]
    return "/".join([organization, *reversed(steps), ""])


def _remove_unit(context: Context, unit: str, _: Json) -> None:
    """Raises ClientError (OrganizationalUnitNotEmptyException) while accounts or units are in it."""
    with unless_gone():
        call(context, "organizations", "DeleteOrganizationalUnit", OrganizationalUnitId=unit)


def _find_unit(context: Context, properties: Json) -> str | None:
    for unit in _pages(
        context, "ListOrganizationalUnitsForParent", "OrganizationalUnits", ParentId=properties["ParentId"]
    ):
        if unit["Name"] == properties["Name"]:
            return str(unit["Id"])
    return None


def _pages(context: Context, operation: str, member: str, **members: Any) -> list[Json]:
    found: list[Json] = []
    token: str | None = None
    while True:
        page = call(context, "organizations", operation, members, NextToken=token)
        found += page[member]
        token = page.get("NextToken")
        if not token:
            return found


def _make_policy(context: Context, properties: Json) -> str:
    made = call(
        context,
        "organizations",
        "CreatePolicy",
        pick(properties, "Name", "Type"),
        Description=properties.get("Description", ""),
        Content=json_text(properties["Content"]),
        Tags=tag_list(all_tags(context, properties)),
    )
    policy: str = made["Policy"]["PolicySummary"]["Id"]
    return policy


def _converge_policy(context: Context, policy: str, old: Json, new: Json) -> None:
    if changed(old, new, "Name", "Description", "Content"):
        call(
            context,
            "organizations",
            "UpdatePolicy",
            PolicyId=policy,
            Name=new["Name"],
            Description=new.get("Description", ""),
            Content=json_text(new["Content"]),
        )
    before, after = old.get("TargetIds") or [], new.get("TargetIds") or []
    for target in [target for target in after if target not in before]:
        _attach(context, policy, target)
    for target in [target for target in before if target not in after]:
        with unless_gone():
            call(context, "organizations", "DetachPolicy", PolicyId=policy, TargetId=target)
    _TAGGING.apply(context, policy, old, new)


def _attach(context: Context, policy: str, target: str) -> None:
    from botocore.exceptions import ClientError

    try:
        call(context, "organizations", "AttachPolicy", PolicyId=policy, TargetId=target)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != "DuplicatePolicyAttachmentException":
            raise


def _describe_policy(context: Context, policy: str, _: Json) -> Mapping[str, Any]:
    found = call(context, "organizations", "DescribePolicy", PolicyId=policy)["Policy"]["PolicySummary"]
    return pick(found, "Id", "Arn", "AwsManaged")


def _see_policy(context: Context, policy: str, wanted: Json) -> Json | None:
    found = look(context, "organizations", "DescribePolicy", PolicyId=policy)
    if found is None:
        return None
    targets = _pages(context, "ListTargetsForPolicy", "Targets", PolicyId=policy)
    return {
        **told(found["Policy"]["PolicySummary"], "Description", "Name", "Type"),
        "Content": live_document(wanted["Content"], found["Policy"]["Content"]),
        "TargetIds": in_order(wanted.get("TargetIds"), [each["TargetId"] for each in targets]),
    }


def _remove_policy(context: Context, policy: str, _: Json) -> None:
    with unless_gone():
        for target in _pages(context, "ListTargetsForPolicy", "Targets", PolicyId=policy):
            call(context, "organizations", "DetachPolicy", PolicyId=policy, TargetId=target["TargetId"])
        call(context, "organizations", "DeletePolicy", PolicyId=policy)


def _find_policy(context: Context, properties: Json) -> str | None:
    for policy in _pages(context, "ListPolicies", "Policies", Filter=properties["Type"]):
        if policy["Name"] == properties["Name"] and not policy["AwsManaged"]:
            return str(policy["Id"])
    return None


TYPES = (
    Declared(
        "AWS::Organizations::OrganizationalUnit",
        handled=frozenset({"Name", "ParentId", "Tags"}),
        make=_make_unit,
        made=frozenset({"Name", "Tags"}),
        converge=_converge_unit,
        describe=_describe_unit,
        remove=_remove_unit,
        find_id=_find_unit,
    ),
    Readable(
        "AWS::Organizations::Policy",
        handled=frozenset({"Content", "Description", "Name", "Tags", "TargetIds", "Type"}),
        make=_make_policy,
        made=frozenset({"Content", "Description", "Name", "Tags"}),
        converge=_converge_policy,
        describe=_describe_policy,
        remove=_remove_policy,
        find_id=_find_policy,
        see=_see_policy,
    ),
)
