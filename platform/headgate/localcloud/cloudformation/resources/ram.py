"""AWS::RAM::ResourceShare."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headgate.localcloud.cloudformation.resources.api import call, changed, pick, unless_gone
from headgate.localcloud.cloudformation.resources.declared import Declared
from headgate.localcloud.cloudformation.resources.tags import Tagging, all_tags, tag_list
from headgate.localcloud.cloudformation.types import Context
from headgate.localcloud.seams import Json

_ENDS = {"Principals": "principals", "ResourceArns": "resourceArns"}
_TAGGING = Tagging("ram", "TagResource", "UntagResource", "resourceShareArn", ("tags", "tagKeys"))
_OWN = "SELF"


def _make(context: Context, properties: Json) -> str:
    members = pick(properties, "Name", "AllowExternalPrincipals", "PermissionArns", *_ENDS)
    tags = tag_list(all_tags(context, properties))
    made = call(context, "ram", "CreateResourceShare", members, clientToken=context.token, tags=tags)
    arn: str = made["resourceShare"]["resourceShareArn"]
    return arn


def _converge(context: Context, arn: str, old: Json, new: Json) -> None:
    if changed(old, new, "Name", "AllowExternalPrincipals"):
        members = {"AllowExternalPrincipals": True, **pick(new, "Name", "AllowExternalPrincipals")}
        call(context, "ram", "UpdateResourceShare", members, resourceShareArn=arn)
    for name, member in _ENDS.items():
        before, after = old.get(name) or [], new.get(name) or []
        added = [one for one in after if one not in before]
        removed = [one for one in before if one not in after]
        if added:
            call(context, "ram", "AssociateResourceShare", {member: added}, resourceShareArn=arn)
        if removed:
            call(context, "ram", "DisassociateResourceShare", {member: removed}, resourceShareArn=arn)
    _TAGGING.apply(context, arn, old, new)


def _find_share(context: Context, **wanted: Any) -> Json | None:
    shares = call(context, "ram", "GetResourceShares", wanted, resourceOwner=_OWN)["resourceShares"]
    return next((share for share in shares if share.get("status") not in {"DELETED", "DELETING"}), None)


def _describe(context: Context, arn: str, _: Json) -> Mapping[str, Any]:
    found = _find_share(context, resourceShareArns=[arn]) or {}
    dates = {name: found[name.lower()[0] + name[1:]] for name in ("CreationTime", "LastUpdatedTime")}
    return {
        "Arn": arn,
        **pick(found, Status="status", FeatureSet="featureSet", OwningAccountId="owningAccountId"),
        **{name: value.isoformat() for name, value in dates.items()},
    }


def _remove(context: Context, arn: str, _: Json) -> None:
    if _find_share(context, resourceShareArns=[arn]) is not None:
        with unless_gone():
            call(context, "ram", "DeleteResourceShare", resourceShareArn=arn)


TYPES = (
    Declared(
        "AWS::RAM::ResourceShare",
        handled=frozenset({"AllowExternalPrincipals", "Name", "PermissionArns", "Tags", *_ENDS}),
        make=_make,
        made=frozenset({"AllowExternalPrincipals", "Name", "Tags", *_ENDS}),
        converge=_converge,
        describe=_describe,
        remove=_remove,
    ),
)
