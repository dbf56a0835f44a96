"""The training pipeline: preprocess, train or tune, evaluate, and register what is good enough.

Preprocess -> Train | Tune (-> Model -> Score) -> Evaluate -> Check -> Register, else Reject
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from headgate.errors import UserError
from headgate.pipelines import (
    Channel,
    CreateModel,
    Instance,
    Pipeline,
    Processing,
    SourceCode,
    Step,
    Training,
    Transform,
    Tuning,
    Value,
    execution,
    join,
)
from headgate.pipelines.assets import EXCLUDED
from headgate.spec.project import Project
from headgate_training import algorithms, arguments
from headgate_training.algorithms import AlgorithmPlan
from headgate_training.data import DataPipeline
from headgate_training.evaluation import evaluate_step, register_when_good
from headgate_training.parameters import make_parameters
from headgate_training.plan import RETRY, Plan, Trained
from headgate_training.settings import Settings


def training_pipeline(project: Project, settings: Settings) -> Pipeline:
    """The pipeline of one project. Raises UserError when code is missing or settings do not fit."""
    chosen = algorithms.plan(settings, project.region)
    parameters = make_parameters(settings, chosen)
    plan = Plan(project, settings, chosen, parameters, step_sources(settings, chosen))
    preprocess = preprocess_step(plan)
    training, trained = tune_step(plan, preprocess) if settings.tuning.enabled else train_step(plan, preprocess)
    scoring = score_steps(plan, preprocess, trained) if chosen.scored_by_transform else ()
    predictions = scoring[-1].output if scoring and isinstance(scoring[-1], Transform) else None
    evaluate = evaluate_step(plan, preprocess, trained, predictions)
    register = register_when_good(plan, preprocess, evaluate, trained)
    return DataPipeline(
        settings.pipeline,
        steps=(preprocess, training, *scoring, evaluate, register),
        parameters=parameters.all(),
        description=f"Trains {project.name}: {project.description}".strip(": ")[:3072],
        uploads={parameters.input_data.name: project.root / settings.data} if settings.is_local else {},
        artifacts=parameters.artifacts.name,
    )


def step_sources(settings: Settings, chosen: AlgorithmPlan) -> dict[str, SourceCode]:
    """Each step's code, with the shared packages beside it. Raises UserError that names folder and setting."""
    folders = settings.folders
    shared = _packages(folders.shared)
    sources = {
        "preprocess": _source("preprocess", folders.preprocess, shared),
        "evaluate": _source("evaluate", folders.evaluate, shared),
    }
    if chosen.is_script:
        if not (folders.inference / "inference.py").is_file():
            raise UserError(
                f"plugins.training.steps.inference: there is no inference.py in {folders.inference}; "
                "it must define model_fn and predict_fn, by which the model is served"
            )
        sources["train"] = _source("train", folders.train, {**shared, folders.inference.name: folders.inference})
    return sources


def preprocess_step(plan: Plan) -> Processing:
    """Raw data in; train, validation and test rows, baseline and lineage out."""
    return Processing(
        "Preprocess",
        image=plan.processing_image,
        role=plan.role,
        code=plan.sources["preprocess"],
        inputs=[arguments.raw_input(plan.parameters.input_data)],
        outputs=arguments.PREPROCESS_OUTPUTS,
        arguments=arguments.preprocess(plan.settings),
        instance=plan.processing_instance,
        max_runtime_seconds=plan.settings.max_runtime_seconds,
        property_files=[arguments.LINEAGE],
        cache=plan.cache,
        retry=RETRY,
    )


def train_step(plan: Plan, preprocess: Processing) -> tuple[Step, Trained]:
    """One training job."""
    step = _training("Train", plan, preprocess, hyperparameters(plan), artifact_folder(plan, "Train"))
    return step, Trained(
        step.model_artifacts, plan.training_image, hyperparameters(plan), step.property("TrainingJobName")
    )


