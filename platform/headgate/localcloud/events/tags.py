"""Tags of buses and rules, by ARN."""

from __future__ import annotations

from headgate.localcloud.documents import Documents, Key
from headgate.localcloud.events.buses import Buses
from headgate.localcloud.events.errors import missing
from headgate.localcloud.events.names import DEFAULT_BUS, Bus
from headgate.localcloud.events.rules import KIND, Rules
from headgate.localcloud.seams import Caller, Json, Operation

TAGS_KIND = "event-tags"


class RuleTags:
    """TagResource, UntagResource, ListTagsForResource, and the `Tags` of PutRule and CreateEventBus."""

    def __init__(self, documents: Documents, buses: Buses, rules: Rules) -> None:
        self._documents = documents
        self._buses = buses
        self._rules = rules

    def operations(self) -> dict[str, Operation]:
        return {
            "TagResource": self.tag,
            "UntagResource": self.untag,
            "ListTagsForResource": lambda caller, request: {"Tags": self.of(self._key(caller, request["ResourceARN"]))},
        }

    def tagging(self, create: Operation, arn: str) -> Operation:
        """A create operation that keeps the request's tags too; `arn` is the member of its answer."""

        def tagged(caller: Caller, request: Json) -> Json:
            answer = create(caller, request)
            if request.get("Tags"):
                self.tag(caller, {"ResourceARN": answer[arn], "Tags": request["Tags"]})
            return answer

        return tagged

    def of(self, key: Key) -> list[Json]:
        """The tags of a resource as the API lists them."""
        tags = self._documents.find(key) or {}
        return [{"Key": name, "Value": value} for name, value in sorted(tags.items())]

    def tag(self, caller: Caller, request: Json) -> Json:
        key = self._key(caller, request["ResourceARN"])
        given = {tag["Key"]: tag["Value"] for tag in request["Tags"]}
        self._documents.put(key, {**(self._documents.find(key) or {}), **given})
        return {}

    def untag(self, caller: Caller, request: Json) -> Json:
        key = self._key(caller, request["ResourceARN"])
        left = {
            name: value for name, value in (self._documents.find(key) or {}).items() if name not in request["TagKeys"]
        }
        self._documents.put(key, left)
        return {}

    def _key(self, caller: Caller, arn: str) -> Key:
        """Where a resource's tags are. Raises AwsError (ResourceNotFoundException)."""
        kind, _, path = arn.split(":", 5)[5].partition("/")
        if kind == "event-bus":
            self._buses.require(Bus(caller.account, caller.region, path))
        else:
            name = path if "/" in path else f"{DEFAULT_BUS}/{path}"
            if self._rules.find(Key(caller.account, caller.region, KIND, name)) is None:
                raise missing(f"Rule {path}")
        return Key(caller.account, caller.region, TAGS_KIND, arn)
