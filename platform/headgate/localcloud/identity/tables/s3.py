"""S3. Several operations have actions of other names; reading and writing also use an object's or bucket's KMS key."""

from __future__ import annotations

from urllib.parse import parse_qsl, unquote

from headgate.localcloud.identity.tables.kms import key_arn
from headgate.localcloud.identity.tables.model import Keys, Need
from headgate.localcloud.identity.tables.parts import Operations, allowed_by, is_set, pass_role, same, tags_of
from headgate.localcloud.identity.tables.paths import Parameters, at, values
from headgate.localcloud.seams import Caller

_BUCKET = "arn:aws:s3:::{Bucket}"
_OBJECT = "arn:aws:s3:::{Bucket}/{Key}"
_VERSION: Keys = {"s3:VersionId": "VersionId"}
_LISTING: Keys = {"s3:prefix": "Prefix", "s3:delimiter": "Delimiter", "s3:max-keys": "MaxKeys"}


def _tag_names(parameters: Parameters) -> tuple[str, ...] | None:
    return tuple(_tags(parameters)) or None


def _tags(parameters: Parameters) -> dict[str, str]:
    return dict(parse_qsl(str(at(parameters, "Tagging") or ""), keep_blank_values=True))


def _copy_source(parameters: Parameters) -> str | None:
    source = at(parameters, "CopySource")
    if isinstance(source, dict):
        return f"{source['Bucket']}/{source['Key']}"
    return unquote(str(source).partition("?")[0]).removeprefix("/") if source else None


def _source(parameters: Parameters, _: Caller) -> tuple[str, ...]:
    return (f"arn:aws:s3:::{_copy_source(parameters) or '*/*'}",)


def _source_version(parameters: Parameters) -> str | None:
    source = at(parameters, "CopySource")
    if isinstance(source, dict):
        return source.get("VersionId")
    return dict(parse_qsl(str(source).partition("?")[2])).get("versionId")


def _keys_of_batch(parameters: Parameters, _: Caller) -> tuple[str, ...]:
    bucket = at(parameters, "Bucket")
    return tuple(f"arn:aws:s3:::{bucket}/{key}" for key in values(parameters, "Delete.Objects[].Key"))


def _encryption_key(parameters: Parameters, caller: Caller) -> tuple[str, ...]:
    """The KMS key that a write uses: the request's, else that of the bucket's default encryption; AES256 uses none."""
    named, how = at(parameters, "SSEKMSKeyId"), at(parameters, "ServerSideEncryption")
    if named:
        return (key_arn(str(named), caller),)
    return () if how else (f"arn:aws:s3:::{at(parameters, 'Bucket')}",)


def _versioned(action: str, *, kms_action: str = "") -> tuple[Need, ...]:
    """Another action for a version than for the object as it is."""
    of_version = action.replace("Object", "ObjectVersion", 1)
    return (
        Need(action, _OBJECT, when=lambda p: not at(p, "VersionId"), kms_action=kms_action),
        Need(of_version, _OBJECT, _VERSION, when="VersionId", kms_action=kms_action),
    )


_GRANTS: Keys = {
    "s3:x-amz-grant-full-control": "GrantFullControl",
    "s3:x-amz-grant-read": "GrantRead",
    "s3:x-amz-grant-read-acp": "GrantReadACP",
    "s3:x-amz-grant-write-acp": "GrantWriteACP",
}
_WRITING: Keys = {
    "s3:x-amz-acl": "ACL",
    **_GRANTS,
    "s3:x-amz-server-side-encryption": "ServerSideEncryption",
    "s3:x-amz-server-side-encryption-aws-kms-key-id": "SSEKMSKeyId",
    "s3:x-amz-storage-class": "StorageClass",
    "s3:RequestObjectTagKeys": _tag_names,
}
_CONDITIONAL: Keys = {"s3:if-match": "IfMatch", "s3:if-none-match": "IfNoneMatch"}
_COPYING: Keys = {"s3:x-amz-copy-source": _copy_source, "s3:x-amz-metadata-directive": "MetadataDirective"}
_REQUEST_TAGS = {"s3:RequestObjectTag/": _tags}
_ACL: Keys = {"s3:x-amz-acl": "ACL", **_GRANTS}
_BUCKET_ACL: Keys = {**_ACL, "s3:x-amz-grant-write": "GrantWrite"}

_OWNERS_ACLS = (None, "private", "bucket-owner-full-control")
"""ACLs that give nobody anything: PutObject alone covers them (CloudTrail's bucket policies rest on it)."""


