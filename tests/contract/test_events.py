"""EventBridge in a real daemon: every kind of target, as whom it is called, and what becomes of what is refused."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

from contract.event_world import (
    EVENTS,
    Json,
    allow,
    calls,
    client,
    document,
    from_rule,
    function,
    member,
    put,
    queue,
    received,
    role,
    rule,
    rule_arn,
    until,
)
from contract.local_daemon import ACCOUNT, REGION, LocalDaemon
from headgate.localcloud import lifecycle

pytestmark = pytest.mark.slow  # a daemon, and handlers of functions


@pytest.fixture(scope="module")
def world(daemon: LocalDaemon) -> SimpleNamespace:
    """An organization with two members: `a` sends, `b` listens."""
    organizations = daemon.client("organizations")
    organization = organizations.create_organization()["Organization"]["Id"]
    made = SimpleNamespace(daemon=daemon, organization=organization, numbers=iter(range(1000)))
    made.a, made.b = (member(organizations, name) for name in ("sender", "listener"))
    return made


@pytest.fixture
def dead(world: SimpleNamespace) -> Iterator[tuple[str, Json]]:
    """A queue of account `a` for what could not be delivered, and the target's member that names it."""
    url, arn = queue(world, world.a, f"dead-{next(world.numbers)}", {"Principal": {"Service": EVENTS}})
    yield url, {"DeadLetterConfig": {"Arn": arn}}
    client(world, "sqs", world.a).delete_queue(QueueUrl=url)


def refusal(world: SimpleNamespace, url: str) -> tuple[str, str]:
    """Error code and message of the one event on a dead-letter queue."""
    (message,) = received(world, world.a, url)
    attributes = message["MessageAttributes"]
    return attributes["ERROR_CODE"]["StringValue"], attributes["ERROR_MESSAGE"]["StringValue"]


def test_a_bus_takes_events_of_the_organization_and_of_nobody_else(world: SimpleNamespace) -> None:
    theirs = client(world, "events", world.b)
    bus = theirs.create_event_bus(Name="central")["EventBusArn"]
    members = {"StringEquals": {"aws:PrincipalOrgID": world.organization}}
    statement = allow("events:PutEvents", bus, Principal="*", Condition=members)
    with pytest.raises(ClientError, match="not authorized to perform: events:PutEvents"):
        put(world, world.a, "before", bus)
    theirs.put_permission(EventBusName="central", Policy=document(statement))
    url, arn = queue(world, world.b, "central", {"Principal": {"Service": EVENTS}})
    theirs.put_rule(Name="all", EventBusName="central", EventPattern=json.dumps({"account": [world.a]}))
    theirs.put_targets(Rule="all", EventBusName="central", Targets=[{"Id": "q", "Arn": arn}])
    put(world, world.a, "direct", bus, n=1)
    (message,) = received(world, world.b, url)
    assert json.loads(message["Body"])["detail"] == {"n": 1}
    with pytest.raises(ClientError, match="not authorized to perform: events:PutEvents"):
        put(world, "999999999999", "stranger", bus)


def test_a_registered_and_approved_model_package_reaches_the_central_bus(world: SimpleNamespace) -> None:
    """Account a's own event goes by a role to account b's bus, and arrives as a's."""
    theirs = client(world, "events", world.b)
    bus = theirs.create_event_bus(Name="registry")["EventBusArn"]
    members = {"StringEquals": {"aws:PrincipalOrgID": world.organization}}
    theirs.put_permission(
        EventBusName="registry", Policy=document(allow("events:PutEvents", bus, Principal="*", Condition=members))
    )
    url, arn = queue(world, world.b, "registry", {"Principal": {"Service": EVENTS}})
    theirs.put_rule(Name="models", EventBusName="registry", EventPattern=json.dumps({"source": ["aws.sagemaker"]}))
    theirs.put_targets(Rule="models", EventBusName="registry", Targets=[{"Id": "q", "Arn": arn}])
    forward = role(world, world.a, "forward", EVENTS, allow("events:PutEvents", bus), condition={})
    pattern = {"detail-type": ["SageMaker Model Package State Change"]}
    rule(world, world.a, "models", {"Arn": bus, "RoleArn": forward}, pattern=pattern)
    package = registered(world, world.a)
    client(world, "sagemaker", world.a).update_model_package(ModelPackageArn=package, ModelApprovalStatus="Approved")
    found: list[Json] = []
    while len(found) < 2:
        found += [json.loads(message["Body"]) for message in received(world, world.b, url)]
    told = {event["detail"]["ModelApprovalStatus"]: event for event in found}
    assert set(told) == {"PendingManualApproval", "Approved"}
    assert told["Approved"]["account"] == world.a
    assert told["Approved"]["resources"] == [package]
    assert told["Approved"]["detail"]["UpdatedModelPackageFields"] == ["ModelApprovalStatus"]


