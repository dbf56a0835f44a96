"""AWS::LakeFormation::DataLakeSettings, Resource, Tag and PrincipalPermissions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from headgate.localcloud.cloudformation.resources.api import call, changed, exists, look, pick, refuse, unless_gone
from headgate.localcloud.cloudformation.resources.declared import Declared
from headgate.localcloud.cloudformation.types import Context
from headgate.localcloud.seams import Json

_SETTINGS = {
    "AllowExternalDataFiltering": "AllowExternalDataFiltering",
    "AllowFullTableExternalDataAccess": "AllowFullTableExternalDataAccess",
    "AuthorizedSessionTagValueList": "AuthorizedSessionTagValueList",
    "CreateDatabaseDefaultPermissions": "CreateDatabaseDefaultPermissions",
    "CreateTableDefaultPermissions": "CreateTableDefaultPermissions",
    "DataLakeAdmins": "Admins",
    "ExternalDataFilteringAllowList": "ExternalDataFilteringAllowList",
    "Parameters": "Parameters",
    "ReadOnlyAdmins": "ReadOnlyAdmins",
    "TrustedResourceOwners": "TrustedResourceOwners",
}
"""Members of the API by those of the template."""

_REPLACE, _APPEND = "REPLACE", "APPEND"


def _make_settings(context: Context, _: Json) -> str:
    return context.name(64)


def _converge_settings(context: Context, _: str, old: Json, new: Json) -> None:
    if not changed(old, new, "MutationType", *_SETTINGS.values()):
        return
    wanted = pick(new, **_SETTINGS)
    if new.get("MutationType", _APPEND) == _APPEND:
        present = call(context, "lakeformation", "GetDataLakeSettings")["DataLakeSettings"]
        wanted = {**present, **wanted, "DataLakeAdmins": _joined(present, old, wanted, "DataLakeAdmins")}
    call(context, "lakeformation", "PutDataLakeSettings", DataLakeSettings=wanted)


def _joined(present: Json, old: Json, wanted: Json, member: str) -> list[Json]:
    """What others have appended stays; what this template had and no longer names goes."""
    named = wanted.get(member) or []
    mine = old.get(_SETTINGS[member]) or []
    others = [one for one in present.get(member) or [] if one not in mine and one not in named]
    return [*others, *named]


def _remove_settings(context: Context, _: str, properties: Json) -> None:
    """The template's administrators go; the account's settings themselves cannot be deleted."""
    present = call(context, "lakeformation", "GetDataLakeSettings")["DataLakeSettings"]
    mine = properties.get("Admins") or []
    kept = [one for one in present.get("DataLakeAdmins") or [] if one not in mine]
    if kept != present.get("DataLakeAdmins"):
        call(context, "lakeformation", "PutDataLakeSettings", DataLakeSettings={**present, "DataLakeAdmins": kept})


_LOCATION = ("HybridAccessEnabled", "ResourceArn", "RoleArn", "UseServiceLinkedRole", "WithFederation")


def _register(context: Context, properties: Json) -> str:
    arn: str = properties["ResourceArn"]
    members = pick(properties, *_LOCATION)
    linked = members.pop("UseServiceLinkedRole")
    call(context, "lakeformation", "RegisterResource", members, UseServiceLinkedRole=linked)
    return arn


def _converge_location(context: Context, arn: str, old: Json, new: Json) -> None:
    if not old or not changed(old, new, *_LOCATION):
        return
    _deregister(context, arn, new)
    _register(context, new)


def _deregister(context: Context, arn: str, _: Json) -> None:
    with unless_gone():
        call(context, "lakeformation", "DeregisterResource", ResourceArn=arn)


def _find_location(context: Context, properties: Json) -> str | None:
    arn = properties["ResourceArn"]
    return arn if exists(context, "lakeformation", "DescribeResource", ResourceArn=arn) else None


def _make_tag(context: Context, properties: Json) -> str:
    key: str = properties["TagKey"]
    call(context, "lakeformation", "CreateLFTag", pick(properties, "CatalogId", "TagKey", "TagValues"))
    return key


def _converge_tag(context: Context, key: str, old: Json, new: Json) -> None:
    before, after = old.get("TagValues") or [], new["TagValues"]
    added = [value for value in after if value not in before]
    removed = [value for value in before if value not in after]
    if old and (added or removed):
        members = {"TagValuesToAdd": added or None, "TagValuesToDelete": removed or None}
        call(context, "lakeformation", "UpdateLFTag", {**pick(new, "CatalogId"), **members}, TagKey=key)


def _remove_tag(context: Context, key: str, properties: Json) -> None:
    with unless_gone():
        call(context, "lakeformation", "DeleteLFTag", pick(properties, "CatalogId"), TagKey=key)


def _find_tag(context: Context, properties: Json) -> str | None:
    found = look(context, "lakeformation", "GetLFTag", **pick(properties, "CatalogId", "TagKey"))
    return str(properties["TagKey"]) if found and found.get("TagValues") else None


_GRANT = ("Permissions", "PermissionsWithGrantOption", "Principal", "Resource")


def _grant_members(properties: Json) -> Json:
    return {**pick(properties, *_GRANT), **pick(properties, CatalogId="Catalog")}


def _identifiers(properties: Json) -> tuple[str, str]:
    """Principal and resource as the registry names them, which together are the resource's id."""
    principal = properties["Principal"].get("DataLakePrincipalIdentifier")
    if not principal:
        raise refuse("Principal of PrincipalPermissions needs a DataLakePrincipalIdentifier")
    return str(principal), json.dumps(properties["Resource"], sort_keys=True, separators=(",", ":"))


def _grant(context: Context, properties: Json) -> str:
    call(context, "lakeformation", "GrantPermissions", _grant_members(properties))
    return "|".join(_identifiers(properties))


def _revoke(context: Context, _: str, properties: Json) -> None:
    with unless_gone("InvalidInputException"):
        call(context, "lakeformation", "RevokePermissions", _grant_members(properties))


def _describe_grant(_: Context, __: str, properties: Json) -> Mapping[str, Any]:
    principal, resource = _identifiers(properties)
    return {"PrincipalIdentifier": principal, "ResourceIdentifier": resource}


TYPES = (
    Declared(
        "AWS::LakeFormation::DataLakeSettings",
        handled=frozenset({"MutationType", *_SETTINGS.values()}),
        make=_make_settings,
        converge=_converge_settings,
        describe=lambda _, name, __: {"Id": name},
        remove=_remove_settings,
    ),
    Declared(
        "AWS::LakeFormation::Resource",
        handled=frozenset(_LOCATION),
        make=_register,
        made=frozenset(_LOCATION),
        converge=_converge_location,
        describe=lambda _, arn, __: {"Id": arn},
        remove=_deregister,
        find_id=_find_location,
    ),
    Declared(
        "AWS::LakeFormation::Tag",
        handled=frozenset({"CatalogId", "TagKey", "TagValues"}),
        make=_make_tag,
        made=frozenset({"TagValues"}),
        converge=_converge_tag,
        remove=_remove_tag,
        find_id=_find_tag,
    ),
    Declared(
        "AWS::LakeFormation::PrincipalPermissions",
        handled=frozenset({"Catalog", *_GRANT}),
        make=_grant,
        describe=_describe_grant,
        remove=_revoke,
    ),
)
