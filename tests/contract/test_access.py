"""Every layer that may refuse a request, end to end: identity, trust, session, resource, key, boundary, SCP."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from contract.local_daemon import ACCOUNT, REGION, LocalDaemon, zipped
from headgate.localcloud import lifecycle
from unit.localcloud.jobs import any_image

pytestmark = pytest.mark.slow

Json = dict[str, Any]


def document(*statements: Json) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: Any, resource: Any = "*", **more: Any) -> Json:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def trusts(principal: Json, **more: Any) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": ["sts:AssumeRole", "sts:TagSession"], **more}
    return document(statement)


@pytest.fixture(scope="module")
def world(daemon: LocalDaemon) -> SimpleNamespace:
    """An organization with two member accounts, and administrators of all three."""
    made = SimpleNamespace(daemon=daemon)
    organizations = made.organizations = daemon.client("organizations")
    made.organization = organizations.create_organization()["Organization"]["Id"]
    made.root = organizations.list_roots()["Roots"][0]["Id"]
    organizations.enable_policy_type(RootId=made.root, PolicyType="SERVICE_CONTROL_POLICY")
    iam = daemon.client("iam")
    iam.create_user(UserName="admin")
    iam.attach_user_policy(UserName="admin", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    key = iam.create_access_key(UserName="admin")["AccessKey"]
    made.keys = {ACCOUNT: {"AccessKeyId": key["AccessKeyId"], "SecretAccessKey": key["SecretAccessKey"]}}
    made.a, made.b = (member(made, name) for name in ("alpha", "beta"))
    return made


def member(world: SimpleNamespace, name: str) -> str:
    """A new account, of which we are the administrator."""
    begun = world.organizations.create_account(Email=f"{name}@example.com", AccountName=name)["CreateAccountStatus"]
    status = world.organizations.describe_create_account_status(CreateAccountRequestId=begun["Id"])
    account: str = status["CreateAccountStatus"]["AccountId"]
    role = f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole"
    world.keys[account] = assume(world, ACCOUNT, role)
    return account


def client(world: SimpleNamespace, service: str, who: Any, region: str = REGION) -> Any:
    """A client of an account's administrator, or for credentials."""
    keys = world.keys[who] if isinstance(who, str) else who
    key, secret = keys["AccessKeyId"], keys["SecretAccessKey"]
    return world.daemon.client_with(service, key, secret, keys.get("SessionToken"), region)


def assume(world: SimpleNamespace, who: Any, role: str, **more: Any) -> Json:
    found: Json = client(world, "sts", who).assume_role(RoleArn=role, RoleSessionName="session", **more)["Credentials"]
    return found


def role(world: SimpleNamespace, account: str, name: str, trust: str, *statements: Json, **more: Any) -> str:
    iam = client(world, "iam", account)
    arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust, **more)["Role"]["Arn"]
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document(*statements))
    return arn


