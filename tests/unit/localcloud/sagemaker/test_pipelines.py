from __future__ import annotations

import pytest

from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Caller
from unit.localcloud.executions.fakes import CALLER, ROLE, World, definition, processing

ONE, TWO = definition([processing("One")]), definition([processing("Two")])


def create(world: World, name: str = "flow", **more: object) -> None:
    request = {"PipelineDefinition": ONE, "RoleArn": ROLE, "ClientRequestToken": world.token(), **more}
    world.call("CreatePipeline", PipelineName=name, **request)


def test_a_pipeline_is_described_as_it_was_created(world: World) -> None:
    create(world, PipelineDescription="mine", ParallelismConfiguration={"MaxParallelExecutionSteps": 3})
    described = world.call("DescribePipeline", PipelineName="flow")
    assert described == {
        "PipelineArn": "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/flow",
        "PipelineName": "flow",
        "PipelineDisplayName": "flow",
        "PipelineDescription": "mine",
        "PipelineDefinition": ONE,
        "ParallelismConfiguration": {"MaxParallelExecutionSteps": 3},
        "RoleArn": ROLE,
        "PipelineStatus": "Active",
        "CreationTime": world.clock.time,
        "LastModifiedTime": world.clock.time,
        "CreatedBy": {"IamIdentity": {"Arn": CALLER.principal}},
        "LastModifiedBy": {"IamIdentity": {"Arn": CALLER.principal}},
    }
    assert world.call("DescribePipeline", PipelineName=described["PipelineArn"]) == described


def test_a_name_is_taken_once_but_the_same_request_may_come_again(world: World) -> None:
    token = world.token()
    create(world, ClientRequestToken=token)
    create(world, ClientRequestToken=token)
    with pytest.raises(AwsError, match="must be unique within an AWS account"):
        create(world)


def test_accounts_and_regions_are_separate(world: World) -> None:
    create(world)
    for other in (Caller("210987654321", "eu-west-1"), Caller(CALLER.account, "us-east-1")):
        with pytest.raises(AwsError, match=r"ResourceNotFound.*does not exist"):
            world.call("DescribePipeline", other, PipelineName="flow")


def test_a_definition_may_come_from_s3(world: World) -> None:
    world.put("s3://code/flow.json", ONE.encode())
    location = {"Bucket": "code", "ObjectKey": "flow.json"}
    request = {"PipelineName": "flow", "RoleArn": ROLE, "ClientRequestToken": world.token()}
    world.call("CreatePipeline", PipelineDefinitionS3Location=location, **request)
    assert world.call("DescribePipeline", PipelineName="flow")["PipelineDefinition"] == ONE


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        ({}, "exactly one of PipelineDefinition and PipelineDefinitionS3Location"),
        ({"PipelineDefinition": "{"}, "Unable to parse pipeline definition. it is not JSON"),
        ({"PipelineDefinitionS3Location": {"Bucket": "code", "ObjectKey": "none"}}, "NoSuch"),
        ({"PipelineDefinitionS3Location": {"Bucket": "code", "ObjectKey": "image"}}, "is not text"),
    ],
)
def test_a_definition_that_is_none_is_refused_and_nothing_is_created(
    world: World, request_: dict[str, object], told: str
) -> None:
    world.put("s3://code/image", b"\xff\xfe\x00")
    with pytest.raises(AwsError, match=told):
        world.call("CreatePipeline", PipelineName="flow", RoleArn=ROLE, ClientRequestToken=world.token(), **request_)
    assert world.call("ListPipelines")["PipelineSummaries"] == []


def test_an_update_makes_a_version_and_old_ones_can_still_be_run(world: World) -> None:
    create(world)
    world.clock.time += 5
    updated = world.call("UpdatePipeline", PipelineName="flow", PipelineDefinition=TWO, PipelineDescription="new")
    assert updated["PipelineVersionId"] == 2
    described = world.call("DescribePipeline", PipelineName="flow")
    assert (described["PipelineDefinition"], described["PipelineDescription"]) == (TWO, "new")
    assert described["LastModifiedTime"] == described["CreationTime"] + 5
    assert world.call("DescribePipeline", PipelineName="flow", PipelineVersionId=1)["PipelineDefinition"] == ONE
    old = world.finish(world.start(PipelineVersionId=1))
    assert set(world.steps(old["PipelineExecutionArn"])) == {"One"}
    assert old["PipelineVersionId"] == 1
    versions = world.call("ListPipelineVersions", PipelineName="flow")["PipelineVersionSummaries"]
    assert [one["PipelineVersionId"] for one in versions] == [2, 1]
    assert versions[1]["LastExecutionPipelineExecutionArn"] == old["PipelineExecutionArn"]
    with pytest.raises(AwsError, match="has no version 3"):
        world.start(PipelineVersionId=3)


