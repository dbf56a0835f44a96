"""How the steps are called: inputs, outputs, property files and command lines. The steps' own READMEs say the same."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from headgate.pipelines import Categorical, Continuous, Input, Integer, Output, PropertyFile, Value
from headgate_training.settings import SearchRange, Settings

LONGEST_ARGUMENT = 256
"""ContainerArguments of CreateProcessingJob hold at most 100 arguments of at most 256 characters."""

PREPROCESS_OUTPUTS = tuple(Output(name) for name in ("train", "validation", "test", "features", "baseline", "lineage"))
"""The same whatever the algorithm: step caching does not compare outputs, so a cached preprocess must have them all.

`features` are the test rows without their targets, for a batch transform to score.
"""
LINEAGE = PropertyFile("Lineage", output="lineage", path="lineage.json")
EVALUATION_OUTPUT = Output("evaluation")
EVALUATION = PropertyFile("Evaluation", output="evaluation", path="evaluation.json")
RESULT = PropertyFile("Result", output="evaluation", path="result.json")
GROUPS = {
    "regression": "regression_metrics",
    "binary": "binary_classification_metrics",
    "multiclass": "multiclass_classification_metrics",
}
"""Where evaluation.json has the metrics of a kind of model, as SageMaker's model quality statistics do."""


def raw_input(source: Value) -> Input:
    return Input("raw", source)


def preprocess(settings: Settings) -> list[Value]:
    """The command line of preprocess."""
    line: list[Value] = ["--target", settings.target, "--task", settings.task, "--classes", str(settings.classes)]
    line += ["--test", str(settings.split.test), "--validation", str(settings.split.validation)]
    line += ["--seed", str(settings.split.seed)]
    for option, names in (("--features", settings.features), ("--categorical", settings.categorical)):
        for names_in_csv in csv_lines(names):
            line += [option, names_in_csv]
    return [*line, "--scale"] if settings.scale else line


def evaluate(settings: Settings, seed: Value) -> list[Value]:
    """The command line of evaluate."""
    evaluation = settings.evaluation
    line: list[Value] = ["--task", settings.task, "--classes", str(settings.classes)]
    line += ["--algorithm", settings.algorithm, "--metric", evaluation.metric, "--direction", evaluation.direction]
    line += ["--seed", seed]
    return [*line, "--group", settings.group] if evaluation.compare_with_best else line


def csv_lines(names: Sequence[str]) -> list[str]:
    """Names as lines of CSV, each short enough to be one argument."""
    lines: list[str] = []
    for name in names:
        cell = _csv(name)
        if lines and len(lines[-1]) + 1 + len(cell) <= LONGEST_ARGUMENT:
            lines[-1] += f",{cell}"
        else:
            lines.append(cell)
    return lines


def search_range(each: SearchRange) -> Continuous | Integer | Categorical:
    """The range as the tuning job takes it."""
    if each.values:
        return Categorical(each.values)
    if each.integer:
        return Integer(int(each.low), int(each.high), each.scaling)
    return Continuous(each.low, each.high, each.scaling)


def _csv(name: str) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow([name])
    return text.getvalue()
