"""LookupEvents: an account's management events of the last 90 days, the newest first."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime

from headgate.localcloud.errors import AwsError, unsupported
from headgate.localcloud.paging import cut_page, seconds
from headgate.localcloud.seams import Caller, Clock, Json
from headgate.localcloud.trail.history import EventHistory
from headgate.localcloud.trail.trails import accounts_of

_KEPT = 90 * 86400
_MOST = 50

_ATTRIBUTES: Mapping[str, Callable[[Json], str]] = {
    "EventId": lambda event: str(event["eventID"]),
    "EventName": lambda event: str(event["eventName"]),
    "EventSource": lambda event: str(event["eventSource"]),
    "ReadOnly": lambda event: str(event["readOnly"]).lower(),
    "AccessKeyId": lambda event: str(event["userIdentity"].get("accessKeyId", "")),
}


def lookup(history: EventHistory, clock: Clock, caller: Caller, request: Json) -> Json:
    """One page. Raises AwsError: InvalidTimeRangeException, InvalidMaxResultsException, InvalidNextTokenException."""
    start = seconds(request["StartTime"]) if "StartTime" in request else clock.now() - _KEPT
    end = seconds(request["EndTime"]) if "EndTime" in request else clock.now() + 1
    if start > end:
        raise AwsError("InvalidTimeRangeException", "StartTime has to be before EndTime")
    readers = {**_ATTRIBUTES, "Username": username}
    wanted = [(one["AttributeKey"], one["AttributeValue"]) for one in request.get("LookupAttributes", [])]
    if len(wanted) > 1:
        raise AwsError("InvalidLookupAttributesException", "only one lookup attribute can be given")
    for name, _ in wanted:
        if name not in readers:
            raise unsupported(f"the lookup attribute {name} of CloudTrail ({', '.join(readers)} it does)")
    found = [
        event
        for _, event in history.read(mention=caller.account)
        if caller.account in accounts_of(event)
        and event["awsRegion"] == caller.region
        and start <= _time(event) <= end
        and all(readers[name](event) == value for name, value in wanted)
    ]
    try:
        page, token = cut_page(found[::-1], request.get("NextToken"), int(request.get("MaxResults", _MOST)))
    except ValueError as error:
        raise AwsError("InvalidNextTokenException", "the token is of another request") from error
    return {"Events": [_shown(event) for event in page], **({"NextToken": token} if token else {})}


def username(event: Json) -> str:
    """The user's or session's name; the service's for what AWS does itself."""
    identity = event["userIdentity"]
    if identity.get("type") == "Root":  # what an organization does itself has no type
        return "root"
    return str(identity.get("invokedBy") or identity.get("arn", "").rpartition("/")[2])


def _time(event: Json) -> float:
    return datetime.fromisoformat(event["eventTime"]).timestamp()


def _shown(event: Json) -> Json:
    shown: Json = {
        "EventId": event["eventID"],
        "EventName": event["eventName"],
        "EventSource": event["eventSource"],
        "EventTime": _time(event),
        "ReadOnly": str(event["readOnly"]).lower(),
        "Username": username(event),
        "Resources": [],
        "CloudTrailEvent": json.dumps(event),
    }
    key = event["userIdentity"].get("accessKeyId")
    return {**shown, "AccessKeyId": key} if key else shown