def test_a_failed_update_changes_nothing(world: World) -> None:
    create(world)
    with pytest.raises(AwsError, match="Unable to parse"):
        world.call("UpdatePipeline", PipelineName="flow", PipelineDefinition="{}", PipelineDescription="new")
    assert "PipelineDescription" not in world.call("DescribePipeline", PipelineName="flow")


def test_an_alias_names_one_version(world: World) -> None:
    create(world, PipelineVersionAliases=["live"])
    arn = world.call("UpdatePipeline", PipelineName="flow", PipelineDefinition=TWO)["PipelineArn"]
    assert world.call("DescribePipeline", PipelineName="flow", PipelineVersionAlias="live")["PipelineDefinition"] == ONE
    world.call(
        "UpdatePipelineVersion",
        PipelineArn=arn,
        PipelineVersionId=2,
        PipelineVersionDisplayName="second",
        PipelineVersionAliasOperations={"Add": ["live", "best"]},
    )
    described = world.call("DescribePipeline", PipelineName="flow", PipelineVersionAlias="live")
    assert described["PipelineDefinition"] == TWO
    assert described["PipelineVersionDisplayName"] == "second"
    assert described["PipelineVersionAliases"] == ["live", "best"]
    summaries = world.call("ListPipelineVersions", PipelineName="flow", SortOrder="Ascending")[
        "PipelineVersionSummaries"
    ]
    assert summaries[0]["PipelineVersionAliases"] == []
    with pytest.raises(AwsError, match="no version with the alias 'old'"):
        world.start(PipelineVersionAlias="old")


def test_pipelines_are_listed_by_prefix_time_and_order_in_pages(world: World) -> None:
    for name in ("b-flow", "a-flow", "other", "c-flow"):
        world.clock.time += 10
        create(world, name)
    listed = world.call("ListPipelines", SortBy="Name", SortOrder="Ascending", MaxResults=3)
    assert [one["PipelineName"] for one in listed["PipelineSummaries"]] == ["a-flow", "b-flow", "c-flow"]
    rest = world.call(
        "ListPipelines", SortBy="Name", SortOrder="Ascending", MaxResults=3, NextToken=listed["NextToken"]
    )
    assert [one["PipelineName"] for one in rest["PipelineSummaries"]] == ["other"]
    assert "NextToken" not in rest
    newest = world.call("ListPipelines", CreatedAfter=world.clock.time - 15)["PipelineSummaries"]
    assert [one["PipelineName"] for one in newest] == ["c-flow", "other"]
    assert world.call("ListPipelines", PipelineNamePrefix="b")["PipelineSummaries"][0]["PipelineName"] == "b-flow"


def test_the_last_run_is_shown(world: World) -> None:
    create(world)
    world.clock.time += 7
    world.finish(world.start())
    assert world.call("DescribePipeline", PipelineName="flow")["LastRunTime"] == world.clock.time
    assert world.call("ListPipelines")["PipelineSummaries"][0]["LastExecutionTime"] == world.clock.time


def test_a_deleted_pipeline_leaves_nothing(world: World) -> None:
    create(world)
    arn = world.start()
    world.finish(arn)
    world.call("DeletePipeline", PipelineName="flow", ClientRequestToken=world.token())
    for operation, request in (
        ("DescribePipeline", {"PipelineName": "flow"}),
        ("DescribePipelineExecution", {"PipelineExecutionArn": arn}),
    ):
        with pytest.raises(AwsError, match="ResourceNotFound"):
            world.call(operation, **request)
    create(world)
    assert world.call("ListPipelineExecutions", PipelineName="flow")["PipelineExecutionSummaries"] == []


def test_a_running_pipeline_cannot_be_deleted(world: World) -> None:
    world.jobs.held = {"-One-"}
    create(world)
    world.start()
    with pytest.raises(AwsError, match=r"ConflictException.*stop it first"):
        world.call("DeletePipeline", PipelineName="flow", ClientRequestToken=world.token())
