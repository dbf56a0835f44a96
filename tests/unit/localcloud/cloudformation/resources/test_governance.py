from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from headgate.localcloud.seams import Json
from unit.localcloud.cloudformation.resources.bench import Bench

pytestmark = pytest.mark.slow  # needs a daemon

UNIT, POLICY, BUDGET = "AWS::Organizations::OrganizationalUnit", "AWS::Organizations::Policy", "AWS::Budgets::Budget"
TRAIL, ALARM = "AWS::CloudTrail::Trail", "AWS::CloudWatch::Alarm"


def pairs(tags: Any) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags}


def root(bench: Bench) -> str:
    organizations = bench.client("organizations")
    organizations.create_organization(FeatureSet="ALL")
    (found,) = organizations.list_roots()["Roots"]
    organizations.enable_policy_type(RootId=found["Id"], PolicyType="SERVICE_CONTROL_POLICY")
    return str(found["Id"])


def test_a_unit_stands_below_its_parent_and_is_renamed(bench: Bench) -> None:
    organizations, top = bench.client("organizations"), root(bench)
    outer = bench.create(UNIT, {"Name": "Headgate", "ParentId": top}, "Outer")
    old = {"Name": "Teams", "ParentId": outer.id, "Tags": [{"Key": "a", "Value": "b"}]}
    new = {"Name": "Squads", "ParentId": outer.id}
    made = bench.create(UNIT, old)
    organization = organizations.describe_organization()["Organization"]["Id"]
    assert made.attributes["Path"] == f"{organization}/{top}/{outer.id}/{made.id}/"
    assert made.attributes["Arn"].endswith(made.id)
    assert bench.find(UNIT, old) is not None
    bench.update(UNIT, made, old, new)
    (found,) = organizations.list_organizational_units_for_parent(ParentId=outer.id)["OrganizationalUnits"]
    assert found["Name"] == "Squads"
    assert pairs(organizations.list_tags_for_resource(ResourceId=made.id)["Tags"]) == {"team": "forecasting"}
    with pytest.raises(ClientError, match="NotEmpty"):
        bench.delete(UNIT, outer, {})
    bench.delete(UNIT, made, new)
    bench.delete(UNIT, outer, {})
    assert bench.find(UNIT, {"Name": "Headgate", "ParentId": top}) is None


def scp(*actions: str) -> Json:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": list(actions), "Resource": "*"}]}


def test_a_policy_is_attached_changed_moved_and_deleted_with_its_attachments(bench: Bench) -> None:
    organizations, top = bench.client("organizations"), root(bench)
    one, two = (bench.create(UNIT, {"Name": name, "ParentId": top}, name).id for name in ("One", "Two"))
    named = {"Name": "headgate-deny-leave", "Type": "SERVICE_CONTROL_POLICY"}
    old = {**named, "Content": scp("organizations:LeaveOrganization"), "TargetIds": [one]}
    new = {**named, "Content": scp("s3:*"), "Description": "later", "TargetIds": [two]}
    made = bench.create(POLICY, old)

    def state() -> Any:
        found = organizations.describe_policy(PolicyId=made.id)["Policy"]
        targets = organizations.list_targets_for_policy(PolicyId=made.id)["Targets"]
        return json.loads(found["Content"]), [target["TargetId"] for target in targets]

    assert state() == (scp("organizations:LeaveOrganization"), [one])
    assert made.attributes["AwsManaged"] is False
    found = bench.find(POLICY, old)
    assert found is not None
    assert found.id == made.id
    bench.update(POLICY, made, old, new)
    assert state() == (scp("s3:*"), [two])
    bench.delete(POLICY, made, new)
    assert bench.find(POLICY, new) is None


def test_a_budget_is_made_with_those_who_are_told_and_changed(bench: Bench) -> None:
    budgets, account = bench.client("budgets"), bench.account
    topic = f"arn:aws:sns:eu-west-1:{account}:headgate-alarms"
    notification = {
        "ComparisonOperator": "GREATER_THAN",
        "NotificationType": "ACTUAL",
        "Threshold": 80,
        "ThresholdType": "PERCENTAGE",
    }
    subscribers = [
        {"SubscriptionType": "SNS", "Address": topic},
        {"SubscriptionType": "EMAIL", "Address": "lead@example.com"},
    ]
    limit = {"Amount": 1000, "Unit": "USD"}
    budget = {"BudgetName": "headgate-alpha", "BudgetType": "COST", "TimeUnit": "MONTHLY", "BudgetLimit": limit}
    old = {
        "Budget": budget,
        "NotificationsWithSubscribers": [{"Notification": notification, "Subscribers": subscribers}],
        "ResourceTags": [{"Key": "a", "Value": "b"}],
    }
    new = {**old, "Budget": {**budget, "BudgetLimit": {"Amount": 2000, "Unit": "USD"}}, "ResourceTags": []}
    made = bench.create(BUDGET, old)
    assert made.id == "headgate-alpha"
    where = {"AccountId": account, "BudgetName": "headgate-alpha"}
    assert budgets.describe_budget(**where)["Budget"]["BudgetLimit"] == {"Amount": "1000", "Unit": "USD"}
    (told,) = budgets.describe_notifications_for_budget(**where)["Notifications"]
    assert told["Threshold"] == 80
    found = budgets.describe_subscribers_for_notification(**where, Notification=told)["Subscribers"]
    assert [one["Address"] for one in found] == [topic, "lead@example.com"]
    arn = f"arn:aws:budgets::{account}:budget/headgate-alpha"
    assert pairs(budgets.list_tags_for_resource(ResourceARN=arn)["ResourceTags"]) == {"team": "forecasting", "a": "b"}
    bench.update(BUDGET, made, old, new)
    assert budgets.describe_budget(**where)["Budget"]["BudgetLimit"]["Amount"] == "2000"
    assert budgets.describe_notifications_for_budget(**where)["Notifications"] == [told]
    assert pairs(budgets.list_tags_for_resource(ResourceARN=arn)["ResourceTags"]) == {"team": "forecasting"}
    assert bench.find(BUDGET, new) is not None
    bench.delete(BUDGET, made, new)
    assert bench.find(BUDGET, new) is None


