"""AWS::IAM::ManagedPolicy and AWS::IAM::Policy: documents, and the roles, users and groups that they are put on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from headgate.localcloud.cloudformation.resources.api import call, changed, exists, json_text, look, pick, unless_gone
from headgate.localcloud.cloudformation.resources.declared import Declared
from headgate.localcloud.cloudformation.resources.reading import Readable, in_order, live_document, told
from headgate.localcloud.cloudformation.types import Context
from headgate.localcloud.seams import Json

_HOLDERS = {"Roles": "Role", "Users": "User", "Groups": "Group"}
_MOST_VERSIONS = 5
_FACTS = (
    "AttachmentCount",
    "CreateDate",
    "DefaultVersionId",
    "IsAttachable",
    "PermissionsBoundaryUsageCount",
    "PolicyId",
    "UpdateDate",
)


def _make_managed(context: Context, properties: Json) -> str:
    name = properties.get("ManagedPolicyName") or context.name(128)
    document = json_text(properties["PolicyDocument"])
    members = pick(properties, "Description", "Path")
    arn: str = call(context, "iam", "CreatePolicy", members, PolicyName=name, PolicyDocument=document)["Policy"]["Arn"]
    return arn


def _converge_managed(context: Context, arn: str, old: Json, new: Json) -> None:
    if changed(old, new, "PolicyDocument"):
        _make_room(context, arn)
        document = json_text(new["PolicyDocument"])
        call(context, "iam", "CreatePolicyVersion", PolicyArn=arn, PolicyDocument=document, SetAsDefault=True)
    for kind, name in _missing(old, new):
        call(context, "iam", f"Attach{kind}Policy", {f"{kind}Name": name}, PolicyArn=arn)
    for kind, name in _missing(new, old):
        with unless_gone():
            call(context, "iam", f"Detach{kind}Policy", {f"{kind}Name": name}, PolicyArn=arn)


def _make_room(context: Context, arn: str) -> None:
    """A managed policy has at most five versions: the oldest that is not in force goes."""
    versions = call(context, "iam", "ListPolicyVersions", PolicyArn=arn)["Versions"]
    if len(versions) >= _MOST_VERSIONS:
        idle = [version["VersionId"] for version in versions if not version["IsDefaultVersion"]]
        oldest = min(idle, key=lambda version: int(version.removeprefix("v")))
        call(context, "iam", "DeletePolicyVersion", PolicyArn=arn, VersionId=oldest)


def _describe_managed(context: Context, arn: str, _: Json) -> Mapping[str, Any]:
    policy = call(context, "iam", "GetPolicy", PolicyArn=arn)["Policy"]
    return {"PolicyArn": arn, **{name: _text(policy[name]) for name in _FACTS if name in policy}}


def _see_managed(context: Context, arn: str, wanted: Json) -> Json | None:
    found = look(context, "iam", "GetPolicy", PolicyArn=arn)
    if found is None:
        return None
    version = found["Policy"]["DefaultVersionId"]
    live = call(context, "iam", "GetPolicyVersion", PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    holders = call(context, "iam", "ListEntitiesForPolicy", PolicyArn=arn, PolicyUsageFilter="PermissionsPolicy")
    return {
        **told(found["Policy"], "Description", "Path"),
        "ManagedPolicyName": found["Policy"]["PolicyName"],
        "PolicyDocument": live_document(wanted["PolicyDocument"], live),
        **{
            member: in_order(wanted.get(member), [each[f"{kind}Name"] for each in holders[f"Policy{kind}s"]])
            for member, kind in _HOLDERS.items()
        },
    }


def _text(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def _remove_managed(context: Context, arn: str, _: Json) -> None:
    """Whoever holds it by now is let go of first, as CloudFormation does; a boundary of somebody keeps it."""
    with unless_gone():
        holders = call(context, "iam", "ListEntitiesForPolicy", PolicyArn=arn, PolicyUsageFilter="PermissionsPolicy")
        for kind in _HOLDERS.values():
            for holder in holders[f"Policy{kind}s"]:
                name = {f"{kind}Name": holder[f"{kind}Name"]}
                call(context, "iam", f"Detach{kind}Policy", name, PolicyArn=arn)
        for version in call(context, "iam", "ListPolicyVersions", PolicyArn=arn)["Versions"]:
            if not version["IsDefaultVersion"]:
                call(context, "iam", "DeletePolicyVersion", PolicyArn=arn, VersionId=version["VersionId"])
        call(context, "iam", "DeletePolicy", PolicyArn=arn)


def _find_managed(context: Context, properties: Json) -> str | None:
    name = properties.get("ManagedPolicyName") or context.name(128)
    path = properties.get("Path", "/")
    arn = f"arn:{context.partition}:iam::{context.account}:policy{path}{name}"
    return arn if exists(context, "iam", "GetPolicy", PolicyArn=arn) else None


def _make_inline(context: Context, _: Json) -> str:
    return context.name(64)


def _converge_inline(context: Context, _: str, old: Json, new: Json) -> None:
    same = not changed(old, new, "PolicyDocument", "PolicyName")
    kept = set(_holders(old)) if same else set()
    document = json_text(new["PolicyDocument"])
    for kind, name in [holder for holder in _holders(new) if holder not in kept]:
        members = {f"{kind}Name": name, "PolicyName": new["PolicyName"], "PolicyDocument": document}
        call(context, "iam", f"Put{kind}Policy", members)
    renamed = changed(old, new, "PolicyName")
    for kind, name in list(_holders(old)) if renamed else _missing(new, old):
        _take_away(context, kind, name, old["PolicyName"])


def _remove_inline(context: Context, _: str, properties: Json) -> None:
    for kind, name in _holders(properties):
        _take_away(context, kind, name, properties["PolicyName"])


def _take_away(context: Context, kind: str, name: str, policy: str) -> None:
    with unless_gone():
        call(context, "iam", f"Delete{kind}Policy", {f"{kind}Name": name}, PolicyName=policy)


def _holders(properties: Json) -> Iterator[tuple[str, str]]:
    """Kind and name of those whom a policy is put on."""
    for member, kind in _HOLDERS.items():
        for name in properties.get(member) or ():
            yield kind, name


def _missing(old: Json, new: Json) -> list[tuple[str, str]]:
    before = set(_holders(old))
    return [holder for holder in _holders(new) if holder not in before]


TYPES = (
    Readable(
        "AWS::IAM::ManagedPolicy",
        handled=frozenset({"Description", "ManagedPolicyName", "Path", "PolicyDocument", *_HOLDERS}),
        make=_make_managed,
        made=frozenset({"PolicyDocument"}),
        converge=_converge_managed,
        describe=_describe_managed,
        remove=_remove_managed,
        find_id=_find_managed,
        see=_see_managed,
    ),
    Declared(
        "AWS::IAM::Policy",
        handled=frozenset({"PolicyDocument", "PolicyName", *_HOLDERS}),
        make=_make_inline,
        converge=_converge_inline,
        describe=lambda _, name, __: {"Id": name},
        remove=_remove_inline,
    ),
)
