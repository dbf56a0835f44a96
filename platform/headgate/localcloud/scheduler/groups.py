"""Schedule groups. Every account has one called `default`."""

from __future__ import annotations

from collections.abc import Callable

from headgate.localcloud.documents import Documents, DuplicateError, Key
from headgate.localcloud.errors import AwsError
from headgate.localcloud.paging import cut_page
from headgate.localcloud.seams import Caller, Clock, Json, Operation

KIND = "schedule-group"
SCHEDULES = "schedule"
DEFAULT_GROUP = "default"
_PAGE = 100
_TAGS = "tags"


def missing(what: str) -> AwsError:
    return AwsError("ResourceNotFoundException", f"{what} does not exist.", status=404)


def conflict(what: str) -> AwsError:
    return AwsError("ConflictException", f"{what} already exists.", status=409)


def group_arn(account: str, region: str, name: str) -> str:
    return f"arn:aws:scheduler:{region}:{account}:schedule-group/{name}"


class Groups:
    """CreateScheduleGroup and the like."""

    def __init__(self, documents: Documents, clock: Clock) -> None:
        self._documents = documents
        self._clock = clock

    def operations(self) -> dict[str, Operation]:
        return {
            "CreateScheduleGroup": self.create,
            "GetScheduleGroup": self.get,
            "DeleteScheduleGroup": self.delete,
            "ListScheduleGroups": self.list_all,
            "TagResource": self.tag,
            "UntagResource": self.untag,
            "ListTagsForResource": self.tags,
        }

    def require(self, account: str, region: str, name: str) -> None:
        """Raises AwsError (ResourceNotFoundException) for a group that is not there."""
        if name != DEFAULT_GROUP and self._documents.find(Key(account, region, KIND, name)) is None:
            raise missing(f"Schedule group {name}")

    def create(self, caller: Caller, request: Json) -> Json:
        name, now = request["Name"], self._clock.now()
        body = {"Name": name, "State": "ACTIVE", "CreationDate": now, "LastModificationDate": now}
        if name == DEFAULT_GROUP:
            raise conflict("Schedule group default")
        if request.get("Tags"):
            body[_TAGS] = {tag["Key"]: tag["Value"] for tag in request["Tags"]}
        try:
            self._documents.insert(Key(caller.account, caller.region, KIND, name), body)
        except DuplicateError as error:
            raise conflict(f"Schedule group {name}") from error
        return {"ScheduleGroupArn": group_arn(caller.account, caller.region, name)}

    def get(self, caller: Caller, request: Json) -> Json:
        name = request["Name"]
        self.require(caller.account, caller.region, name)
        body = self._documents.find(Key(caller.account, caller.region, KIND, name)) or _default()
        return _described(body, group_arn(caller.account, caller.region, name))

    def tag(self, caller: Caller, request: Json) -> Json:
        given = {tag["Key"]: tag["Value"] for tag in request["Tags"]}
        self._retag(caller, request, lambda tags: {**tags, **given})
        return {}

    def untag(self, caller: Caller, request: Json) -> Json:
        gone = set(request["TagKeys"])
        self._retag(caller, request, lambda tags: {key: value for key, value in tags.items() if key not in gone})
        return {}

    def tags(self, caller: Caller, request: Json) -> Json:
        body = self._documents.find(self._key(caller, request["ResourceArn"])) or {}
        return {"Tags": [{"Key": key, "Value": value} for key, value in sorted(body.get(_TAGS, {}).items())]}

    def _retag(self, caller: Caller, request: Json, change: Callable[[Json], Json]) -> None:
        key = self._key(caller, request["ResourceArn"])
        with self._documents.transaction():
            body = self._documents.find(key) or _default()
            self._documents.put(key, {**body, _TAGS: change(body.get(_TAGS, {}))})

    def _key(self, caller: Caller, arn: str) -> Key:
        """Where a group is kept; the API's shape takes no other ARN. Raises AwsError (ResourceNotFoundException)."""
        name = arn.rpartition("/")[2]
        self.require(caller.account, caller.region, name)
        return Key(caller.account, caller.region, KIND, name)

    def delete(self, caller: Caller, request: Json) -> Json:
        """A group goes with all its schedules."""
        name = request["Name"]
        if name == DEFAULT_GROUP:
            raise AwsError("ValidationException", "The default schedule group cannot be deleted.")
        self.require(caller.account, caller.region, name)
        with self._documents.transaction():
            found = self._documents.list(SCHEDULES, account=caller.account, region=caller.region, prefix=f"{name}/")
            for key in [key for key, _ in found] + [Key(caller.account, caller.region, KIND, name)]:
                self._documents.delete(key)
        return {}

    def list_all(self, caller: Caller, request: Json) -> Json:
        own = self._documents.list(KIND, account=caller.account, region=caller.region)
        found = [
            _described(body, group_arn(caller.account, caller.region, body["Name"]))
            for body in sorted(_with_default([body for _, body in own]), key=lambda body: str(body["Name"]))
            if body["Name"].startswith(request.get("NamePrefix", ""))
        ]
        page, token = cut_page(found, request.get("NextToken"), int(request.get("MaxResults", _PAGE)))
        return {"ScheduleGroups": list(page), **({"NextToken": token} if token else {})}


def _described(body: Json, arn: str) -> Json:
    return {**{name: value for name, value in body.items() if name != _TAGS}, "Arn": arn}


def _with_default(groups: list[Json]) -> list[Json]:
    """The default group is there before anything is known of it."""
    return groups if any(group["Name"] == DEFAULT_GROUP for group in groups) else [_default(), *groups]


def _default() -> Json:
    return {"Name": DEFAULT_GROUP, "State": "ACTIVE"}
