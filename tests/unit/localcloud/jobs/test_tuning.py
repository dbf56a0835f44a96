"""Hyperparameter tuning jobs that run real training jobs."""

from __future__ import annotations

import pytest

from headgate.localcloud.errors import AwsError

pytestmark = pytest.mark.slow

QUADRATIC = """
    import json
    h = json.load(open("/opt/ml/input/config/hyperparameters.json"))
    x = float(h["x"])
    print(f"loss={(x - 3) ** 2};")
    open("/opt/ml/model/x", "w").write(h["x"])
"""
METRICS = [{"Name": "loss", "Regex": "loss=([0-9.e-]+);"}]


def request(laptop, name, script=QUADRATIC, *, trials=4, parallel=2, ranges=None, **more):
    job = laptop.training("template", script, algorithm={"MetricDefinitions": METRICS})
    program = job["HyperParameters"]["program"]
    definition = {
        "AlgorithmSpecification": job["AlgorithmSpecification"],
        "StaticHyperParameters": {"program": program, **more.pop("static", {})},
        **{m: job[m] for m in ("RoleArn", "OutputDataConfig", "ResourceConfig", "StoppingCondition")},
        **more.pop("definition", {}),
    }
    config = {
        "Strategy": more.pop("strategy", "Random"),
        "HyperParameterTuningJobObjective": {"Type": more.pop("goal", "Minimize"), "MetricName": "loss"},
        "ResourceLimits": {"MaxNumberOfTrainingJobs": trials, "MaxParallelTrainingJobs": parallel},
        "ParameterRanges": ranges
        or {"ContinuousParameterRanges": [{"Name": "x", "MinValue": "0", "MaxValue": "10", "ScalingType": "Linear"}]},
        **more.pop("config", {}),
    }
    return {
        "HyperParameterTuningJobName": name,
        "HyperParameterTuningJobConfig": config,
        "TrainingJobDefinition": definition,
        **more,
    }


def run(laptop, name, *args, **more):
    laptop.call("CreateHyperParameterTuningJob", **request(laptop, name, *args, **more))
    return laptop.engine.wait(laptop.caller, "hyper-parameter-tuning-job", name, 60)


def trials(laptop, name, **more):
    return laptop.call("ListTrainingJobsForHyperParameterTuningJob", HyperParameterTuningJobName=name, **more)[
        "TrainingJobSummaries"
    ]


