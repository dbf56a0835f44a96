"""Operations on provisioned products under way: begun, watched and settled in the background, restarts included."""

from __future__ import annotations

import logging
import threading
from functools import partial

from headgate.localcloud.clock import Timeline
from headgate.localcloud.documents import Key
from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Json
from headgate.localcloud.servicecatalog.records import PROVISIONED, RECORD, Shelf
from headgate.localcloud.servicecatalog.stacks import Ended, Stacks, refused

_LOG = logging.getLogger(__name__)
_SHORTEST_LOOK = 0.05
_LONGEST_LOOK = 1.0
_SLOWER = 1.5
_TERMINATE = "TERMINATE_PROVISIONED_PRODUCT"
_UNDER_WAY = ("CREATED", "IN_PROGRESS", "IN_PROGRESS_IN_ERROR")


class Launches:
    """Brings records to their end. A record is written before its work begins, and says what the work is."""

    def __init__(self, shelf: Shelf, stacks: Stacks, timeline: Timeline) -> None:
        self._documents = shelf.documents
        self._stacks = stacks
        self._timeline = timeline
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._begun: set[Key] = set()

    def begin(self, key: Key) -> None:
        """Do a record's work in the background, if that is not being done."""
        with self._lock:
            if key in self._begun:
                return
            self._begun.add(key)
        threading.Thread(target=self._advance, args=(key, _SHORTEST_LOOK), name="launch", daemon=True).start()

    def recover(self) -> None:
        """After a start: go on with the records that the last daemon left under way."""
        for key, record in self._documents.list(RECORD):
            if record["Status"] in _UNDER_WAY:
                self.begin(key)

    def close(self) -> None:
        """Begin nothing more; records go on after the next start."""
        self._closed.set()

    def _advance(self, key: Key, delay: float) -> None:
        """One step of a record, and the next one later, until it has ended."""
        from botocore.exceptions import ClientError, EndpointConnectionError, HTTPClientError

        record = self._documents.find(key)
        if record is None or record["Status"] not in _UNDER_WAY or self._closed.is_set():
            return
        try:
            ended = self._step(key, record)
        except (ClientError, AwsError) as error:
            ended = refused(error)
        except (HTTPClientError, EndpointConnectionError):
            ended = None  # asking again changes nothing; when the cloud is about to stop, it is asked after its start
        except Exception as error:
            _LOG.exception("record %s failed", key.name)
            ended = Ended(({"Code": "InternalFailure", "Description": f"bug in the local cloud: {error!r}"},))
        if ended is not None:
            self._settle(key, ended)
            with self._lock:
                self._begun.discard(key)
            return
        following = partial(self._advance, key, min(delay * _SLOWER, _LONGEST_LOOK))
        self._timeline.call_at(self._timeline.now() + delay, following)

    def _step(self, key: Key, record: Json) -> Ended | None:
        kind, work = record["RecordType"], record["Work"]
        if not work["stack"]:
            return Ended()  # what was never created needs no deleting
        if work["begun"]:
            return self._stacks.look(kind, key.account, key.region, work)
        stack = self._stacks.begin(kind, key.account, key.region, work)
        now = self._timeline.now()

        def begun(body: Json) -> Json:
            told = {**body["Work"], "stack": stack, "begun": True}
            return {**body, "Status": "IN_PROGRESS", "UpdatedTime": now, "Work": told}

        with self._documents.transaction():
            self._documents.update(key, begun)
            product = _product(key, record)
            self._documents.update(product, lambda body: {**body, "PhysicalId": stack})
        return None

    def _settle(self, key: Key, ended: Ended) -> None:
        """Write the end of a record, and what it makes of the provisioned product, in one transaction."""
        now = self._timeline.now()
        status = "FAILED" if ended.errors else "SUCCEEDED"

        def settled(body: Json) -> Json:
            work = {**body["Work"], "template": ""}
            told = {"RecordErrors": list(ended.errors), "Outputs": list(ended.outputs), "Work": work}
            return {**body, "Status": status, "UpdatedTime": now, **told}

        with self._documents.transaction():
            record = self._documents.update(key, settled)
            product = _product(key, record)
            if record["RecordType"] == _TERMINATE and not (ended.errors and not record["Work"]["ignore_errors"]):
                self._documents.delete(product)
            else:
                self._documents.update(product, partial(_after, record, ended))


def _after(record: Json, ended: Ended, product: Json) -> Json:
    """A provisioned product after a record has ended."""
    if ended.errors:
        status = "ERROR" if record["RecordType"] == "PROVISION_PRODUCT" else "TAINTED"
        message = "; ".join(error["Description"] for error in ended.errors)
        return {**product, "Status": status, "StatusMessage": message}
    made = {name: record[name] for name in ("ProductId", "ProvisioningArtifactId", "LaunchRoleArn", "PathId")}
    return {
        **product,
        **made,
        **record["Work"]["names"],
        "Status": "AVAILABLE",
        "StatusMessage": "",
        "LastSuccessfulProvisioningRecordId": record["RecordId"],
        "Outputs": list(ended.outputs),
    }


def _product(key: Key, record: Json) -> Key:
    return Key(key.account, key.region, PROVISIONED, record["ProvisionedProductId"])
