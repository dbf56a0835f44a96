"""Bucket settings: from a template's words to S3's, one operation each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from headgate.localcloud.cloudformation.resources.api import pick, refuse
from headgate.localcloud.seams import Json


@dataclass(frozen=True, slots=True)
class BucketSetting:
    """A property of a bucket: the operation and member that set it, how it is written there, how it goes away.

    `empty` is the configuration that means none, where S3 has no operation that deletes it.
    """

    put: str
    member: str
    convert: Callable[[Any], Json]
    delete: str = ""
    empty: Json | None = None


def _same(value: Any) -> Json:
    return dict(value)


def _encryption(value: Json) -> Json:
    rules = []
    for rule in value["ServerSideEncryptionConfiguration"]:
        default = rule.get("ServerSideEncryptionByDefault")
        chosen = pick(default or {}, "SSEAlgorithm", KMSMasterKeyID="KMSMasterKeyID")
        _only("BucketEncryption", rule, "ServerSideEncryptionByDefault", "BucketKeyEnabled")
        rules.append(
            {**({"ApplyServerSideEncryptionByDefault": chosen} if chosen else {}), **pick(rule, "BucketKeyEnabled")}
        )
    return {"Rules": rules}


_RULE = (
    "Id",
    "Status",
    "Prefix",
    "TagFilters",
    "ObjectSizeGreaterThan",
    "ObjectSizeLessThan",
    "AbortIncompleteMultipartUpload",
    "ExpirationDate",
    "ExpirationInDays",
    "ExpiredObjectDeleteMarker",
    "NoncurrentVersionExpiration",
    "NoncurrentVersionExpirationInDays",
    "NoncurrentVersionTransition",
    "NoncurrentVersionTransitions",
    "Transition",
    "Transitions",
)


def _lifecycle(value: Json) -> Json:
    _only("LifecycleConfiguration", value, "Rules", "TransitionDefaultMinimumObjectSize")
    return {"Rules": [_lifecycle_rule(rule) for rule in value["Rules"]]}


def _lifecycle_rule(rule: Json) -> Json:
    _only("LifecycleConfiguration rule", rule, *_RULE)
    made = {"ID": rule.get("Id"), "Status": rule["Status"], "Filter": _filter(rule)}
    expiration = pick(rule, "ExpiredObjectDeleteMarker", Days="ExpirationInDays", Date="ExpirationDate")
    if expiration:
        made["Expiration"] = expiration
    transitions = [*rule.get("Transitions", ()), *_single(rule, "Transition")]
    if transitions:
        made["Transitions"] = [
            pick(one, "StorageClass", Days="TransitionInDays", Date="TransitionDate") for one in transitions
        ]
    noncurrent = rule.get("NoncurrentVersionExpiration") or pick(
        rule, NoncurrentDays="NoncurrentVersionExpirationInDays"
    )
    if noncurrent:
        made["NoncurrentVersionExpiration"] = noncurrent
    moved = [*rule.get("NoncurrentVersionTransitions", ()), *_single(rule, "NoncurrentVersionTransition")]
    if moved:
        made["NoncurrentVersionTransitions"] = [
            pick(one, "StorageClass", "NewerNoncurrentVersions", NoncurrentDays="TransitionInDays") for one in moved
        ]
    return {**made, **pick(rule, "AbortIncompleteMultipartUpload")}


def _filter(rule: Json) -> Json:
    """What a rule is about: one condition stands alone, several stand under And, none is the empty prefix."""
    parts = pick(rule, "Prefix", "ObjectSizeGreaterThan", "ObjectSizeLessThan")
    tags = list(rule.get("TagFilters") or ())
    if len(parts) + len(tags) > 1:
        return {"And": {**parts, **({"Tags": tags} if tags else {})}}
    if tags:
        return {"Tag": tags[0]}
    return parts or {"Prefix": ""}


def _single(rule: Json, name: str) -> list[Json]:
    return [rule[name]] if name in rule else []


def _cors(value: Json) -> Json:
    renamed = {"ID": "Id", "ExposeHeaders": "ExposedHeaders", "MaxAgeSeconds": "MaxAge"}
    same = ("AllowedHeaders", "AllowedMethods", "AllowedOrigins")
    for rule in value["CorsRules"]:
        _only("CorsConfiguration rule", rule, *same, *renamed.values())
    return {"CORSRules": [pick(rule, *same, **renamed) for rule in value["CorsRules"]]}


def _logging(value: Json) -> Json:
    _only("LoggingConfiguration", value, "DestinationBucketName", "LogFilePrefix", "TargetObjectKeyFormat")
    if not value.get("DestinationBucketName"):
        raise refuse("LoggingConfiguration needs a DestinationBucketName: access logs of a bucket into itself loop")
    enabled = {"TargetBucket": value["DestinationBucketName"], "TargetPrefix": value.get("LogFilePrefix", "")}
    return {"LoggingEnabled": {**enabled, **pick(value, "TargetObjectKeyFormat")}}


_TARGETS = {
    "TopicConfigurations": ("TopicConfigurations", "TopicArn", "Topic"),
    "QueueConfigurations": ("QueueConfigurations", "QueueArn", "Queue"),
    "LambdaConfigurations": ("LambdaFunctionConfigurations", "LambdaFunctionArn", "Function"),
}


def _notification(value: Json) -> Json:
    _only("NotificationConfiguration", value, "EventBridgeConfiguration", *_TARGETS)
    made: Json = {}
    if value.get("EventBridgeConfiguration", {}).get("EventBridgeEnabled", "EventBridgeConfiguration" in value):
        made["EventBridgeConfiguration"] = {}
    for name, (member, arn, given) in _TARGETS.items():
        for one in value.get(name) or ():
            made.setdefault(member, []).append({arn: one[given], "Events": [one["Event"]], **_notification_filter(one)})
    return made


def _notification_filter(one: Json) -> Json:
    rules = one.get("Filter", {}).get("S3Key", {}).get("Rules")
    return {"Filter": {"Key": {"FilterRules": rules}}} if rules else {}


def _versioning(value: Json) -> Json:
    return pick(value, "Status")


def _only(where: str, value: Mapping[str, Any], *known: str) -> None:
    """Raises ResourceError for a member that would be lost."""
    unknown = sorted(set(value) - set(known))
    if unknown:
        raise refuse(f"{where} with {', '.join(unknown)} is not supported in the local cloud")


SETTINGS: Mapping[str, BucketSetting] = {
    "OwnershipControls": BucketSetting(
        "PutBucketOwnershipControls", "OwnershipControls", _same, "DeleteBucketOwnershipControls"
    ),
    "PublicAccessBlockConfiguration": BucketSetting(
        "PutPublicAccessBlock", "PublicAccessBlockConfiguration", _same, "DeletePublicAccessBlock"
    ),
    "VersioningConfiguration": BucketSetting(
        "PutBucketVersioning", "VersioningConfiguration", _versioning, empty={"Status": "Suspended"}
    ),
    "BucketEncryption": BucketSetting(
        "PutBucketEncryption", "ServerSideEncryptionConfiguration", _encryption, "DeleteBucketEncryption"
    ),
    "LifecycleConfiguration": BucketSetting(
        "PutBucketLifecycleConfiguration", "LifecycleConfiguration", _lifecycle, "DeleteBucketLifecycle"
    ),
    "CorsConfiguration": BucketSetting("PutBucketCors", "CORSConfiguration", _cors, "DeleteBucketCors"),
    "LoggingConfiguration": BucketSetting("PutBucketLogging", "BucketLoggingStatus", _logging, empty={}),
    "NotificationConfiguration": BucketSetting(
        "PutBucketNotificationConfiguration", "NotificationConfiguration", _notification, empty={}
    ),
}
"""In the order in which a new bucket gets them."""
