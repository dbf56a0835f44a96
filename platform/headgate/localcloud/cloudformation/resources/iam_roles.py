"""AWS::IAM::Role: trust, boundary, managed and inline policies, tags."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headgate.localcloud.cloudformation.resources.api import call, changed, exists, json_text, look, pick, unless_gone
from headgate.localcloud.cloudformation.resources.reading import Readable, in_order, live_document, own_tags, told
from headgate.localcloud.cloudformation.resources.tags import Tagging, all_tags, tag_list, tags_of
from headgate.localcloud.cloudformation.types import Context
from headgate.localcloud.seams import Json

_MADE = ("AssumeRolePolicyDocument", "Description", "MaxSessionDuration", "Path", "PermissionsBoundary", "Tags")
_TAGGING = Tagging("iam", "TagRole", "UntagRole", "RoleName")


def _make(context: Context, properties: Json) -> str:
    name: str = properties.get("RoleName") or context.name(64)
    call(
        context,
        "iam",
        "CreateRole",
        pick(properties, "Description", "MaxSessionDuration", "Path", "PermissionsBoundary"),
        RoleName=name,
        AssumeRolePolicyDocument=json_text(properties["AssumeRolePolicyDocument"]),
        Tags=tag_list(all_tags(context, properties)),
    )
    return name


def _converge(context: Context, name: str, old: Json, new: Json) -> None:
    if changed(old, new, "AssumeRolePolicyDocument"):
        document = json_text(new["AssumeRolePolicyDocument"])
        call(context, "iam", "UpdateAssumeRolePolicy", RoleName=name, PolicyDocument=document)
    if changed(old, new, "Description", "MaxSessionDuration"):
        seconds = new.get("MaxSessionDuration", 3600)
        call(
            context,
            "iam",
            "UpdateRole",
            RoleName=name,
            Description=new.get("Description", ""),
            MaxSessionDuration=seconds,
        )
    if changed(old, new, "PermissionsBoundary"):
        _bound(context, name, new.get("PermissionsBoundary"))
    _attach(context, name, old.get("ManagedPolicyArns") or [], new.get("ManagedPolicyArns") or [])
    _write(context, name, _inline(old), _inline(new))
    _TAGGING.apply(context, name, old, new)


def _bound(context: Context, name: str, boundary: str | None) -> None:
    if boundary:
        call(context, "iam", "PutRolePermissionsBoundary", RoleName=name, PermissionsBoundary=boundary)
    else:
        with unless_gone():
            call(context, "iam", "DeleteRolePermissionsBoundary", RoleName=name)


def _attach(context: Context, name: str, old: list[str], new: list[str]) -> None:
    for arn in [arn for arn in new if arn not in old]:
        call(context, "iam", "AttachRolePolicy", RoleName=name, PolicyArn=arn)
    for arn in [arn for arn in old if arn not in new]:
        with unless_gone():
            call(context, "iam", "DetachRolePolicy", RoleName=name, PolicyArn=arn)


def _write(context: Context, name: str, old: Mapping[str, str], new: Mapping[str, str]) -> None:
    for policy, document in new.items():
        if old.get(policy) != document:
            call(context, "iam", "PutRolePolicy", RoleName=name, PolicyName=policy, PolicyDocument=document)
    for policy in [policy for policy in old if policy not in new]:
        with unless_gone():
            call(context, "iam", "DeleteRolePolicy", RoleName=name, PolicyName=policy)


def _inline(properties: Json) -> dict[str, str]:
    return {policy["PolicyName"]: json_text(policy["PolicyDocument"]) for policy in properties.get("Policies") or ()}


def _describe(context: Context, name: str, _: Json) -> Mapping[str, Any]:
    role = call(context, "iam", "GetRole", RoleName=name)["Role"]
    return {"Arn": role["Arn"], "RoleId": role["RoleId"]}


def _see(context: Context, name: str, wanted: Json) -> Json | None:
    found = look(context, "iam", "GetRole", RoleName=name)
    if found is None:
        return None
    role = found["Role"]
    attached = call(context, "iam", "ListAttachedRolePolicies", RoleName=name)["AttachedPolicies"]
    return {
        **told(role, "Description", "MaxSessionDuration", "Path", "RoleName"),
        "AssumeRolePolicyDocument": live_document(wanted["AssumeRolePolicyDocument"], role["AssumeRolePolicyDocument"]),
        "PermissionsBoundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
        "ManagedPolicyArns": in_order(wanted.get("ManagedPolicyArns"), [each["PolicyArn"] for each in attached]),
        "Policies": in_order(wanted.get("Policies"), _see_inline(context, name, wanted)),
        "Tags": own_tags(context, wanted.get("Tags"), tags_of(role.get("Tags"))),
    }


def _see_inline(context: Context, name: str, wanted: Json) -> list[Json]:
    given = {policy["PolicyName"]: policy["PolicyDocument"] for policy in wanted.get("Policies") or ()}
    names = call(context, "iam", "ListRolePolicies", RoleName=name)["PolicyNames"]
    found = {
        each: call(context, "iam", "GetRolePolicy", RoleName=name, PolicyName=each)["PolicyDocument"] for each in names
    }
    return [
        {"PolicyName": each, "PolicyDocument": live_document(given.get(each), live)} for each, live in found.items()
    ]


def _remove(context: Context, name: str, _: Json) -> None:
    """Everything that the role has goes with it, also what others have attached since, as CloudFormation does."""
    with unless_gone():
        attached = call(context, "iam", "ListAttachedRolePolicies", RoleName=name)["AttachedPolicies"]
        for policy in attached:
            call(context, "iam", "DetachRolePolicy", RoleName=name, PolicyArn=policy["PolicyArn"])
        for inline in call(context, "iam", "ListRolePolicies", RoleName=name)["PolicyNames"]:
            call(context, "iam", "DeleteRolePolicy", RoleName=name, PolicyName=inline)
        call(context, "iam", "DeleteRole", RoleName=name)


def _find(context: Context, properties: Json) -> str | None:
    name: str = properties.get("RoleName") or context.name(64)
    return name if exists(context, "iam", "GetRole", RoleName=name) else None


TYPES = (
    Readable(
        "AWS::IAM::Role",
        handled=frozenset({*_MADE, "RoleName", "ManagedPolicyArns", "Policies"}),
        make=_make,
        made=frozenset(_MADE),
        converge=_converge,
        describe=_describe,
        remove=_remove,
        find_id=_find,
        see=_see,
    ),
)
