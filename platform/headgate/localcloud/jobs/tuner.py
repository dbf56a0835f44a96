"""The loop of one tuning job: start trials, wait for news of them, judge, until enough has been tried."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from headgate.localcloud.errors import AwsError
from headgate.localcloud.jobs.context import Context
from headgate.localcloud.jobs.failures import JobFailure
from headgate.localcloud.jobs.kinds import TRAINING
from headgate.localcloud.jobs.training import TrainingJobs
from headgate.localcloud.jobs.tuning_request import TuningPlan
from headgate.localcloud.jobs.tuning_rules import Trial, hopeless, should_stop
from headgate.localcloud.jobs.tuning_search import Search
from headgate.localcloud.jobs.work import Work
from headgate.localcloud.seams import Json


@dataclass(slots=True)
class Tuner:
    """Runs the trials of a plan.

    With a seed, trial n is proposed when exactly the results of trials 1 to n - parallel are known, whichever trials
    happened to end first: so the same seed and the same metrics give the same trials.
    """

    context: Context
    training: TrainingJobs
    work: Work
    plan: TuningPlan
    search: Search
    save: Callable[[Sequence[Trial]], None]
    trials: list[Trial] = field(default_factory=list)
    _exhausted: bool = False
    _observed: set[int] = field(default_factory=set)

    def run(self) -> None:
        """Block until every trial has ended. Raises JobFailure when trials cannot be started."""
        clock = self.context.clock
        deadline = None if self.plan.runtime is None else clock.now() + self.plan.runtime
        while True:
            self._refresh()
            late = deadline is not None and clock.now() >= deadline
            if self._enough(late):
                self._stop(self._running())
            else:
                self._start_more()
                if self.plan.early_stopping:
                    self._stop([trial for trial in self._running() if self._is_weak(trial)])
            if not self._running() and (self._exhausted or self._enough(late)):
                return
            patience = None if deadline is None or late else max(0.0, deadline - clock.now())
            self.context.records.wait_any(self._news, patience)

    def _running(self) -> list[Trial]:
        return [trial for trial in self.trials if not trial.ended]

    def _enough(self, late: bool) -> bool:
        return (
            late
            or self.work.control.stopped
            or self.plan.criteria.met(self.trials)
            or hopeless(self.trials, final=False) is not None
        )

    def _news(self) -> bool:
        """Whether there is something to react to: a stop, a trial's end or, for early stopping, a new metric."""
        for trial in self._running():
            if self.work.control.stopped and not trial.asked_to_stop:
                return True
            if TRAINING.ended(self._job(trial)):
                return True
            if self.plan.early_stopping and len(self._curve(trial)) > len(trial.curve):
                return True
        return False

    def _job(self, trial: Trial) -> Json:
        return self.context.records.get(TRAINING, self.work.caller, trial.name)

    def _curve(self, trial: Trial) -> list[float]:
        series = self.training.metrics(self.work.caller, trial.name)
        return [value for _, value in series.get(self.plan.metric, ())]

    def _refresh(self) -> None:
        changed = False
        for trial in self._running():
            job = self._job(trial)
            trial.curve = self._curve(trial)
            if TRAINING.ended(job):
                final = {item["MetricName"]: item["Value"] for item in job.get("FinalMetricDataList", ())}
                trial.value = final.get(self.plan.metric)
                trial.status = TRAINING.status(job)
                changed = True
        if changed:
            self.save(self.trials)

    def _start_more(self) -> None:
        while len(self._running()) < self.plan.parallel and not self._exhausted:
            number = len(self.trials) + 1
            if number > self.plan.trials:
                self._exhausted = True
                return
            known = number - self.plan.parallel if self.plan.seed is not None else number
            if self.plan.seed is not None and not all(trial.ended for trial in self.trials[: max(0, known)]):
                return
            self._observe(known)
            parameters = self.search.propose(number)
            if parameters is None:
                self._exhausted = True
                return
            self._start(number, parameters)

    def _observe(self, known: int) -> None:
        for trial in self.trials:
            if trial.ended and trial.number <= known and trial.number not in self._observed:
                self._observed.add(trial.number)
                self.search.observe(trial.parameters, trial.value if trial.status != "Failed" else None)

    def _start(self, number: int, parameters: dict[str, str]) -> None:
        arn = str(self.work.record()["HyperParameterTuningJobArn"])
        request = self.plan.training_job(arn, number, parameters)
        try:
            self.training.create(self.work.caller, request, tuning_job_arn=arn)
        except AwsError as error:
            self._stop(self._running())
            raise JobFailure(f"ClientError: training job {request['TrainingJobName']}: {error.message}") from error
        self.trials.append(Trial(number, str(request["TrainingJobName"]), parameters))
        self.save(self.trials)

    def _is_weak(self, trial: Trial) -> bool:
        others = [other.curve for other in self.trials if other.ended and other.curve and other.status != "Failed"]
        return should_stop(trial.curve, others, minimize=self.plan.minimize)

    def _stop(self, trials: Sequence[Trial]) -> None:
        for trial in trials:
            if not trial.asked_to_stop:
                trial.asked_to_stop = True
                with suppress(AwsError):  # it has just ended by itself
                    self.training.stop(self.work.caller, {"TrainingJobName": trial.name})
