"""Hyperparameter tuning jobs: a search that runs real training jobs and learns from their metrics."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from headgate.localcloud.documents import Key
from headgate.localcloud.errors import validation
from headgate.localcloud.jobs.context import Context
from headgate.localcloud.jobs.failures import JobFailure
from headgate.localcloud.jobs.kinds import TRAINING, TUNING
from headgate.localcloud.jobs.listing import page
from headgate.localcloud.jobs.training import TrainingJobs
from headgate.localcloud.jobs.tuner import Tuner
from headgate.localcloud.jobs.tuning_request import TuningPlan, parse_tuning
from headgate.localcloud.jobs.tuning_rules import Trial, best_of, hopeless, not_improving
from headgate.localcloud.jobs.tuning_search import Search, make_search
from headgate.localcloud.jobs.work import Foreman, Work
from headgate.localcloud.seams import Caller, Json, Operation

TRIALS_KIND = "tuning-trials"
"""Documents that hold what each trial of a tuning job tried."""


class TuningJobs:
    """Create, run and stop tuning jobs, and list their training jobs."""

    def __init__(self, context: Context, foreman: Foreman, training: TrainingJobs) -> None:
        self._context = context
        self._foreman = foreman
        self._training = training

    def operations(self) -> dict[str, Operation]:
        return {
            "CreateHyperParameterTuningJob": self.create,
            "ListTrainingJobsForHyperParameterTuningJob": self.list_trials,
        }

    def create(self, caller: Caller, parameters: Json) -> Json:
        """CreateHyperParameterTuningJob. Raises AwsError like the training jobs would, and for what cannot be tuned."""
        plan = parse_tuning(parameters)
        arn = TUNING.arn(caller, plan.name)
        self._training.check(plan.training_job(arn, 1, {}))
        for parent in plan.parents:
            if not TUNING.ended(self._context.records.get(TUNING, caller, parent)):
                raise validation(f"parent tuning job '{parent}' has not ended")
        now = self._context.clock.now()
        body: Json = {
            **parameters,
            "HyperParameterTuningJobArn": arn,
            "HyperParameterTuningJobStatus": "InProgress",
            "CreationTime": now,
            "LastModifiedTime": now,
            **_counters([]),
            # What the List operation shows of the configuration.
            "Strategy": plan.strategy,
            "ResourceLimits": parameters["HyperParameterTuningJobConfig"]["ResourceLimits"],
        }
        self._context.records.create(TUNING, caller, plan.name, body)
        self._context.documents.put(_trials_key(caller, plan.name), {"trials": []})
        self._foreman.begin(TUNING, caller, plan.name, self._run, self.fail)
        return {"HyperParameterTuningJobArn": arn}

    def fail(self, body: Json, reason: str) -> None:
        """Write a failed end into a record."""
        body["FailureReason"] = reason
        self._end(body, "Failed")

    def list_trials(self, caller: Caller, parameters: Json) -> Json:
        """ListTrainingJobsForHyperParameterTuningJob, also ordered by the final objective."""
        name = str(parameters["HyperParameterTuningJobName"])
        plan = parse_tuning(self._context.records.get(TUNING, caller, name))
        trials = self._context.documents.find(_trials_key(caller, name)) or {"trials": []}
        found = [self._summary(caller, plan, trial) for trial in trials["trials"]]
        by_objective = parameters.get("SortBy") == "FinalObjectiveMetricValue"
        if by_objective:
            found = _by_objective(found, descending=parameters.get("SortOrder") == "Descending")
        return page(
            found,
            parameters,
            name_member="TrainingJobName",
            status_member="TrainingJobStatus",
            result_member="TrainingJobSummaries",
            project=dict,
            presorted=by_objective,
        )

    def _summary(self, caller: Caller, plan: TuningPlan, trial: Json) -> Json:
        job = self._context.documents.find(TRAINING.key(caller, trial["name"])) or {}
        summary: Json = {
            "TrainingJobName": trial["name"],
            "TrainingJobArn": TRAINING.arn(caller, trial["name"]),
            "CreationTime": job.get("CreationTime", 0.0),
            "TrainingJobStatus": job.get("TrainingJobStatus", trial["status"]),
            "TunedHyperParameters": trial["parameters"],
            "ObjectiveStatus": trial["objective_status"],
        }
        for member in ("TrainingStartTime", "TrainingEndTime", "FailureReason"):
            if member in job:
                summary[member] = job[member]
        if plan.definition.get("DefinitionName"):
            summary["TrainingJobDefinitionName"] = plan.definition["DefinitionName"]
        if trial["value"] is not None:
            summary["FinalHyperParameterTuningJobObjectiveMetric"] = {
                "Type": "Minimize" if plan.minimize else "Maximize",
                "MetricName": plan.metric,
                "Value": trial["value"],
            }
        return summary

    def _run(self, work: Work) -> None:
        plan = parse_tuning(work.record())
        seed = plan.seed if plan.seed is not None else self._context.settings.random.randrange(1 << 31)
        search = make_search(plan.strategy, plan.space, seed, minimize=plan.minimize, trials=plan.trials)
        self._learn_from_parents(work, plan, search)
        tuner = Tuner(self._context, self._training, work, plan, search, partial(self._save, work, plan))
        tuner.run()
        reason = None if work.control.stopped else hopeless(tuner.trials, final=True)
        if reason:
            raise JobFailure(reason)
        work.change(partial(self._end, status="Stopped" if work.control.stopped else "Completed"))

    def _learn_from_parents(self, work: Work, plan: TuningPlan, search: Search) -> None:
        names = {each.name for each in plan.space}
        for parent in plan.parents:
            known = self._context.documents.find(_trials_key(work.caller, parent)) or {"trials": []}
            for trial in known["trials"]:
                if names <= set(trial["parameters"]):
                    search.observe({name: trial["parameters"][name] for name in names}, trial["value"])

    def _save(self, work: Work, plan: TuningPlan, trials: Sequence[Trial]) -> None:
        saved = [trial.as_json() for trial in trials]
        self._context.documents.put(_trials_key(work.caller, plan.name), {"trials": saved})
        best = best_of(trials, minimize=plan.minimize)
        chosen = self._summary(work.caller, plan, best.as_json()) if best else None
        started = float(work.record()["CreationTime"])

        def apply(body: Json) -> None:
            body.update(_counters(trials))
            body["ConsumedResources"] = {"RuntimeInSeconds": round(self._context.clock.now() - started)}
            body["TuningJobCompletionDetails"] = {
                "NumberOfTrainingJobsObjectiveNotImproving": not_improving(trials, plan.criteria)
            }
            if chosen:
                body["BestTrainingJob"] = chosen

        work.change(apply)

    def _end(self, body: Json, status: str) -> None:
        now = self._context.clock.now()
        body.update(HyperParameterTuningJobStatus=status, HyperParameterTuningEndTime=now)


def _counters(trials: Sequence[Trial]) -> Json:
    statuses = [trial.status for trial in trials]
    objectives = [trial.objective_status for trial in trials]
    return {
        "TrainingJobStatusCounters": {
            "Completed": statuses.count("Completed"),
            "InProgress": sum(1 for trial in trials if not trial.ended),
            "RetryableError": 0,
            "NonRetryableError": statuses.count("Failed"),
            "Stopped": statuses.count("Stopped"),
        },
        "ObjectiveStatusCounters": {name: objectives.count(name) for name in ("Succeeded", "Pending", "Failed")},
    }


def _by_objective(summaries: Sequence[Json], *, descending: bool) -> list[Json]:
    """In the order of the final objective; jobs without one come last."""
    member = "FinalHyperParameterTuningJobObjectiveMetric"
    scored = [item for item in summaries if member in item]
    scored.sort(key=lambda item: float(item[member]["Value"]), reverse=descending)
    return scored + [item for item in summaries if member not in item]


def _trials_key(caller: Caller, name: str) -> Key:
    return Key(caller.account, caller.region, TRIALS_KIND, name)
