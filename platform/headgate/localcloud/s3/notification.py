"""Notification configurations of buckets: who is told of what happens to which objects.

Source: Amazon S3 User Guide, 'Amazon S3 Event Notifications'. Event types that nothing on this machine ever causes,
such as restores and replication, and those of tags and ACLs are refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from xml.etree import ElementTree as ET

from headgate.localcloud.errors import unsupported
from headgate.localcloud.s3.changes import EVENTS
from headgate.localcloud.s3.errors import S3Error, invalid_argument, malformed_xml
from headgate.localcloud.s3.request import S3Request
from headgate.localcloud.s3.xml import child, parse

_ROOT = "NotificationConfiguration"
_KINDS = {
    "TopicConfiguration": ("Topic", "sns"),
    "QueueConfiguration": ("Queue", "sqs"),
    "CloudFunctionConfiguration": ("CloudFunction", "lambda"),
}
"""Elements by kind: which child holds the ARN, and of which service it has to be."""
_SKIP = "x-amz-skip-destination-validation"


@dataclass(frozen=True, slots=True)
class Destination:
    """A queue, topic or function, the event types that it is told of, and of which keys."""

    id: str
    arn: str
    events: frozenset[str]
    prefix: str = ""
    suffix: str = ""

    def wants(self, event: str, key: str) -> bool:
        return event in self.events and key.startswith(self.prefix) and key.endswith(self.suffix)

    def overlaps(self, other: Destination) -> bool:
        """Whether one object could be told to both for the same event type."""
        prefixes = self.prefix.startswith(other.prefix) or other.prefix.startswith(self.prefix)
        suffixes = self.suffix.endswith(other.suffix) or other.suffix.endswith(self.suffix)
        return prefixes and suffixes and bool(self.events & other.events)


@dataclass(frozen=True, slots=True)
class Notification:
    """A whole configuration. `event_bridge`: everything is told to the account's default bus too."""

    destinations: tuple[Destination, ...] = ()
    event_bridge: bool = False

    def wanting(self, event: str, key: str) -> tuple[Destination, ...]:
        return tuple(one for one in self.destinations if one.wants(event, key))


@lru_cache(maxsize=256)
def read(body: bytes) -> Notification:
    """A configuration as it was put. Raises S3Error: MalformedXML, InvalidArgument; AwsError (501)."""
    try:
        tree = parse(body, _ROOT)
    except ValueError as error:
        raise malformed_xml(str(error)) from error
    found = []
    for number, node in enumerate(tree):
        if node.tag in _KINDS:
            found.append(_destination(node, number))
        elif node.tag != "EventBridgeConfiguration":
            raise malformed_xml(f"unexpected <{node.tag}> in <{_ROOT}>")
    return Notification(tuple(found), tree.find("EventBridgeConfiguration") is not None)


def check(request: S3Request, body: bytes) -> None:
    """Raises S3Error for a configuration that is none, that is ambiguous, or whose destinations take nothing."""
    bucket = request.store.bucket(request.bucket)
    destinations = read(body).destinations
    for one, other in combinations(destinations, 2):
        if one.overlaps(other):
            raise invalid_argument(
                "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes "
                "are overlapping for the same event type."
            )
    skip = request.headers.get(_SKIP, "").lower() == "true"
    for one in destinations:
        if one.arn.split(":")[3] != bucket.region:
            raise _refused(one, f"it is not in the bucket's region, {bucket.region}")
        reason = "" if skip else request.refused(bucket.name, one.arn)
        if reason:
            raise _refused(one, reason)


def _refused(destination: Destination, reason: str) -> S3Error:
    message = f"Unable to validate the following destination configurations: {reason}"
    return invalid_argument(message, destination.arn)


def _destination(node: ET.Element, number: int) -> Destination:
    name, service = _KINDS[node.tag]
    arn = child(node, name)
    if arn.count(":") < 5 or arn.split(":")[2] != service:
        raise invalid_argument(f"The ARN could not be parsed: '{arn}' is not one of {service}", name, arn)
    asked = [event.text or "" for event in node.findall("Event")]
    if not asked:
        raise malformed_xml(f"<{node.tag}> needs an <Event>")
    events = frozenset(event for pattern in asked for event in _events(pattern))
    rules = dict(_rules(node))
    prefix, suffix = rules.get("prefix", ""), rules.get("suffix", "")
    return Destination(child(node, "Id") or f"notification-{number + 1}", arn, events, prefix, suffix)


def _events(pattern: str) -> list[str]:
    """Event types by name or by `s3:ObjectCreated:*`."""
    wanted = pattern.removeprefix("s3:")
    start = wanted.removesuffix("*")
    found = [event for event in EVENTS if event == wanted or (wanted.endswith(":*") and event.startswith(start))]
    if not found:
        raise unsupported(f"S3 notifications of '{pattern}'")
    return found


def _rules(node: ET.Element) -> Iterator[tuple[str, str]]:
    for rule in node.iterfind("Filter/S3Key/FilterRule"):
        name = child(rule, "Name").lower()
        if name not in {"prefix", "suffix"}:
            raise invalid_argument("filter rule name must be either prefix or suffix", "FilterRule.Name", name)
        yield name, child(rule, "Value")