def _gives_away(parameters: Parameters) -> bool:
    """Whether a write's headers give the object to others."""
    grants = any(at(parameters, str(member)) for member in _GRANTS.values())
    return grants or at(parameters, "ACL") not in _OWNERS_ACLS


def _names_an_acl(parameters: Parameters) -> bool:
    return any(at(parameters, str(member)) for member in _BUCKET_ACL.values())


def _writes(keys: Keys) -> tuple[Need, ...]:
    """PutObject and what some of its headers need besides."""
    tagged = Need(
        "s3:PutObjectTagging", _OBJECT, {"s3:RequestObjectTagKeys": _tag_names}, _REQUEST_TAGS, when="Tagging"
    )
    return (
        Need("s3:PutObject", _OBJECT, keys, _REQUEST_TAGS, kms_action="kms:GenerateDataKey", kms_from=_encryption_key),
        Need("s3:PutObjectAcl", _OBJECT, _ACL, when=_gives_away),
        tagged,
        Need("s3:PutObjectRetention", _OBJECT, when="ObjectLockMode"),
        Need("s3:PutObjectLegalHold", _OBJECT, when="ObjectLockLegalHoldStatus"),
    )


_READS_SOURCE = (
    Need("s3:GetObject", _source, when=lambda p: not _source_version(p), kms_action="kms:Decrypt"),
    Need(
        "s3:GetObjectVersion",
        _source,
        {"s3:VersionId": _source_version},
        when=lambda p: bool(_source_version(p)),
        kms_action="kms:Decrypt",
    ),
)
_BYPASS = Need("s3:BypassGovernanceRetention", _OBJECT, when=is_set("BypassGovernanceRetention"))

