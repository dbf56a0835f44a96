"""S3's notifications: from the transaction that changes an object to queues, topics, functions and EventBridge.

Objects have a database of their own. What is to be told is written there with the change, then handed on to the
deliveries, then forgotten: a killed daemon may tell something twice, as S3 does, but forgets nothing.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from headgate.localcloud.documents import Documents
from headgate.localcloud.errors import AwsError
from headgate.localcloud.events.delivery import Callers, Deliveries, Origin, Timeline
from headgate.localcloud.events.targets import Parcel, TargetKind, kind_of
from headgate.localcloud.notices.object_messages import ObjectChange, destination_test, notice, record
from headgate.localcloud.s3.changes import requester
from headgate.localcloud.s3.notification import read
from headgate.localcloud.s3.store import ObjectStore
from headgate.localcloud.s3.values import ObjectInfo
from headgate.localcloud.seams import Caller, Json

PRINCIPAL = "s3.amazonaws.com"
_SUBJECT = "Amazon S3 Notification"
_LOG = logging.getLogger(__name__)

Publish = Callable[[str, str, str, str, Json, tuple[str, ...]], None]
"""EventBridge.publish."""
Require = Callable[[str, str, Mapping[str, Any], Caller], object]
"""Raises AwsError unless a caller may do an operation."""


class ObjectNotices:
    """Observes an object store from its making on."""

    def __init__(
        self,
        objects: ObjectStore,
        documents: Documents,
        timeline: Timeline,
        callers: Callers,
        publish: Publish,
        require: Require,
    ) -> None:
        self._objects = objects
        self._documents = documents
        self._timeline = timeline
        self._callers = callers
        self._publish = publish
        self._require = require
        self._deliveries = Deliveries(documents, timeline, callers, Origin("object-delivery", PRINCIPAL, _kind))
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="object notices")
        objects.changed = self._changed

    def recover(self) -> None:
        """Go on with what a killed daemon had written down."""
        self._deliveries.recover()
        for (number,) in self._objects.database.rows("SELECT sequence FROM notices ORDER BY sequence"):
            self._soon(number)

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)
        self._deliveries.close()

    def refused(self, bucket: str, destination: str) -> str:
        """Why a destination takes no notifications; a queue or topic that does has got a test event then."""
        info = self._objects.bucket(bucket)
        context = {"aws:SourceArn": f"arn:aws:s3:::{bucket}", "aws:SourceAccount": info.account}
        caller = Caller(info.account, info.region, "", PRINCIPAL, context)
        kind = _kind({"Arn": destination})
        try:
            if kind.service == "lambda":
                self._require("lambda", "Invoke", {"FunctionName": destination}, caller)
            else:
                text = json.dumps(destination_test(bucket, self._timeline.now(), requester.get().request_id))
                client = self._callers.service_client(PRINCIPAL, caller, kind.service, context)
                kind.call(client, Parcel("test", {"Arn": destination}, text))
        except AwsError as error:
            return error.message
        except Exception as error:  # whatever it answers is why
            return str(error)
        return ""

    def _changed(self, event: str, info: ObjectInfo) -> None:
        """Within the change's transaction: write down whom to tell."""
        body = self._objects.buckets.setting(info.bucket, "notification")
        if not body:
            return
        notification = read(body)
        destinations = notification.wanting(event, info.key)
        bucket = self._objects.buckets.find(info.bucket)
        if bucket is None or not (destinations or notification.event_bridge):
            return
        who = requester.get()
        change = ObjectChange(
            event=event,
            bucket=bucket.name,
            account=bucket.account,
            region=bucket.region,
            key=info.key,
            size=info.size,
            etag=info.etag,
            version_id=info.version_id,
            time=self._timeline.now(),
            requester=who.account or bucket.account,
            principal=who.principal,
            request_id=who.request_id or self._objects.new_id()[:16].upper(),
        )
        told = {
            "change": change.as_json(),
            "destinations": [[one.id, one.arn] for one in destinations],
            "event_bridge": notification.event_bridge,
        }
        database = self._objects.database
        database.write("INSERT INTO notices (body) VALUES (?)", (json.dumps(told),))
        ((number,),) = database.rows("SELECT max(sequence) FROM notices")
        database.after_commit(lambda: self._soon(number))

    def _soon(self, number: int) -> None:
        """In another thread: the databases' locks are never held both, but in the order documents, objects."""
        try:
            self._pool.submit(self._guarded, number)
        except RuntimeError:
            _LOG.debug("notice %d is sent after the next start", number)

    def _guarded(self, number: int) -> None:
        try:
            self._send(number)
        except Exception:
            _LOG.exception("notice %d of an object was not sent", number)

    def _send(self, number: int) -> None:
        row = self._objects.database.row("SELECT body FROM notices WHERE sequence=?", (number,))
        if row is None:
            return
        told = json.loads(row[0])
        change = ObjectChange(**{**told["change"], "sequence": number})
        with self._documents.transaction():
            keys = self._deliveries.accept(
                change.account,
                change.region,
                [
                    {
                        "target": {"Arn": arn},
                        "input": json.dumps(record(change, name)),
                        "event": {},
                        "source_arn": change.bucket_arn,
                        "hops": 0,
                    }
                    for name, arn in told["destinations"]
                ],
            )
            if told["event_bridge"]:
                event = notice(change)
                account, region = change.account, change.region
                self._publish(account, region, event.source, event.detail_type, event.detail, event.resources)
        self._objects.database.write("DELETE FROM notices WHERE sequence=?", (number,))
        self._deliveries.start(keys)


def _kind(target: Json) -> TargetKind:
    return _TOPIC if target["Arn"].split(":")[2] == "sns" else kind_of(target)


def _tell_topic(client: Any, parcel: Parcel) -> None:
    client.publish(TopicArn=parcel.target["Arn"], Message=parcel.text, Subject=_SUBJECT)


_TOPIC = TargetKind("sns", _tell_topic)
