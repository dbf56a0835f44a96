from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest
from botocore.exceptions import ClientError

from contract.local_daemon import zipped
from headgate.localcloud.cloudformation.types import ResourceError
from headgate.localcloud.seams import Json
from unit.localcloud.cloudformation.resources.bench import Bench

pytestmark = pytest.mark.slow  # needs a daemon

FUNCTION, PERMISSION, VERSION = "AWS::Lambda::Function", "AWS::Lambda::Permission", "AWS::Lambda::Version"
ALIAS, MAPPING, MACHINE = "AWS::Lambda::Alias", "AWS::Lambda::EventSourceMapping", "AWS::StepFunctions::StateMachine"


def role(bench: Bench, service: str = "lambda.amazonaws.com") -> str:
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    wanted = {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]}}
    made = bench.find("AWS::IAM::Role", wanted, "Role") or bench.create("AWS::IAM::Role", wanted, "Role")
    return str(made.attributes["Arn"])


def function(bench: Bench, answer: str = "1") -> Json:
    return {
        "Runtime": "python3.12",
        "Handler": "index.handler",
        "Role": role(bench),
        "Code": {"ZipFile": f"def handler(event, context):\n    return {answer}\n"},
    }


def invoke(bench: Bench, name: str, **more: Any) -> Any:
    return json.loads(bench.client("lambda").invoke(FunctionName=name, **more)["Payload"].read())


def test_a_function_runs_and_runs_its_new_code_and_settings(bench: Bench) -> None:
    old = function(bench, '__import__("os").environ.get("COLOUR", "none")')
    old |= {"Environment": {"Variables": {"COLOUR": "red"}}, "Timeout": 10, "MemorySize": 256, "Description": "old"}
    old |= {"Tags": [{"Key": "a", "Value": "b"}], "ReservedConcurrentExecutions": 5, "KmsKeyArn": "arn:aws:kms:k"}
    new = {**function(bench, '[__import__("os").environ.get("COLOUR")]'), "Timeout": 20}
    made = bench.create(FUNCTION, old)
    assert made.attributes["Arn"] == f"arn:aws:lambda:eu-west-1:{bench.account}:function:{made.id}"
    assert invoke(bench, made.id) == "red"
    client = bench.client("lambda")
    found = client.get_function(FunctionName=made.id)
    assert found["Tags"] == {"team": "forecasting", "a": "b"}
    assert found["Concurrency"] == {"ReservedConcurrentExecutions": 5}
    assert found["Configuration"]["MemorySize"] == 256
    assert found["Configuration"]["KMSKeyArn"] == "arn:aws:kms:k"
    bench.update(FUNCTION, made, old, new)
    assert invoke(bench, made.id) == [None]
    found = client.get_function(FunctionName=made.id)
    assert "Concurrency" not in found
    assert found["Tags"] == {"team": "forecasting"}
    configuration = found["Configuration"]
    assert (configuration["Timeout"], configuration["MemorySize"], configuration["Description"]) == (20, 128, "")
    assert not configuration.get("KMSKeyArn")
    assert bench.find(FUNCTION, new) is not None
    bench.delete(FUNCTION, made, new)
    assert bench.find(FUNCTION, new) is None


def test_a_function_takes_its_code_from_a_bucket(bench: Bench) -> None:
    bucket = bench.create("AWS::S3::Bucket", {}, "Code").id
    archive = zipped({"app.py": "def handler(event, context):\n    return event['n'] + 1\n"})
    bench.client("s3").put_object(Bucket=bucket, Key="code.zip", Body=archive)
    wanted = {**function(bench), "Handler": "app.handler", "Code": {"S3Bucket": bucket, "S3Key": "code.zip"}}
    made = bench.create(FUNCTION, wanted)
    assert invoke(bench, made.id, Payload='{"n": 1}') == 2


@pytest.mark.parametrize("code", [{"ImageUri": "1.dkr.ecr.eu-west-1.amazonaws.com/x:1"}])
def test_a_function_from_an_image_is_refused(bench: Bench, code: Json) -> None:
    with pytest.raises(ResourceError, match="ImageUri do not run in the local cloud"):
        bench.create(FUNCTION, {**function(bench), "Code": code, "PackageType": "Image"})


