"""What requests to queues, buses, functions, tables, stacks and the rest need."""

from __future__ import annotations

import pytest

from headgate.localcloud.errors import AwsError
from headgate.localcloud.identity.keys import is_known
from unit.localcloud.identity.asking import SELF, needed, pairs


def test_a_queue_is_its_urls_end() -> None:
    url = "http://127.0.0.1:4566/444455556666/jobs"
    (found,) = needed("sqs", "SendMessageBatch", QueueUrl=url)
    assert (found.action, found.resource) == ("sqs:SendMessage", "arn:aws:sqs:eu-west-1:444455556666:jobs")
    assert found.owner_account == "444455556666"
    assert pairs("sqs", "GetQueueUrl", QueueName="jobs")[0][1] == f"arn:aws:sqs:{SELF}:jobs"


def test_events_are_put_on_every_bus_that_they_name() -> None:
    bus = "arn:aws:events:eu-west-1:444455556666:event-bus/headgate"
    entries = [{"Source": "a", "DetailType": "t"}, {"Source": "b", "EventBusName": bus}, {"EventBusName": "own"}]
    found = needed("events", "PutEvents", Entries=entries)
    assert [one.resource for one in found] == [
        f"arn:aws:events:{SELF}:event-bus/default",
        bus,
        f"arn:aws:events:{SELF}:event-bus/own",
    ]
    assert found[0].context == {"events:source": ("a", "b"), "events:detail-type": ("t",)}


@pytest.mark.parametrize(
    ("bus", "resource"),
    [
        ({}, f"arn:aws:events:{SELF}:rule/r"),
        ({"EventBusName": "default"}, f"arn:aws:events:{SELF}:rule/r"),
        ({"EventBusName": "b"}, f"arn:aws:events:{SELF}:rule/b/r"),
        ({"EventBusName": f"arn:aws:events:{SELF}:event-bus/b"}, f"arn:aws:events:{SELF}:rule/b/r"),
    ],
)
def test_a_rules_arn_holds_its_bus(bus: dict[str, str], resource: str) -> None:
    assert pairs("events", "DescribeRule", Name="r", **bus) == [("events:DescribeRule", resource)]


@pytest.mark.parametrize("pattern", ["{", "[]", '{"source": "a"}', ""])
def test_an_event_pattern_that_says_no_source_fills_no_key(pattern: str) -> None:
    assert "events:source" not in needed("events", "PutRule", Name="r", EventPattern=pattern)[0].context


def test_targets_need_the_roles_that_they_run_as() -> None:
    targets = [{"Arn": "arn:aws:sqs:x:1:q"}, {"Arn": "arn:x", "RoleArn": "arn:aws:iam::111122223333:role/r"}]
    found = needed("events", "PutTargets", Rule="r", Targets=targets)
    assert found[0].context == {"events:targetarn": ("arn:aws:sqs:x:1:q", "arn:x")}
    assert [(one.action, one.resource) for one in found[1:]] == [("iam:PassRole", "arn:aws:iam::111122223333:role/r")]


@pytest.mark.parametrize(
    ("name", "resource"),
    [
        ("f", f"arn:aws:lambda:{SELF}:function:f"),
        ("444455556666:function:f", "arn:aws:lambda:eu-west-1:444455556666:function:f"),
        ("arn:aws:lambda:us-east-1:444455556666:function:f", "arn:aws:lambda:us-east-1:444455556666:function:f"),
    ],
)
def test_a_function_is_named_in_three_ways(name: str, resource: str) -> None:
    assert pairs("lambda", "Invoke", FunctionName=name) == [("lambda:InvokeFunction", resource)]
    qualified = pairs("lambda", "Invoke", FunctionName=name, Qualifier="live")
    assert qualified == [("lambda:InvokeFunction", f"{resource}:live")]


def test_a_functions_code_is_read_by_who_deploys_it() -> None:
    code = {"S3Bucket": "b", "S3Key": "k.zip"}
    layer = "arn:aws:lambda:eu-west-1:111122223333:layer:l:1"
    assert pairs("lambda", "CreateFunction", FunctionName="f", Code=code, Layers=[layer]) == [
        ("lambda:CreateFunction", f"arn:aws:lambda:{SELF}:function:f"),
        ("s3:GetObject", "arn:aws:s3:::b/k.zip"),
        ("lambda:GetLayerVersion", layer),
    ]
    assert pairs("lambda", "UpdateFunctionCode", FunctionName="f", **code)[1] == (
        "s3:GetObject",
        "arn:aws:s3:::b/k.zip",
    )


def test_a_mapping_asks_by_the_functions_arn() -> None:
    found = needed("lambda", "CreateEventSourceMapping", FunctionName="f")[0]
    assert found.context == {"lambda:functionarn": f"arn:aws:lambda:{SELF}:function:f"}


