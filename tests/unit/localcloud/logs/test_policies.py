"""Resource policies of CloudWatch Logs."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

STATEMENT = {
    "Effect": "Allow",
    "Principal": {"Service": "events.amazonaws.com"},
    "Action": "logs:PutLogEvents",
    "Resource": "*",
}
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [STATEMENT]})


def names(logs: Any) -> list[str]:
    return [one["policyName"] for one in logs.describe_resource_policies()["resourcePolicies"]]


def test_policies_are_put_listed_and_deleted(logs: Any) -> None:
    kept = logs.put_resource_policy(policyName="events", policyDocument=POLICY)["resourcePolicy"]
    assert (kept["policyName"], kept["policyDocument"]) == ("events", POLICY)
    logs.put_resource_policy(policyName="events", policyDocument=POLICY)
    logs.put_resource_policy(policyName="more", policyDocument=POLICY)
    assert names(logs) == ["events", "more"]
    assert len(logs.describe_resource_policies(limit=1)["resourcePolicies"]) == 1
    logs.delete_resource_policy(policyName="events")
    assert names(logs) == ["more"]
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        logs.delete_resource_policy(policyName="events")


@pytest.mark.parametrize("document", ["no json", "[]", "{}", '{"Statement": []}'])
def test_what_is_no_policy_is_refused(document: str, logs: Any) -> None:
    with pytest.raises(ClientError, match="InvalidParameterException"):
        logs.put_resource_policy(policyName="p", policyDocument=document)


def test_a_policy_needs_a_name(logs: Any) -> None:
    with pytest.raises(ClientError, match="policyName and policyDocument"):
        logs.put_resource_policy(policyDocument=POLICY)


def test_limits(logs: Any) -> None:
    with pytest.raises(ClientError, match="LimitExceededException"):
        logs.put_resource_policy(policyName="long", policyDocument=POLICY + " " * 5120)
    for number in range(10):
        logs.put_resource_policy(policyName=f"p{number}", policyDocument=POLICY)
    with pytest.raises(ClientError, match="LimitExceededException"):
        logs.put_resource_policy(policyName="one-more", policyDocument=POLICY)


def test_policies_of_single_resources_are_refused_by_name(logs: Any) -> None:
    arn = "arn:aws:logs:us-east-1:111111111111:log-group:g"
    with pytest.raises(ClientError, match=r"UnsupportedByLocalCloud.*resourceArn"):
        logs.put_resource_policy(policyDocument=POLICY, resourceArn=arn)
