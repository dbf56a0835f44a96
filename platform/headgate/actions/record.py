"""Tell experiment trackers what an execution did, after it has ended.

A tracker is slow to import (MLflow: 3 to 6 s), so no step does it. A plugin offers a *recorder*: a module that reads
one JSON document (an `ExecutionRecord`) from standard input and answers with one JSON object, `{"properties": {...}}`,
which is put on the registered version. `Recording` starts it when the execution starts, so that its imports are over
by the time there is something to record.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headgate.aws.properties import as_property
from headgate.aws.sessions import state_folder
from headgate.errors import FailedError
from headgate.plugins.discovery import IN_TREE_NAME
from headgate.views.models import flatten_metrics, read_json, read_properties

if TYPE_CHECKING:
    from headgate.aws.sessions import Session
    from headgate.plugins.contributions import RecorderSpec
    from headgate.plugins.session import OpenProject
    from headgate.views.runs import RunView, StepView

EVALUATION_OUTPUT = "evaluation"
"""What a step that measures a model calls its output, by the convention of SageMaker's own examples."""


@dataclass(frozen=True, slots=True)
class ExecutionRecord:
    """What a recorder is told. Times are seconds since the epoch; `artifacts` are names to S3 URIs."""

    project: str
    pipeline: str
    execution_arn: str
    status: str
    started: float | None
    ended: float | None
    parameters: Mapping[str, str]
    hyperparameters: Mapping[str, str]
    metrics: Mapping[str, float]
    artifacts: Mapping[str, str]
    model_package_arn: str | None
    properties: Mapping[str, str] = field(default_factory=dict)


def gather(session: Session, project: str, run: RunView) -> ExecutionRecord:
    """Read what an ended execution's jobs and version say of themselves."""
    sagemaker = session.client("sagemaker")
    hyperparameters: dict[str, str] = {}
    metrics: dict[str, float] = {}
    artifacts: dict[str, str] = {}
    for step in run.steps:
        evaluation = _evaluation(sagemaker, session.client("s3"), step)
        if evaluation:
            artifacts["evaluation"], measured = evaluation
            metrics |= measured
        job = _training_job(sagemaker, step.kind, step.job_name)
        if job is None:
            continue
        hyperparameters |= job.get("HyperParameters", {})
        metrics |= {each["MetricName"]: float(each["Value"]) for each in job.get("FinalMetricDataList", [])}
        model = job.get("ModelArtifacts", {}).get("S3ModelArtifacts")
        if model:
            artifacts["model"] = model
    properties: dict[str, str] = {}
    if run.model_package_arn:
        registry = session.registry
        package = registry.client("sagemaker").describe_model_package(ModelPackageName=run.model_package_arn)
        properties = read_properties(package)
        quality = package.get("ModelMetrics", {}).get("ModelQuality", {}).get("Statistics", {}).get("S3Uri")
        if quality:
            artifacts["evaluation"] = quality
            metrics |= flatten_metrics(read_json(registry.client("s3"), quality))
    return ExecutionRecord(
        project=project,
        pipeline=run.pipeline,
        execution_arn=run.arn,
        status=run.status,
        started=run.started,
        ended=run.ended,
        parameters=run.parameters,
        hyperparameters={name: value for name, value in hyperparameters.items() if not name.startswith("sagemaker_")},
        metrics=metrics,
        artifacts=artifacts,
        model_package_arn=run.model_package_arn,
        properties=properties,
    )