def test_a_request_names_the_values_among_which_is_its_leading_key() -> None:
    (found,) = needed("dynamodb", "GetItem", TableName="t", Key={"team": {"S": "churn"}, "n": {"N": "3"}})
    assert (found.resource, found.attributes) == (
        f"arn:aws:dynamodb:{SELF}:table/t",
        {"team": ("churn",), "n": ("3",)},
    )
    (found,) = needed(
        "dynamodb",
        "Query",
        TableName="t",
        IndexName="i",
        KeyConditionExpression="#t = :t AND begins_with(n, :n)",
        ExpressionAttributeNames={"#t": "team"},
        ExpressionAttributeValues={":t": {"S": "churn"}, ":n": {"S": "1"}},
    )
    assert (found.resource, found.attributes) == (f"arn:aws:dynamodb:{SELF}:table/t/index/i", {"team": ("churn",)})


def test_batches_and_transactions_need_every_table() -> None:
    put = {"PutRequest": {"Item": {"k": {"S": "a"}}}}
    delete = {"DeleteRequest": {"Key": {"k": {"S": "b"}}}}
    found = needed("dynamodb", "BatchWriteItem", RequestItems={"t": [put], "u": [delete]})
    assert [one.resource.rpartition("/")[2] for one in found] == ["t", "u"]
    assert found[0].attributes == {"k": ("a", "b")}
    read = needed("dynamodb", "BatchGetItem", RequestItems={"t": {"Keys": [{"k": {"S": "a"}}]}})
    assert read[0].attributes == {"k": ("a",)}
    items = [{"Put": {"TableName": "t", "Item": {"k": {"S": "a"}}}}, {"ConditionCheck": {"TableName": "u", "Key": {}}}]
    assert pairs("dynamodb", "TransactWriteItems", TransactItems=items) == [
        ("dynamodb:PutItem", f"arn:aws:dynamodb:{SELF}:table/t"),
        ("dynamodb:ConditionCheckItem", f"arn:aws:dynamodb:{SELF}:table/u"),
    ]


def test_an_empty_batch_is_not_free() -> None:
    assert pairs("dynamodb", "TransactWriteItems", TransactItems=[]) == [("dynamodb:PutItem", "*")]


@pytest.mark.parametrize(
    ("name", "path"),
    [("/a/b", "a/b"), ("a", "a"), ("/a/b:3", "a/b"), (f"arn:aws:ssm:{SELF}:parameter/a/b", "a/b")],
)
def test_a_parameters_arn_has_one_slash_and_no_selector(name: str, path: str) -> None:
    assert pairs("ssm", "GetParameter", Name=name) == [("ssm:GetParameter", f"arn:aws:ssm:{SELF}:parameter/{path}")]


def test_reading_a_parameter_decrypts_only_when_asked() -> None:
    assert needed("ssm", "GetParameters", Names=["/a"])[0].kms_action == ""
    assert needed("ssm", "GetParameters", Names=["/a"], WithDecryption=True)[0].kms_action == "kms:Decrypt"


def test_tagging_by_any_service_is_by_its_own_action() -> None:
    arns = [f"arn:aws:sqs:{SELF}:q", f"arn:aws:sagemaker:{SELF}:model/m"]
    found = needed("tagging", "TagResources", ResourceARNList=arns, Tags={"Team": "churn"})
    assert [(one.action, one.resource) for one in found] == [
        ("tag:TagResources", "*"),
        ("sagemaker:AddTags", arns[1]),
        ("sqs:TagQueue", arns[0]),
    ]
    assert found[1].context == {"aws:tagkeys": ("Team",), "aws:requesttag/team": "churn"}
    assert (
        needed("tagging", "UntagResources", ResourceARNList=arns, TagKeys=["Team"])[1].action == "sagemaker:DeleteTags"
    )
    with pytest.raises(AwsError, match="tagging arn:aws:iam::1:role/r"):
        needed("tagging", "TagResources", ResourceARNList=["arn:aws:iam::1:role/r"], Tags={})


def test_a_network_is_built_in_what_exists() -> None:
    tags = [{"ResourceType": "subnet", "Tags": [{"Key": "Team", "Value": "churn"}]}]
    found = needed("ec2", "CreateSubnet", VpcId="vpc-1", TagSpecifications=tags)
    assert [(one.action, one.resource) for one in found] == [
        ("ec2:CreateSubnet", f"arn:aws:ec2:{SELF}:subnet/*"),
        ("ec2:CreateSubnet", f"arn:aws:ec2:{SELF}:vpc/vpc-1"),
        ("ec2:CreateTags", f"arn:aws:ec2:{SELF}:subnet/*"),
    ]
    assert found[0].context == {"aws:tagkeys": ("Team",), "aws:requesttag/team": "churn"}
    assert found[2].context["ec2:createaction"] == "CreateSubnet"
    assert pairs("ec2", "DeleteSecurityGroup", GroupName="g") == [("ec2:DeleteSecurityGroup", "*")]
    assert pairs("ec2", "CreateTags", Resources=["x-1"])[0][1] == "*"


