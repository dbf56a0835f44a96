"""A tuning job's request, understood, and the training jobs that it asks for."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from headgate.localcloud.errors import unsupported, validation
from headgate.localcloud.jobs.tuning_rules import Criteria
from headgate.localcloud.jobs.tuning_space import Range, grid, parse_space
from headgate.localcloud.jobs.uploads import join_uri
from headgate.localcloud.seams import Json

OBJECTIVE = "_tuning_objective_metric"
"""The hyperparameter by which SageMaker tells a built-in algorithm what is being tuned."""
_COPIED = (
    "RoleArn", "InputDataConfig", "VpcConfig", "OutputDataConfig", "StoppingCondition", "EnableNetworkIsolation",
    "EnableInterContainerTrafficEncryption", "EnableManagedSpotTraining", "RetryStrategy", "Environment",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class TuningPlan:
    """What a tuning job does. `runtime` is in seconds, None without a limit."""

    name: str
    strategy: str
    space: tuple[Range, ...]
    metric: str
    minimize: bool
    trials: int
    parallel: int
    runtime: float | None
    early_stopping: bool
    seed: int | None
    criteria: Criteria
    definition: Json
    parents: tuple[str, ...]

    def training_job(self, arn: str, number: int, parameters: Mapping[str, str]) -> Json:
        """The CreateTrainingJob request of one trial; its name is the same whenever the tuning job's ARN is."""
        suffix = hashlib.sha256(f"{arn}:{number}".encode()).hexdigest()[:8]
        name = f"{self.name}-{number:03d}-{suffix}"
        definition = self.definition
        request: Json = {member: definition[member] for member in _COPIED if member in definition}
        request["TrainingJobName"] = name
        request["AlgorithmSpecification"] = definition["AlgorithmSpecification"]
        request["ResourceConfig"] = _resources(definition)
        static = definition.get("StaticHyperParameters", {})
        request["HyperParameters"] = {**static, **parameters, OBJECTIVE: self.metric}
        if "CheckpointConfig" in definition:
            checkpoints = definition["CheckpointConfig"]
            request["CheckpointConfig"] = {**checkpoints, "S3Uri": join_uri(checkpoints["S3Uri"], name)}
        return request


def parse_tuning(parameters: Json) -> TuningPlan:
    """Understand a CreateHyperParameterTuningJob request. Raises AwsError for what is wrong or not supported."""
    config = parameters["HyperParameterTuningJobConfig"]
    definition = _definition(parameters)
    if config["Strategy"] not in ("Bayesian", "Random", "Grid"):
        raise unsupported(f"hyperparameter tuning strategy {config['Strategy']}; use Bayesian, Random or Grid")
    objective = definition.get("TuningObjective") or config.get("HyperParameterTuningJobObjective")
    if not objective:
        raise validation("a hyperparameter tuning job needs HyperParameterTuningJobObjective")
    ranges = definition.get("HyperParameterRanges") or config.get("ParameterRanges") or {}
    if parameters.get("Autotune") and not any(ranges.values()):
        raise unsupported("Autotune without hyperparameters; name them in ParameterRanges.AutoParameters with hints")
    if ranges.get("AutoParameters") and not parameters.get("Autotune"):
        raise validation("AutoParameters need Autotune with Mode Enabled")
    space = parse_space(ranges)
    static = set(definition.get("StaticHyperParameters", {})) & {each.name for each in space}
    if static:
        raise validation(f"hyperparameter '{min(static)}' is both static and tuned")
    limits = config["ResourceLimits"]
    minimize = objective["Type"] == "Minimize"
    return TuningPlan(
        name=str(parameters["HyperParameterTuningJobName"]),
        strategy=str(config["Strategy"]),
        space=space,
        metric=str(objective["MetricName"]),
        minimize=minimize,
        trials=_trials(config, space),
        parallel=int(limits["MaxParallelTrainingJobs"]),
        runtime=float(limits["MaxRuntimeInSeconds"]) if limits.get("MaxRuntimeInSeconds") else None,
        early_stopping=config.get("TrainingJobEarlyStoppingType", "Off") == "Auto",
        seed=int(config["RandomSeed"]) if "RandomSeed" in config else None,
        criteria=_criteria(config.get("TuningJobCompletionCriteria", {}), minimize=minimize),
        definition=definition,
        parents=_parents(parameters.get("WarmStartConfig", {})),
    )


def _definition(parameters: Json) -> Json:
    several = parameters.get("TrainingJobDefinitions") or []
    if parameters.get("TrainingJobDefinition"):
        several = [*several, parameters["TrainingJobDefinition"]]
    if not several:
        raise validation("a hyperparameter tuning job needs a TrainingJobDefinition")
    if len(several) > 1:
        raise unsupported("several TrainingJobDefinitions in one hyperparameter tuning job")
    definition: Json = several[0]
    if not definition["AlgorithmSpecification"].get("TrainingImage"):
        raise unsupported("a tuning job's algorithm by name; give a TrainingImage")
    return definition


def _trials(config: Json, space: tuple[Range, ...]) -> int:
    asked = config["ResourceLimits"].get("MaxNumberOfTrainingJobs")
    if config["Strategy"] == "Grid":
        combinations = sum(1 for _ in grid(space))
        if asked is not None and int(asked) != combinations:
            raise validation(
                f"strategy Grid runs every combination once: MaxNumberOfTrainingJobs is {asked}, and there are "
                f"{combinations}"
            )
        return combinations
    if asked is None:
        raise validation("ResourceLimits needs MaxNumberOfTrainingJobs")
    return int(asked)


def _criteria(asked: Json, *, minimize: bool) -> Criteria:
    if asked.get("ConvergenceDetected", {}).get("CompleteOnConvergence") == "Enabled":
        raise unsupported("TuningJobCompletionCriteria.ConvergenceDetected")
    target = asked.get("TargetObjectiveMetricValue")
    limit = asked.get("BestObjectiveNotImproving", {}).get("MaxNumberOfTrainingJobsNotImproving")
    return Criteria(minimize, None if target is None else float(target), None if limit is None else int(limit))


def _parents(asked: Json) -> tuple[str, ...]:
    return tuple(
        str(parent["HyperParameterTuningJobName"]) for parent in asked.get("ParentHyperParameterTuningJobs", ())
    )


def _resources(definition: Json) -> Json:
    if definition.get("ResourceConfig"):
        config: Json = definition["ResourceConfig"]
        return config
    asked = definition.get("HyperParameterTuningResourceConfig") or {}
    first = (asked.get("InstanceConfigs") or [asked])[0]
    config = {name: first[name] for name in ("InstanceType", "InstanceCount", "VolumeSizeInGB") if name in first}
    config.setdefault("VolumeSizeInGB", asked.get("VolumeSizeInGB", 30))
    return config
