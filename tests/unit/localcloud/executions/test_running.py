"""Executions from start to end: order, references, parallelism, failure, what is shown."""

from __future__ import annotations

import json

import pytest

from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Json
from unit.localcloud.executions.fakes import CALLER, ROLE, Job, World, definition, get, processing, training


def channel(uri: object) -> list[Json]:
    return [{"ChannelName": "train", "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}}}]


def test_a_chain_runs_in_order_and_shows_each_job(world: World) -> None:
    uri = get("Steps.Prepare.ProcessingOutputConfig.Outputs['train'].S3Output.S3Uri")
    world.create_pipeline(
        [
            processing("Prepare", outputs=["train"], DisplayName="Prepare data", Description="cleans"),
            training("Train", arguments={"InputDataConfig": channel(uri)}),
        ]
    )
    arn = world.start()
    described = world.finish(arn)
    assert described["PipelineExecutionStatus"] == "Succeeded"
    assert "FailureReason" not in described
    steps = world.steps(arn)
    assert list(steps) == ["Prepare", "Train"]
    prepare, train = world.jobs.jobs
    assert prepare.name.startswith(f"pipelines-{arn.rpartition('/')[2]}-Prepare-")
    assert steps["Prepare"] == {
        "StepName": "Prepare",
        "StepDisplayName": "Prepare data",
        "StepDescription": "cleans",
        "StartTime": world.clock.time,
        "EndTime": world.clock.time,
        "StepStatus": "Succeeded",
        "AttemptCount": 1,
        "Metadata": {"ProcessingJob": {"Arn": CALLER.arn("sagemaker", f"processing-job/{prepare.name}")}},
    }
    assert train.request["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"] == "s3://data/Prepare/train"


def test_parameters_and_variables_reach_a_job_as_text_where_text_is_wanted(world: World) -> None:
    variables = ("PipelineExecutionId", "PipelineName", "StartDateTime", "TrainingJobName", "PipelineExecutionArn")
    hyperparameters = {name: get(f"Execution.{name}") for name in variables}
    hyperparameters |= {"rounds": get("Parameters.Rounds"), "verbose": get("Parameters.Verbose")}
    resources = {"InstanceCount": get("Parameters.Count"), "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
    world.create_pipeline(
        [training("Train", arguments={"HyperParameters": hyperparameters, "ResourceConfig": resources})],
        parameters=[
            {"Name": "Rounds", "Type": "Integer", "DefaultValue": 5},
            {"Name": "Count", "Type": "Integer", "DefaultValue": 1},
            {"Name": "Verbose", "Type": "Boolean", "DefaultValue": True},
        ],
    )
    arn = world.start(PipelineParameters=[{"Name": "Rounds", "Value": "7"}, {"Name": "Count", "Value": "3"}])
    world.finish(arn)
    (train,) = world.jobs.jobs
    assert train.request["ResourceConfig"]["InstanceCount"] == 3
    assert train.request["HyperParameters"] == {
        "rounds": "7",
        "verbose": "true",
        "PipelineExecutionId": arn.rpartition("/")[2],
        "PipelineName": "flow",
        "StartDateTime": "2023-11-14T22:13:20.000Z",
        "TrainingJobName": train.name,
        "PipelineExecutionArn": arn,
    }


def test_steps_that_do_not_depend_run_at_once_up_to_the_limit(world: World) -> None:
    world.jobs.held = {"-P"}
    world.create_pipeline([processing(f"P{index}") for index in range(6)])
    arn = world.start(ParallelismConfiguration={"MaxParallelExecutionSteps": 2})
    first, second = world.jobs.await_step("P0"), world.jobs.await_step("P1")
    assert len(world.jobs.jobs) == 2
    first.end()
    second.end()
    for index in range(2, 6):
        world.jobs.await_step(f"P{index}").end()
    assert world.finish(arn)["PipelineExecutionStatus"] == "Succeeded"
    assert world.jobs.most_at_once == 2


def test_the_limit_can_be_raised_while_it_runs(world: World) -> None:
    world.jobs.held = {"-P"}
    world.create_pipeline(
        [processing("P0"), processing("P1")], ParallelismConfiguration={"MaxParallelExecutionSteps": 1}
    )
    arn = world.start()
    first = world.jobs.await_step("P0")
    assert not world.jobs.of_step("P1")
    world.call(
        "UpdatePipelineExecution",
        PipelineExecutionArn=arn,
        ParallelismConfiguration={"MaxParallelExecutionSteps": 2},
        PipelineExecutionDisplayName="wider",
    )
    world.jobs.await_step("P1").end()
    first.end()
    assert world.finish(arn)["PipelineExecutionDisplayName"] == "wider"


def test_a_failed_job_fails_the_execution_and_names_step_and_reason(world: World) -> None:
    world.jobs.behave = lambda job: job.end("Failed", "AlgorithmError: exit code 1")
    world.create_pipeline([processing("Prepare"), training("Train", DependsOn=["Prepare"])])
    arn = world.start()
    described = world.finish(arn)
    assert described["PipelineExecutionStatus"] == "Failed"
    reason = "Step failure: One or multiple steps failed: Prepare: ClientError: AlgorithmError: exit code 1"
    assert described["FailureReason"] == reason
    steps = world.steps(arn)
    assert list(steps) == ["Prepare"]
    assert steps["Prepare"]["FailureReason"] == "ClientError: AlgorithmError: exit code 1"
    assert "ProcessingJob" in steps["Prepare"]["Metadata"]


def test_running_steps_finish_after_another_has_failed_and_nothing_new_starts(world: World) -> None:
    world.jobs.held = {"-Slow-", "-Bad-"}
    world.create_pipeline([processing("Slow"), processing("Bad"), processing("After", DependsOn=["Slow"])])
    arn = world.start()
    slow, bad = world.jobs.await_step("Slow"), world.jobs.await_step("Bad")
    bad.end("Failed", "AlgorithmError: no")
    world.await_status(arn, "Bad", "Failed")
    slow.end()
    assert world.finish(arn)["PipelineExecutionStatus"] == "Failed"
    assert world.statuses(arn) == {"Slow": "Succeeded", "Bad": "Failed"}


def test_a_step_that_waits_for_a_failure_runs_after_it(world: World) -> None:
    world.jobs.behave = lambda job: job.end("Failed" if "-Bad-" in job.name else "Completed", "AlgorithmError: no")
    described = world.run([processing("Bad"), processing("Tell", DependsOn=[{"Step": "Bad", "Trigger": "Failed"}])])
    assert described["PipelineExecutionStatus"] == "CompletedWithFailures"
    assert world.statuses(described["PipelineExecutionArn"]) == {"Bad": "Failed", "Tell": "Succeeded"}


def test_a_refused_request_is_the_steps_failure(world: World) -> None:
    described = world.run([processing("Bad", arguments={"ProcessingResources": {}})])
    assert "Bad: ClientError: CreateProcessingJob was refused: ValidationException" in described["FailureReason"]
    assert "ClusterConfig" in described["FailureReason"]


def test_a_reference_to_what_is_not_there_is_the_steps_failure(world: World) -> None:
    bad = processing(
        "Bad", arguments={"RoleArn": get("Steps.Prepare.ProcessingOutputConfig.Outputs['b'].S3Output.S3Uri")}
    )
    described = world.run([processing("Prepare", outputs=["a"]), bad])
    assert "Bad: ClientError: 'Steps.Prepare.ProcessingOutputConfig.Outputs['b']" in described["FailureReason"]
    assert "a list of 1 (a)" in described["FailureReason"]


def test_a_bug_ends_the_step_and_does_not_hang_the_execution(world: World) -> None:
    def broken(job: Job) -> None:
        raise RuntimeError("a bug")

    world.jobs.behave = broken
    assert "InternalServerError: RuntimeError('a bug')" in world.run([processing("Bad")])["FailureReason"]


def test_a_job_that_is_stopped_from_outside_stops_the_execution(world: World) -> None:
    world.jobs.behave = lambda job: job.end("Stopped")
    described = world.run([processing("Bad")])
    assert described["PipelineExecutionStatus"] == "Stopped"
    assert "was stopped" in world.steps(described["PipelineExecutionArn"])["Bad"]["FailureReason"]


def test_a_training_job_out_of_time_is_a_failure(world: World) -> None:
    world.jobs.behave = lambda job: job.end("Stopped", SecondaryStatus="MaxRuntimeExceeded")
    described = world.run([training("Train")])
    assert described["PipelineExecutionStatus"] == "Failed"
    assert "was stopped: MaxRuntimeExceeded" in described["FailureReason"]


def test_a_processing_job_out_of_time_is_a_failure_with_its_reason(world: World) -> None:
    world.jobs.behave = lambda job: job.end("Stopped", FailureReason="ClientError: it ran longer than its limit")
    described = world.run([processing("Prepare")])
    assert described["PipelineExecutionStatus"] == "Failed"
    assert "Prepare: ClientError: it ran longer than its limit" in described["FailureReason"]


def test_a_fail_step_fails_the_execution_with_its_message(world: World) -> None:
    message = {"Std:Join": {"On": " ", "Values": ["too weak:", get("Parameters.Score")]}}
    described = world.run(
        [{"Name": "TooWeak", "Type": "Fail", "Arguments": {"ErrorMessage": message}}],
        parameters=[{"Name": "Score", "Type": "Float", "DefaultValue": 0.5}],
    )
    assert described["FailureReason"].endswith("TooWeak: too weak: 0.5")
    step = world.steps(described["PipelineExecutionArn"])["TooWeak"]
    assert step["Metadata"] == {"Fail": {"ErrorMessage": "too weak: 0.5"}}


def test_long_reasons_are_cut_to_what_the_api_allows(world: World) -> None:
    world.jobs.behave = lambda job: job.end("Failed", "x" * 5000)
    described = world.run([processing("A"), processing("B")])
    assert len(described["FailureReason"]) == 1300
    assert len(world.steps(described["PipelineExecutionArn"])["A"]["FailureReason"]) == 1024


def test_tuning_gives_its_training_jobs_best_first(world: World) -> None:
    objective = {"Type": "Minimize", "MetricName": "rmse"}
    world.jobs.tuned = [
        {"TrainingJobName": name, "FinalHyperParameterTuningJobObjectiveMetric": {"MetricName": "rmse", "Value": value}}
        for name, value in (("middle", 2.0), ("worst", 3.0), ("best", 1.0))
    ] + [{"TrainingJobName": "unfinished"}]
    config = {
        "Strategy": "Random",
        "HyperParameterTuningJobObjective": objective,
        "ResourceLimits": {"MaxNumberOfTrainingJobs": 3, "MaxParallelTrainingJobs": 1},
    }
    tune = {"Name": "Tune_Model", "Type": "Tuning", "Arguments": {"HyperParameterTuningJobConfig": config}}
    use = training(
        "Use", arguments={"HyperParameters": {"job": get("Steps.Tune_Model.TrainingJobSummaries[0].TrainingJobName")}}
    )
    described = world.run([tune, use])
    assert described["PipelineExecutionStatus"] == "Succeeded"
    tuning, used = world.jobs.jobs
    assert len(tuning.name) == 32
    assert "-Tune-Mod-" in tuning.name
    assert used.request["HyperParameters"] == {"job": "best"}
    assert "TuningJob" in world.steps(described["PipelineExecutionArn"])["Tune_Model"]["Metadata"]


def test_a_job_name_in_the_definition_is_a_prefix(world: World) -> None:
    world.run([processing("Prepare", arguments={"ProcessingJobName": "mine"})])
    (job,) = world.jobs.jobs
    assert job.name.startswith("mine-")
    assert job.name.endswith("-0")


def test_steps_act_with_the_pipelines_role(world: World) -> None:
    seen: list[str] = []
    operation = world.service.operations._table["CreateProcessingJob"]
    world.service.operations._table["CreateProcessingJob"] = lambda caller, request: (
        seen.append(caller.principal) or operation(caller, request)
    )
    world.run([processing("Prepare")])
    assert seen == [ROLE]


def test_passing_refusals_are_retried_by_policy_until_it_gives_up(world: World) -> None:
    world.jobs.refuse = lambda operation, request: AwsError("ResourceLimitExceeded", "too many")
    policy = {"ExceptionType": ["SageMaker.RESOURCE_LIMIT"], "IntervalSeconds": 30, "BackoffRate": 2, "MaxAttempts": 3}
    started = world.clock.time
    described = world.run([processing("A", RetryPolicies=[policy])])
    assert described["PipelineExecutionStatus"] == "Failed"
    assert world.clock.time - started == pytest.approx(30 + 60 + 120, abs=1)
    assert world.steps(described["PipelineExecutionArn"])["A"]["AttemptCount"] == 4


def test_a_retry_makes_a_new_job_and_may_succeed(world: World) -> None:
    ends = iter([("Failed", "InternalServerError: try again"), ("Completed", "")])
    world.jobs.behave = lambda job: job.end(*next(ends))
    policy = {"ExceptionType": ["SageMaker.JOB_INTERNAL_ERROR"], "IntervalSeconds": 1, "MaxAttempts": 1}
    described = world.run([processing("A", RetryPolicies=[policy])])
    assert described["PipelineExecutionStatus"] == "Succeeded"
    step = world.steps(described["PipelineExecutionArn"])["A"]
    assert step["AttemptCount"] == 2
    assert "FailureReason" not in step
    first, second = world.jobs.jobs
    assert first.name != second.name


def test_the_experiment_configuration_is_resolved(world: World) -> None:
    text = json.loads(definition([processing("A")]))
    text["PipelineExperimentConfig"] = {"ExperimentName": get("Execution.PipelineName"), "TrialName": "t"}
    world.call(
        "CreatePipeline",
        PipelineName="flow",
        PipelineDefinition=json.dumps(text),
        RoleArn=ROLE,
        ClientRequestToken=world.token(),
    )
    described = world.finish(world.start())
    assert described["PipelineExperimentConfig"] == {"ExperimentName": "flow", "TrialName": "t"}