def archive() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        tar.addfile(tarfile.TarInfo("model.txt"))
    return buffer.getvalue()


def registered(world: SimpleNamespace, account: str) -> str:
    sagemaker, s3 = client(world, "sagemaker", account), client(world, "s3", account)
    bucket = f"models-{account}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=bucket, Key="model.tar.gz", Body=archive())
    sagemaker.create_model_package_group(ModelPackageGroupName="churn")
    container = {
        "Image": f"{account}.dkr.ecr.{REGION}.amazonaws.com/churn:1",
        "ModelDataUrl": f"s3://{bucket}/model.tar.gz",
    }
    arn: str = sagemaker.create_model_package(
        ModelPackageGroupName="churn",
        InferenceSpecification={"Containers": [container], "SupportedContentTypes": ["text/csv"]},
    )["ModelPackageArn"]
    return arn


def test_a_function_runs_with_permission_only(world: SimpleNamespace, dead: tuple[str, Json]) -> None:
    arn = function(world, world.a, "told")
    url, letters = dead
    rule(world, world.a, "unpermitted", {"Arn": arn, **letters})
    put(world, world.a, "unpermitted")
    code, message = refusal(world, url)
    assert code == "NO_PERMISSIONS"
    assert "lambda:InvokeFunction" in message
    client(world, "lambda", world.a).add_permission(
        FunctionName="told",
        StatementId="events",
        Action="lambda:InvokeFunction",
        Principal=EVENTS,
        SourceArn=rule_arn(world.a, "permitted"),
    )
    rule(world, world.a, "permitted", {"Arn": arn})
    put(world, world.a, "permitted", n=1)
    (event,) = calls(world, world.a, "told")
    assert (event["source"], event["detail"]) == ("permitted", {"n": 1})


def test_a_state_machine_starts_by_a_role_that_trusts_this_rule(world: SimpleNamespace, dead: tuple[str, Json]) -> None:
    states = client(world, "stepfunctions", world.a)
    runs = role(world, world.a, "machine", "states.amazonaws.com", allow("sqs:ListQueues"), condition={})
    machine = states.create_state_machine(
        name="m", roleArn=runs, definition=json.dumps({"StartAt": "S", "States": {"S": {"Type": "Succeed"}}})
    )["stateMachineArn"]
    url, letters = dead
    start = allow("states:StartExecution", machine)

    def by(name: str, condition: Json) -> None:
        taken = role(world, world.a, name, EVENTS, start, condition=condition)
        rule(world, world.a, name, {"Arn": machine, "RoleArn": taken, **letters})
        put(world, world.a, name)

    by("foreign", {"StringEquals": {"aws:SourceAccount": world.b}})
    code, message = refusal(world, url)
    assert (code, "sts:AssumeRole" in message) == ("FAILED_TO_ASSUME_ROLE", True)
    by("other-rule", {"ArnEquals": {"aws:SourceArn": rule_arn(world.a, "another")}})
    assert refusal(world, url)[0] == "FAILED_TO_ASSUME_ROLE"
    by("this-rule", {"ArnEquals": {"aws:SourceArn": rule_arn(world.a, "this-rule")}})
    (execution,) = until(lambda: states.list_executions(stateMachineArn=machine)["executions"])
    told = json.loads(states.describe_execution(executionArn=execution["executionArn"])["input"])
    assert told["source"] == "this-rule"


