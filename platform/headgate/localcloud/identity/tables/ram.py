"""Resource Access Manager."""

from __future__ import annotations

from headgate.localcloud.identity.tables.model import Keys, Need
from headgate.localcloud.identity.tables.parts import (
    Operations,
    creates,
    same,
    several,
    tags_resource,
    untags_resource,
)

_SHARE = "{resourceShareArn}"
_PARTS: Keys = {"ram:Principal": several("principals[]"), "ram:ResourceArn": several("resourceArns[]")}

OPERATIONS: Operations = {
    "CreateResourceShare": creates(
        "ram:CreateResourceShare",
        "*",
        {**_PARTS, "ram:RequestedAllowsExternalPrincipals": "allowExternalPrincipals"},
        tags="tags",
        key="key",
        value="value",
    ),
    "UpdateResourceShare": (
        Need(
            "ram:UpdateResourceShare",
            _SHARE,
            {"ram:RequestedAllowsExternalPrincipals": "allowExternalPrincipals"},
        ),
    ),
    **same("ram", _SHARE, "AssociateResourceShare DisassociateResourceShare", _PARTS),
    **same("ram", _SHARE, "DeleteResourceShare ListResourceSharePermissions"),
    **same("ram", "{resourceShareInvitationArn}", "AcceptResourceShareInvitation RejectResourceShareInvitation"),
    **same(
        "ram",
        "*",
        "EnableSharingWithAwsOrganization GetResourcePolicies GetResourceShareAssociations "
        "GetResourceShareInvitations GetResourceShares ListPrincipals ListResourceTypes ListResources",
    ),
    "TagResource": tags_resource("ram:TagResource", _SHARE, tags="tags", key="key", value="value"),
    "UntagResource": untags_resource("ram:UntagResource", _SHARE, names="tagKeys"),
}