def test_random_search_runs_trials_and_finds_the_best(laptop):
    done = run(laptop, "random", config={"RandomSeed": 7})
    assert done["HyperParameterTuningJobStatus"] == "Completed", done.get("FailureReason")
    assert done["TrainingJobStatusCounters"] == {
        "Completed": 4, "InProgress": 0, "RetryableError": 0, "NonRetryableError": 0, "Stopped": 0,
    }  # fmt: skip
    assert done["ObjectiveStatusCounters"] == {"Succeeded": 4, "Pending": 0, "Failed": 0}
    ordered = trials(laptop, "random", SortBy="FinalObjectiveMetricValue", SortOrder="Ascending")
    values = [item["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] for item in ordered]
    assert values == sorted(values)
    best = done["BestTrainingJob"]
    assert best["TrainingJobName"] == ordered[0]["TrainingJobName"]
    x = float(best["TunedHyperParameters"]["x"])
    assert best["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] == pytest.approx((x - 3) ** 2)
    assert best["TrainingJobName"].startswith("random-0")
    trial = laptop.call("DescribeTrainingJob", TrainingJobName=best["TrainingJobName"])
    assert trial["TuningJobArn"] == done["HyperParameterTuningJobArn"]
    assert trial["HyperParameters"]["_tuning_objective_metric"] == "loss"
    listed = laptop.call("ListHyperParameterTuningJobs")["HyperParameterTuningJobSummaries"]
    assert listed[0]["Strategy"] == "Random"


def parameters(laptop, name):
    return [item["TunedHyperParameters"] for item in trials(laptop, name, SortBy="Name")]


def test_a_seed_makes_random_search_reproducible(laptop):
    run(laptop, "one", config={"RandomSeed": 5})
    run(laptop, "two", config={"RandomSeed": 5})
    run(laptop, "three", config={"RandomSeed": 6})
    assert parameters(laptop, "one") == parameters(laptop, "two") != parameters(laptop, "three")


def test_bayesian_search_closes_in_and_is_reproducible_in_parallel(laptop):
    done = run(laptop, "bayes", strategy="Bayesian", trials=12, parallel=2, config={"RandomSeed": 1})
    run(laptop, "again", strategy="Bayesian", trials=12, parallel=2, config={"RandomSeed": 1})
    assert parameters(laptop, "bayes") == parameters(laptop, "again")
    assert done["BestTrainingJob"]["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] < 2


def test_grid_search_tries_every_combination(laptop):
    script = """
        import json
        h = json.load(open("/opt/ml/input/config/hyperparameters.json"))
        print(f"loss={len(h['a']) + int(h['b'])};")
    """
    ranges = {"CategoricalParameterRanges": [{"Name": "a", "Values": ["x", "yy"]}, {"Name": "b", "Values": ["1", "2"]}]}
    more = {"ResourceLimits": {"MaxParallelTrainingJobs": 4}}
    done = run(laptop, "grid", script, strategy="Grid", ranges=ranges, config=more)
    assert done["TrainingJobStatusCounters"]["Completed"] == 4
    assert done["BestTrainingJob"]["TunedHyperParameters"] == {"a": "x", "b": "1"}


def test_a_hopeless_trial_is_stopped_early(laptop):
    script = """
        import json, time
        h = json.load(open("/opt/ml/input/config/hyperparameters.json"))
        bad = h["kind"] == "bad"
        for epoch in range(3):
            print(f"loss={100 if bad else 10 - epoch};", flush=True)
        if bad:
            time.sleep(600)
    """
    ranges = {"CategoricalParameterRanges": [{"Name": "kind", "Values": ["good-1", "good-2", "bad"]}]}
    more = {"ResourceLimits": {"MaxParallelTrainingJobs": 1}, "TrainingJobEarlyStoppingType": "Auto"}
    done = run(laptop, "early", script, strategy="Grid", ranges=ranges, config=more)
    assert done.get("FailureReason") is None
    assert done["HyperParameterTuningJobStatus"] == "Completed"
    assert done["TrainingJobStatusCounters"]["Stopped"] == 1
    stopped = [item for item in trials(laptop, "early") if item["TrainingJobStatus"] == "Stopped"]
    assert [item["TunedHyperParameters"] for item in stopped] == [{"kind": "bad"}]


def test_a_target_that_is_reached_ends_the_job(laptop):
    done = run(
        laptop, "target", trials=50, parallel=1,
        config={"RandomSeed": 1, "TuningJobCompletionCriteria": {"TargetObjectiveMetricValue": 30.0}},
    )  # fmt: skip
    assert done["HyperParameterTuningJobStatus"] == "Completed"
    assert done["TrainingJobStatusCounters"]["Completed"] < 50


def test_no_improvement_ends_the_job(laptop):
    script = "print('loss=1;')"
    criteria = {"BestObjectiveNotImproving": {"MaxNumberOfTrainingJobsNotImproving": 3}}
    done = run(laptop, "flat", script, trials=50, parallel=1, config={"TuningJobCompletionCriteria": criteria})
    assert done["TrainingJobStatusCounters"]["Completed"] == 4
    assert done["TuningJobCompletionDetails"] == {"NumberOfTrainingJobsObjectiveNotImproving": 3}


def test_a_time_limit_stops_what_runs(laptop):
    script = "import time; time.sleep(600)"
    limits = {"MaxNumberOfTrainingJobs": 4, "MaxParallelTrainingJobs": 1, "MaxRuntimeInSeconds": 120}
    job = request(laptop, "timed", script, config={"ResourceLimits": limits})
    job["HyperParameterTuningJobConfig"]["ResourceLimits"]["MaxRuntimeInSeconds"] = 1
    laptop.engine.operations()["CreateHyperParameterTuningJob"](laptop.caller, job)
    done = laptop.engine.wait(laptop.caller, "hyper-parameter-tuning-job", "timed", 30)
    assert done["TrainingJobStatusCounters"]["Stopped"] == 1
    assert done["HyperParameterTuningJobStatus"] == "Failed"


def test_stopping_stops_the_trials(laptop):
    job = request(laptop, "stopped", "print('loss=1;', flush=True); import time; time.sleep(600)")
    laptop.call("CreateHyperParameterTuningJob", **job)
    laptop.engine.wait_until(
        laptop.caller, "hyper-parameter-tuning-job", "stopped",
        lambda body: body["TrainingJobStatusCounters"]["InProgress"] == 2, 20,
    )  # fmt: skip
    laptop.call("StopHyperParameterTuningJob", HyperParameterTuningJobName="stopped")
    done = laptop.engine.wait(laptop.caller, "hyper-parameter-tuning-job", "stopped", 20)
    assert done["HyperParameterTuningJobStatus"] == "Stopped"
    assert done["TrainingJobStatusCounters"]["Stopped"] == 2


def test_trials_that_all_fail_fail_the_job_early(laptop):
    done = run(laptop, "bad", "raise SystemExit(1)", trials=30, parallel=1)
    assert done["HyperParameterTuningJobStatus"] == "Failed"
    assert done["FailureReason"].startswith("No training job succeeded after 5 attempts.")
    assert done["TrainingJobStatusCounters"]["NonRetryableError"] == 5


def test_a_metric_that_is_never_printed_fails_the_job(laptop):
    done = run(laptop, "silent", "print('hello')", trials=2)
    assert done["FailureReason"].startswith("No objective metrics found after running 2 training jobs.")


def test_warm_start_learns_from_a_parent(laptop):
    run(laptop, "parent", strategy="Bayesian", trials=6, config={"RandomSeed": 1})
    warm = {
        "ParentHyperParameterTuningJobs": [{"HyperParameterTuningJobName": "parent"}],
        "WarmStartType": "IdenticalDataAndAlgorithm",
    }
    run(laptop, "cold", strategy="Bayesian", trials=2, config={"RandomSeed": 2})
    run(laptop, "warm", strategy="Bayesian", trials=2, config={"RandomSeed": 2}, WarmStartConfig=warm)
    assert parameters(laptop, "cold") != parameters(laptop, "warm")


def test_autotune_searches_around_the_hints(laptop):
    hints = {"AutoParameters": [{"Name": "x", "ValueHint": "2.5"}]}
    done = run(laptop, "auto", trials=3, ranges=hints, Autotune={"Mode": "Enabled"})
    assert done["HyperParameterTuningJobStatus"] == "Completed", done.get("FailureReason")
    assert all(0.25 <= float(trial["TunedHyperParameters"]["x"]) <= 25 for trial in trials(laptop, "auto"))


def test_checkpoints_of_trials_are_kept_apart(laptop):
    job = request(laptop, "apart", trials=1, definition={"CheckpointConfig": {"S3Uri": "s3://data/c"}})
    laptop.call("CreateHyperParameterTuningJob", **job)
    laptop.engine.wait(laptop.caller, "hyper-parameter-tuning-job", "apart", 20)
    name = trials(laptop, "apart")[0]["TrainingJobName"]
    described = laptop.call("DescribeTrainingJob", TrainingJobName=name)
    assert described["CheckpointConfig"]["S3Uri"] == f"s3://data/c/{name}"


@pytest.mark.parametrize(
    ("change", "code", "text"),
    [
        ({"strategy": "Hyperband"}, "UnsupportedByLocalCloud", "Hyperband"),
        ({"strategy": "Grid"}, "ValidationException", "categorical ranges only"),
        ({"static": {"x": "1"}}, "ValidationException", "both static and tuned"),
        ({"ranges": {"AutoParameters": []}, "Autotune": {"Mode": "Enabled"}},
         "UnsupportedByLocalCloud", "Autotune without"),
        ({"ranges": {"AutoParameters": [{"Name": "x", "ValueHint": "5"}]}}, "ValidationException", "need Autotune"),
        ({"ranges": {"ContinuousParameterRanges": [{"Name": "x", "MinValue": "2", "MaxValue": "1"}]}},
         "ValidationException", "is empty"),
        ({"WarmStartConfig": {"ParentHyperParameterTuningJobs": [{"HyperParameterTuningJobName": "ghost"}],
          "WarmStartType": "TransferLearning"}}, "ValidationException", "ghost"),
        ({"config": {"TuningJobCompletionCriteria": {"ConvergenceDetected": {"CompleteOnConvergence": "Enabled"}}}},
         "UnsupportedByLocalCloud", "ConvergenceDetected"),
        ({"definition": {"AlgorithmSpecification": {"TrainingImage": "nobody", "TrainingInputMode": "File"}}},
         "ValidationException", "no container runtime"),
    ],
)  # fmt: skip
def test_what_cannot_work_is_refused_at_creation(laptop, change, code, text):
    with pytest.raises(AwsError) as caught:
        laptop.call("CreateHyperParameterTuningJob", **request(laptop, "refused", **change))
    assert caught.value.code == code
    assert text in caught.value.message
