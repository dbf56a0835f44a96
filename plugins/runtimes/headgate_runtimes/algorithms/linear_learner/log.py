"""Linear Learner's log lines, and the metrics that SageMaker reads from them."""

from __future__ import annotations

_LOSSES = ("mse", "rmse", "mae", "absolute_loss")
_SCORES = (
    "r2",
    "binary_classification_accuracy",
    "precision",
    "recall",
    "roc_auc_score",
    "multiclass_accuracy",
    "macro_precision",
    "macro_recall",
)
_PATTERNS = {
    "binary_f_beta": r"binary_f_\S+ <score>",
    "macro_f_beta": r"macro_f_\S+ <score>",
    "multiclass_top_k_accuracy": r"multiclass_top_k_accuracy_\S+ <score>",
}


def metric_definitions() -> dict[str, str]:
    """The metrics that SageMaker knows of this algorithm: name to regular expression."""
    definitions = {"train:progress": r"#progress_metric: host=\S+, completed (\S+) %"}
    measures = {name: f"{name} <loss>" for name in _LOSSES} | {name: f"{name} <score>" for name in _SCORES} | _PATTERNS
    for data in ("train", "validation"):
        definitions[f"{data}:objective_loss"] = (
            rf"#quality_metric: host=\S+, epoch=\S+, {data} \S+_objective <loss>=(\S+)"
        )
    definitions["test:objective_loss"] = r"#quality_metric: host=\S+, test \S+_objective <loss>=(\S+)"
    for data in ("train", "validation", "test"):
        for name, pattern in measures.items():
            definitions[f"{data}:{name}"] = rf"#quality_metric: host=\S+, {data} {pattern}=(\S+)"
    return definitions


def epoch_line(host: str, epoch: int, data: str, objective: str, loss: float) -> str:
    """One epoch's loss."""
    return f"#quality_metric: host={host}, epoch={epoch}, {data} {objective} <loss>={loss!r}"


def final_line(host: str, data: str, measure: str, value: float) -> str:
    """One measure of the model that was kept."""
    kind = "loss" if measure in _LOSSES or measure.endswith("_objective") else "score"
    return f"#quality_metric: host={host}, {data} {measure} <{kind}>={value!r}"


def progress_line(host: str, epoch: int, epochs: int) -> str:
    """How much of the training is done."""
    return f"#progress_metric: host={host}, completed {100.0 * (epoch + 1) / epochs!r} % of epochs"