class Recording:
    """One recorder at work: started early, told late, asked for its answer, and always reaped."""

    def __init__(self, spec: RecorderSpec, environment: Mapping[str, str]) -> None:
        self._name = spec.name
        self._config = dict(spec.config)
        self._process = subprocess.Popen(
            [sys.executable, "-m", spec.module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=dict(environment),
        )

    def finish(self, record: ExecutionRecord) -> dict[str, str]:
        """Hand over the record and return the properties for the version. Raises FailedError."""
        output, errors = self._process.communicate(json.dumps({"record": asdict(record), "config": self._config}))
        said = tuple(errors.strip().splitlines()[-5:])
        properties = None if self._process.returncode else _properties(output)
        if properties is None:
            wrong = (
                f"failed with exit code {self._process.returncode}"
                if self._process.returncode
                else 'did not answer {"properties": {NAME: TEXT}}'
            )
            raise FailedError(
                f"recorder '{self._name}' {wrong}: the execution is complete, but not recorded there",
                details=said or tuple(output.strip().splitlines()[-5:]),
                next_command=f"headgate runs record {record.execution_arn.rsplit('/', 1)[1]}",
            )
        return properties

    def abandon(self) -> None:
        """End it without a record; one that has finished is left as it is."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()


class Recordings:
    """The recorders of one execution. `lock` is a file that whoever records for this project holds meanwhile."""

    def __init__(self, project: str, session: Session, recordings: tuple[Recording, ...], lock: Path) -> None:
        self._project = project
        self._session = session
        self._lock = lock
        self._recordings = recordings

    def finish(self, run: RunView) -> dict[str, str]:
        """Record an ended execution everywhere and link its version to the records.

        Raises FailedError when a recorder failed, after all the others have been told.
        """
        if not self._recordings:
            return {}
        # A detached run records itself, perhaps while somebody types `runs record`: trackers have no unique keys, so
        # two recorders that look at once would both find nothing and both write.
        with _alone(self._lock):
            return self._finish(run)

    def _finish(self, run: RunView) -> dict[str, str]:
        record = gather(self._session, self._project, run)
        properties: dict[str, str] = {}
        failures: list[FailedError] = []
        for recording in self._recordings:
            try:
                properties |= recording.finish(record)
            except FailedError as failure:
                failures.append(failure)
        if run.model_package_arn and properties:
            attach(self._session, run.model_package_arn, properties)
        if failures:
            first, *others = failures
            details = (*first.details, *(each.message for each in others))
            raise FailedError(first.message, details=details, next_command=first.next_command)
        return properties

    def abandon(self) -> None:
        for recording in self._recordings:
            recording.abandon()


@contextmanager
def start_recordings(opened: OpenProject, session: Session) -> Iterator[Recordings]:
    """Start the recorders that the project's plugins offer; they are gone when the block is left."""
    environment = os.environ | session.environment()
    # The modules of a project's own plugin are found wherever the command was typed.
    path = os.pathsep.join(filter(None, [environment.get("PYTHONPATH", ""), str(opened.project.root)]))
    recordings = Recordings(
        opened.project.name,
        session,
        tuple(
            Recording(spec, environment | ({"PYTHONPATH": path} if spec.plugin == IN_TREE_NAME else {}))
            for spec in opened.plugins.recorders(opened.project)
        ),
        state_folder(opened.project.root, os.environ) / "record.lock",
    )
    try:
        yield recordings
    finally:
        recordings.abandon()


def record_run(opened: OpenProject, session: Session, run: RunView) -> dict[str, str]:
    """Record an execution that has ended; doing it twice leaves one record. Raises FailedError."""
    with start_recordings(opened, session) as recordings:
        return recordings.finish(run)


def attach(session: Session, model_package_arn: str, properties: Mapping[str, str]) -> None:
    """Put properties on a version, next to those it has, in SageMaker's alphabet; its approval is left as it is."""
    session.registry.client("sagemaker").update_model_package(
        ModelPackageArn=model_package_arn,
        CustomerMetadataProperties={name: as_property(value) for name, value in properties.items()},
    )


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _properties(output: str) -> dict[str, str] | None:
    """What a recorder answered on its last line; None when that is not what it should be."""
    lines = output.strip().splitlines()
    try:
        properties = json.loads(lines[-1])["properties"] if lines else None
    except (ValueError, TypeError, KeyError):
        return None
    if not isinstance(properties, dict) or not all(isinstance(value, str) for value in properties.values()):
        return None
    return properties


def _evaluation(sagemaker: Any, s3: Any, step: StepView) -> tuple[str, dict[str, float]] | None:
    """Where a processing step wrote `evaluation.json` into its output `evaluation`, and the metrics in it.

    A model that was measured and turned down has no version to say so, and is worth comparing all the same.
    """
    if step.job_name is None or step.kind != "ProcessingJob" or step.status != "Succeeded":
        return None
    job = sagemaker.describe_processing_job(ProcessingJobName=step.job_name)
    for output in job.get("ProcessingOutputConfig", {}).get("Outputs", []):
        if output["OutputName"] == EVALUATION_OUTPUT and "S3Output" in output:
            uri = f"{output['S3Output']['S3Uri'].rstrip('/')}/{EVALUATION_OUTPUT}.json"
            try:
                return uri, flatten_metrics(read_json(s3, uri))
            except (s3.exceptions.NoSuchKey, ValueError):  # not there, or another document than expected
                return None
    return None


def _training_job(sagemaker: Any, kind: str, name: str | None) -> Mapping[str, Any] | None:
    if name is None or kind not in {"TrainingJob", "TuningJob"}:
        return None
    if kind == "TuningJob":
        tuning = sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
        name = tuning.get("BestTrainingJob", {}).get("TrainingJobName")
        if name is None:
            return None
    job: Mapping[str, Any] = sagemaker.describe_training_job(TrainingJobName=name)
    return job
