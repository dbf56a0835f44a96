"""Condition keys that the local cloud knows: it fills them in, or knows that no request here has them.

A condition on any other key cannot be decided; such an Allow does not allow and such a Deny denies.
"""

from __future__ import annotations

from functools import lru_cache

GLOBAL_KEYS = frozenset(
    {
        # the principal
        "aws:PrincipalAccount",
        "aws:PrincipalArn",
        "aws:PrincipalIsAWSService",
        "aws:PrincipalOrgID",
        "aws:PrincipalOrgPaths",
        "aws:PrincipalServiceName",
        "aws:PrincipalServiceNamesList",
        "aws:PrincipalType",
        "aws:userid",
        "aws:username",
        # its session; nobody has a second factor here
        "aws:AssumedRoot",
        "aws:FederatedProvider",
        "aws:MultiFactorAuthAge",
        "aws:MultiFactorAuthPresent",
        "aws:SourceIdentity",
        "aws:TokenIssueTime",
        # the network; VPC keys come with calls from jobs in a VPC
        "aws:SourceIp",
        "aws:SourceVpc",
        "aws:SourceVpcArn",
        "aws:SourceVpce",
        "aws:VpcSourceIp",
        "aws:VpceAccount",
        "aws:VpceOrgID",
        "aws:VpceOrgPaths",
        # the resource
        "aws:ResourceAccount",
        "aws:ResourceOrgID",
        "aws:ResourceOrgPaths",
        # the request
        "aws:CalledVia",
        "aws:CalledViaFirst",
        "aws:CalledViaLast",
        "aws:CurrentTime",
        "aws:EpochTime",
        "aws:Referer",
        "aws:RequestedRegion",
        "aws:SecureTransport",
        "aws:SourceAccount",
        "aws:SourceArn",
        "aws:SourceOrgID",
        "aws:SourceOrgPaths",
        "aws:SourceOwner",  # how the default policies of SNS topics and S3 notifications spell aws:SourceAccount
        "aws:TagKeys",
        "aws:UserAgent",
        "aws:ViaAWSService",
    }
)
TAG_KEYS = frozenset({"aws:PrincipalTag/", "aws:RequestTag/", "aws:ResourceTag/"})
"""Beginnings of keys that end in a tag's key."""

_GLOBAL = frozenset(key.lower() for key in GLOBAL_KEYS)
_TAGS = tuple(key.lower() for key in TAG_KEYS)


@lru_cache(maxsize=8192)
def is_known(key: str) -> bool:
    """Whether a key in lower case is one whose absence from a request means something."""
    if key.startswith("aws:"):
        return key in _GLOBAL or (key.startswith(_TAGS) and not key.endswith("/"))
    from headgate.localcloud.identity.tables import service_keys

    return service_keys().knows(key)