def test_a_pipeline_starts_with_parameters_and_its_end_is_told(world: SimpleNamespace) -> None:
    sagemaker = client(world, "sagemaker", world.a)
    step = {"Name": "Say", "Type": "Fail", "Arguments": {"ErrorMessage": {"Get": "Parameters.Why"}}}
    definition = {
        "Version": "2020-12-01",
        "Parameters": [{"Name": "Why", "Type": "String", "DefaultValue": "no"}],
        "Steps": [step],
    }
    runs = role(world, world.a, "pipeline", "sagemaker.amazonaws.com", allow("s3:GetObject"), condition={})
    arn = sagemaker.create_pipeline(
        PipelineName="training", PipelineDefinition=json.dumps(definition), RoleArn=runs, ClientRequestToken="t" * 32
    )["PipelineArn"]
    url, heard = queue(world, world.a, "pipelines", {"Principal": {"Service": EVENTS}})
    rule(
        world,
        world.a,
        "ended",
        {"Arn": heard},
        pattern={
            "detail-type": [{"prefix": "SageMaker Model Building Pipeline"}],
            "detail": {
                "pipelineArn": [arn],
                "$or": [{"currentPipelineExecutionStatus": ["Failed"]}, {"currentStepStatus": ["Failed"]}],
            },
        },
    )
    may = [allow(["sagemaker:StartPipelineExecution"], arn), allow("iam:PassRole", runs)]
    starts = role(world, world.a, "start-pipeline", EVENTS, *may, condition={})
    parameters = {"PipelineParameterList": [{"Name": "Why", "Value": "asked to"}]}
    rule(world, world.a, "drift", {"Arn": arn, "RoleArn": starts, "SageMakerPipelineParameters": parameters})
    put(world, world.a, "drift")
    found: list[Json] = []
    while len(found) < 2:
        found += [json.loads(message["Body"]) for message in received(world, world.a, url)]
    of_step, of_execution = sorted(found, key=lambda event: str(event["detail-type"]), reverse=True)
    assert (of_step["detail"]["stepType"], of_step["detail"]["stepName"]) == ("Fail", "Say")
    assert "asked to" in of_step["detail"]["failureReason"]
    assert of_execution["detail"]["previousPipelineExecutionStatus"] == "Executing"


def test_a_queue_of_another_account_takes_what_its_policy_lets_in(
    world: SimpleNamespace, dead: tuple[str, Json]
) -> None:
    url, arn = queue(world, world.b, "guarded", from_rule(rule_arn(world.a, "let")))
    letters, named = dead
    rule(world, world.a, "not-let", {"Arn": arn, **named})
    put(world, world.a, "not-let")
    assert "sqs" in refusal(world, letters)[1]
    rule(world, world.a, "let", {"Arn": arn})
    put(world, world.a, "let")
    (message,) = received(world, world.b, url)
    assert json.loads(message["Body"])["source"] == "let"


def test_a_topic_takes_what_its_policy_lets_in(world: SimpleNamespace, dead: tuple[str, Json]) -> None:
    sns = client(world, "sns", world.a)
    topic = sns.create_topic(Name="told")["TopicArn"]
    url, arn = queue(world, world.a, "subscribed", {"Principal": {"Service": "sns.amazonaws.com"}})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    letters, named = dead
    rule(world, world.a, "closed-topic", {"Arn": topic, **named})
    put(world, world.a, "closed-topic")
    assert "sns:Publish" in refusal(world, letters)[1]
    sources = {"StringEquals": {"aws:SourceAccount": world.a}}
    policy = document(allow("sns:Publish", topic, Principal={"Service": EVENTS}, Condition=sources))
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
    rule(world, world.a, "open-topic", {"Arn": topic, "InputPath": "$.detail"})
    put(world, world.a, "open-topic", n=1)
    (message,) = received(world, world.a, url)
    assert json.loads(json.loads(message["Body"])["Message"]) == {"n": 1}