def test_an_endpoint_says_whose_service_it_leads_to() -> None:
    found = needed("ec2", "CreateVpcEndpoint", VpcId="vpc-1", ServiceName="com.amazonaws.eu-west-1.s3")
    assert found[0].context["ec2:vpceserviceowner"] == "amazon"


def test_a_stack_without_id_stands_for_any_of_its_name() -> None:
    (found, tags, role) = needed(
        "cloudformation",
        "CreateChangeSet",
        StackName="s",
        ChangeSetName="c",
        RoleARN="arn:aws:iam::111122223333:role/r",
        Tags=[{"Key": "a", "Value": "b"}],
    )
    assert found.resource == f"arn:aws:cloudformation:{SELF}:stack/s/*"
    assert found.context["cloudformation:changesetname"] == "c"
    assert tags.context["cloudformation:createaction"] == "CreateChangeSet"
    assert role.context == {"iam:passedtoservice": "cloudformation.amazonaws.com"}
    whole = f"arn:aws:cloudformation:{SELF}:stack/s/1"
    assert pairs("cloudformation", "DescribeStacks", StackName=whole)[0][1] == whole
    assert pairs("cloudformation", "DeleteChangeSet", ChangeSetName="c")[0][1].endswith(":stack/*/*")


@pytest.mark.parametrize(
    ("operation", "parameters", "resources"),
    [
        (
            "MoveAccount",
            {"AccountId": "444455556666", "SourceParentId": "r-1", "DestinationParentId": "ou-1"},
            ["account/o-*/444455556666", "root/o-*/r-1", "ou/o-*/ou-1"],
        ),
        ("DescribePolicy", {"PolicyId": "p-1"}, ["policy/o-*/service_control_policy/p-1"]),
        ("CloseAccount", {"AccountId": "444455556666"}, ["account/o-*/444455556666"]),
    ],
)
def test_what_an_organization_holds_is_named_by_ids(
    operation: str, parameters: dict[str, str], resources: list[str]
) -> None:
    found = [resource for _, resource in pairs("organizations", operation, **parameters)]
    assert found == [f"arn:aws:organizations::111122223333:{resource}" for resource in resources]


def test_the_policy_that_allows_everything_is_awss_own() -> None:
    found = pairs("organizations", "DetachPolicy", PolicyId="p-FullAWSAccess", TargetId="ou-1")
    assert found[0][1] == "arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess"


def test_an_image_is_in_the_registry_of_an_account() -> None:
    assert pairs("ecr", "BatchGetImage", registryId="444455556666", repositoryName="r") == [
        ("ecr:BatchGetImage", "arn:aws:ecr:eu-west-1:444455556666:repository/r")
    ]


def test_a_table_needs_its_database_and_catalog() -> None:
    found = [resource.rpartition(":")[2] for _, resource in pairs("glue", "GetTable", DatabaseName="d", Name="t")]
    assert found == ["catalog", "database/d", "table/d/t"]


def test_a_machines_alias_is_a_key() -> None:
    machine = f"arn:aws:states:{SELF}:stateMachine:m"
    assert needed("states", "StartExecution", stateMachineArn=machine)[0].context == {}
    found = needed("states", "StartExecution", stateMachineArn=f"{machine}:live")[0]
    assert found.context == {"states:statemachinequalifier": "live"}


def test_a_search_is_limited_to_a_level() -> None:
    limit = {"Key": "User", "Value": "self"}
    found = needed("servicecatalog", "SearchProvisionedProducts", AccessLevelFilter=limit)[0]
    assert found.context == {"servicecatalog:userlevel": "self"}


@pytest.mark.parametrize(
    ("key", "known"),
    [
        ("aws:principaltag/team", True),
        ("aws:principaltag/", False),
        ("aws:principaltags/team", False),
        ("aws:sourcevpce", True),
        ("sagemaker:instancetypes", True),
        ("sagemaker:resourcetag/team", True),
        ("kms:encryptioncontext:team", True),
        ("iam:permissionsboundary", True),
        ("dynamodb:leadingkeys", True),
        ("sagemaker:instancetype", False),
        ("made:up", False),
    ],
)
def test_keys_that_conditions_can_ask_for(key: str, known: bool) -> None:
    assert is_known(key) is known
