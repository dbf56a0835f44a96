"""The pipeline's parameters: what may be given when an execution starts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

from headgate.aws.properties import fits_property
from headgate.errors import UserError
from headgate.pipelines import Parameter
from headgate_training.algorithms import AlgorithmPlan
from headgate_training.settings import Scalar, Settings

APPROVALS = ("PendingManualApproval", "Approved", "Rejected")
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Parameters:
    """All of them by their use. `git_*` are filled in by `headgate run`.

    A hyperparameter is a parameter, unless it is text that a version's property cannot hold as it is (`rmse,mae`): that
    one is fixed, since only what is known beforehand can be put into the alphabet of properties.
    """

    input_data: Parameter
    processing_type: Parameter
    training_type: Parameter
    training_count: Parameter
    seed: Parameter
    threshold: Parameter | None
    min_improvement: Parameter | None
    approval: Parameter
    artifacts: Parameter
    max_jobs: Parameter | None
    git_commit: Parameter
    git_dirty: Parameter
    git_repository: Parameter
    hyperparameters: Mapping[str, Parameter | str]

    def all(self) -> Sequence[Parameter]:
        """In the order in which the definition lists them; hyperparameters by name at the end."""
        return tuple(self._in_order())

    def _in_order(self) -> Iterator[Parameter]:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, Parameter):
                yield value
            elif isinstance(value, Mapping):
                yield from (value[name] for name in sorted(value) if isinstance(value[name], Parameter))


def make_parameters(settings: Settings, chosen: AlgorithmPlan) -> Parameters:
    """The parameters that these settings call for. Raises UserError when a hyperparameter's name is taken."""
    evaluation, tuning = settings.evaluation, settings.tuning
    own = {
        name: value
        for name, value in settings.hyperparameters.items()
        if not (tuning.enabled and name in tuning.ranges)
    }
    parameters = Parameters(
        # What has no default here gets one when the pipeline is compiled (DataPipeline).
        input_data=Parameter.string("InputData", None if settings.is_local else settings.data),
        processing_type=Parameter.string("ProcessingInstanceType", settings.processing.type),
        training_type=Parameter.string("TrainingInstanceType", settings.training.type),
        training_count=Parameter.integer("TrainingInstanceCount", settings.training.count),
        seed=Parameter.integer("Seed", settings.seed),
        threshold=None if evaluation.threshold is None else Parameter.float("Threshold", evaluation.threshold),
        min_improvement=Parameter.float("MinImprovement", evaluation.min_improvement)
        if evaluation.compare_with_best
        else None,
        approval=Parameter.string("ModelApprovalStatus", settings.approval, choices=APPROVALS),
        artifacts=Parameter.string("ArtifactUri"),
        max_jobs=Parameter.integer("MaxTuningJobs", tuning.max_jobs) if tuning.enabled else None,
        git_commit=Parameter.string("GitCommit", UNKNOWN),
        git_dirty=Parameter.string("GitDirty", UNKNOWN),
        git_repository=Parameter.string("GitRepository", UNKNOWN),
        hyperparameters={name: _of(name, value) for name, value in own.items()},
    )
    names = [each.name for each in parameters.all()]
    for name in own:
        if names.count(name) > 1:
            raise UserError(
                f"plugins.training.hyperparameters: '{name}' is the name of another parameter of the pipeline"
            )
    if chosen.is_script and "task" in own:
        raise UserError("plugins.training.hyperparameters: 'task' is given to the script by `plugins.training.task`")
    return parameters


def _of(name: str, value: Scalar) -> Parameter | str:
    if isinstance(value, bool):
        return Parameter.boolean(name, value)
    if isinstance(value, int):
        return Parameter.integer(name, value)
    if isinstance(value, float):
        return Parameter.float(name, value)
    return Parameter.string(name, value) if fits_property(value) else value
