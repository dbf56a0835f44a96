"""Model, RegisterModel, EndpointConfig and Endpoint steps."""

from __future__ import annotations

import io
import tarfile

from headgate.localcloud.seams import Json
from unit.localcloud.executions.fakes import ROLE, World, get, training


def archive() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        tar.addfile(tarfile.TarInfo("model.bin"))
    return stream.getvalue()


def model(name: str, url: object) -> Json:
    return {
        "Name": name,
        "Type": "Model",
        "Arguments": {"PrimaryContainer": {"Image": "image", "ModelDataUrl": url}, "ExecutionRoleArn": ROLE},
    }


def register(url: object, **more: object) -> Json:
    container = {"Image": "image", "ModelDataUrl": url}
    arguments = {
        "ModelPackageGroupName": "models",
        "InferenceSpecification": {"Containers": [container], "SupportedContentTypes": ["text/csv"]},
        **more,
    }
    return {"Name": "Register", "Type": "RegisterModel", "Arguments": arguments}


def test_a_trained_model_is_made_and_registered(world: World) -> None:
    data = archive()
    world.jobs.behave = lambda job: (
        world.put(f"s3://data/models/{job.name}/output/model.tar.gz", data) if job.kind == "TrainingJob" else None,
        job.end(),
    )
    url = get("Steps.Train.ModelArtifacts.S3ModelArtifacts")
    metadata = {"MetadataProperties": {"CommitId": "abc"}}
    described = world.run([training("Train"), model("Make", url), register(url, **metadata)])
    assert described["PipelineExecutionStatus"] == "Succeeded"
    steps = world.steps(described["PipelineExecutionArn"])
    arn = steps["Register"]["Metadata"]["RegisterModel"]["Arn"]
    assert arn.endswith(":model-package/models/1")
    package = world.call("DescribeModelPackage", ModelPackageName=arn)
    assert package["ModelApprovalStatus"] == "PendingManualApproval"
    assert package["MetadataProperties"] == {"CommitId": "abc", "GeneratedBy": described["PipelineExecutionArn"]}
    name = steps["Make"]["Metadata"]["Model"]["Arn"].rpartition("/")[2]
    made = world.call("DescribeModel", ModelName=name)
    assert made["PrimaryContainer"]["ModelDataUrl"].endswith("/output/model.tar.gz")


def test_a_corrupt_model_registers_nothing(world: World) -> None:
    world.put("s3://data/model.tar.gz", archive()[:40])
    described = world.run([register("s3://data/model.tar.gz")])
    assert "s3://data/model.tar.gz is not a readable tar.gz archive" in described["FailureReason"]
    assert world.call("ListModelPackages", ModelPackageGroupName="models")["ModelPackageSummaryList"] == []


def test_a_missing_model_registers_nothing(world: World) -> None:
    world.put("s3://data/other", b"")
    assert (
        "Could not find model data at s3://data/model.tar.gz"
        in world.run([register("s3://data/model.tar.gz")])["FailureReason"]
    )


def config_step() -> Json:
    variant = {"VariantName": "all", "ModelName": "m", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
    return {"Name": "Config", "Type": "EndpointConfig", "Arguments": {"ProductionVariants": [variant]}}


def endpoint_step() -> Json:
    arguments = {"EndpointName": "live", "EndpointConfigName": get("Steps.Config.EndpointConfigName"), "Tags": []}
    return {"Name": "Deploy", "Type": "Endpoint", "Arguments": arguments}


def test_an_endpoint_is_made_and_the_next_time_updated(world: World) -> None:
    described = world.run([config_step(), endpoint_step()])
    assert described["PipelineExecutionStatus"] == "Succeeded"
    steps = world.steps(described["PipelineExecutionArn"])
    assert steps["Deploy"]["Metadata"]["Endpoint"]["Arn"].endswith("/live")
    calls: list[str] = []
    table = world.service.operations._table
    for name in ("CreateEndpoint", "UpdateEndpoint"):
        table[name] = lambda caller, request, name=name, call=table[name]: calls.append(name) or call(caller, request)
    assert world.finish(world.start())["PipelineExecutionStatus"] == "Succeeded"
    assert calls == ["UpdateEndpoint"]


def test_an_endpoint_that_does_not_come_up_fails_the_step(world: World) -> None:
    world.jobs.behave = lambda job: job.end(
        "Failed" if job.kind == "Endpoint" else "Completed", "no ping" if job.kind == "Endpoint" else ""
    )
    reason = world.run([config_step(), endpoint_step()])["FailureReason"]
    assert "Deploy: ClientError: endpoint 'live' did not come into service: no ping" in reason
