"""What requests need, for those whose ARNs or keys take some reading. The tables as a whole are a contract test's."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from headgate.localcloud.errors import AwsError
from headgate.localcloud.identity.keys import is_known
from headgate.localcloud.identity.requests import Needed, UnknownOperationError, required
from headgate.localcloud.seams import Caller

CALLER = Caller("111122223333", "eu-west-1", "arn:aws:iam::111122223333:user/somebody")
SELF = "eu-west-1:111122223333"
KEY_ID = "0e1b2c3d-0e1b-2c3d-4e5f-0e1b2c3d4e5f"


def needed(service: str, operation: str, **parameters: Any) -> tuple[Needed, ...]:
    return required(service, operation, parameters, CALLER)


def pairs(service: str, operation: str, **parameters: Any) -> list[tuple[str, str]]:
    return [(one.action, one.resource) for one in needed(service, operation, **parameters)]


@pytest.mark.parametrize(("service", "operation"), [("sagemaker", "MakeCoffee"), ("coffee", "Make"), ("s3", "")])
def test_an_unknown_operation_is_named(service: str, operation: str) -> None:
    with pytest.raises(UnknownOperationError, match=f"which IAM actions {service} {operation}"):
        needed(service, operation)


def test_who_one_is_needs_no_permission() -> None:
    assert needed("sts", "GetCallerIdentity") == ()


def test_a_job_needs_its_role_its_tags_and_says_what_it_runs_on() -> None:
    main, tags, role = needed(
        "sagemaker",
        "CreateTrainingJob",
        TrainingJobName="job",
        RoleArn="arn:aws:iam::111122223333:role/headgate/worker",
        Tags=[{"Key": "Team", "Value": "churn"}],
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceGroups": [{"InstanceType": "ml.c5.large"}]},
        VpcConfig={"Subnets": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]},
        EnableNetworkIsolation=True,
        StoppingCondition={"MaxRuntimeInSeconds": 60},
    )
    assert main == Needed(
        "sagemaker:CreateTrainingJob",
        f"arn:aws:sagemaker:{SELF}:training-job/job",
        "111122223333",
        {
            "aws:requesttag/team": "churn",
            "aws:tagkeys": ("Team",),
            "sagemaker:instancetypes": ("ml.m5.large", "ml.c5.large"),
            "sagemaker:maxruntimeinseconds": "60",
            "sagemaker:networkisolation": "true",
            "sagemaker:vpcsecuritygroupids": ("sg-1",),
            "sagemaker:vpcsubnets": ("subnet-1", "subnet-2"),
        },
    )
    assert (tags.action, tags.resource) == ("sagemaker:AddTags", main.resource)
    assert tags.context["sagemaker:taggingaction"] == "CreateTrainingJob"
    assert (role.action, role.resource) == ("iam:PassRole", "arn:aws:iam::111122223333:role/headgate/worker")
    assert role.context == {"iam:passedtoservice": "sagemaker.amazonaws.com"}


def test_a_tuning_job_says_the_instances_of_all_its_definitions() -> None:
    definition = {"RoleArn": "arn:aws:iam::111122223333:role/r", "ResourceConfig": {"InstanceType": "ml.m5.large"}}
    found = needed(
        "sagemaker",
        "CreateHyperParameterTuningJob",
        HyperParameterTuningJobName="job",
        TrainingJobDefinitions=[definition, {**definition, "ResourceConfig": {"InstanceType": "ml.p5.48xlarge"}}],
    )
    assert found[0].context["sagemaker:instancetypes"] == ("ml.m5.large", "ml.p5.48xlarge")
    assert [one.action for one in found] == ["sagemaker:CreateHyperParameterTuningJob", "iam:PassRole"]


@pytest.mark.parametrize(
    ("group", "resource"),
    [
        ("churn", f"arn:aws:sagemaker:{SELF}:model-package/churn/*"),
        (
            "arn:aws:sagemaker:eu-west-1:444455556666:model-package-group/churn",
            "arn:aws:sagemaker:eu-west-1:444455556666:model-package/churn/*",
        ),
    ],
)
def test_a_new_version_is_in_its_group_whoever_owns_it(group: str, resource: str) -> None:
    (found,) = needed("sagemaker", "CreateModelPackage", ModelPackageGroupName=group, ModelApprovalStatus="Approved")
    assert found.resource == resource
    assert found.owner_account == resource.split(":")[4]
    assert found.context == {"sagemaker:modelapprovalstatus": "Approved"}


def test_a_model_of_another_accounts_package_needs_that_account_too() -> None:
    foreign = "arn:aws:sagemaker:eu-west-1:444455556666:model-package/churn/1"
    own = f"arn:aws:sagemaker:{SELF}:model-package/churn/1"
    model = f"arn:aws:sagemaker:{SELF}:model/m"
    containers = [{"ModelPackageName": foreign}, {"ModelPackageName": own}]
    assert pairs("sagemaker", "CreateModel", ModelName="m", Containers=containers) == [
        ("sagemaker:CreateModel", model),
        ("sagemaker:CreateModel", foreign),
    ]


def test_the_path_of_a_new_role_is_in_its_arn() -> None:
    (found,) = needed(
        "iam", "CreateRole", RoleName="r", Path="/headgate/", PermissionsBoundary="arn:aws:iam::1:policy/b"
    )
    assert found.resource == "arn:aws:iam::111122223333:role/headgate/r"
    assert found.context == {"iam:permissionsboundary": "arn:aws:iam::1:policy/b"}


def test_a_user_without_name_is_the_caller() -> None:
    assert pairs("iam", "GetUser") == [("iam:GetUser", CALLER.principal)]
    assert pairs("iam", "GetUser", UserName="x") == [("iam:GetUser", "arn:aws:iam::111122223333:user/x")]


@pytest.mark.parametrize(
    ("name", "resource"),
    [
        (KEY_ID, f"arn:aws:kms:{SELF}:key/{KEY_ID}"),
        ("alias/a", f"arn:aws:kms:{SELF}:alias/a"),
        ("arn:aws:kms:eu-west-1:444455556666:key/k", "arn:aws:kms:eu-west-1:444455556666:key/k"),
    ],
)
def test_a_key_is_named_in_several_ways(name: str, resource: str) -> None:
    assert pairs("kms", "Encrypt", KeyId=name) == [("kms:Encrypt", resource)]


@pytest.mark.parametrize("blob", [KEY_ID.encode() + b"rest", base64.b64encode(KEY_ID.encode() + b"rest").decode()])
def test_a_ciphertext_names_its_key(blob: object) -> None:
    assert pairs("kms", "Decrypt", CiphertextBlob=blob) == [("kms:Decrypt", f"arn:aws:kms:{SELF}:key/{KEY_ID}")]


@pytest.mark.parametrize("blob", [b"short", "not base64", b"x" * 64, None])
def test_a_ciphertext_that_names_no_key_is_of_any(blob: object) -> None:
    assert pairs("kms", "Decrypt", CiphertextBlob=blob) == [("kms:Decrypt", f"arn:aws:kms:{SELF}:key/*")]


def test_an_encryption_context_is_asked_by_key_and_value() -> None:
    (found,) = needed("kms", "GenerateDataKey", KeyId="alias/a", EncryptionContext={"Team": "churn"})
    assert found.context == {
        "kms:encryptioncontext:team": "churn",
        "kms:encryptioncontextkeys": ("Team",),
        "kms:requestalias": "alias/a",
    }


def test_a_version_of_an_object_has_an_action_of_its_own() -> None:
    assert pairs("s3", "GetObject", Bucket="b", Key="k") == [("s3:GetObject", "arn:aws:s3:::b/k")]
    (found,) = needed("s3", "GetObject", Bucket="b", Key="k", VersionId="3")
    assert (found.action, found.context) == ("s3:GetObjectVersion", {"s3:versionid": "3"})
    assert (found.kms_action, found.kms_from) == ("kms:Decrypt", "arn:aws:s3:::b/k")
    assert found.owner_account == ""


@pytest.mark.parametrize(
    ("headers", "action", "source"),
    [
        ({}, "kms:GenerateDataKey", "arn:aws:s3:::b"),
        ({"ServerSideEncryption": "AES256"}, "", ""),
        ({"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "k"}, "kms:GenerateDataKey", f"arn:aws:kms:{SELF}:key/k"),
    ],
)
def test_a_write_uses_the_key_of_the_request_or_of_the_bucket(
    headers: dict[str, str], action: str, source: str
) -> None:
    found = needed("s3", "PutObject", Bucket="b", Key="k", **headers)[0]
    assert (found.kms_action, found.kms_from) == (action, source)


def test_headers_of_a_write_need_their_own_actions() -> None:
    found = needed("s3", "PutObject", Bucket="b", Key="k", ACL="public-read", Tagging="team=churn&x=")
    assert [one.action for one in found] == ["s3:PutObject", "s3:PutObjectAcl", "s3:PutObjectTagging"]
    assert found[0].context["s3:x-amz-acl"] == "public-read"
    assert found[0].context["s3:requestobjecttag/team"] == "churn"
    assert found[0].context["s3:requestobjecttagkeys"] == ("team", "x")


@pytest.mark.parametrize(
    ("source", "action"),
    [
        ("other/a%20b", "s3:GetObject"),
        ("/other/a%20b?versionId=3", "s3:GetObjectVersion"),
        ({"Bucket": "other", "Key": "a b"}, "s3:GetObject"),
        ({"Bucket": "other", "Key": "a b", "VersionId": "3"}, "s3:GetObjectVersion"),
    ],
)
def test_a_copy_reads_its_source(source: Any, action: str) -> None:
    found = needed("s3", "CopyObject", Bucket="b", Key="k", CopySource=source)
    assert found[0].context == {"s3:x-amz-copy-source": "other/a b"}
    assert (found[-1].action, found[-1].resource) == (action, "arn:aws:s3:::other/a b")


def test_every_key_of_a_batch_is_deleted() -> None:
    found = pairs("s3", "DeleteObjects", Bucket="b", Delete={"Objects": [{"Key": "x"}, {"Key": "y"}]})
    assert found == [("s3:DeleteObject", "arn:aws:s3:::b/x"), ("s3:DeleteObject", "arn:aws:s3:::b/y")]


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
