"""STS. The role's trust policy is the resource policy of AssumeRole and what goes with it."""

from __future__ import annotations

from collections.abc import Mapping

from headgate.localcloud.identity.tables.model import Keys, Need
from headgate.localcloud.identity.tables.parts import tagging

_ROLE = "{RoleArn}"
_TAG_KEYS, _TAGS = tagging()
_ASSUME: Keys = {
    "sts:ExternalId": "ExternalId",
    "sts:RoleSessionName": "RoleSessionName",
    "sts:SourceIdentity": "SourceIdentity",
    "sts:TransitiveTagKeys": "TransitiveTagKeys[]",
    **_TAG_KEYS,
}

OPERATIONS: Mapping[str, tuple[Need, ...]] = {
    "AssumeRole": (
        Need("sts:AssumeRole", _ROLE, _ASSUME, _TAGS),
        Need("sts:TagSession", _ROLE, _ASSUME, _TAGS, when="Tags[]"),
        Need("sts:SetSourceIdentity", _ROLE, _ASSUME, _TAGS, when="SourceIdentity"),
    ),
    "AssumeRoleWithSAML": (Need("sts:AssumeRoleWithSAML", _ROLE),),
    "AssumeRoleWithWebIdentity": (
        Need("sts:AssumeRoleWithWebIdentity", _ROLE, {"sts:RoleSessionName": "RoleSessionName"}),
    ),
    "DecodeAuthorizationMessage": (Need("sts:DecodeAuthorizationMessage"),),
    "GetAccessKeyInfo": (Need("sts:GetAccessKeyInfo"),),
    "GetCallerIdentity": (),
    "GetFederationToken": (
        Need("sts:GetFederationToken", "arn:aws:sts::{account}:federated-user/{Name}", _TAG_KEYS, _TAGS),
    ),
    "GetSessionToken": (),
}
