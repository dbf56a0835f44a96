"""Bucket subresources that are kept durably and returned as they were put.

Encryption, policy, public access block and notification have an effect; lifecycle, CORS and logging have none here
yet, and the documentation says so. Every other subresource of S3 has no route, so it answers 501.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from headgate.localcloud.s3 import notification, policy
from headgate.localcloud.s3.body import read_document
from headgate.localcloud.s3.errors import S3Error, access_denied, malformed_xml
from headgate.localcloud.s3.request import Route, S3Request, xml_response
from headgate.localcloud.s3.values import BucketInfo
from headgate.localcloud.s3.xml import boolean, child, document, element, group, parse
from headgate.localcloud.seams import HttpResponse

_BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
_ABSENT = b""
"""A setting that has been deleted though buckets have it by default."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A subresource: its query parameter, the root of its document, its IAM actions, the error when it is not there.

    `default` is what AWS answers for a bucket on which nothing was put; `put_status` and the rest are HTTP. `check`
    raises S3Error for a document that is refused.
    """

    query: str
    root: str
    read: str
    write: str
    missing: str = ""
    default: Callable[[], bytes] | None = None
    deletable: bool = False
    put_status: int = 200
    check: Callable[[S3Request, bytes], None] | None = None


SETTINGS = (
    Setting(
        "encryption",
        "ServerSideEncryptionConfiguration",
        "s3:GetEncryptionConfiguration",
        "s3:PutEncryptionConfiguration",
        "ServerSideEncryptionConfigurationNotFoundError",
        deletable=True,
    ),
    Setting(
        "lifecycle",
        "LifecycleConfiguration",
        "s3:GetLifecycleConfiguration",
        "s3:PutLifecycleConfiguration",
        "NoSuchLifecycleConfiguration",
        deletable=True,
    ),
    Setting(
        "notification",
        "NotificationConfiguration",
        "s3:GetBucketNotification",
        "s3:PutBucketNotification",
        default=partial(document, "NotificationConfiguration"),
        check=notification.check,
    ),
    Setting(
        "cors",
        "CORSConfiguration",
        "s3:GetBucketCORS",
        "s3:PutBucketCORS",
        "NoSuchCORSConfiguration",
        deletable=True,
    ),
    Setting(
        "logging",
        "BucketLoggingStatus",
        "s3:GetBucketLogging",
        "s3:PutBucketLogging",
        default=partial(document, "BucketLoggingStatus"),
    ),
    Setting(
        "ownershipControls",
        "OwnershipControls",
        "s3:GetBucketOwnershipControls",
        "s3:PutBucketOwnershipControls",
        "OwnershipControlsNotFoundError",
        default=partial(
            document, "OwnershipControls", group("Rule", element("ObjectOwnership", "BucketOwnerEnforced"))
        ),
        deletable=True,
    ),
    Setting(
        "publicAccessBlock",
        "PublicAccessBlockConfiguration",
        "s3:GetBucketPublicAccessBlock",
        "s3:PutBucketPublicAccessBlock",
        "NoSuchPublicAccessBlockConfiguration",
        default=partial(document, "PublicAccessBlockConfiguration", *(element(name, "true") for name in _BLOCKS)),
        deletable=True,
    ),
    Setting(
        "tagging",
        "Tagging",
        "s3:GetBucketTagging",
        "s3:PutBucketTagging",
        "NoSuchTagSet",
        deletable=True,
        put_status=204,
    ),
)


def routes() -> Mapping[tuple[str, str], Route]:
    """Routes by method and query parameter."""
    table = {
        ("GET", "policy"): Route(get_policy, "s3:GetBucketPolicy"),
        ("PUT", "policy"): Route(put_policy, "s3:PutBucketPolicy"),
        ("DELETE", "policy"): Route(delete_policy, "s3:DeleteBucketPolicy"),
        ("GET", "policyStatus"): Route(get_policy_status, "s3:GetBucketPolicyStatus"),
    }
    for setting in SETTINGS:
        table["GET", setting.query] = Route(partial(_get, setting), setting.read)
        table["PUT", setting.query] = Route(partial(_put, setting), setting.write)
        if setting.deletable:
            table["DELETE", setting.query] = Route(partial(_delete, setting), setting.write)
    return table


def get_policy(request: S3Request) -> HttpResponse:
    return HttpResponse(200, {"content-type": "application/json"}, _policy(request))


def put_policy(request: S3Request) -> HttpResponse:
    """PutBucketPolicy. Raises S3Error: MalformedPolicy, AccessDenied for a public policy where those are blocked."""
    body = read_document(request.http)
    policy.check(body, request.bucket)
    if policy.is_public(json.loads(body)) and _blocks(request, "BlockPublicPolicy"):
        raise access_denied(
            "this policy grants public access, which the bucket's block public access settings do not allow"
        )
    request.store.put_setting(request.bucket, "policy", body)
    return HttpResponse(204)


def delete_policy(request: S3Request) -> HttpResponse:
    request.store.delete_setting(request.bucket, "policy")
    return HttpResponse(204)


def get_policy_status(request: S3Request) -> HttpResponse:
    public = policy.is_public(json.loads(_policy(request)))
    return xml_response(document("PolicyStatus", element("IsPublic", boolean(public))))


def stored_policy(request: S3Request, bucket: BucketInfo) -> bytes | None:
    """The policy of a bucket, as it was put."""
    return request.store.buckets.setting(bucket.name, "policy")


def _policy(request: S3Request) -> bytes:
    body = stored_policy(request, request.store.bucket(request.bucket))
    if body is None:
        raise _missing("NoSuchBucketPolicy", "policy", request.bucket)
    return body


def _get(setting: Setting, request: S3Request) -> HttpResponse:
    return xml_response(_body(setting, request))


def _put(setting: Setting, request: S3Request) -> HttpResponse:
    body = read_document(request.http)
    try:
        parse(body, setting.root)
    except ValueError as error:
        raise malformed_xml(str(error)) from error
    if setting.check is not None:
        setting.check(request, body)
    request.store.put_setting(request.bucket, setting.query, body)
    return HttpResponse(setting.put_status)


def _delete(setting: Setting, request: S3Request) -> HttpResponse:
    if setting.default is None:
        request.store.delete_setting(request.bucket, setting.query)
    else:
        request.store.put_setting(request.bucket, setting.query, _ABSENT)
    return HttpResponse(204)


def _body(setting: Setting, request: S3Request) -> bytes:
    request.store.bucket(request.bucket)
    body = request.store.buckets.setting(request.bucket, setting.query)
    if body is None and setting.default is not None:
        return setting.default()
    if not body:
        raise _missing(setting.missing, setting.query, request.bucket)
    return body


def _blocks(request: S3Request, name: str) -> bool:
    """Whether the bucket's public access block has this switch on."""
    setting = next(setting for setting in SETTINGS if setting.query == "publicAccessBlock")
    try:
        body = _body(setting, request)
    except S3Error:
        return False
    return child(parse(body, setting.root), name).lower() == "true"


def _missing(code: str, what: str, bucket: str) -> S3Error:
    return S3Error(code, f"the bucket '{bucket}' has no {what}", status=404)