def refused(call: Any, *words: str, **parameters: Any) -> None:
    """The call is denied, in AWS's words."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    for word in words:
        assert word in caught.value.response["Error"]["Message"]


def test_a_role_may_what_its_policies_allow(world: SimpleNamespace) -> None:
    arn = role(world, world.a, "lister", trusts({"AWS": world.a}), allow("sqs:ListQueues"))
    sqs = client(world, "sqs", assume(world, world.a, arn))
    sqs.list_queues()
    refused(sqs.create_queue, "no identity-based policy allows the sqs:CreateQueue action", QueueName="q")


def test_trust_external_id_and_tags_decide_who_assumes(world: SimpleNamespace) -> None:
    condition = {"StringEquals": {"sts:ExternalId": "shared", "aws:RequestTag/team": "alpha"}}
    arn = role(world, world.a, "guarded", trusts({"AWS": world.b}, Condition=condition), Path="/headgate/")
    sts = client(world, "sts", world.b)
    named = {"RoleArn": arn, "RoleSessionName": "session"}
    refused(sts.assume_role, "no role trust policy allows the sts:AssumeRole action", **named)
    team = {"Tags": [{"Key": "team", "Value": "alpha"}]}
    refused(sts.assume_role, "role trust policy", **named, **team)
    answer = sts.assume_role(**named, **team, ExternalId="shared")
    assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{world.a}:assumed-role/guarded/session"
    refused(client(world, "sts", world.a).assume_role, "role trust policy", **named)


def test_session_tags_are_principal_tags(world: SimpleNamespace) -> None:
    mine = allow("ssm:GetParameter", "arn:aws:ssm:*:*:parameter/${aws:PrincipalTag/team}/*")
    arn = role(world, world.a, "tagged", trusts({"AWS": world.a}), mine)
    ssm = client(world, "ssm", world.a)
    for name in ("/alpha/x", "/beta/x"):
        ssm.put_parameter(Name=name, Value="1", Type="String")
    reader = client(world, "ssm", assume(world, world.a, arn, Tags=[{"Key": "team", "Value": "alpha"}]))
    assert reader.get_parameter(Name="/alpha/x")["Parameter"]["Value"] == "1"
    refused(reader.get_parameter, "ssm:GetParameter", Name="/beta/x")


def test_a_session_policy_narrows(world: SimpleNamespace) -> None:
    arn = role(world, world.a, "wide", trusts({"AWS": world.a}), allow("sqs:*"), allow("sns:*"))
    keys = assume(world, world.a, arn, Policy=document(allow("sqs:ListQueues")))
    client(world, "sqs", keys).list_queues()
    refused(client(world, "sns", keys).list_topics, "no session policy allows the sns:ListTopics action")


def test_a_boundary_narrows_and_one_that_is_gone_allows_nothing(world: SimpleNamespace) -> None:
    iam = client(world, "iam", world.a)
    boundary = iam.create_policy(PolicyName="edge", PolicyDocument=document(allow("sqs:ListQueues")))["Policy"]["Arn"]
    trust = trusts({"AWS": world.a})
    bounded = role(world, world.a, "bounded", trust, allow("sqs:*"), allow("sns:*"), PermissionsBoundary=boundary)
    keys = assume(world, world.a, bounded)
    client(world, "sqs", keys).list_queues()
    refused(client(world, "sns", keys).list_topics, "no permissions boundary allows")
    iam.delete_policy(PolicyArn=boundary)
    refused(client(world, "sqs", keys).list_queues, "permissions boundary")


def test_a_session_of_a_role_that_was_made_again_is_worth_nothing(world: SimpleNamespace) -> None:
    arn = role(world, world.a, "remade", trusts({"AWS": world.a}), allow("sqs:*"))
    keys = assume(world, world.a, arn)
    client(world, "sqs", keys).list_queues()
    iam = client(world, "iam", world.a)
    iam.delete_role_policy(RoleName="remade", PolicyName="p")
    iam.delete_role(RoleName="remade")
    refused(client(world, "sqs", keys).list_queues)
    role(world, world.a, "remade", trusts({"AWS": world.a}), allow("sqs:*"))
    refused(client(world, "sqs", keys).list_queues)


def test_a_service_control_policy_binds_root_too_and_not_the_management_account(world: SimpleNamespace) -> None:
    content = document({"Effect": "Deny", "Action": "sqs:CreateQueue", "Resource": "*"})
    made = world.organizations.create_policy(
        Name="no-queues", Description="", Type="SERVICE_CONTROL_POLICY", Content=content
    )
    policy = made["Policy"]["PolicySummary"]["Id"]
    world.organizations.attach_policy(PolicyId=policy, TargetId=world.root)
    root = world.daemon.client("sqs", world.b)
    for sqs in (client(world, "sqs", world.b), root):
        refused(sqs.create_queue, "with an explicit deny in a service control policy", QueueName="q")
    client(world, "sqs", ACCOUNT).create_queue(QueueName="of-management")
    world.organizations.detach_policy(PolicyId=policy, TargetId=world.root)
    client(world, "sqs", world.b).create_queue(QueueName="q")


def test_another_accounts_bucket_opens_to_the_organization_only(world: SimpleNamespace) -> None:
    s3 = client(world, "s3", world.a)
    s3.create_bucket(Bucket="alpha-data", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="alpha-data", Key="k", Body=b"data")
    theirs = client(world, "s3", world.b)
    refused(theirs.get_object, "no resource-based policy allows the s3:GetObject action", Bucket="alpha-data", Key="k")
    members = {"StringEquals": {"aws:PrincipalOrgID": world.organization}}
    grant = allow("s3:GetObject", "arn:aws:s3:::alpha-data/*", Principal="*", Condition=members)
    s3.put_bucket_policy(Bucket="alpha-data", Policy=document(grant))
    assert theirs.get_object(Bucket="alpha-data", Key="k")["Body"].read() == b"data"
    refused(world.daemon.client("s3", "999999999999").get_object, Bucket="alpha-data", Key="k")


def test_requests_for_another_accounts_resources_are_answered_there(world: SimpleNamespace) -> None:
    """Queue, topic, key, secret and table of alpha, used by beta."""
    theirs = {"AWS": f"arn:aws:iam::{world.b}:root"}
    a, b = (lambda service: client(world, service, world.a)), (lambda service: client(world, service, world.b))
    url = a("sqs").create_queue(QueueName="shared")["QueueUrl"]
    refused(b("sqs").send_message, "no resource-based policy", QueueUrl=url, MessageBody="m")
    opened = allow("sqs:SendMessage", f"arn:aws:sqs:{REGION}:{world.a}:shared", Principal=theirs)
    a("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": document(opened)})
    b("sqs").send_message(QueueUrl=url, MessageBody="m")
    assert a("sqs").receive_message(QueueUrl=url)["Messages"][0]["Body"] == "m"
    key = a("kms").create_key(
        Policy=document(allow("kms:*", Principal={"AWS": world.a}), allow("kms:Encrypt", Principal=theirs))
    )
    arn = key["KeyMetadata"]["Arn"]
    cipher = b("kms").encrypt(KeyId=arn, Plaintext=b"x")["CiphertextBlob"]
    assert a("kms").decrypt(CiphertextBlob=cipher, KeyId=arn)["Plaintext"] == b"x"
    refused(b("kms").decrypt, "kms:Decrypt", CiphertextBlob=cipher, KeyId=arn)
    secret = a("secretsmanager").create_secret(Name="shared", SecretString="hush")["ARN"]
    a("secretsmanager").put_resource_policy(
        SecretId=secret, ResourcePolicy=document(allow("secretsmanager:GetSecretValue", Principal=theirs))
    )
    assert b("secretsmanager").get_secret_value(SecretId=secret)["SecretString"] == "hush"
    refused(b("secretsmanager").delete_secret, SecretId=secret)


def test_model_packages_are_shared_by_their_groups_policy(world: SimpleNamespace) -> None:
    ours, theirs = client(world, "sagemaker", world.a), client(world, "sagemaker", world.b)
    arn = ours.create_model_package_group(ModelPackageGroupName="shared")["ModelPackageGroupArn"]
    refused(theirs.describe_model_package_group, "no resource-based policy", ModelPackageGroupName=arn)
    members = {"StringEquals": {"aws:PrincipalOrgID": world.organization}}
    grant = allow("sagemaker:DescribeModelPackageGroup", arn, Principal={"AWS": "*"}, Condition=members)
    ours.put_model_package_group_policy(ModelPackageGroupName="shared", ResourcePolicy=document(grant))
    assert theirs.describe_model_package_group(ModelPackageGroupName=arn)["ModelPackageGroupArn"] == arn


def test_a_key_protects_an_object_from_who_may_read_the_bucket(world: SimpleNamespace) -> None:
    everything = allow("kms:*", Principal={"AWS": f"arn:aws:iam::{world.a}:root"})
    key = client(world, "kms", world.a).create_key(Policy=document(everything))["KeyMetadata"]["Arn"]
    s3 = client(world, "s3", world.a)
    s3.create_bucket(Bucket="alpha-sealed", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="alpha-sealed", Key="k", Body=b"", ServerSideEncryption="aws:kms", SSEKMSKeyId=key)
    arn = role(world, world.a, "no-key", trusts({"AWS": world.a}), allow("s3:*"))
    reader = client(world, "s3", assume(world, world.a, arn))
    refused(reader.get_object, "kms:Decrypt", Bucket="alpha-sealed", Key="k")
    assert reader.list_objects_v2(Bucket="alpha-sealed")["KeyCount"] == 1


def test_a_role_is_passed_only_by_who_may(world: SimpleNamespace) -> None:
    strong = role(world, world.a, "strong", trusts({"Service": "lambda.amazonaws.com"}), allow("*"))
    maker = role(world, world.a, "maker", trusts({"AWS": world.a}), allow("lambda:*"))
    functions = client(world, "lambda", assume(world, world.a, maker))
    refused(
        functions.create_function,
        "iam:PassRole",
        FunctionName="f",
        Runtime="python3.12",
        Role=strong,
        Handler="app.handler",
        Code={"ZipFile": b"x"},
    )


def test_a_function_needs_a_role_that_trusts_lambda(world: SimpleNamespace, daemon: LocalDaemon) -> None:
    wrong = role(world, world.a, "not-lambda", trusts({"Service": "ec2.amazonaws.com"}), allow("*"))
    code = {"ZipFile": zipped({"app.py": "def handler(event, context):\n    return 1\n"})}
    functions = client(world, "lambda", world.a)
    functions.create_function(FunctionName="f", Runtime="python3.12", Role=wrong, Handler="app.handler", Code=code)
    refused(functions.invoke, "allows principal 'lambda.amazonaws.com' to assume the role", FunctionName="f")
    client(world, "iam", world.a).update_assume_role_policy(
        RoleName="not-lambda", PolicyDocument=trusts({"Service": "lambda.amazonaws.com"})
    )
    assert functions.invoke(FunctionName="f")["Payload"].read() == b"1"


SAGEMAKER = {"Service": "sagemaker.amazonaws.com"}
PROCESSING = {
    "ProcessingResources": {"ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}},
    "AppSpecification": {"ImageUri": "image", "ContainerEntrypoint": ["true"]},
}


def test_a_pipelines_steps_are_its_roles(world: SimpleNamespace) -> None:
    weak = role(world, world.a, "weak-pipeline", trusts(SAGEMAKER), allow("sagemaker:Describe*"))
    sagemaker = client(world, "sagemaker", world.a)
    step = {"Name": "Work", "Type": "Processing", "Arguments": {**PROCESSING, "RoleArn": weak}}
    definition = json.dumps({"Version": "2020-12-01", "Steps": [step]})
    sagemaker.create_pipeline(
        PipelineName="weak", PipelineDefinition=definition, RoleArn=weak, ClientRequestToken="t" * 32
    )
    execution = sagemaker.start_pipeline_execution(PipelineName="weak", ClientRequestToken="t" * 32)
    arn = execution["PipelineExecutionArn"]
    ended(lambda: sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionStatus"])
    found = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn)["PipelineExecutionSteps"][0]
    assert found["StepStatus"] == "Failed"
    assert f"{world.a}:assumed-role/weak-pipeline/SageMaker is not authorized" in found["FailureReason"]
    assert "sagemaker:CreateProcessingJob" in found["FailureReason"]


def test_a_job_whose_role_does_not_trust_sagemaker_fails_with_the_reason(world: SimpleNamespace) -> None:
    folder = str(Path(any_image.__file__).parent)
    runtime = {"name": "any", "plugin": "tests", "image_patterns": ["image"], "target": "any_image:AnyImage"}
    lifecycle.tell_runtimes(world.daemon.endpoint, [{**runtime, "search_path": [folder]}])
    wrong = role(world, world.a, "not-sagemaker", trusts({"Service": "ec2.amazonaws.com"}), allow("*"))
    sagemaker = client(world, "sagemaker", world.a)
    sagemaker.create_processing_job(ProcessingJobName="wrong", RoleArn=wrong, **PROCESSING)

    def described() -> Json:
        found: Json = sagemaker.describe_processing_job(ProcessingJobName="wrong")
        return found

    assert ended(lambda: described()["ProcessingJobStatus"]) == "Failed"
    assert "allows principal 'sagemaker.amazonaws.com' to assume the role" in described()["FailureReason"]


def ended(status: Callable[[], str]) -> str:
    """The status that is not one of something still going on."""
    for _ in range(400):
        found = status()
        if found not in {"Executing", "InProgress", "Starting"}:
            return found
        threading.Event().wait(0.05)
    raise AssertionError(f"still {found}")


def test_what_the_evaluator_does_not_know_is_refused(world: SimpleNamespace) -> None:
    arn = role(world, world.a, "everything", trusts({"AWS": world.a}), allow("*"))
    with pytest.raises(ClientError, match="does not know which IAM actions glacier ListVaults needs") as caught:
        client(world, "glacier", assume(world, world.a, arn)).list_vaults()
    assert caught.value.response["Error"]["Code"] == "UnsupportedByLocalCloud"


def test_unknown_keys_are_nobody_in_an_organization(world: SimpleNamespace) -> None:
    stranger = {"AccessKeyId": "test", "SecretAccessKey": "test"}
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        client(world, "sts", stranger).get_caller_identity()
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        client(world, "ssm", stranger).describe_parameters()
    with pytest.raises(ClientError, match="InvalidAccessKeyId"):
        client(world, "s3", stranger).list_buckets()


def test_an_account_in_no_organization_is_a_sandbox(daemon: LocalDaemon, world: SimpleNamespace) -> None:
    lone = "555566667777"
    keys = daemon.client("sts", lone).assume_role(
        RoleArn=f"arn:aws:iam::{lone}:role/service-role/AmazonSageMaker-ExecutionRole", RoleSessionName="SageMaker"
    )["Credentials"]
    client(world, "sqs", keys).create_queue(QueueName="q")
    assert daemon.client("sqs", lone).list_queues()["QueueUrls"]


def test_the_trail_of_the_organization_has_what_was_refused(world: SimpleNamespace) -> None:
    arn = role(world, world.a, "curious", trusts({"AWS": world.a}))
    refused(client(world, "sqs", assume(world, world.a, arn)).list_queues)
    events = client(world, "cloudtrail", world.a).lookup_events(
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "ListQueues"}]
    )["Events"]
    event = json.loads(events[0]["CloudTrailEvent"])
    assert event["errorCode"] == "AccessDenied"
    assert event["userIdentity"]["sessionContext"]["sessionIssuer"]["userName"] == "curious"


def test_a_closed_accounts_people_may_nothing(world: SimpleNamespace) -> None:
    account = member(world, "closing")
    world.organizations.close_account(AccountId=account)
    refused(client(world, "sts", account).get_caller_identity, "is closed")


def test_credentials_and_decisions_survive_a_kill_and_expire_in_time(world: SimpleNamespace) -> None:
    daemon = world.daemon
    arn = role(world, world.a, "lasting", trusts({"AWS": world.a}), allow("sqs:ListQueues"))
    keys = assume(world, world.a, arn, DurationSeconds=900)
    daemon.kill_and_restart()
    sqs = client(world, "sqs", keys)
    sqs.list_queues()
    refused(sqs.create_queue, QueueName="q")
    lifecycle.control(daemon.endpoint, "POST", "clock", {"advance": 901})
    with pytest.raises(ClientError, match="ExpiredToken"):
        client(world, "sts", keys).get_caller_identity()
    with pytest.raises(ClientError, match="ExpiredTokenException"):
        client(world, "ssm", keys).describe_parameters()
