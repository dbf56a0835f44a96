"""What differs between SageMaker's kinds of jobs in name only: members, nouns, log groups."""

from __future__ import annotations

from dataclasses import dataclass

from headgate.localcloud.documents import Key
from headgate.localcloud.seams import Caller, Json

ENDED = frozenset({"Completed", "Failed", "Stopped"})


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of job; `stem` is what AWS builds its member names from (`TrainingJob` gives `TrainingJobName`)."""

    name: str
    stem: str
    noun: str
    log_group: str = ""

    @property
    def name_member(self) -> str:
        return f"{self.stem}Name"

    @property
    def arn_member(self) -> str:
        return f"{self.stem}Arn"

    @property
    def status_member(self) -> str:
        return f"{self.stem}Status"

    @property
    def summaries_member(self) -> str:
        return f"{self.stem}Summaries"

    def key(self, caller: Caller, name: str) -> Key:
        return Key(caller.account, caller.region, self.name, name)

    def arn(self, caller: Caller, name: str) -> str:
        return caller.arn("sagemaker", f"{self.name}/{name}")

    def status(self, body: Json) -> str:
        return str(body.get(self.status_member, ""))

    def ended(self, body: Json) -> bool:
        return self.status(body) in ENDED


PROCESSING = Kind("processing-job", "ProcessingJob", "processing job", "/aws/sagemaker/ProcessingJobs")
TRAINING = Kind("training-job", "TrainingJob", "training job", "/aws/sagemaker/TrainingJobs")
TRANSFORM = Kind("transform-job", "TransformJob", "transform job", "/aws/sagemaker/TransformJobs")
TUNING = Kind("hyper-parameter-tuning-job", "HyperParameterTuningJob", "hyperparameter tuning job")
KINDS: dict[str, Kind] = {kind.name: kind for kind in (PROCESSING, TRAINING, TRANSFORM, TUNING)}