def test_a_log_group_takes_what_a_resource_policy_lets_in(world: SimpleNamespace, dead: tuple[str, Json]) -> None:
    logs = client(world, "logs", world.a)
    logs.create_log_group(logGroupName="/aws/events/all")
    group = f"arn:aws:logs:{REGION}:{world.a}:log-group:/aws/events/all"
    url, letters = dead
    rule(world, world.a, "closed-group", {"Arn": group, **letters})
    put(world, world.a, "closed-group")
    assert "logs:CreateLogStream" in refusal(world, url)[1]
    services = {"Service": [EVENTS, "delivery.logs.amazonaws.com"]}
    may = allow(["logs:CreateLogStream", "logs:PutLogEvents"], f"{group}:*", Principal=services)
    logs.put_resource_policy(policyName="events", policyDocument=document(may))
    rule(world, world.a, "open-group", {"Arn": group})
    put(world, world.a, "open-group", n=1)
    found = until(lambda: logs.filter_log_events(logGroupName="/aws/events/all")["events"])
    assert json.loads(found[0]["message"])["source"] == "open-group"


def test_a_schedule_calls_a_function_as_its_role_when_the_clock_says_so(world: SimpleNamespace) -> None:
    arn = function(world, world.a, "scheduled")
    sources = {"StringEquals": {"aws:SourceAccount": world.a}}
    invokes = role(
        world, world.a, "scheduler", "scheduler.amazonaws.com", allow("lambda:InvokeFunction", arn), condition=sources
    )
    daemon: LocalDaemon = world.daemon
    begins = int(lifecycle.control(daemon.endpoint, "GET", "clock")["now"]) + 86_400
    client(world, "scheduler", world.a).create_schedule(
        Name="nightly",
        ScheduleExpression="rate(1 day)",
        StartDate=begins,
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": arn, "RoleArn": invokes, "Input": json.dumps({"due": "<aws.scheduler.scheduled-time>"})},
    )
    lifecycle.control(daemon.endpoint, "POST", "clock", {"advance": 86_401})
    (event,) = calls(world, world.a, "scheduled")
    assert event == {"due": datetime.fromtimestamp(begins, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}


def test_objects_are_told_to_queue_function_and_bus(world: SimpleNamespace) -> None:
    s3, bucket = client(world, "s3", world.a), f"arriving-{world.a}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    of_bucket = {"ArnEquals": {"aws:SourceArn": f"arn:aws:s3:::{bucket}"}}
    closed = queue(world, world.a, "closed")[1]
    with pytest.raises(ClientError, match="Unable to validate the following destination configurations"):
        s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=told_to(closed))
    url, arn = queue(world, world.a, "arrivals", {"Principal": {"Service": "s3.amazonaws.com"}, "Condition": of_bucket})
    called = function(world, world.a, "arrived")
    client(world, "lambda", world.a).add_permission(
        FunctionName="arrived",
        StatementId="s3",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
        SourceArn=f"arn:aws:s3:::{bucket}",
        SourceAccount=world.a,
    )
    heard, bus_queue = queue(world, world.a, "objects", {"Principal": {"Service": EVENTS}})
    rule(
        world,
        world.a,
        "objects",
        {"Arn": bus_queue},
        pattern={"source": ["aws.s3"], "detail": {"reason": ["PutObject"]}},
    )
    functions = {"LambdaFunctionConfigurations": [{"LambdaFunctionArn": called, "Events": ["s3:ObjectCreated:*"]}]}
    configuration = {"QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectRemoved:*"]}], **functions}
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={**configuration, "EventBridgeConfiguration": {}}
    )
    (trial,) = received(world, world.a, url)
    assert json.loads(trial["Body"])["Event"] == "s3:TestEvent"
    s3.put_object(Bucket=bucket, Key="a b.csv", Body=b"1,2")
    (given,) = calls(world, world.a, "arrived")
    assert given["Records"][0]["s3"]["object"]["key"] == "a+b.csv"
    assert given["Records"][0]["userIdentity"]["principalId"] == f"AWS:arn:aws:iam::{world.a}:root"
    (event,) = received(world, world.a, heard)
    assert json.loads(event["Body"])["detail"]["object"]["key"] == "a b.csv"
    s3.delete_object(Bucket=bucket, Key="a b.csv")
    (deleted,) = received(world, world.a, url)
    assert json.loads(deleted["Body"])["Records"][0]["eventName"] == "ObjectRemoved:Delete"


