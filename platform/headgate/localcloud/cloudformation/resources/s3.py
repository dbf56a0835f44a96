"""AWS::S3::Bucket and AWS::S3::BucketPolicy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headgate.localcloud.cloudformation.resources.api import (
    call,
    changed,
    exists,
    json_text,
    look,
    refuse,
    unless_gone,
)
from headgate.localcloud.cloudformation.resources.declared import Declared
from headgate.localcloud.cloudformation.resources.reading import Readable, live_document
from headgate.localcloud.cloudformation.resources.s3_settings import SETTINGS
from headgate.localcloud.cloudformation.resources.tags import all_tags, tag_list
from headgate.localcloud.cloudformation.types import Context
from headgate.localcloud.seams import Json

_HOME = "us-east-1"
_PRIVATE = frozenset({None, "Private", "BucketOwnerFullControl"})


def _name(context: Context, properties: Json) -> str:
    return str(properties.get("BucketName") or context.name(63, lower=True))


def _make_bucket(context: Context, properties: Json) -> str:
    name = _name(context, properties)
    location = None if context.region == _HOME else {"LocationConstraint": context.region}
    if context.region == _HOME and exists(context, "s3", "HeadBucket", Bucket=name):
        raise refuse(f"the bucket '{name}' exists already")  # there CreateBucket would succeed for its owner
    call(context, "s3", "CreateBucket", Bucket=name, CreateBucketConfiguration=location)
    return name


def _converge_bucket(context: Context, name: str, old: Json, new: Json) -> None:
    if new.get("AccessControl") not in _PRIVATE:
        raise refuse(
            f"AccessControl {new['AccessControl']} needs ACLs, which buckets have not since BucketOwnerEnforced is "
            "the default; grant it in a bucket policy"
        )
    for member, setting in SETTINGS.items():
        if not changed(old, new, member):
            continue
        if new.get(member) is not None:
            call(context, "s3", setting.put, {setting.member: setting.convert(new[member])}, Bucket=name)
        elif setting.delete:
            call(context, "s3", setting.delete, Bucket=name)
        else:
            call(context, "s3", setting.put, {setting.member: setting.empty}, Bucket=name)
    _tag(context, name, old, new)


def _tag(context: Context, name: str, old: Json, new: Json) -> None:
    """All tags of a bucket are put at once, those that others gave it excepted: there are none besides the stack's."""
    wanted = tag_list(all_tags(context, new))
    if old and not changed(old, new, "Tags") and context.tags == context.previous_tags:
        return
    if wanted:
        call(context, "s3", "PutBucketTagging", Bucket=name, Tagging={"TagSet": wanted})
    elif old:
        call(context, "s3", "DeleteBucketTagging", Bucket=name)


def _describe_bucket(context: Context, name: str, _: Json) -> Mapping[str, Any]:
    suffix = "amazonaws.com.cn" if context.partition == "aws-cn" else "amazonaws.com"
    return {
        "Arn": f"arn:{context.partition}:s3:::{name}",
        "DomainName": f"{name}.s3.{suffix}",
        "DualStackDomainName": f"{name}.s3.dualstack.{context.region}.{suffix}",
        "RegionalDomainName": f"{name}.s3.{context.region}.{suffix}",
        "WebsiteURL": f"http://{name}.s3-website-{context.region}.{suffix}",
    }


def _remove_bucket(context: Context, name: str, _: Json) -> None:
    """Raises ClientError (BucketNotEmpty) while it holds objects, as on AWS."""
    with unless_gone():
        call(context, "s3", "DeleteBucket", Bucket=name)


def _find_bucket(context: Context, properties: Json) -> str | None:
    name = _name(context, properties)
    return name if exists(context, "s3", "HeadBucket", Bucket=name) else None


def _make_policy(_: Context, properties: Json) -> str:
    return str(properties["Bucket"])


def _converge_policy(context: Context, bucket: str, old: Json, new: Json) -> None:
    if changed(old, new, "PolicyDocument"):
        call(context, "s3", "PutBucketPolicy", Bucket=bucket, Policy=json_text(new["PolicyDocument"]))


def _see_policy(context: Context, bucket: str, wanted: Json) -> Json | None:
    found = look(context, "s3", "GetBucketPolicy", Bucket=bucket)
    if found is None:
        return None
    return {"Bucket": bucket, "PolicyDocument": live_document(wanted["PolicyDocument"], found["Policy"])}


def _remove_policy(context: Context, bucket: str, _: Json) -> None:
    with unless_gone():
        call(context, "s3", "DeleteBucketPolicy", Bucket=bucket)


TYPES = (
    Declared(
        "AWS::S3::Bucket",
        handled=frozenset({"AccessControl", "BucketName", "Tags", *SETTINGS}),
        make=_make_bucket,
        converge=_converge_bucket,
        describe=_describe_bucket,
        remove=_remove_bucket,
        find_id=_find_bucket,
    ),
    Readable(
        "AWS::S3::BucketPolicy",
        handled=frozenset({"Bucket", "PolicyDocument"}),
        make=_make_policy,
        converge=_converge_policy,
        remove=_remove_policy,
        find_id=lambda _, properties: properties["Bucket"],
        see=_see_policy,
    ),
)