_OBJECTS: Operations = {
    "GetObject": _versioned("s3:GetObject", kms_action="kms:Decrypt"),
    "HeadObject": _versioned("s3:GetObject", kms_action="kms:Decrypt"),
    "GetObjectAcl": _versioned("s3:GetObjectAcl"),
    "GetObjectAttributes": (
        *_versioned("s3:GetObject", kms_action="kms:Decrypt"),
        *_versioned("s3:GetObjectAttributes"),
    ),
    "GetObjectTagging": _versioned("s3:GetObjectTagging"),
    "DeleteObjectTagging": _versioned("s3:DeleteObjectTagging"),
    "PutObjectTagging": tuple(
        Need(
            need.action,
            need.resource,
            {**need.keys, "s3:RequestObjectTagKeys": lambda p: tuple(tags_of("Tagging.TagSet")(p)) or None},
            {"s3:RequestObjectTag/": tags_of("Tagging.TagSet")},
            need.when,
        )
        for need in _versioned("s3:PutObjectTagging")
    ),
    "PutObjectAcl": tuple(
        Need(need.action, need.resource, {**need.keys, **_ACL}, when=need.when)
        for need in _versioned("s3:PutObjectAcl")
    ),
    "PutObject": _writes({**_WRITING, **_CONDITIONAL}),
    "PostObject": (Need("s3:PutObject", _OBJECT, kms_action="kms:GenerateDataKey", kms_from=_encryption_key),),
    "CreateMultipartUpload": _writes(_WRITING),
    "CopyObject": (*_writes({**_WRITING, **_COPYING}), *_READS_SOURCE),
    "UploadPart": (Need("s3:PutObject", _OBJECT, kms_action="kms:GenerateDataKey", kms_from=_BUCKET),),
    "UploadPartCopy": (
        Need(
            "s3:PutObject",
            _OBJECT,
            {"s3:x-amz-copy-source": _copy_source},
            kms_action="kms:GenerateDataKey",
            kms_from=_BUCKET,
        ),
        *_READS_SOURCE,
    ),
    "CompleteMultipartUpload": (Need("s3:PutObject", _OBJECT, _CONDITIONAL),),
    **same(
        "s3", _OBJECT, "AbortMultipartUpload GetObjectLegalHold GetObjectRetention PutObjectLegalHold RestoreObject"
    ),
    "PutObjectRetention": (Need("s3:PutObjectRetention", _OBJECT), _BYPASS),
    **allowed_by("s3:ListMultipartUploadParts", _OBJECT, "ListParts"),
    "DeleteObject": (*_versioned("s3:DeleteObject"), _BYPASS),
    "DeleteObjects": (Need("s3:DeleteObject", _keys_of_batch),),
}
_LISTS: Operations = {
    **allowed_by("s3:ListAllMyBuckets", "*", "ListBuckets"),
    **allowed_by("s3:ListBucket", _BUCKET, "HeadBucket"),
    **allowed_by("s3:ListBucket", _BUCKET, "ListObjects ListObjectsV2", _LISTING),
    **allowed_by("s3:ListBucketVersions", _BUCKET, "ListObjectVersions", _LISTING),
    **allowed_by("s3:ListBucketMultipartUploads", _BUCKET, "ListMultipartUploads"),
}
_READS_SETTINGS: Operations = {
    **same(
        "s3",
        _BUCKET,
        "GetBucketAcl GetBucketLocation GetBucketLogging GetBucketOwnershipControls GetBucketPolicy "
        "GetBucketPolicyStatus GetBucketRequestPayment GetBucketTagging GetBucketVersioning GetBucketWebsite",
    ),
    **allowed_by("s3:GetAccelerateConfiguration", _BUCKET, "GetBucketAccelerateConfiguration"),
    **allowed_by("s3:GetBucketCORS", _BUCKET, "GetBucketCors"),
    **allowed_by("s3:GetEncryptionConfiguration", _BUCKET, "GetBucketEncryption"),
    **allowed_by("s3:GetLifecycleConfiguration", _BUCKET, "GetBucketLifecycle GetBucketLifecycleConfiguration"),
    **allowed_by("s3:GetBucketNotification", _BUCKET, "GetBucketNotification GetBucketNotificationConfiguration"),
    **allowed_by("s3:GetReplicationConfiguration", _BUCKET, "GetBucketReplication"),
    **allowed_by("s3:GetBucketObjectLockConfiguration", _BUCKET, "GetObjectLockConfiguration"),
    **allowed_by("s3:GetBucketPublicAccessBlock", _BUCKET, "GetPublicAccessBlock"),
}
_CHANGES_SETTINGS: Operations = {
    "CreateBucket": (
        Need(
            "s3:CreateBucket",
            _BUCKET,
            {**_BUCKET_ACL, "s3:LocationConstraint": "CreateBucketConfiguration.LocationConstraint"},
        ),
        Need("s3:PutBucketAcl", _BUCKET, _BUCKET_ACL, when=_names_an_acl),
        Need("s3:PutBucketOwnershipControls", _BUCKET, when="ObjectOwnership"),
        Need("s3:PutBucketVersioning", _BUCKET, when=is_set("ObjectLockEnabledForBucket")),
        Need("s3:PutBucketObjectLockConfiguration", _BUCKET, when=is_set("ObjectLockEnabledForBucket")),
    ),
    **same("s3", _BUCKET, "DeleteBucket DeleteBucketPolicy DeleteBucketWebsite"),
    **same(
        "s3",
        _BUCKET,
        "PutBucketLogging PutBucketNotification PutBucketOwnershipControls PutBucketPolicy PutBucketRequestPayment "
        "PutBucketTagging PutBucketVersioning PutBucketWebsite",
    ),
    **same("s3", _BUCKET, "PutBucketAcl", _BUCKET_ACL),
    **allowed_by("s3:PutAccelerateConfiguration", _BUCKET, "PutBucketAccelerateConfiguration"),
    **allowed_by("s3:PutBucketCORS", _BUCKET, "PutBucketCors DeleteBucketCors"),
    **allowed_by("s3:PutEncryptionConfiguration", _BUCKET, "PutBucketEncryption DeleteBucketEncryption"),
    **allowed_by(
        "s3:PutLifecycleConfiguration",
        _BUCKET,
        "PutBucketLifecycle PutBucketLifecycleConfiguration DeleteBucketLifecycle",
    ),
    **allowed_by("s3:PutBucketNotification", _BUCKET, "PutBucketNotificationConfiguration"),
    **allowed_by("s3:PutBucketOwnershipControls", _BUCKET, "DeleteBucketOwnershipControls"),
    **allowed_by("s3:PutReplicationConfiguration", _BUCKET, "DeleteBucketReplication"),
    "PutBucketReplication": (
        Need("s3:PutReplicationConfiguration", _BUCKET),
        pass_role("ReplicationConfiguration.Role", "s3.amazonaws.com"),
    ),
    **allowed_by("s3:PutBucketObjectLockConfiguration", _BUCKET, "PutObjectLockConfiguration"),
    **allowed_by("s3:PutBucketPublicAccessBlock", _BUCKET, "PutPublicAccessBlock DeletePublicAccessBlock"),
    **allowed_by("s3:PutBucketTagging", _BUCKET, "DeleteBucketTagging"),
}

OPERATIONS: Operations = {**_OBJECTS, **_LISTS, **_READS_SETTINGS, **_CHANGES_SETTINGS}