def test_settings_that_nobody_else_keeps_are_kept(bench: Bench) -> None:
    client = bench.client("lambda")
    bench.client("logs").create_log_group(logGroupName="/headgate/functions")
    old = {
        **function(bench),
        "DeadLetterConfig": {"TargetArn": "arn:aws:sqs:eu-west-1:1:dead"},
        "TracingConfig": {"Mode": "Active"},
        "EphemeralStorage": {"Size": 1024},
        "LoggingConfig": {"LogGroup": "/headgate/functions"},
    }
    new = {**function(bench), "LoggingConfig": {"LogGroup": "/headgate/functions"}}
    made = bench.create(FUNCTION, old)
    found = client.get_function_configuration(FunctionName=made.id)
    assert found["DeadLetterConfig"] == {"TargetArn": "arn:aws:sqs:eu-west-1:1:dead"}
    assert found["TracingConfig"] == {"Mode": "Active"}
    assert found["EphemeralStorage"] == {"Size": 1024}
    assert found["LoggingConfig"]["LogGroup"] == "/headgate/functions"
    bench.update(FUNCTION, made, old, new)
    found = client.get_function_configuration(FunctionName=made.id)
    assert not found.get("DeadLetterConfig", {}).get("TargetArn")
    assert found["TracingConfig"] == {"Mode": "PassThrough"}
    assert found["EphemeralStorage"] == {"Size": 512}
    invoke(bench, made.id)
    streams = bench.client("logs").describe_log_streams(logGroupName="/headgate/functions")["logStreams"]
    assert len(streams) == 1


def test_a_permission_is_a_statement_of_the_functions_policy(bench: Bench) -> None:
    made = bench.create(FUNCTION, function(bench), "Function")
    wanted = {
        "FunctionName": made.id,
        "Action": "lambda:InvokeFunction",
        "Principal": "events.amazonaws.com",
        "SourceArn": f"arn:aws:events:eu-west-1:{bench.account}:rule/ended",
        "SourceAccount": bench.account,
    }
    permission = bench.create(PERMISSION, wanted)
    client = bench.client("lambda")
    (statement,) = json.loads(client.get_policy(FunctionName=made.id)["Policy"])["Statement"]
    assert statement["Sid"] == permission.id
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert statement["Condition"]["ArnLike"] == {"AWS:SourceArn": wanted["SourceArn"]}
    assert statement["Condition"]["StringEquals"] == {"AWS:SourceAccount": bench.account}
    assert bench.find(PERMISSION, wanted) == permission
    assert bench.find(PERMISSION, wanted, "Other") is None
    bench.delete(PERMISSION, permission, wanted)
    assert bench.find(PERMISSION, wanted) is None
    with pytest.raises(ClientError, match="ResourceNotFound"):
        client.get_policy(FunctionName=made.id)


def test_a_version_stays_as_it_was_and_an_alias_moves(bench: Bench) -> None:
    old, new = function(bench, "1"), function(bench, "2")
    made = bench.create(FUNCTION, old, "Function")
    first = bench.create(VERSION, {"FunctionName": made.id}, "First")
    assert first.id == f"{made.attributes['Arn']}:1"
    assert first.attributes["Version"] == "1"
    named = {"FunctionName": made.id, "Name": "live", "FunctionVersion": "1"}
    alias = bench.create(ALIAS, named, "Alias")
    assert alias.id == f"{made.attributes['Arn']}:live"
    bench.update(FUNCTION, made, old, new)
    second = bench.create(VERSION, {"FunctionName": made.id}, "Second")
    assert [invoke(bench, made.id, Qualifier=version) for version in ("1", "2", "live")] == [1, 2, 1]
    later = {**named, "FunctionVersion": second.attributes["Version"], "Description": "moved"}
    bench.update(ALIAS, alias, named, later)
    assert invoke(bench, made.id, Qualifier="live") == 2
    assert bench.find(ALIAS, later) == alias
    bench.delete(ALIAS, alias, later)
    assert bench.find(ALIAS, later) is None
    bench.delete(VERSION, first, {"FunctionName": made.id})
    versions = bench.client("lambda").list_versions_by_function(FunctionName=made.id)["Versions"]
    assert [version["Version"] for version in versions] == ["$LATEST", "2"]


