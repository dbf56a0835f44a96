"""The end of the pipeline: measure, decide, and register the version with its lineage, or say why not."""

from __future__ import annotations

from headgate.pipelines import (
    Condition,
    DriftBaselines,
    Fail,
    Input,
    ModelMetrics,
    Processing,
    RegisterModel,
    Step,
    Test,
    Value,
    execution,
    greater_or_equal,
    join,
    less_or_equal,
)
from headgate_training import arguments, lineage
from headgate_training.plan import RETRY, Plan, Trained
from headgate_training.settings import METRICS


def evaluate_step(plan: Plan, preprocess: Processing, trained: Trained, predictions: Value | None) -> Processing:
    """Never cached: the best version so far may have changed since."""
    inputs = [Input("model", trained.model), Input("test", preprocess.output("test"))]
    if predictions is not None:
        inputs.append(Input("predictions", predictions))
    return Processing(
        "Evaluate",
        image=plan.evaluation_image,
        role=plan.role,
        code=plan.sources["evaluate"],
        inputs=inputs,
        outputs=[arguments.EVALUATION_OUTPUT],
        arguments=arguments.evaluate(plan.settings, plan.parameters.seed),
        # The registry is regional; SageMaker sets the region for training jobs, but not for processing jobs.
        environment={"AWS_DEFAULT_REGION": plan.project.region},
        instance=plan.processing_instance,
        max_runtime_seconds=plan.settings.max_runtime_seconds,
        property_files=[arguments.EVALUATION, arguments.RESULT],
        retry=RETRY,
    )


def register_when_good(plan: Plan, preprocess: Processing, evaluate: Processing, trained: Trained) -> Step:
    """Register when the metric passes the threshold and is as good as the best so far; else fail with both."""
    evaluation, parameters = plan.settings.evaluation, plan.parameters
    register = register_step(plan, preprocess, evaluate, trained)
    tests: list[Test] = []
    if parameters.threshold is not None:
        group = arguments.GROUPS[plan.settings.kind]
        compare = less_or_equal if evaluation.direction == "minimize" else greater_or_equal
        tests.append(compare(evaluate.json("Evaluation", f"{group}.{evaluation.metric}.value"), parameters.threshold))
    if parameters.min_improvement is not None:
        tests.append(greater_or_equal(evaluate.json("Result", "improvement"), parameters.min_improvement))
    if not tests:
        return register
    return Condition("Check", tests, then=[register], otherwise=[Fail("Reject", rejection(plan, evaluate))])


def rejection(plan: Plan, evaluate: Processing) -> Value:
    """The reason of an execution whose model is not good enough."""
    evaluation, parameters = plan.settings.evaluation, plan.parameters
    parts: list[Value] = [
        f"not registered: {evaluation.metric} is ",
        evaluate.json("Result", "as_text.shown"),
        " on the test rows",
    ]
    if parameters.threshold is not None:
        bound = "at most" if evaluation.direction == "minimize" else "at least"
        parts += [f"; the threshold is {bound} ", parameters.threshold]
    if parameters.min_improvement is not None:
        parts += ["; the best so far is ", evaluate.json("Result", "as_text.best")]
        parts += [" (", evaluate.json("Result", "as_text.best_model_package"), "), to be improved by at least "]
        parts.append(parameters.min_improvement)
    return join("", parts)


def register_step(plan: Plan, preprocess: Processing, evaluate: Processing, trained: Trained) -> RegisterModel:
    """A version that waits for approval, with its metrics, baselines and lineage."""
    parameters = plan.parameters
    statistics = join("/", [preprocess.output("baseline"), "statistics.json"])
    constraints = join("/", [preprocess.output("baseline"), "constraints.json"])
    return RegisterModel(
        "Register",
        group=plan.settings.group,
        image=trained.image,
        model_data=trained.model,
        environment=serving_environment(plan),
        approval=parameters.approval,
        package_description=f"{plan.settings.algorithm} {plan.settings.task} of {plan.settings.target}"[:1024],
        metrics=ModelMetrics(
            model_quality=join("/", [evaluate.output("evaluation"), "evaluation.json"]),
            data_quality=statistics,
            data_quality_constraints=constraints,
        ),
        drift_baselines=DriftBaselines(data_statistics=statistics, data_constraints=constraints),
        properties=lineage.bounded(properties(plan, preprocess, evaluate, trained)),
        metadata={
            "CommitId": parameters.git_commit,
            "Repository": parameters.git_repository,
            "GeneratedBy": execution("PipelineExecutionArn"),
            "ProjectId": plan.project.name,
        },
        content_types=[plan.algorithm.content_type],
        response_types=[plan.algorithm.response_type],
        inference_instances=plan.settings.inference_instances,
        transform_instances=[plan.settings.transform.type],
        retry=RETRY,
    )


def serving_environment(plan: Plan) -> dict[str, Value]:
    """What a container that serves the project's own script needs to know: the code is in the model's archive."""
    if not plan.algorithm.is_script:
        return {}
    return {"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"}


def properties(plan: Plan, preprocess: Processing, evaluate: Processing, trained: Trained) -> dict[str, Value]:
    """The version's lineage, by the names that `headgate models lineage` knows."""
    parameters, settings = plan.parameters, plan.settings
    found: dict[str, Value] = {
        "git_commit": parameters.git_commit,
        "git_dirty": parameters.git_dirty,
        "git_repository": parameters.git_repository,
        "data_uri": parameters.input_data,
        "data_digest": preprocess.json("Lineage", "data_digest"),
        "train_rows": preprocess.json("Lineage", "train_rows"),
        "test_rows": preprocess.json("Lineage", "test_rows"),
        "seed": parameters.seed,
        "split_seed": str(settings.split.seed),
        "preprocessing": lineage.recorded(" ".join(map(str, arguments.preprocess(settings)))),
        "encoding_uri": join("/", [preprocess.output("lineage"), arguments.LINEAGE.path]),
        "algorithm": settings.algorithm,
        "target": lineage.recorded(settings.target),
        "training_job": trained.job,
        "pipeline": settings.pipeline,
        "execution_arn": execution("PipelineExecutionArn"),
        "model_digest": evaluate.json("Result", "as_text.model_digest"),
        "metric": settings.evaluation.metric,
        "previous_best": evaluate.json("Result", "as_text.best_model_package"),
        **lineage.code_properties(plan.sources),
        **lineage.hyperparameter_properties(trained.hyperparameters),
    }
    if settings.kind != "regression":
        found["classes"] = preprocess.json("Lineage", "classes")
    if parameters.threshold is not None:
        found["threshold"] = parameters.threshold
    for name in METRICS[settings.kind]:
        found[f"metric.{name}"] = evaluate.json("Result", f"as_text.metrics.{name}")
    return found
