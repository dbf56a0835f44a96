"""Tags and canned ACLs of objects and buckets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from headgate.localcloud.errors import unsupported
from headgate.localcloud.s3 import headers
from headgate.localcloud.s3.body import read_document
from headgate.localcloud.s3.errors import malformed_xml
from headgate.localcloud.s3.objects import find
from headgate.localcloud.s3.request import S3Request, xml_response
from headgate.localcloud.s3.values import ObjectInfo
from headgate.localcloud.s3.xml import child, document, element, escape, group, parse
from headgate.localcloud.seams import HttpResponse

_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_GROUPS = "http://acs.amazonaws.com/groups/"
_GRANTS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "public-read": (("global/AllUsers", "READ"),),
    "public-read-write": (("global/AllUsers", "READ"), ("global/AllUsers", "WRITE")),
    "authenticated-read": (("global/AuthenticatedUsers", "READ"),),
    "log-delivery-write": (("s3/LogDelivery", "WRITE"), ("s3/LogDelivery", "READ_ACP")),
}


def get_object_tagging(request: S3Request) -> HttpResponse:
    info = find(request)
    tags = (group("Tag", element("Key", key), element("Value", value)) for key, value in info.attributes.tags.items())
    return xml_response(document("Tagging", group("TagSet", *tags)), _version(request, info))


def put_object_tagging(request: S3Request) -> HttpResponse:
    """PutObjectTagging. Raises S3Error: MalformedXML, InvalidTag, BadRequest for more than ten."""
    try:
        tree = parse(read_document(request.http), "Tagging")
    except ValueError as error:
        raise malformed_xml(str(error)) from error
    pairs = [(child(tag, "Key"), child(tag, "Value")) for tag in tree.iterfind("TagSet/Tag")]
    return HttpResponse(200, _version(request, _tag(request, headers.checked_tags(pairs, most=10))))


def delete_object_tagging(request: S3Request) -> HttpResponse:
    return HttpResponse(204, _version(request, _tag(request, {})))


def get_object_acl(request: S3Request) -> HttpResponse:
    return _acl(request.store.bucket(request.bucket).account, find(request).attributes.acl)


def put_object_acl(request: S3Request) -> HttpResponse:
    """PutObjectAcl with a canned ACL; grants of its own are not supported."""
    acl = _asked_acl(request)
    with request.store.database.transaction():
        info = find(request)
        request.store.set_attributes(info, replace(info.attributes, acl=acl))
    return HttpResponse(200)


def get_bucket_acl(request: S3Request) -> HttpResponse:
    bucket = request.store.bucket(request.bucket)
    stored = request.store.buckets.setting(request.bucket, "acl")
    return _acl(bucket.account, stored.decode() if stored else "private")


def put_bucket_acl(request: S3Request) -> HttpResponse:
    """PutBucketAcl with a canned ACL; grants of its own are not supported."""
    request.store.put_setting(request.bucket, "acl", _asked_acl(request).encode())
    return HttpResponse(200)


def _tag(request: S3Request, tags: Mapping[str, str]) -> ObjectInfo:
    with request.store.database.transaction():
        info = find(request)
        request.store.set_attributes(info, replace(info.attributes, tags=tags))
        return info


def _asked_acl(request: S3Request) -> str:
    if "x-amz-acl" not in request.headers or read_document(request.http):
        raise unsupported("S3 ACLs other than the canned ones (x-amz-acl)")
    return headers.canned_acl(request.headers)


def _version(request: S3Request, info: ObjectInfo) -> dict[str, str]:
    return headers.version_headers(info, request.store.bucket(request.bucket).versioning)


def _acl(account: str, acl: str) -> HttpResponse:
    """An ACL in full: the owner may do anything, others what the canned name says."""
    who = element("ID", account) + element("DisplayName", account)
    grants = [_grant("CanonicalUser", who, "FULL_CONTROL")]
    grants += [_grant("Group", element("URI", _GROUPS + name), permission) for name, permission in _GRANTS.get(acl, ())]
    return xml_response(document("AccessControlPolicy", group("Owner", who), group("AccessControlList", *grants)))


def _grant(kind: str, grantee: str, permission: str) -> str:
    opening = f'<Grantee xmlns:xsi="{_XSI}" xsi:type="{escape(kind)}">'
    return group("Grant", f"{opening}{grantee}</Grantee>", element("Permission", permission))
