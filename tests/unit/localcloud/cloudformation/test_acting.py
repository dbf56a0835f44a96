"""For whom a stack acts, and what it asks AWS for: roles, parameters, secrets, zones."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from headgate.localcloud.cloudformation.api.prepare import s3_place
from headgate.localcloud.cloudformation.stacks.acting import Access, Sessions, acting_for
from headgate.localcloud.cloudformation.types import ResourceError
from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Caller
from unit.localcloud.cloudformation.conftest import ACCOUNT, FakeAccess, FakeSts, Place, template, topic

ROLE = f"arn:aws:iam::{ACCOUNT}:role/deployer"


class Aws:
    """SSM, Secrets Manager, EC2 and S3 in one."""

    def __init__(self) -> None:
        self.exceptions = type("E", (), {"ClientError": ClientError})
        self.values = {"/plain": "one,two", "/plain:2": "second"}

    def get_parameter(self, Name: str, WithDecryption: bool) -> Any:  # noqa: N803
        if Name not in self.values:
            raise ClientError({"Error": {"Code": "ParameterNotFound", "Message": "none"}}, "GetParameter")
        kind = "SecureString" if Name == "/secret" else "String"
        return {"Parameter": {"Value": self.values[Name], "Type": kind}}

    def get_secret_value(self, SecretId: str, **more: str) -> Any:  # noqa: N803
        return {"SecretString": json.dumps({"user": SecretId, **more})}

    def describe_availability_zones(self, **_: Any) -> Any:
        return {"AvailabilityZones": [{"ZoneName": "us-east-1b"}, {"ZoneName": "us-east-1a"}]}

    def describe_vpcs(self, VpcIds: list[str]) -> Any:  # noqa: N803
        raise ClientError({"Error": {"Code": "InvalidVpcID.NotFound", "Message": VpcIds[0]}}, "DescribeVpcs")

    def get_object(self, **where: str) -> Any:
        if where["Key"] == "huge":
            return {"ContentLength": 2_000_000}
        raise ClientError({"Error": {"Code": "NoSuchKey", "Message": "not there"}}, "GetObject")


class Noon:
    def now(self) -> float:
        return 1_769_860_800.0


@pytest.fixture
def aws(place: Place) -> Aws:
    found = Aws()
    place.access.clients = dict.fromkeys(("ssm", "secretsmanager", "ec2", "s3"), found) | {"sts": FakeSts()}
    return found


def with_parameter(kind: str, value: Any) -> dict[str, Any]:
    body = template(A=topic(DisplayName=value))
    body["Parameters"] = {"P": {"Type": kind}}
    return body


def given(value: str) -> list[dict[str, str]]:
    return [{"ParameterKey": "P", "ParameterValue": value}]


def test_without_a_role_the_callers_session_acts(place: Place, aws: Aws) -> None:
    body = with_parameter("AWS::SSM::Parameter::Value<List<String>>", {"Fn::Join": ["+", {"Ref": "P"}]})
    place.create(body, Parameters=given("/plain"))
    assert next(iter(place.world.things.values())) == {"DisplayName": "one+two"}
    assert place.stack()["Parameters"][0]["ResolvedValue"] == "one,two"
    assert {region for _, _, region in place.access.asked} == {"us-east-1"}
    assert not place.access.clients["sts"].assumed


def test_a_role_is_assumed_by_cloudformation_and_kept_for_later_operations(place: Place, aws: Aws) -> None:
    place.create(template(A=topic(DisplayName="{{resolve:ssm:/plain}}")), RoleARN=ROLE)
    assert ("sts", "cloudformation.amazonaws.com", ACCOUNT) in place.access.asked
    assert place.access.clients["sts"].assumed == [ROLE]
    assert place.stack()["RoleARN"] == ROLE
    place.update(template(A=topic(DisplayName="{{resolve:ssm:/plain:2}}")))
    assert [thing["DisplayName"] for thing in place.world.things.values()] == ["second"]
    assert place.access.clients["sts"].assumed == [ROLE]
    assert place.stack()["RoleARN"] == ROLE


def test_a_service_has_to_name_a_role() -> None:
    caller = Caller(ACCOUNT, "us-east-1", service="servicecatalog.amazonaws.com")
    with pytest.raises(AwsError, match="needs a RoleARN"):
        acting_for(caller, "")
    assert acting_for(caller, ROLE).role_arn == ROLE


def test_values_that_are_not_there_are_named(place: Place, aws: Aws, caught) -> None:
    body = with_parameter("AWS::SSM::Parameter::Value<String>", {"Ref": "P"})
    message = caught(lambda: place.create(body, Parameters=given("/none")))
    assert "Unable to fetch parameters [/none]" in message
    assert "ParameterNotFound" in message
    aws.values["/secret"] = "s"
    assert "SecureString" in caught(lambda: place.create(body, Parameters=given("/secret")))
    body = with_parameter("AWS::EC2::VPC::Id", {"Ref": "P"})
    assert "InvalidVpcID.NotFound" in caught(lambda: place.create(body, Parameters=given("vpc-1")))
    body = with_parameter("AWS::Route53::HostedZone::Id", {"Ref": "P"})
    assert "UnsupportedByLocalCloud" in caught(lambda: place.create(body, Parameters=given("Z1")))
    place.create(template(A=topic(DisplayName="{{resolve:ssm:/none}}")))
    assert "Unable to fetch parameters [/none]" in place.reasons()


def test_secrets_reach_the_resource_and_nothing_else(place: Place, aws: Aws) -> None:
    place.create(template(A=topic(DisplayName="{{resolve:secretsmanager:db:SecretString:user:AWSCURRENT}}")))
    assert [thing["DisplayName"] for thing in place.world.things.values()] == ["db"]
    events = place.client.describe_stack_events(StackName="s")["StackEvents"]
    assert all('"db"' not in event.get("ResourceProperties", "") for event in events)


def test_zones(place: Place, aws: Aws) -> None:
    place.create(template(A=topic(DisplayName={"Fn::Select": [0, {"Fn::GetAZs": ""}]})))
    assert [thing["DisplayName"] for thing in place.world.things.values()] == ["us-east-1a"]
    place.create(template(A=topic(DisplayName={"Fn::Join": ["", {"Fn::GetAZs": "eu-west-1"}]})), "elsewhere")
    assert "another region" in place.reasons("elsewhere")


def test_attributes_are_those_of_the_schema(place: Place, caught) -> None:
    message = caught(lambda: place.create(template(A=topic(), B=topic(DisplayName={"Fn::GetAtt": ["A", "Nope"]}))))
    assert "does not support attribute type Nope in Fn::GetAtt" in message


def test_what_a_condition_takes_out_cannot_be_referred_to(place: Place, caught) -> None:
    body = template(A={**topic(), "Condition": "No"}, B=topic(DisplayName={"Ref": "A"}))
    body["Conditions"] = {"No": {"Fn::Equals": ["a", "b"]}}
    assert "Unresolved resource dependencies [A] in the Resources block" in caught(lambda: place.create(body))
    body["Resources"]["B"] = topic(DisplayName={"Fn::If": ["No", {"Ref": "A"}, {"Ref": "AWS::NoValue"}]})
    body["Outputs"] = {"O": {"Value": {"Ref": "A"}, "Condition": "No"}}
    place.create(body)
    assert list(place.world.things.values()) == [{}]
    assert "Outputs" not in place.stack()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://bucket.s3.eu-west-1.amazonaws.com/a/b.json", ("bucket", "a/b.json", "")),
        ("https://bucket.s3.amazonaws.com/a%20b?versionId=v", ("bucket", "a b", "v")),
        ("https://s3.eu-west-1.amazonaws.com/bucket/k", ("bucket", "k", "")),
        ("https://s3.amazonaws.com/my.bucket/k", ("my.bucket", "k", "")),
        ("https://my.bucket.s3-eu-west-1.amazonaws.com/k", ("my.bucket", "k", "")),
        ("http://127.0.0.1:5000/bucket/k", ("bucket", "k", "")),
    ],
)
def test_urls_of_templates(url: str, expected: tuple[str, str, str]) -> None:
    assert s3_place(url) == expected


def test_urls_that_are_none(place: Place, aws: Aws, caught) -> None:
    for url, said in (
        ("https://example.com/t", "must be a supported S3 URL"),
        ("https://b.s3.amazonaws.com/k", "NoSuchKey"),
        ("https://b.s3.amazonaws.com/huge", "may not exceed"),
        ("http://127.0.0.1/cloudformation-templates/none", "no template is shared"),
    ):
        assert said in caught(lambda url=url: place.client.create_stack(StackName="s", TemplateURL=url))
    assert "Either Template URL or Template Body" in caught(lambda: place.client.create_stack(StackName="s"))
    place.client.create_change_set(
        StackName="s", ChangeSetName="c", ChangeSetType="CREATE", TemplateBody=json.dumps(template(A=topic()))
    )
    assert "has no template yet" in caught(
        lambda: place.client.create_change_set(
            StackName="s", ChangeSetName="d", ChangeSetType="CREATE", UsePreviousTemplate=True
        )
    )


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            ClientError(
                {"Error": {"Code": "AccessDenied", "Message": "with an explicit deny"},
                 "ResponseMetadata": {"HTTPStatusCode": 403}}, "CreateTopic"),
            "with an explicit deny (Operation: CreateTopic, Status Code: 403, Error Code: AccessDenied)",
        ),
        (ValueError("oops"), "bug in the local cloud's resource type: ValueError('oops')"),
        (AwsError("Code", "said"), "said"),
    ],
)  # fmt: skip
def test_errors_of_types_become_reasons(place: Place, error: Exception, said: str) -> None:
    def fail(verb: str, context: Any) -> None:
        raise error

    place.world.step = fail  # type: ignore[method-assign]
    place.create(template(A=topic()))
    assert place.stack()["StackStatus"] == "ROLLBACK_COMPLETE"
    assert said in place.reasons()


def test_types_wait_on_the_clouds_clock(place: Place) -> None:
    seen: list[int] = []

    def wait(verb: str, context: Any) -> None:
        if verb == "create" and context.logical_id == "A":
            assert context.wait(lambda: "ready" if len(seen) > 1 else seen.append(1), seconds=60, what="A") == "ready"
        if verb == "create" and context.logical_id == "B":
            place.timeline.advance(61)
            context.wait(lambda: None, seconds=0, what="the thing B")

    place.world.step = wait  # type: ignore[method-assign]
    place.create(template(A=topic(), B={**topic(), "DependsOn": "A"}))
    assert "the thing B did not stabilize within 0 seconds" in place.reasons()


def test_what_a_failed_creation_left_is_deleted(place: Place) -> None:
    def fail(verb: str, context: Any) -> None:
        place.world.calls.append((verb, context.logical_id))
        if verb == "create":
            raise ResourceError("half made", physical_id="left")

    place.world.things["left"] = {}
    place.world.step = fail  # type: ignore[method-assign]
    place.create(template(A=topic()))
    assert place.world.calls == [("create", "A"), ("delete", "A")]
    assert place.world.things == {}


def test_a_custom_name_cannot_be_taken_by_its_own_replacement(place: Place) -> None:
    place.create(template(A=topic(TopicName="p")))
    place.world.things["q"] = {}
    place.update(template(A=topic(TopicName="q")))
    assert place.stack()["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "Rename A and update the stack again" in place.reasons()
    assert set(place.world.things) == {"p", "q"}


def test_a_role_that_was_made_again_under_its_name_is_assumed_again() -> None:
    sts = FakeSts()
    sessions = Sessions(
        cast("Access", FakeAccess({"sts": sts, "sns": object()}, roles=(ids := {ROLE: "AROA1"}))), Noon()
    )
    acting = acting_for(Caller(ACCOUNT, "us-east-1", f"arn:aws:iam::{ACCOUNT}:root"), ROLE)
    for role_id, assumed in (("AROA1", 1), ("AROA1", 1), ("AROA2", 2)):
        ids[ROLE] = role_id
        sessions.client(acting, "sns")
        assert len(sts.assumed) == assumed
