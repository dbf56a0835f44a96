"""What the jobs of an execution wrote, from CloudWatch Logs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from headgate.views.runs import RunView, StepView

GROUPS = {
    "ProcessingJob": "/aws/sagemaker/ProcessingJobs",
    "TrainingJob": "/aws/sagemaker/TrainingJobs",
    "TransformJob": "/aws/sagemaker/TransformJobs",
}


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a job's log; `time` is in seconds since the epoch, `host` is the instance (`algo-1`)."""

    step: str
    host: str
    time: float
    message: str


def steps_with_logs(run: RunView, step: str | None = None) -> list[StepView]:
    """The steps that ran a job which writes a log; only the one named `step` if that is given."""
    return [each for each in run.steps if each.kind in GROUPS and each.job_name and step in (None, each.name)]


class LogReader:
    """Reads a step's log on from where it stopped the last time, so that following is calling it again."""

    def __init__(self, logs: Any) -> None:
        self._logs = logs
        self._tokens: dict[tuple[str, str], str] = {}

    def read(self, step: StepView) -> Iterator[LogLine]:
        """The lines since the last call, instance by instance. Nothing while the job has not started."""
        group = GROUPS[step.kind]
        try:
            found = self._logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{step.job_name}/")
        except self._logs.exceptions.ResourceNotFoundException:
            return
        for stream in found["logStreams"]:
            yield from self._stream(step, group, stream["logStreamName"])

    def _stream(self, step: StepView, group: str, stream: str) -> Iterator[LogLine]:
        host = stream.rsplit("/", 1)[1].rsplit("-", 1)[0]
        while True:
            token = self._tokens.get((group, stream))
            page = self._logs.get_log_events(
                logGroupName=group,
                logStreamName=stream,
                startFromHead=True,
                **({"nextToken": token} if token else {}),
            )
            for event in page["events"]:
                yield LogLine(step.name, host, event["timestamp"] / 1000, event["message"])
            self._tokens[group, stream] = page["nextForwardToken"]
            if page["nextForwardToken"] == token or not page["events"]:
                return