def test_a_trail_is_written_to_its_bucket_and_can_be_stopped(bench: Bench) -> None:
    trails, bucket = bench.client("cloudtrail"), bench.create("AWS::S3::Bucket", {}, "Bucket").id
    arn = f"arn:aws:s3:::{bucket}"
    service = {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}}
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {**service, "Action": "s3:GetBucketAcl", "Resource": arn},
            {**service, "Action": "s3:PutObject", "Resource": f"{arn}/*"},
        ],
    }
    bench.create("AWS::S3::BucketPolicy", {"Bucket": bucket, "PolicyDocument": document}, "Policy")
    old = {
        "TrailName": "headgate",
        "S3BucketName": bucket,
        "IsLogging": True,
        "IsMultiRegionTrail": True,
        "IncludeGlobalServiceEvents": True,
        "EnableLogFileValidation": True,
        "Tags": [{"Key": "a", "Value": "b"}],
    }
    new = {**old, "IsLogging": False, "S3KeyPrefix": "calls", "Tags": []}
    made = bench.create(TRAIL, old)
    assert made.attributes["Arn"] == f"arn:aws:cloudtrail:eu-west-1:{bench.account}:trail/headgate"
    found = trails.get_trail(Name="headgate")["Trail"]
    assert (found["S3BucketName"], found["IsMultiRegionTrail"], found["LogFileValidationEnabled"]) == (
        bucket,
        True,
        True,
    )
    assert trails.get_trail_status(Name="headgate")["IsLogging"]
    bench.update(TRAIL, made, old, new)
    assert not trails.get_trail_status(Name="headgate")["IsLogging"]
    assert trails.get_trail(Name="headgate")["Trail"]["S3KeyPrefix"] == "calls"
    (tagged,) = trails.list_tags(ResourceIdList=[made.attributes["Arn"]])["ResourceTagList"]
    assert pairs(tagged["TagsList"]) == {"team": "forecasting"}
    assert bench.find(TRAIL, new) is not None
    bench.delete(TRAIL, made, new)
    assert trails.describe_trails()["trailList"] == []


def test_an_alarm_watches_its_metric_and_tells_its_topic(bench: Bench) -> None:
    watch, topic = bench.client("cloudwatch"), f"arn:aws:sns:eu-west-1:{bench.account}:headgate-alarms"
    old = {
        "AlarmName": "headgate-undelivered",
        "Namespace": "AWS/SQS",
        "MetricName": "ApproximateNumberOfMessagesVisible",
        "Dimensions": [{"Name": "QueueName", "Value": "headgate-undelivered"}],
        "Statistic": "Maximum",
        "Period": 300,
        "EvaluationPeriods": 1,
        "Threshold": 0,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
        "AlarmActions": [topic],
    }
    new = {**old, "Threshold": 5, "AlarmActions": []}
    made = bench.create(ALARM, old)
    (found,) = watch.describe_alarms()["MetricAlarms"]
    assert made.attributes["Arn"] == found["AlarmArn"]
    assert (found["Threshold"], found["AlarmActions"], found["TreatMissingData"]) == (0, [topic], "notBreaching")
    assert pairs(watch.list_tags_for_resource(ResourceARN=found["AlarmArn"])["Tags"]) == {"team": "forecasting"}
    bench.update(ALARM, made, old, new)
    (found,) = watch.describe_alarms()["MetricAlarms"]
    assert (found["Threshold"], found["AlarmActions"]) == (5, [])
    assert pairs(watch.list_tags_for_resource(ResourceARN=found["AlarmArn"])["Tags"]) == {"team": "forecasting"}
    bench.delete(ALARM, made, new)
    assert watch.describe_alarms()["MetricAlarms"] == []
    assert bench.find(ALARM, new) is None
