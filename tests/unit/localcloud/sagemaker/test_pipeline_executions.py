from __future__ import annotations

import pytest

from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Caller
from unit.localcloud.executions.fakes import CALLER, ROLE, World, definition, processing

PARAMETERS = [
    {"Name": "Rows", "Type": "Integer", "DefaultValue": 5},
    {"Name": "Data", "Type": "String"},
]


@pytest.fixture
def flow(world: World) -> None:
    world.create_pipeline([processing("One")], parameters=PARAMETERS)


def start(world: World, **more: object) -> str:
    return world.start(PipelineParameters=[{"Name": "Data", "Value": "s3://x"}], **more)


def test_an_execution_is_described(world: World, flow: None) -> None:
    arn = start(world, PipelineExecutionDisplayName="first", PipelineExecutionDescription="a try")
    described = world.finish(arn)
    assert arn.startswith("arn:aws:sagemaker:eu-west-1:123456789012:pipeline/flow/execution/")
    assert len(arn.rpartition("/")[2]) == 12
    assert described == {
        "PipelineArn": arn.partition("/execution/")[0],
        "PipelineExecutionArn": arn,
        "PipelineExecutionDisplayName": "first",
        "PipelineExecutionDescription": "a try",
        "PipelineExecutionStatus": "Succeeded",
        "PipelineVersionId": 1,
        "RoleArn": ROLE,
        "CreationTime": world.clock.time,
        "LastModifiedTime": world.clock.time,
        "CreatedBy": {"IamIdentity": {"Arn": CALLER.principal}},
        "LastModifiedBy": {"IamIdentity": {"Arn": CALLER.principal}},
    }


def test_the_same_token_starts_one_execution(world: World, flow: None) -> None:
    token = world.token()
    assert start(world, ClientRequestToken=token) == start(world, ClientRequestToken=token)
    assert start(world) != start(world)


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ([], "'Data' has no default value"),
        ([{"Name": "Data", "Value": "x"}, {"Name": "Rows", "Value": "many"}], "'Rows' is of type Integer"),
        ([{"Name": "Data", "Value": "x"}, {"Name": "Row", "Value": "1"}], "unknown pipeline parameters: Row"),
    ],
)
def test_wrong_parameters_start_nothing(world: World, flow: None, parameters: list[dict[str, str]], told: str) -> None:
    with pytest.raises(AwsError, match=told):
        world.start(PipelineParameters=parameters)
    assert world.call("ListPipelineExecutions", PipelineName="flow")["PipelineExecutionSummaries"] == []


def test_parameters_and_definition_are_those_of_the_start(world: World, flow: None) -> None:
    arn = start(world)
    world.finish(arn)
    world.call("UpdatePipeline", PipelineName="flow", PipelineDefinition=definition([processing("Two")]))
    listed = world.call("ListPipelineParametersForExecution", PipelineExecutionArn=arn)["PipelineParameters"]
    assert listed == [{"Name": "Rows", "Value": "5"}, {"Name": "Data", "Value": "s3://x"}]
    text = world.call("DescribePipelineDefinitionForExecution", PipelineExecutionArn=arn)["PipelineDefinition"]
    assert text == definition([processing("One")], PARAMETERS)


def test_executions_are_listed_newest_first_in_pages(world: World, flow: None) -> None:
    arns = []
    for _ in range(3):
        world.clock.time += 1
        arns.append(start(world))
        world.finish(arns[-1])
    listed = world.call("ListPipelineExecutions", PipelineName="flow", MaxResults=2)
    shown = [one["PipelineExecutionArn"] for one in listed["PipelineExecutionSummaries"]]
    assert shown == [arns[2], arns[1]]
    rest = world.call("ListPipelineExecutions", PipelineName="flow", MaxResults=2, NextToken=listed["NextToken"])
    (oldest,) = rest["PipelineExecutionSummaries"]
    assert (oldest["PipelineExecutionArn"], oldest["StartTime"]) == (arns[0], world.clock.time - 2)
    assert oldest["PipelineExecutionStatus"] == "Succeeded"


def test_executions_are_listed_by_version_alias(world: World, flow: None) -> None:
    start(world)
    text = definition([processing("Two")])
    world.call("UpdatePipeline", PipelineName="flow", PipelineDefinition=text, PipelineVersionAliases=["live"])
    arn = world.start()
    listed = world.call("ListPipelineExecutions", PipelineName="flow", PipelineVersionAlias="live")
    assert [one["PipelineExecutionArn"] for one in listed["PipelineExecutionSummaries"]] == [arn]


def test_a_failure_is_in_the_list(world: World, flow: None) -> None:
    world.jobs.behave = lambda job: job.end("Failed", "AlgorithmError: x")
    world.finish(start(world))
    (one,) = world.call("ListPipelineExecutions", PipelineName="flow")["PipelineExecutionSummaries"]
    assert "One: ClientError: AlgorithmError: x" in one["PipelineExecutionFailureReason"]


def test_steps_are_listed_last_first(world: World) -> None:
    world.create_pipeline([processing("A"), processing("B", DependsOn=["A"])])
    arn = world.start()
    world.finish(arn)
    listed = world.call("ListPipelineExecutionSteps", PipelineExecutionArn=arn, MaxResults=1)
    assert [one["StepName"] for one in listed["PipelineExecutionSteps"]] == ["B"]
    with pytest.raises(AwsError, match="PipelineExecutionArn has to be given"):
        world.call("ListPipelineExecutionSteps")


def test_an_unknown_execution_is_not_found(world: World) -> None:
    with pytest.raises(AwsError, match="ResourceNotFound"):
        world.describe(CALLER.arn("sagemaker", "pipeline/flow/execution/none"))


def test_an_execution_of_another_account_is_not_found(world: World, flow: None) -> None:
    arn = start(world)
    with pytest.raises(AwsError, match="ResourceNotFound"):
        world.call("DescribePipelineExecution", Caller("210987654321", "eu-west-1"), PipelineExecutionArn=arn)


def test_mlflow_tracking_by_the_service_is_refused(world: World, flow: None) -> None:
    with pytest.raises(AwsError, match="MlflowExperimentName"):
        start(world, MlflowExperimentName="x")
