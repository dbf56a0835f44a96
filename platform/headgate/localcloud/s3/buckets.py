"""ListBuckets, CreateBucket, DeleteBucket, HeadBucket, GetBucketLocation, versioning."""

from __future__ import annotations

from headgate.localcloud.errors import AwsError, unsupported
from headgate.localcloud.s3 import headers
from headgate.localcloud.s3.body import read_document
from headgate.localcloud.s3.errors import S3Error, malformed_xml
from headgate.localcloud.s3.request import S3Request, decode_token, encode_token, xml_response
from headgate.localcloud.s3.xml import child, document, element, group, iso_time, optional, parse
from headgate.localcloud.seams import HttpResponse

_MOST_BUCKETS = 10000
_HOME = "us-east-1"


def list_buckets(request: S3Request) -> HttpResponse:
    """The caller's buckets, in the order of their names."""
    prefix, region = request.query.get("prefix", ""), request.query.get("bucket-region", "")
    limit = request.number("max-buckets", _MOST_BUCKETS, _MOST_BUCKETS)
    after = decode_token(request.query.get("continuation-token", ""))
    account = request.caller.account
    found = [
        bucket
        for bucket in request.store.buckets.list(account)
        if bucket.name.startswith(prefix) and bucket.name > after and region in {"", bucket.region}
    ]
    token = encode_token(found[limit - 1].name) if len(found) > limit > 0 else ""
    buckets = [
        group(
            "Bucket",
            element("Name", bucket.name),
            element("CreationDate", iso_time(bucket.created)),
            element("BucketRegion", bucket.region),
        )
        for bucket in found[:limit]
    ]
    owner = group("Owner", element("DisplayName", account), element("ID", account))
    body = document(
        "ListAllMyBucketsResult",
        owner,
        group("Buckets", *buckets),
        optional("ContinuationToken", token),
        optional("Prefix", prefix),
    )
    return xml_response(body)


def create_bucket(request: S3Request) -> HttpResponse:
    """CreateBucket; recreating one's own bucket succeeds in us-east-1 only, as on AWS."""
    region = _requested_region(request)
    if headers.canned_acl(request.headers) not in {"private", "bucket-owner-full-control"}:
        raise S3Error("InvalidBucketAclWithObjectOwnership", "bucket cannot have ACLs set with BucketOwnerEnforced")
    try:
        request.store.create_bucket(request.caller.account, region, request.bucket)
    except AwsError as error:
        if error.code != "BucketAlreadyOwnedByYou" or region != _HOME:
            raise
    return HttpResponse(200, {"location": f"/{request.bucket}"})


def delete_bucket(request: S3Request) -> HttpResponse:
    request.store.delete_bucket(request.bucket)
    return HttpResponse(204)


def head_bucket(request: S3Request) -> HttpResponse:
    bucket = request.store.bucket(request.bucket)
    return HttpResponse(200, {"x-amz-bucket-region": bucket.region, "x-amz-access-point-alias": "false"})


def get_bucket_location(request: S3Request) -> HttpResponse:
    region = request.store.bucket(request.bucket).region
    body = document("LocationConstraint", "" if region == _HOME else region)
    return xml_response(body)


def get_bucket_versioning(request: S3Request) -> HttpResponse:
    versioning = request.store.bucket(request.bucket).versioning
    return xml_response(document("VersioningConfiguration", optional("Status", versioning)))


def put_bucket_versioning(request: S3Request) -> HttpResponse:
    try:
        tree = parse(read_document(request.http), "VersioningConfiguration")
    except ValueError as error:
        raise malformed_xml(str(error)) from error
    if child(tree, "MfaDelete") == "Enabled":
        raise unsupported("S3 MFA delete")
    status = child(tree, "Status")
    if status == "Enabled":
        request.store.set_versioning(request.bucket, "Enabled")
    elif status == "Suspended":
        request.store.set_versioning(request.bucket, "Suspended")
    else:
        raise S3Error("IllegalVersioningConfigurationException", f"the versioning status '{status}' is not valid")
    return HttpResponse(200)


def _requested_region(request: S3Request) -> str:
    """The region to create a bucket in. Raises S3Error (IllegalLocationConstraintException)."""
    endpoint = request.caller.region or _HOME
    body = read_document(request.http)
    if not body:
        location = ""
    else:
        try:
            tree = parse(body, "CreateBucketConfiguration")
        except ValueError as error:
            raise malformed_xml(str(error)) from error
        if tree.find("Bucket") is not None or tree.find("Location") is not None:
            raise unsupported("S3 directory buckets")
        if tree.find("Tags") is not None:
            raise unsupported("tags in CreateBucket; use PutBucketTagging")
        location = child(tree, "LocationConstraint")
    location = "eu-west-1" if location == "EU" else location
    if endpoint not in {_HOME, location or _HOME}:
        raise S3Error(
            "IllegalLocationConstraintException",
            f"the {location or 'unspecified'} location constraint is incompatible for the region specific endpoint "
            "this request was sent to",
        )
    return location or _HOME
