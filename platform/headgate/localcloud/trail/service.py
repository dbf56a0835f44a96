"""The CloudTrail API (JSON 1.1): trails that really record and deliver, and the event history."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from headgate.localcloud.documents import Documents
from headgate.localcloud.errors import AwsError, unsupported
from headgate.localcloud.organizations.store import OrganizationStore
from headgate.localcloud.seams import Caller, HttpRequest, HttpResponse, Json
from headgate.localcloud.server.json_service import JsonService, operation_table
from headgate.localcloud.trail.delivery import PRINCIPAL, Delivery, ServiceClient, Timers, base
from headgate.localcloud.trail.history import EventHistory
from headgate.localcloud.trail.lookup import lookup
from headgate.localcloud.trail.trails import MANAGEMENT, Trail, Trails, check_name

_NOT_HERE = ("CloudWatchLogsLogGroupArn", "CloudWatchLogsRoleArn", "SnsTopicName")
_MOST_TRAILS = 5

MayDeliver = Callable[[Caller, str, Json], None]
"""Takes CloudTrail as a caller, an operation of S3 and its parameters; raises AwsError unless it is allowed."""


class CloudTrail:
    """The service. `delivery.flush` delivers at once; a trail covers what happens while it is logging."""

    def __init__(
        self,
        documents: Documents,
        history: EventHistory,
        organizations: OrganizationStore,
        timers: Timers,
        client: ServiceClient,
        may_deliver: MayDeliver,
    ) -> None:
        self._trails = Trails(documents)
        self._history = history
        self._organizations = organizations
        self._timers = timers
        self._may_deliver = may_deliver
        self.delivery = Delivery(self._trails, history, timers, client, self._organization_of)
        table = operation_table("cloudtrail")
        table.add(
            {
                "CreateTrail": self.create,
                "UpdateTrail": self.update,
                "DeleteTrail": self.delete,
                "GetTrail": self.get,
                "DescribeTrails": self.describe_all,
                "ListTrails": self.list_all,
                "GetTrailStatus": self.status,
                "StartLogging": partial(self.set_logging, on=True),
                "StopLogging": partial(self.set_logging, on=False),
                "PutEventSelectors": self.put_selectors,
                "GetEventSelectors": self.get_selectors,
                "LookupEvents": partial(lookup, history, timers),
                "AddTags": self.add_tags,
                "RemoveTags": self.remove_tags,
                "ListTags": self.list_tags,
            }
        )
        self._service = JsonService("cloudtrail", table)

    def handle(self, request: HttpRequest) -> HttpResponse | None:
        """Answer one request. Raises AwsError."""
        return self._service.handle(request)

    def recover(self) -> None:
        """See to it that what a killed daemon had not delivered is."""
        self.delivery.arrived(0)

    def logged_for(self, event: Json) -> list[str]:
        """The accounts for which a trail that is logging records an event."""
        if not self.delivery.logging:
            return []
        trails = (trail for trail in self._trails.all() if trail.logging)
        return list(dict.fromkeys(account for trail in trails for account in trail.wants(event, self._organization_of)))

    def create(self, caller: Caller, request: Json) -> Json:
        check_name(request["Name"])
        existing = [
            trail for trail in self._trails.all() if (trail.account, trail.region) == (caller.account, caller.region)
        ]
        if any(trail.name == request["Name"] for trail in existing):
            message = f"Trail {request['Name']} already exists for customer: {caller.account}"
            raise AwsError("TrailAlreadyExistsException", message)
        if len(existing) >= _MOST_TRAILS:
            message = f"User: {caller.account} already has {_MOST_TRAILS} trails in {caller.region}."
            raise AwsError("MaximumNumberOfTrailsExceededException", message)
        tags = {tag["Key"]: tag.get("Value", "") for tag in request.get("TagsList", [])}
        trail = Trail(caller.account, caller.region, request["Name"], request["S3BucketName"], tags=tags)
        trail = self._with(trail, request)
        self._trails.save(trail)
        return _shown(trail)

    def update(self, caller: Caller, request: Json) -> Json:
        """What was recorded before goes where it would have gone before."""
        trail = self._own(caller, request["Name"])
        self.delivery.flush()
        trail = self._with(self._trails.find(caller, trail.arn), request)
        self._trails.save(trail)
        return _shown(trail)

    def delete(self, caller: Caller, request: Json) -> Json:
        trail = self._own(caller, request["Name"])
        self.delivery.flush()
        self._trails.remove(trail)
        self.delivery.changed()
        return {}

    def get(self, caller: Caller, request: Json) -> Json:
        return {"Trail": _described(self._visible(caller, request["Name"]))}

    def describe_all(self, caller: Caller, request: Json) -> Json:
        named = request.get("trailNameList", [])
        shadows = request.get("includeShadowTrails", True)
        found = [trail for trail in self._trails.all() if self._is_visible(trail, caller, shadows=shadows)]
        chosen = [trail for trail in found if not named or trail.name in named or trail.arn in named]
        return {"trailList": [_described(trail) for trail in chosen]}

    def list_all(self, caller: Caller, request: Json) -> Json:  # noqa: ARG002 - one page is enough for five a region
        found = [trail for trail in self._trails.all() if self._is_visible(trail, caller, shadows=True)]
        return {"Trails": [{"TrailARN": one.arn, "Name": one.name, "HomeRegion": one.region} for one in found]}

    def status(self, caller: Caller, request: Json) -> Json:
        trail = self._visible(caller, request["Name"])
        times = {
            "LatestDeliveryTime": trail.delivered,
            "StartLoggingTime": trail.started,
            "StopLoggingTime": trail.stopped,
        }
        shown: Json = {"IsLogging": trail.logging, **{name: value for name, value in times.items() if value}}
        return {**shown, **({"LatestDeliveryError": trail.failure} if trail.failure else {})}

    def set_logging(self, caller: Caller, request: Json, *, on: bool) -> Json:
        """Start or stop. What happened before a stop is still delivered; what happens while stopped never is."""
        trail = self._own(caller, request["Name"])
        if trail.logging == on:
            return {}
        now = self._timers.now()
        if on:
            self._trails.advance(trail, logging=True, started=now, cursor=self._history.size())
        else:
            self.delivery.flush()
            self._trails.advance(trail, logging=False, stopped=now)
        self.delivery.changed()
        return {}

    def put_selectors(self, caller: Caller, request: Json) -> Json:
        trail = self._own(caller, request["TrailName"])
        if "AdvancedEventSelectors" in request:
            raise unsupported("advanced event selectors of CloudTrail (EventSelectors of management events it does)")
        selectors = request.get("EventSelectors", [])
        if len(selectors) != 1:
            raise unsupported(f"{len(selectors)} event selectors of one trail (one it does)")
        selector = {**MANAGEMENT, **selectors[0]}
        if selector["DataResources"] or not selector["IncludeManagementEvents"]:
            raise unsupported("data events of CloudTrail (management events it records)")
        self.delivery.flush()
        self._trails.advance(trail, selector=selector)
        return {"TrailARN": trail.arn, "EventSelectors": [selector]}

    def get_selectors(self, caller: Caller, request: Json) -> Json:
        trail = self._visible(caller, request["TrailName"])
        return {"TrailARN": trail.arn, "EventSelectors": [dict(trail.selector)]}

    def add_tags(self, caller: Caller, request: Json) -> Json:
        trail = self._own(caller, request["ResourceId"])
        given = {tag["Key"]: tag.get("Value", "") for tag in request["TagsList"]}
        self._trails.advance(trail, tags={**trail.tags, **given})
        return {}

    def remove_tags(self, caller: Caller, request: Json) -> Json:
        trail = self._own(caller, request["ResourceId"])
        gone = {tag["Key"] for tag in request["TagsList"]}
        self._trails.advance(trail, tags={key: value for key, value in trail.tags.items() if key not in gone})
        return {}

    def list_tags(self, caller: Caller, request: Json) -> Json:
        shown = []
        for arn in request["ResourceIdList"]:
            trail = self._own(caller, arn)
            tags = [{"Key": key, "Value": value} for key, value in trail.tags.items()]
            shown.append({"ResourceId": arn, "TagsList": tags})
        return {"ResourceTagList": shown}

    def _with(self, trail: Trail, request: Json) -> Trail:
        """The trail as a request wants it. Raises AwsError unless CloudTrail could deliver it."""
        for member in _NOT_HERE:
            if request.get(member):
                raise unsupported(f"{member} of a trail (log files in S3 it does)")
        names = {
            "bucket": "S3BucketName",
            "prefix": "S3KeyPrefix",
            "all_regions": "IsMultiRegionTrail",
            "global_events": "IncludeGlobalServiceEvents",
            "validation": "EnableLogFileValidation",
            "kms_key": "KmsKeyId",
        }
        given: dict[str, Any] = {name: request[member] for name, member in names.items() if member in request}
        if "IsOrganizationTrail" in request:
            given["organization"] = self._organization(trail.account) if request["IsOrganizationTrail"] else ""
        made = replace(trail, **given)
        self._check_bucket(made)
        return made

    def _organization(self, account: str) -> str:
        """The organization whose management account this is, and which trusts CloudTrail. Raises AwsError."""
        found = self._organizations.of_account(account)
        if found is None:
            raise AwsError("OrganizationsNotInUseException", "Your account is not a member of an organization.")
        organization, _ = found
        if organization.management_account != account and PRINCIPAL not in organization.delegated.get(account, {}):
            message = "Only the organization's management account can have an organization trail."
            raise AwsError("NotOrganizationMasterAccountException", message)
        if PRINCIPAL not in organization.trusted:
            message = "Trusted access for CloudTrail is not enabled: EnableAWSServiceAccess of Organizations does it."
            raise AwsError("CloudTrailAccessNotEnabledException", message)
        return organization.id

    def _check_bucket(self, trail: Trail) -> None:
        """Raises AwsError: S3BucketDoesNotExistException, InsufficientS3BucketPolicyException."""
        context = {
            "aws:SourceArn": trail.arn,
            "aws:SourceAccount": trail.account,
            "kms:EncryptionContext:aws:cloudtrail:arn": trail.arn,
        }
        caller = Caller(trail.account, trail.region, "", PRINCIPAL, context)
        written: Json = {"Bucket": trail.bucket, "ACL": "bucket-owner-full-control"}
        if trail.kms_key:
            written |= {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": trail.kms_key}
        own = replace(trail, organization="")
        bases = {base(one) for one in (trail, own)}
        try:
            self._may_deliver(caller, "GetBucketAcl", {"Bucket": trail.bucket})
            for start in sorted(bases):
                self._may_deliver(caller, "PutObject", {**written, "Key": f"{start}{trail.account}/CloudTrail/x"})
        except AwsError as error:
            if error.code == "NoSuchBucket":
                message = f"S3 bucket {trail.bucket} does not exist!"
                raise AwsError("S3BucketDoesNotExistException", message) from error
            message = f"Incorrect S3 bucket policy is detected for bucket: {trail.bucket}: {error.message}"
            raise AwsError("InsufficientS3BucketPolicyException", message) from error

    def _own(self, caller: Caller, name_or_arn: str) -> Trail:
        """A trail that the caller's account may change. Members see an organization's trail, no more."""
        trail = self._visible(caller, name_or_arn)
        if trail.account != caller.account:
            message = f"The trail {trail.name} is the organization's; only account {trail.account} changes it."
            raise AwsError("NotOrganizationMasterAccountException", message)
        return trail

    def _visible(self, caller: Caller, name_or_arn: str) -> Trail:
        trail = self._trails.find(caller, name_or_arn)
        if trail.account != caller.account and self._organization_of(caller.account) != (trail.organization or None):
            raise AwsError("TrailNotFoundException", f"Unknown trail: {name_or_arn} for the user: {caller.account}")
        return trail

    def _is_visible(self, trail: Trail, caller: Caller, *, shadows: bool) -> bool:
        theirs = trail.organization and trail.organization == self._organization_of(caller.account)
        if trail.account != caller.account and not (theirs and shadows):
            return False
        return trail.region == caller.region or (trail.all_regions and shadows)

    def _organization_of(self, account: str) -> str:
        found = self._organizations.of_account(account)
        return found[0].id if found is not None else ""


def _shown(trail: Trail) -> Json:
    shown: Json = {
        "Name": trail.name,
        "S3BucketName": trail.bucket,
        "IncludeGlobalServiceEvents": trail.global_events,
        "IsMultiRegionTrail": trail.all_regions,
        "TrailARN": trail.arn,
        "LogFileValidationEnabled": trail.validation,
        "IsOrganizationTrail": bool(trail.organization),
    }
    optional = {"S3KeyPrefix": trail.prefix, "KmsKeyId": trail.kms_key}
    return {**shown, **{name: value for name, value in optional.items() if value}}


def _described(trail: Trail) -> Json:
    return {
        **_shown(trail),
        "HomeRegion": trail.region,
        "HasCustomEventSelectors": dict(trail.selector) != MANAGEMENT,
        "HasInsightSelectors": False,
    }
