"""Executions from start to end: order, parallelism, failure, what is shown."""

from __future__ import annotations

from unit.localcloud.executions.fakes import World, get, processing, training


def test_a_chain_runs_in_order_and_shows_each_job(world: World) -> None:
    world.create_pipeline(
        [
            processing("Prepare", outputs=["train"]),
            training(
                "Train",
                arguments={
                    "HyperParameters": {"rounds": get("Parameters.Rounds"), "id": get("Execution.PipelineExecutionId")},
                    "InputDataConfig": [
                        {
                            "ChannelName": "train",
                            "DataSource": {
                                "S3DataSource": {
                                    "S3DataType": "S3Prefix",
                                    "S3Uri": get(
                                        "Steps.Prepare.ProcessingOutputConfig.Outputs['train'].S3Output.S3Uri"
                                    ),
                                }
                            },
                        }
                    ],
                },
            ),
        ],
        parameters=[{"Name": "Rounds", "Type": "Integer", "DefaultValue": 5}],
    )
    arn = world.start(PipelineParameters=[{"Name": "Rounds", "Value": "7"}])
    assert world.finish(arn)["PipelineExecutionStatus"] == "Succeeded"
    steps = world.steps(arn)
    assert list(steps) == ["Prepare", "Train"]
    prepare, train = world.jobs.jobs
    execution_id = arn.rpartition("/")[2]
    assert prepare.name.startswith(f"pipelines-{execution_id}-Prepare-")
    assert steps["Train"]["Metadata"]["TrainingJob"]["Arn"].endswith(f"training-job/{train.name}")
    assert train.request["HyperParameters"] == {"rounds": "7", "id": execution_id}
    uri = train.request["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"]
    assert uri == "s3://data/Prepare/train"
