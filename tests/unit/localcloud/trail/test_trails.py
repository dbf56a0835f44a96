from __future__ import annotations

import pytest

from headgate.localcloud.errors import AwsError
from headgate.localcloud.organizations.model import Organization
from headgate.localcloud.seams import Json
from unit.localcloud.trail.conftest import ACCOUNT, BUCKET, MEMBER, REGION, STRANGER, World


def test_a_trail_delivers_who_did_what_and_how_it_ended(world: World) -> None:
    world.trail(S3KeyPrefix="logs")
    world.happen(UserName="ann")
    world.happen(error=AwsError("AccessDenied", "no", status=403), UserName="bob")
    assert world.service.delivery.flush() == 1
    key, put = next(iter(world.objects.items()))
    assert key.startswith(f"logs/AWSLogs/{ACCOUNT}/CloudTrail/us-east-1/2026/11/21/{ACCOUNT}_CloudTrail_us-east-1_")
    assert put["ACL"] == "bucket-owner-full-control"
    first, second = world.delivered()
    assert (first["eventName"], first["eventSource"], first["requestParameters"]) == (
        "CreateUser",
        "iam.amazonaws.com",
        {"userName": "ann"},
    )
    assert first["userIdentity"]["type"] == "Root"
    assert "errorCode" not in first
    assert (second["errorCode"], second["errorMessage"]) == ("AccessDenied", "no")


def test_it_delivers_as_cloudtrail_on_behalf_of_the_trail(world: World) -> None:
    world.trail(KmsKeyId="arn:aws:kms:eu-west-1:111111111111:key/k")
    world.happen()
    world.service.delivery.flush()
    principal, caller, context = world.clients[-1]
    arn = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/trail"
    assert (principal, caller.account) == ("cloudtrail.amazonaws.com", ACCOUNT)
    assert context["aws:SourceArn"] == context["kms:EncryptionContext:aws:cloudtrail:arn"] == arn
    assert next(iter(world.objects.values()))["SSEKMSKeyId"].endswith("key/k")


def test_every_event_is_delivered_once(world: World) -> None:
    world.trail()
    world.happen()
    assert world.service.delivery.flush() == 1
    assert world.service.delivery.flush() == 0
    world.happen()
    world.service.delivery.flush()
    assert len(world.delivered()) == 2


def test_what_cannot_be_delivered_is_tried_again(world: World) -> None:
    world.trail()
    world.happen()
    world.refused = RuntimeError("closed")
    assert world.service.delivery.flush() == 0
    assert "closed" in world.call("GetTrailStatus", Name="trail")["LatestDeliveryError"]
    world.refused = None
    world.happen()
    world.service.delivery.flush()
    assert len(world.delivered()) == 2
    status = world.call("GetTrailStatus", Name="trail")
    assert "LatestDeliveryError" not in status
    assert status["LatestDeliveryTime"] == world.clock.now()


def test_events_are_delivered_within_five_minutes_and_once_a_batch(world: World) -> None:
    world.trail()
    world.happen()
    world.happen()
    assert [when - world.clock.now() for when, _ in world.timers.due] == [300.0]
    world.timers.due[0][1]()
    assert len(world.delivered()) == 2
    world.happen()
    assert len(world.timers.due) == 2


def test_much_is_delivered_at_once(world: World) -> None:
    world.trail()
    for _ in range(600):
        world.happen(PolicyDocument="x" * 2048)
    assert [when - world.clock.now() for when, _ in world.timers.due] == [300.0, 0.0]


def test_a_stopped_trail_records_nothing_but_delivers_what_was_before(world: World) -> None:
    world.trail()
    world.happen(UserName="before")
    world.call("StopLogging", Name="trail")
    world.happen(UserName="meanwhile")
    world.call("StartLogging", Name="trail")
    world.happen(UserName="after")
    world.service.delivery.flush()
    assert [event["requestParameters"]["userName"] for event in world.delivered()] == ["before", "after"]
    world.call("StopLogging", Name="trail")
    assert world.call("GetTrailStatus", Name="trail")["IsLogging"] is False
    world.timers.due.clear()
    world.happen()
    assert not world.timers.due