def told_to(queue_arn: str) -> Json:
    return {"QueueConfigurations": [{"QueueArn": queue_arn, "Events": ["s3:ObjectCreated:*"]}]}


def test_recorded_calls_and_new_accounts_are_told_where_a_trail_logs(world: SimpleNamespace) -> None:
    home, management = "us-east-1", ACCOUNT
    sqs, events = (world.daemon.client(service, management, home) for service in ("sqs", "events"))
    url = sqs.create_queue(QueueName="calls")["QueueUrl"]
    arn = f"arn:aws:sqs:{home}:{management}:calls"
    let = allow("sqs:SendMessage", arn, Principal={"Service": EVENTS})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": document(let)})
    pattern = {"source": ["aws.organizations"], "detail": {"eventName": ["MoveAccount", "CreateAccountResult"]}}
    events.put_rule(Name="accounts", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="accounts", Targets=[{"Id": "q", "Arn": arn}])
    organizations = world.daemon.client("organizations")
    member(organizations, "before-the-trail")
    trail(world, management, home)
    account = member(organizations, "vended")
    root = organizations.list_roots()["Roots"][0]["Id"]
    unit = organizations.create_organizational_unit(ParentId=root, Name="Teams")["OrganizationalUnit"]["Id"]
    organizations.move_account(AccountId=account, SourceParentId=root, DestinationParentId=unit)
    found: list[Json] = []
    while len(found) < 2:
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=5)["Messages"]
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        found += [json.loads(message["Body"]) for message in messages]
    told = {event["detail"]["eventName"]: event for event in found}
    assert told["MoveAccount"]["detail-type"] == "AWS API Call via CloudTrail"
    assert told["MoveAccount"]["detail"]["requestParameters"]["accountId"] == account
    assert told["CreateAccountResult"]["detail-type"] == "AWS Service Event via CloudTrail"
    status = told["CreateAccountResult"]["detail"]["serviceEventDetails"]["createAccountStatus"]
    assert (status["state"], status["accountId"]) == ("SUCCEEDED", account)


def trail(world: SimpleNamespace, account: str, region: str) -> None:
    """A trail of all regions that is logging."""
    s3, cloudtrail = (world.daemon.client(service, account, region) for service in ("s3", "cloudtrail"))
    bucket = f"trail-{account}"
    s3.create_bucket(Bucket=bucket)
    principal = {"Service": "cloudtrail.amazonaws.com"}
    writes = allow("s3:PutObject", f"arn:aws:s3:::{bucket}/*", Principal=principal)
    reads = allow("s3:GetBucketAcl", f"arn:aws:s3:::{bucket}", Principal=principal)
    s3.put_bucket_policy(Bucket=bucket, Policy=document(writes, reads))
    cloudtrail.create_trail(Name="all", S3BucketName=bucket, IsMultiRegionTrail=True)
    cloudtrail.start_logging(Name="all")


def test_what_was_accepted_is_delivered_after_a_kill(world: SimpleNamespace) -> None:
    """The queue is not there yet when the events come in: deliveries fail and are tried again, killed or not."""
    url, arn = queue(world, world.a, "late", {"Principal": {"Service": EVENTS}})
    rule(world, world.a, "late", {"Arn": arn})
    for number in range(5):
        put(world, world.a, "late", n=number)
    world.daemon.kill_and_restart()
    numbers: set[int] = set()
    while numbers != set(range(5)):
        found = received(world, world.a, url)
        numbers |= {json.loads(message["Body"])["detail"]["n"] for message in found}
