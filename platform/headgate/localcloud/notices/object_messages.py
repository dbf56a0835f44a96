"""What S3 tells of a change of an object: to queues, topics and functions, and to EventBridge.

Sources: Amazon S3 User Guide, 'Event message structure' (version 2.1) and 'EventBridge event message structure'.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from urllib.parse import quote_plus

from headgate.localcloud.notices.changes import Notice, given
from headgate.localcloud.s3 import changes
from headgate.localcloud.s3.xml import iso_time
from headgate.localcloud.seams import Json

SOURCE = "aws.s3"
_REASONS = {
    changes.PUT: "PutObject",
    changes.POST: "POST Object",
    changes.COPY: "CopyObject",
    changes.COMPLETE_UPLOAD: "CompleteMultipartUpload",
    changes.DELETE: "DeleteObject",
    changes.DELETE_MARKER: "DeleteObject",
}
_LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """A version of an object that came or went. `time` is in seconds since the epoch, `sequence` only grows.

    `requester` is an account or a service principal, `principal` the ARN of who asked.
    """

    event: str
    bucket: str
    account: str
    region: str
    key: str
    size: int
    etag: str
    version_id: str | None
    time: float
    requester: str
    principal: str
    request_id: str
    sequence: int = 0

    def as_json(self) -> Json:
        return asdict(self)

    @property
    def bucket_arn(self) -> str:
        return f"arn:aws:s3:::{self.bucket}"

    @property
    def sequencer(self) -> str:
        return f"{self.sequence:016X}"


def record(change: ObjectChange, configuration: str) -> Json:
    """The message for a queue, topic or function; keys are URL-encoded in it."""
    created = change.event not in {changes.DELETE, changes.DELETE_MARKER}
    told = given(
        {
            "key": quote_plus(change.key, safe="/"),
            "size": change.size if created else None,
            "eTag": change.etag if created or change.event == changes.DELETE_MARKER else None,
            "versionId": change.version_id,
            "sequencer": change.sequencer,
        }
    )
    one = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": change.region,
        "eventTime": iso_time(change.time),
        "eventName": change.event,
        "userIdentity": {"principalId": f"AWS:{change.principal or change.requester}"},
        "requestParameters": {"sourceIPAddress": _LOOPBACK},
        "responseElements": {"x-amz-request-id": change.request_id, "x-amz-id-2": change.request_id},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": configuration,
            "bucket": {
                "name": change.bucket,
                "ownerIdentity": {"principalId": change.account},
                "arn": change.bucket_arn,
            },
            "object": told,
        },
    }
    return {"Records": [one]}


def notice(change: ObjectChange) -> Notice:
    """The event for the default bus of the bucket's account; keys are as they are in it."""
    detail: Json = {
        "version": "0",
        "bucket": {"name": change.bucket},
        "object": given(
            {
                "key": change.key,
                "size": change.size,
                "etag": change.etag,
                "version-id": change.version_id,
                "sequencer": change.sequencer,
            }
        ),
        "request-id": change.request_id,
        "requester": change.requester,
        "source-ip-address": _LOOPBACK,
        "reason": _REASONS[change.event],
    }
    title = "Object Created"
    if change.event in {changes.DELETE, changes.DELETE_MARKER}:
        title = "Object Deleted"
        del detail["object"]["size"]
        marker = change.event == changes.DELETE_MARKER
        detail["deletion-type"] = "Delete Marker Created" if marker else "Permanently Deleted"
    return Notice(SOURCE, title, detail, (change.bucket_arn,))


def destination_test(bucket: str, moment: float, request_id: str) -> Json:
    """What a queue or topic gets when it is configured."""
    return {
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Time": iso_time(moment),
        "Bucket": bucket,
        "RequestId": request_id,
        "HostId": request_id,
    }