def test_an_event_source_mapping_is_made_changed_and_removed(bench: Bench) -> None:
    made = bench.create(FUNCTION, function(bench), "Function")
    queue = bench.create("AWS::SQS::Queue", {}, "Queue")
    old = {"FunctionName": made.id, "EventSourceArn": queue.attributes["Arn"], "BatchSize": 5}
    new = {**old, "BatchSize": 1, "Enabled": False}
    assert bench.find(MAPPING, old) is None
    mapping = bench.create(MAPPING, old)
    assert bench.find(MAPPING, old) == mapping
    client = bench.client("lambda")
    bench.update(MAPPING, mapping, old, new)
    found = client.get_event_source_mapping(UUID=mapping.id)
    assert (found["BatchSize"], found["State"]) == (1, "Disabled")
    bench.delete(MAPPING, mapping, new)
    assert client.list_event_source_mappings()["EventSourceMappings"] == []


def machine(bench: Bench) -> Json:
    first = {"Type": "Pass", "Result": "${Word}", "Next": "B"}
    text = json.dumps({"StartAt": "A", "States": {"A": first, "B": {"Type": "Succeed"}}})
    return {
        "StateMachineName": "headgate-vending",
        "RoleArn": role(bench, "states.amazonaws.com"),
        "DefinitionString": text,
        "DefinitionSubstitutions": {"Word": "hello"},
    }


def test_a_state_machine_is_defined_with_its_substitutions(bench: Bench) -> None:
    states = bench.client("stepfunctions")
    group = f"arn:aws:logs:eu-west-1:{bench.account}:log-group:/machine:*"
    bench.client("logs").create_log_group(logGroupName="/machine")
    logging = {"Level": "ALL", "Destinations": [{"CloudWatchLogsLogGroup": {"LogGroupArn": group}}]}
    old = {**machine(bench), "LoggingConfiguration": logging, "Tags": [{"Key": "a", "Value": "b"}]}
    new = {**machine(bench), "DefinitionSubstitutions": {"Word": "bye"}}
    made = bench.create(MACHINE, old)
    assert made.id == f"arn:aws:states:eu-west-1:{bench.account}:stateMachine:headgate-vending"
    assert made.attributes["Name"] == "headgate-vending"
    found = states.describe_state_machine(stateMachineArn=made.id)
    assert json.loads(found["definition"])["States"]["A"]["Result"] == "hello"
    assert found["loggingConfiguration"]["level"] == "ALL"
    bench.update(MACHINE, made, old, new)
    found = states.describe_state_machine(stateMachineArn=made.id)
    assert json.loads(found["definition"])["States"]["A"]["Result"] == "bye"
    assert found["loggingConfiguration"]["level"] == "OFF"
    tags = states.list_tags_for_resource(resourceArn=made.id)["tags"]
    assert {tag["key"] for tag in tags} == {"team"}
    assert bench.find(MACHINE, new) is not None
    bench.delete(MACHINE, made, new)
    assert states.list_state_machines()["stateMachines"] == []


def test_a_state_machines_definition_comes_from_an_object_or_from_a_bucket(bench: Bench) -> None:
    base = machine(bench)
    text = base.pop("DefinitionString")
    bucket = bench.create("AWS::S3::Bucket", {}, "Code").id
    bench.client("s3").put_object(Bucket=bucket, Key="m.json", Body=text.encode())
    states = bench.client("stepfunctions")
    for name, source in (
        ("stored", {"DefinitionS3Location": {"Bucket": bucket, "Key": "m.json"}}),
        ("written", {"Definition": json.loads(text)}),
    ):
        made = bench.create(MACHINE, {**base, **source, "StateMachineName": name})
        found = states.describe_state_machine(stateMachineArn=made.id)
        assert json.loads(found["definition"])["States"]["A"]["Result"] == "hello"
    with pytest.raises(ResourceError, match="exactly one of"):
        bench.create(MACHINE, base)


def test_inline_code_is_the_same_archive_every_time(bench: Bench) -> None:
    from headgate.localcloud.cloudformation.resources.lambda_functions import _archive

    first = _archive("x = 1\n", "python3.12")
    assert first == _archive("x = 1\n", "python3.12")
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert archive.read("index.py") == b"x = 1\n"
    with pytest.raises(ResourceError, match="needs a python or nodejs runtime"):
        _archive("x", "java21")