def test_what_a_killed_daemon_had_not_delivered_is_delivered(world: World) -> None:
    world.trail()
    world.happen()
    with (world.folder / "trail" / "events.jsonl").open("ab") as torn:
        torn.write(b'{"half')
    world.timers.due.clear()
    world.start()
    world.service.recover()
    world.timers.due[0][1]()
    assert len(world.delivered()) == 1


def test_data_events_are_not_management_events(world: World) -> None:
    world.trail()
    world.happen("PutObject", "s3")
    world.happen("Invoke", "lambda")
    world.happen("SendMessage", "sqs")
    world.happen("CreateBucket", "s3")
    world.service.delivery.flush()
    assert [event["eventName"] for event in world.delivered()] == ["CreateBucket"]


def test_only_its_own_account_and_region_unless_told_otherwise(world: World) -> None:
    world.trail(IncludeGlobalServiceEvents=False)
    world.happen("CreateQueue", "sqs", region="us-west-2")
    world.happen("CreateQueue", "sqs", account=STRANGER)
    world.happen("CreateUser")
    world.happen("CreateTopic", "sns")
    world.service.delivery.flush()
    assert [event["eventName"] for event in world.delivered()] == ["CreateTopic"]
    world.call("UpdateTrail", Name="trail", IsMultiRegionTrail=True)
    world.happen("CreateQueue", "sqs", region="us-west-2")
    world.service.delivery.flush()
    assert [event["awsRegion"] for event in world.delivered()] == [REGION, "us-west-2"]


def test_a_resources_owner_sees_what_others_ask_of_it(world: World) -> None:
    world.trail()
    world.happen("CreateTopic", "sns", account=STRANGER, owner=ACCOUNT)
    world.service.delivery.flush()
    assert [event["userIdentity"]["accountId"] for event in world.delivered()] == [STRANGER]


def test_an_organizations_trail_covers_its_members(world: World) -> None:
    world.organize()
    world.trail(IsOrganizationTrail=True)
    for account in (ACCOUNT, MEMBER, STRANGER):
        world.happen("CreateTopic", "sns", account)
    world.service.delivery.flush()
    folders = sorted(key.partition("/CloudTrail/")[0] for key in world.objects)
    assert folders == [f"AWSLogs/o-1/{ACCOUNT}", f"AWSLogs/o-1/{MEMBER}"]
    written = [parameters["Key"] for operation, parameters in world.asked if operation == "PutObject"]
    assert {key.partition("/CloudTrail/")[0] for key in written} == {f"AWSLogs/{ACCOUNT}", f"AWSLogs/o-1/{ACCOUNT}"}


def test_members_see_the_organizations_trail_and_cannot_touch_it(world: World) -> None:
    world.organize()
    world.trail(IsOrganizationTrail=True)
    arn = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/trail"
    assert [one["TrailARN"] for one in world.call("DescribeTrails", MEMBER)["trailList"]] == [arn]
    assert world.call("ListTrails", MEMBER)["Trails"][0]["Name"] == "trail"
    assert world.call("DescribeTrails", MEMBER, includeShadowTrails=False)["trailList"] == []
    assert world.call("DescribeTrails", STRANGER)["trailList"] == []
    for operation in ("StopLogging", "DeleteTrail", "UpdateTrail"):
        with pytest.raises(AwsError, match="NotOrganizationMasterAccountException"):
            world.call(operation, MEMBER, Name=arn)
    with pytest.raises(AwsError, match="TrailNotFoundException"):
        world.call("GetTrail", STRANGER, Name=arn)
    assert world.call("GetTrailStatus", Name="trail")["IsLogging"] is True


