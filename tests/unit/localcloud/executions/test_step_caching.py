from __future__ import annotations

import copy

import pytest

from headgate.localcloud.executions.caching import outputs, signature
from headgate.localcloud.executions.model import Step
from headgate.localcloud.seams import Json
from unit.localcloud.executions.fakes import World, get, processing, training

CACHE = {"Enabled": True, "ExpireAfter": "PT1H"}
PARAMETERS = [{"Name": "Mode", "Type": "String", "DefaultValue": "a"}]


def prepare() -> Json:
    return processing(
        "Prepare", outputs=["train"], CacheConfig=CACHE, arguments={"Environment": {"m": get("Parameters.Mode")}}
    )


def twice(world: World, **second: object) -> tuple[str, dict[str, Json]]:
    """Run once, then again; the first ARN, and the second execution's steps."""
    use = processing("Use", arguments={"Environment": {"job": get("Steps.Prepare.ProcessingJobName")}})
    world.create_pipeline([prepare(), use], parameters=PARAMETERS)
    first = world.start()
    world.finish(first)
    arn = world.start(**second)
    assert world.finish(arn)["PipelineExecutionStatus"] == "Succeeded"
    return first, world.steps(arn)


def test_the_same_step_again_is_not_run(world: World) -> None:
    world.put("s3://data/Prepare/train/part.csv", b"1")
    first, steps = twice(world)
    assert steps["Prepare"]["CacheHitResult"] == {"SourcePipelineExecutionArn": first}
    assert len(world.jobs.of_step("Prepare")) == 1
    (name,) = {job.request["Environment"]["job"] for job in world.jobs.of_step("Use")}
    assert name == world.jobs.of_step("Prepare")[0].name
    assert steps["Prepare"]["Metadata"]["ProcessingJob"]["Arn"].endswith(name)


def test_other_arguments_are_another_step(world: World) -> None:
    _, steps = twice(world, PipelineParameters=[{"Name": "Mode", "Value": "b"}])
    assert "CacheHitResult" not in steps["Prepare"]
    assert len(world.jobs.of_step("Prepare")) == 2


def test_a_result_expires(world: World) -> None:
    world.create_pipeline([prepare()], parameters=PARAMETERS)
    world.finish(world.start())
    world.clock.time += 3601
    assert "CacheHitResult" not in world.steps(world.finish(world.start())["PipelineExecutionArn"])["Prepare"]


def test_a_result_whose_outputs_are_gone_is_not_used(world: World) -> None:
    world.put("s3://data/Prepare/train/part.csv", b"1")
    world.create_pipeline([prepare()], parameters=PARAMETERS)
    world.finish(world.start())
    world.objects.delete("data", "Prepare/train/part.csv")
    assert "CacheHitResult" not in world.steps(world.finish(world.start())["PipelineExecutionArn"])["Prepare"]


def test_a_failure_is_never_reused(world: World) -> None:
    world.jobs.behave = lambda job: job.end("Failed", "AlgorithmError: x")
    world.create_pipeline([prepare()], parameters=PARAMETERS)
    world.finish(world.start())
    world.jobs.behave = lambda job: job.end()
    assert world.finish(world.start())["PipelineExecutionStatus"] == "Succeeded"
    assert len(world.jobs.jobs) == 2


def sign(body: Json) -> str | None:
    step = Step(name="A", kind=body["Type"], arguments={}, body=body, cache_seconds=1)
    return signature(step, body["Arguments"], body)


@pytest.mark.parametrize(
    ("path", "counts"),
    [
        (("AppSpecification", "ImageUri"), True),
        (("ProcessingResources", "ClusterConfig", "InstanceType"), False),
        (("RoleArn",), False),
    ],
)
def test_which_arguments_of_a_processing_step_count(path: tuple[str, ...], counts: bool) -> None:
    body = processing("A")
    changed = copy.deepcopy(body)
    place = changed["Arguments"]
    for member in path[:-1]:
        place = place[member]
    place[path[-1]] = "other"
    assert (sign(body) != sign(changed)) is counts


def test_where_outputs_go_does_not_count_and_hyperparameters_do() -> None:
    assert sign(processing("A", outputs=["x"])) == sign(processing("A", outputs=["y"]))
    plain = training("A")
    assert sign(plain) == sign(training("A", arguments={"OutputDataConfig": {"S3OutputPath": "s3://elsewhere"}}))
    assert sign(plain) != sign(training("A", arguments={"HyperParameters": {"a": "1"}}))


def test_of_a_tuning_step_the_tuned_job_counts_but_not_where_it_runs() -> None:
    def tuning(**definition: object) -> Json:
        return {"Type": "Tuning", "Arguments": {"TrainingJobDefinition": definition}}

    assert sign(tuning(RoleArn="a")) == sign(tuning(RoleArn="b"))
    assert sign(tuning(StaticHyperParameters={"a": "1"})) != sign(tuning(StaticHyperParameters={"a": "2"}))


def test_of_a_lambda_step_everything_counts() -> None:
    body = {"Type": "Lambda", "FunctionArn": "f", "Arguments": {"a": 1}}
    assert sign(body) == sign(dict(body))
    assert sign(body) != sign({**body, "FunctionArn": "g"})
    assert sign(body) != sign({**body, "Arguments": {"a": 2}})


@pytest.mark.parametrize(
    ("kind", "properties", "written"),
    [
        ("Training", {"ModelArtifacts": {"S3ModelArtifacts": "s3://b/model.tar.gz"}}, ["s3://b/model.tar.gz"]),
        ("Transform", {"TransformOutput": {"S3OutputPath": "s3://b/out"}}, ["s3://b/out"]),
        ("Processing", {"ProcessingOutputConfig": {"Outputs": [{"OutputName": "x"}]}}, []),
        ("Lambda", {"OutputParameters": {}}, []),
    ],
)
def test_what_a_step_has_written(kind: str, properties: Json, written: list[str]) -> None:
    assert outputs(kind, properties) == written


@pytest.mark.parametrize("kind", ["Model", "RegisterModel", "Condition", "Fail"])
def test_other_steps_are_never_cached(kind: str) -> None:
    assert sign({"Type": kind, "Arguments": {}}) is None
