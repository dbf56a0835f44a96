"""Operations on log groups: create, delete, describe, retention, tags."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headgate.localcloud.errors import unsupported
from headgate.localcloud.logs import resources
from headgate.localcloud.logs.errors import already_exists, invalid_parameter, not_found
from headgate.localcloud.logs.group import LogGroup
from headgate.localcloud.logs.store import LogStore
from headgate.localcloud.seams import Caller, Json, Operation

_RETENTIONS = frozenset(
    {1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
)
_CLASSES = frozenset({"STANDARD", "INFREQUENT_ACCESS"})
_MOST_TAGS = 50


class GroupOperations:
    """What can be done to log groups as a whole."""

    def __init__(self, store: LogStore) -> None:
        self._store = store

    def table(self) -> Mapping[str, Operation]:
        """The operations by the API's names."""
        return {
            "CreateLogGroup": self.create,
            "DeleteLogGroup": self.delete,
            "DescribeLogGroups": self.describe,
            "PutRetentionPolicy": self.put_retention,
            "DeleteRetentionPolicy": self.delete_retention,
            "AssociateKmsKey": self.associate_key,
            "DisassociateKmsKey": self.disassociate_key,
            "TagLogGroup": self.tag_by_name,
            "UntagLogGroup": self.untag_by_name,
            "ListTagsLogGroup": self.tags_by_name,
            "TagResource": self.tag,
            "UntagResource": self.untag,
            "ListTagsForResource": self.tags,
        }

    def create(self, caller: Caller, parameters: Json) -> Json:
        """Raises AwsError (ResourceAlreadyExistsException). An encryption key is recorded; files are not encrypted."""
        log_class = parameters.get("logGroupClass", "STANDARD")
        if log_class not in _CLASSES:
            raise unsupported(f"CloudWatch log groups of class {log_class}")
        if parameters.get("deletionProtectionEnabled"):
            raise unsupported("deletion protection of log groups")
        _, created = self._store.add_group(
            caller.account,
            caller.region,
            resources.checked_group_name(parameters["logGroupName"]),
            kms_key=parameters.get("kmsKeyId", ""),
            log_class=log_class,
            tags=_checked({}, parameters.get("tags", {})),
        )
        if not created:
            raise already_exists("log group")
        return {}

    def delete(self, caller: Caller, parameters: Json) -> Json:
        self._store.delete_group(caller.account, caller.region, resources.group(self._store, caller, parameters))
        return {}

    def describe(self, caller: Caller, parameters: Json) -> Json:
        """DescribeLogGroups, by prefix, pattern or identifiers."""
        if parameters.get("includeLinkedAccounts") or parameters.get("accountIdentifiers"):
            raise unsupported("log groups of linked accounts")
        prefix, pattern = parameters.get("logGroupNamePrefix"), parameters.get("logGroupNamePattern")
        if prefix is not None and pattern is not None:
            raise invalid_parameter("logGroupNamePrefix and logGroupNamePattern are mutually exclusive")
        wanted = {resources.from_identifier(caller, item) for item in parameters.get("logGroupIdentifiers", ())}
        log_class = parameters.get("logGroupClass")
        found = [
            group
            for group in self._store.groups(caller.account, caller.region)
            if group.settings.name.startswith(prefix or "")
            and (pattern or "").lower() in group.settings.name.lower()
            and (not wanted or group.settings.name in wanted)
            and log_class in {None, group.settings.log_class}
        ]
        page, following = resources.page(found, parameters, 50)
        return {"logGroups": [_description(caller, group) for group in page], **following}

    def put_retention(self, caller: Caller, parameters: Json) -> Json:
        """Older events are no longer returned; they stay in the files."""
        days = parameters["retentionInDays"]
        if days not in _RETENTIONS:
            allowed = ", ".join(map(str, sorted(_RETENTIONS)))
            raise invalid_parameter(f"retentionInDays must be one of {allowed}, not {days}")
        resources.group(self._store, caller, parameters).set_retention(days)
        return {}

    def delete_retention(self, caller: Caller, parameters: Json) -> Json:
        resources.group(self._store, caller, parameters).set_retention(None)
        return {}

    def associate_key(self, caller: Caller, parameters: Json) -> Json:
        """The key is recorded, as at the group's creation; files are not encrypted."""
        self._keyed(caller, parameters).set_key(parameters["kmsKeyId"])
        return {}

    def disassociate_key(self, caller: Caller, parameters: Json) -> Json:
        self._keyed(caller, parameters).set_key("")
        return {}

    def _keyed(self, caller: Caller, parameters: Json) -> LogGroup:
        if "resourceIdentifier" in parameters:
            raise unsupported("keys of query results in CloudWatch Logs")
        return resources.group(self._store, caller, parameters)

    def tag_by_name(self, caller: Caller, parameters: Json) -> Json:
        return _tag(resources.group(self._store, caller, parameters), parameters["tags"])

    def untag_by_name(self, caller: Caller, parameters: Json) -> Json:
        return _untag(resources.group(self._store, caller, parameters), parameters["tags"])

    def tags_by_name(self, caller: Caller, parameters: Json) -> Json:
        return {"tags": dict(resources.group(self._store, caller, parameters).settings.tags)}

    def tag(self, caller: Caller, parameters: Json) -> Json:
        return _tag(self._by_arn(caller, parameters["resourceArn"]), parameters["tags"])

    def untag(self, caller: Caller, parameters: Json) -> Json:
        return _untag(self._by_arn(caller, parameters["resourceArn"]), parameters["tagKeys"])

    def tags(self, caller: Caller, parameters: Json) -> Json:
        return {"tags": dict(self._by_arn(caller, parameters["resourceArn"]).settings.tags)}

    def _by_arn(self, caller: Caller, arn: str) -> LogGroup:
        if ":log-group:" not in arn:
            raise unsupported("tags of anything but log groups in CloudWatch Logs")
        found = self._store.find_group(caller.account, caller.region, resources.from_identifier(caller, arn))
        if found is None:
            raise not_found("resource")
        return found


def _description(caller: Caller, group: LogGroup) -> Json:
    settings = group.settings
    arn = resources.group_arn(caller, settings.name)
    found: dict[str, Any] = {
        "logGroupName": settings.name,
        "creationTime": settings.created,
        "metricFilterCount": 0,
        "arn": f"{arn}:*",
        "logGroupArn": arn,
        "storedBytes": sum(stream.size() for stream in group.streams()),
        "logGroupClass": settings.log_class,
    }
    if settings.retention_days is not None:
        found["retentionInDays"] = settings.retention_days
    if settings.kms_key:
        found["kmsKeyId"] = settings.kms_key
    return found


def _tag(group: LogGroup, tags: Mapping[str, str]) -> Json:
    group.set_tags(_checked(group.settings.tags, tags))
    return {}


def _untag(group: LogGroup, keys: list[str]) -> Json:
    group.set_tags({key: value for key, value in group.settings.tags.items() if key not in keys})
    return {}


def _checked(present: Mapping[str, str], added: Mapping[str, str]) -> dict[str, str]:
    tags = {**present, **added}
    if len(tags) > _MOST_TAGS:
        raise invalid_parameter(f"a log group can have at most {_MOST_TAGS} tags")
    return tags
