"""How a template's words become a request: names, types, what the API does not have."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from headgate.localcloud.cloudformation.resources.api import (
    call,
    changed,
    exists,
    is_gone,
    json_text,
    look,
    pick,
    shaped,
    unless_gone,
)
from headgate.localcloud.cloudformation.resources.tags import Tagging, tag_list, tags_of
from headgate.localcloud.cloudformation.types import Context, ResourceError
from headgate.localcloud.seams import Json
from unit.localcloud.cloudformation.resources.bench import wait


def shape(service: str, operation: str) -> Any:
    model = boto3.session.Session()._session.get_service_model(service)
    return model.operation_model(operation).input_shape


@pytest.mark.parametrize(
    ("service", "operation", "given", "made"),
    [
        ("ecr", "CreateRepository", {"RepositoryName": "r", "ImageScanningConfiguration": {"ScanOnPush": "true"}},
         {"repositoryName": "r", "imageScanningConfiguration": {"scanOnPush": True}}),
        ("cloudtrail", "CreateTrail", {"Name": "t", "KMSKeyId": "k"}, {"Name": "t", "KmsKeyId": "k"}),
        ("lambda", "CreateFunction", {"Timeout": "30", "Description": None}, {"Timeout": 30}),
        ("cloudwatch", "PutMetricAlarm", {"Threshold": "0.5", "AlarmActions": ("a",)},
         {"Threshold": 0.5, "AlarmActions": ["a"]}),
        ("sns", "CreateTopic", {"Attributes": {"FifoTopic": True, "Policy": {"a": 1}, "N": 3}},
         {"Attributes": {"FifoTopic": "true", "Policy": '{"a": 1}', "N": "3"}}),
    ],
)  # fmt: skip
def test_names_and_types_follow_the_shape(service: str, operation: str, given: Json, made: Json) -> None:
    assert shaped(shape(service, operation), given, operation) == made


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"Colour": "blue"}, "CreateFunction has no member 'Colour'"),
        ({"VpcConfig": {"Subnets": []}}, "CreateFunction.VpcConfig has no member 'Subnets'"),
        ({"Timeout": "soon"}, "CreateFunction.Timeout is 'soon', which is no number"),
        ({"Publish": "perhaps"}, "CreateFunction.Publish is 'perhaps', which is neither true nor false"),
        ({"Layers": "one"}, "CreateFunction.Layers has to be a list"),
        ({"Tags": ["one"]}, "CreateFunction.Tags has to be an object"),
    ],
)
def test_what_the_api_does_not_have_is_refused_and_not_dropped(given: Json, says: str) -> None:
    with pytest.raises(ResourceError, match=says) as caught:
        shaped(shape("lambda", "CreateFunction"), given, "CreateFunction")
    assert caught.value.code == "InvalidRequest"


def test_documents_members_and_differences() -> None:
    assert json_text({"a": 1}) == '{"a": 1}'
    assert json_text("text") == "text"
    assert pick({"A": 1, "B": None, "C": 0}, "A", "B", "D", New="C") == {"A": 1, "New": 0}
    assert changed({"A": 1}, {"A": 2}, "B", "A")
    assert changed({"A": 1}, {"B": 2}, "A")
    assert not changed({"A": 1}, {"A": 1, "B": 2}, "A")


@dataclass
class Answers:
    """A client that answers every request the same way and keeps what it was asked."""

    code: str = ""
    asked: list[tuple[str, Json]] = field(default_factory=list)

    def context(self, **changes: Any) -> Context:
        return Context(self._client, "1", "eu-west-1", "alpha", "arn", "Thing", "token", wait, **changes)

    def _client(self, service: str) -> Any:
        made: Any = boto3.client(
            service,  # type: ignore[call-overload]
            region_name="eu-west-1",
            aws_access_key_id="a",
            aws_secret_access_key="s",
        )
        made.meta.events.register("provide-client-params", self._keep)
        made.meta.events.register("before-call", lambda **_: (_Response(400 if self.code else 200), self._answer()))
        return made

    def _keep(self, params: Any, model: Any, **_: Any) -> None:
        self.asked.append((model.name, dict(params)))

    def _answer(self) -> Json:
        return {"Error": {"Code": self.code, "Message": "as asked for"}} if self.code else {"ok": True}


@dataclass
class _Response:
    status_code: int


@pytest.mark.parametrize(
    ("code", "gone"),
    [
        ("NoSuchEntity", True),
        ("InvalidVpcID.NotFound", True),
        ("SomeNewNotFoundException", True),
        ("404", True),
        ("AccessDenied", False),
    ],
)
def test_only_what_is_not_there_passes_for_gone(code: str, gone: bool) -> None:
    answers = Answers(code)
    context = answers.context()

    def delete() -> None:
        with unless_gone():
            call(context, "iam", "DeleteRole", RoleName="r")

    if gone:
        delete()
        assert look(context, "iam", "GetRole", RoleName="r") is None
        assert not exists(context, "iam", "GetRole", RoleName="r")
    else:
        for work in (delete, lambda: exists(context, "iam", "GetRole", RoleName="r")):
            with pytest.raises(ClientError) as caught:
                work()
            assert not is_gone(caught.value)


def test_a_code_may_mean_gone_for_one_call() -> None:
    with unless_gone("Gateway.NotAttached"):
        call(
            Answers("Gateway.NotAttached").context(),
            "ec2",
            "DetachInternetGateway",
            VpcId="v",
            InternetGatewayId="i",
        )


@pytest.mark.parametrize(
    ("tagging", "untagged", "tagged"),
    [
        (Tagging("iam", "TagRole", "UntagRole", "RoleName"),
         {"RoleName": "r", "TagKeys": ["old", "stack-old"]},
         {"RoleName": "r", "Tags": [{"Key": "stack", "Value": "2"}, {"Key": "own", "Value": "new"}]}),
        (Tagging("sqs", "TagQueue", "UntagQueue", "QueueUrl", pair=None),
         {"QueueUrl": "r", "TagKeys": ["old", "stack-old"]},
         {"QueueUrl": "r", "Tags": {"stack": "2", "own": "new"}}),
        (Tagging("ec2", "CreateTags", "DeleteTags", "Resources", ("Tags", "Tags"), bare_keys=False, plural=True),
         {"Resources": ["r"], "Tags": [{"Key": "old"}, {"Key": "stack-old"}]},
         {"Resources": ["r"], "Tags": [{"Key": "stack", "Value": "2"}, {"Key": "own", "Value": "new"}]}),
        (Tagging("ssm", "AddTagsToResource", "RemoveTagsFromResource", "ResourceId",
                 constant={"ResourceType": "Parameter"}),
         {"ResourceType": "Parameter", "ResourceId": "r", "TagKeys": ["old", "stack-old"]},
         {"ResourceType": "Parameter", "ResourceId": "r",
          "Tags": [{"Key": "stack", "Value": "2"}, {"Key": "own", "Value": "new"}]}),
    ],
)  # fmt: skip
def test_tags_differ_by_the_stacks_and_the_resources_own(tagging: Tagging, untagged: Json, tagged: Json) -> None:
    answers = Answers()
    context = answers.context(tags={"stack": "2", "same": "1"}, previous_tags={"stack-old": "1", "same": "1"})
    old = {"Tags": [{"Key": "own", "Value": "old"}, {"Key": "old", "Value": "x"}]}
    tagging.apply(context, "r", old, {"Tags": {"own": "new"}})
    (_, removed), (_, added) = answers.asked
    assert _sorted(removed) == _sorted(untagged)
    assert _sorted(added) == _sorted(tagged)


def _sorted(members: Json) -> Json:
    return {name: sorted(value, key=repr) if isinstance(value, list) else value for name, value in members.items()}


def test_same_tags_cost_no_call() -> None:
    answers = Answers()
    context = answers.context(tags={"a": "1"}, previous_tags={"a": "1"})
    Tagging("iam", "TagRole", "UntagRole", "RoleName").apply(context, "r", {}, {})
    assert answers.asked == []
    assert tag_list({}) is None
    assert tags_of(None) == {}