def tune_step(plan: Plan, preprocess: Processing) -> tuple[Step, Trained]:
    """A tuning job over the ranges; what it hands on is its best training job."""
    settings, parameters = plan.settings.tuning, plan.parameters
    folder = artifact_folder(plan, "Tune")
    static = {name: value for name, value in hyperparameters(plan).items() if name not in settings.ranges}
    step = Tuning(
        "Tune",
        training=_training("Train", plan, preprocess, static, folder),
        objective=algorithms.objective(plan.settings, plan.algorithm),
        ranges={name: arguments.search_range(each) for name, each in settings.ranges.items()},
        strategy=settings.strategy,
        max_jobs=parameters.max_jobs or settings.max_jobs,
        max_parallel=settings.max_parallel,
        early_stopping=settings.early_stopping and settings.strategy != "Hyperband",  # which stops jobs itself
        random_seed=parameters.seed,
        cache=plan.cache,
        retry=RETRY,
    )
    best = step.best_training_job()
    found: dict[str, Value] = {
        name: step.property(f"BestTrainingJob.TunedHyperParameters['{name}']") for name in settings.ranges
    }
    model = join("/", [folder, best, "output/model.tar.gz"])
    return step, Trained(model, plan.training_image, {**static, **found}, best)


def score_steps(plan: Plan, preprocess: Processing, trained: Trained) -> tuple[Step, ...]:
    """The test rows, without their targets, through the model's own container."""
    settings = plan.settings.transform
    model = CreateModel("Model", role=plan.role, image=trained.image, model_data=trained.model, retry=RETRY)
    score = Transform(
        "Score",
        model=model.model_name,
        source=preprocess.output("features"),
        content_type=plan.algorithm.content_type,
        accept=plan.algorithm.response_type,
        split="Line",
        assemble="Line",
        batch_strategy="MultiRecord",
        instance=Instance(settings.type, settings.count),
        retry=RETRY,
    )
    return model, score


def hyperparameters(plan: Plan) -> dict[str, Value]:
    """What a training job is given: what follows from the task, then the project's own, then the seed."""
    given: dict[str, Value] = {**plan.algorithm.fixed, **plan.parameters.hyperparameters}
    if plan.algorithm.has_seed and "seed" not in given:
        given["seed"] = plan.parameters.seed
    return given


def artifact_folder(plan: Plan, step: str) -> Value:
    """Where a step's models go: a place of each execution's own."""
    return join("/", [plan.parameters.artifacts, execution("PipelineExecutionId"), step])


def _training(
    name: str, plan: Plan, preprocess: Processing, values: Mapping[str, Value], output_uri: Value
) -> Training:
    return Training(
        name,
        image=plan.training_image,
        role=plan.role,
        channels={
            channel: Channel(preprocess.output(channel), content_type=plan.algorithm.content_type)
            for channel in ("train", "validation")
        },
        hyperparameters=values,
        code=plan.sources.get("train"),
        instance=Instance(
            plan.parameters.training_type, plan.parameters.training_count, plan.settings.training.volume_gb
        ),
        output_uri=output_uri,
        metric_definitions=plan.algorithm.metric_definitions,
        max_runtime_seconds=plan.settings.max_runtime_seconds,
        cache=plan.cache,
        retry=RETRY,
    )


def _source(step: str, folder: Path, extra: Mapping[str, Path]) -> SourceCode:
    if not (folder / "__main__.py").is_file():
        raise UserError(
            f"plugins.training.steps.{step}: there is no __main__.py in {folder}; "
            "`headgate new --template tabular` scaffolds a project with all steps"
        )
    return SourceCode.from_folder(folder, entry="__main__.py", extra=extra, exclude=(*EXCLUDED, "*.md"))


def _packages(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise UserError(f"plugins.training.steps.shared: there is no folder {folder}")
    return {each.name: each for each in sorted(folder.iterdir()) if (each / "__init__.py").is_file()}
