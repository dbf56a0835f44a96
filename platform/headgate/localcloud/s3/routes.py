"""Which handler answers which request: method, level and subresource. What has no route is not supported."""

from __future__ import annotations

from collections.abc import Mapping

from headgate.localcloud.errors import unsupported
from headgate.localcloud.s3 import batch, buckets, copying, forms, listings, objects, settings, tags, uploads_api
from headgate.localcloud.s3.request import Route, S3Request

_PARAMETERS = frozenset(
    {
        "bucket-region",
        "continuation-token",
        "delimiter",
        "encoding-type",
        "fetch-owner",
        "key-marker",
        "list-type",
        "marker",
        "max-buckets",
        "max-keys",
        "max-parts",
        "max-uploads",
        "part-number-marker",
        "partNumber",
        "prefix",
        "response-cache-control",
        "response-content-disposition",
        "response-content-encoding",
        "response-content-language",
        "response-content-type",
        "response-expires",
        "start-after",
        "upload-id-marker",
        "version-id-marker",
        "versionId",
        "x-id",
    }
)
"""Query parameters that say how an operation is done, not which one."""
_SIGNATURE = frozenset({"awsaccesskeyid", "signature", "expires", "security-token"})

_BUCKET: Mapping[tuple[str, str], Route] = {
    ("GET", ""): Route(listings.list_objects, "s3:ListBucket"),
    ("GET", "versions"): Route(listings.list_object_versions, "s3:ListBucketVersions"),
    ("GET", "uploads"): Route(uploads_api.list_multipart_uploads, "s3:ListBucketMultipartUploads"),
    ("GET", "location"): Route(buckets.get_bucket_location, "s3:GetBucketLocation"),
    ("GET", "versioning"): Route(buckets.get_bucket_versioning, "s3:GetBucketVersioning"),
    ("GET", "acl"): Route(tags.get_bucket_acl, "s3:GetBucketAcl"),
    ("HEAD", ""): Route(buckets.head_bucket, "s3:ListBucket"),
    ("PUT", ""): Route(buckets.create_bucket, "s3:CreateBucket", public=True),
    ("PUT", "versioning"): Route(buckets.put_bucket_versioning, "s3:PutBucketVersioning"),
    ("PUT", "acl"): Route(tags.put_bucket_acl, "s3:PutBucketAcl"),
    ("POST", ""): Route(forms.post_object, "s3:PutObject", public=True),
    ("POST", "delete"): Route(batch.delete_objects, "s3:DeleteObject", public=True),
    ("DELETE", ""): Route(buckets.delete_bucket, "s3:DeleteBucket"),
    **settings.routes(),
}
_LIST_V2 = Route(listings.list_objects_v2, "s3:ListBucket")
_OBJECT: Mapping[tuple[str, str], Route] = {
    ("GET", ""): Route(objects.get_object, "s3:GetObject"),
    ("GET", "acl"): Route(tags.get_object_acl, "s3:GetObjectAcl"),
    ("GET", "attributes"): Route(objects.get_object_attributes, "s3:GetObjectAttributes"),
    ("GET", "tagging"): Route(tags.get_object_tagging, "s3:GetObjectTagging"),
    ("GET", "uploadId"): Route(uploads_api.list_parts, "s3:ListMultipartUploadParts"),
    ("HEAD", ""): Route(objects.head_object, "s3:GetObject"),
    ("PUT", ""): Route(objects.put_object, "s3:PutObject"),
    ("PUT", "acl"): Route(tags.put_object_acl, "s3:PutObjectAcl"),
    ("PUT", "tagging"): Route(tags.put_object_tagging, "s3:PutObjectTagging"),
    ("PUT", "uploadId"): Route(uploads_api.upload_part, "s3:PutObject"),
    ("POST", "uploads"): Route(uploads_api.create_multipart_upload, "s3:PutObject"),
    ("POST", "uploadId"): Route(uploads_api.complete_multipart_upload, "s3:PutObject"),
    ("DELETE", ""): Route(objects.delete_object, "s3:DeleteObject"),
    ("DELETE", "tagging"): Route(tags.delete_object_tagging, "s3:DeleteObjectTagging"),
    ("DELETE", "uploadId"): Route(uploads_api.abort_multipart_upload, "s3:AbortMultipartUpload"),
}
_COPIES: Mapping[str, Route] = {
    "": Route(copying.copy_object, "s3:PutObject"),
    "uploadId": Route(uploads_api.upload_part_copy, "s3:PutObject"),
}
_LIST_BUCKETS = Route(buckets.list_buckets, "s3:ListAllMyBuckets", public=True)
_VERSIONED = frozenset({"s3:GetObject", "s3:DeleteObject", "s3:GetObjectTagging", "s3:PutObjectTagging"})


def find_route(request: S3Request) -> Route:
    """The route of a request. Raises AwsError (501) for what is not supported, and names it."""
    method, subresource = request.http.method, _subresource(request)
    route: Route | None
    if not request.bucket:
        route = _LIST_BUCKETS if (method, subresource) == ("GET", "") else None
    elif request.key:
        copies = method == "PUT" and copying.SOURCE in request.headers
        route = _COPIES.get(subresource) if copies else _OBJECT.get((method, subresource))
    elif (method, subresource) == ("GET", "") and "list-type" in request.query:
        route = _LIST_V2 if request.query["list-type"] == "2" else None
    else:
        route = _BUCKET.get((method, subresource))
    if route is None:
        level = "object" if request.key else "bucket" if request.bucket else "service"
        query = f"?{subresource}" if subresource else ""
        raise unsupported(f"the S3 request {method} {level}{query}")
    return route


def action_of(request: S3Request, route: Route) -> str:
    """The IAM action, which is another one for a version of an object."""
    versioned = request.version_id is not None and route.action in _VERSIONED
    return route.action.replace("Object", "ObjectVersion", 1) if versioned else route.action


def _subresource(request: S3Request) -> str:
    """The query parameter that chooses the operation, or the empty string. Raises AwsError (501) if there are two."""
    found = [
        name
        for name in request.query
        if name not in _PARAMETERS and name.lower() not in _SIGNATURE and not name.lower().startswith("x-amz-")
    ]
    if "uploadId" in found and len(found) > 1:
        found.remove("uploadId")
    if len(found) > 1:
        raise unsupported(f"an S3 request with the parameters {', '.join(sorted(found))}")
    return found[0] if found else ""