def test_an_organization_trail_needs_the_organization(world: World) -> None:
    with pytest.raises(AwsError, match="OrganizationsNotInUseException"):
        world.trail(IsOrganizationTrail=True)
    world.organize()
    with pytest.raises(AwsError, match="NotOrganizationMasterAccountException"):
        world.call("CreateTrail", MEMBER, Name="trail", S3BucketName=BUCKET, IsOrganizationTrail=True)
    with world.organizations.changing():
        world.organizations.put(Organization("o-1", ACCOUNT, "r-1", 1.0))
    with pytest.raises(AwsError, match="CloudTrailAccessNotEnabledException"):
        world.trail(IsOrganizationTrail=True)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (AwsError("NoSuchBucket", "none", status=404), "S3BucketDoesNotExistException"),
        (AwsError("AccessDenied", "no", status=403), "InsufficientS3BucketPolicyException"),
    ],
)
def test_a_trail_is_not_made_without_a_bucket_that_takes_it(world: World, error: AwsError, code: str) -> None:
    world.unusable = error
    with pytest.raises(AwsError) as caught:
        world.trail()
    assert caught.value.code == code
    assert world.call("DescribeTrails")["trailList"] == []


def test_trails_have_names_of_their_own_and_five_are_enough(world: World) -> None:
    world.trail()
    with pytest.raises(AwsError, match="TrailAlreadyExistsException"):
        world.trail()
    with pytest.raises(AwsError, match="InvalidTrailNameException"):
        world.call("CreateTrail", Name="-x", S3BucketName=BUCKET)
    for number in range(4):
        world.call("CreateTrail", Name=f"trail-{number}", S3BucketName=BUCKET)
    with pytest.raises(AwsError, match="MaximumNumberOfTrailsExceededException"):
        world.call("CreateTrail", Name="trail-5", S3BucketName=BUCKET)
    world.call("DeleteTrail", Name="trail-0")
    with pytest.raises(AwsError, match="TrailNotFoundException"):
        world.call("GetTrail", Name="trail-0")


def test_selectors_choose_management_events(world: World) -> None:
    world.trail()
    selector = {"ReadWriteType": "WriteOnly", "ExcludeManagementEventSources": ["kms.amazonaws.com"]}
    world.call("PutEventSelectors", TrailName="trail", EventSelectors=[selector])
    world.happen("CreateUser")
    world.happen("GetUser")
    world.happen("CreateKey", "kms")
    world.service.delivery.flush()
    assert [event["eventName"] for event in world.delivered()] == ["CreateUser"]
    assert world.call("GetEventSelectors", TrailName="trail")["EventSelectors"][0]["ReadWriteType"] == "WriteOnly"
    assert world.call("GetTrail", Name="trail")["Trail"]["HasCustomEventSelectors"] is True


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("CreateTrail", {"Name": "other", "S3BucketName": BUCKET, "SnsTopicName": "topic"}),
        ("PutEventSelectors", {"TrailName": "trail", "AdvancedEventSelectors": [{"FieldSelectors": [{"Field": "x"}]}]}),
        ("PutEventSelectors", {"TrailName": "trail", "EventSelectors": [{}, {}]}),
        ("PutEventSelectors", {"TrailName": "trail", "EventSelectors": [{"IncludeManagementEvents": False}]}),
        ("LookupEvents", {"LookupAttributes": [{"AttributeKey": "ResourceName", "AttributeValue": "x"}]}),
        ("CreateEventDataStore", {"Name": "lake"}),
    ],
)  # fmt: skip
def test_what_is_not_done_says_so(world: World, operation: str, parameters: Json) -> None:
    world.trail()
    with pytest.raises(AwsError, match="UnsupportedByLocalCloud"):
        world.call(operation, **parameters)


def test_tags(world: World) -> None:
    world.trail(TagsList=[{"Key": "a", "Value": "1"}])
    arn = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/trail"
    world.call("AddTags", ResourceId=arn, TagsList=[{"Key": "b", "Value": "2"}])
    world.call("RemoveTags", ResourceId=arn, TagsList=[{"Key": "a"}])
    listed = world.call("ListTags", ResourceIdList=[arn])["ResourceTagList"]
    assert listed == [{"ResourceId": arn, "TagsList": [{"Key": "b", "Value": "2"}]}]
