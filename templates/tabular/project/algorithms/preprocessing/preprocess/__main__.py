"""Preprocess: check the raw CSV, split it, encode it, and describe it.

Reads    /opt/ml/processing/input/raw/*.csv
Writes   /opt/ml/processing/output/
           train/train.csv, validation/validation.csv, test/test.csv   target first, no header, numbers only
           features/test.csv                                           the test rows without their targets
           baseline/statistics.json, baseline/constraints.json        the training rows, as Model Monitor describes data
           lineage/lineage.json                                        digest, counts, seed, encoding
The same bytes and the same seed give the same files, in whatever order the rows come.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import sys
from pathlib import Path
from typing import Sequence

import numpy as np
import pandas as pd
from tabular import baseline, encoding, failures, table
from tabular.failures import StepError
from tabular.properties import as_property


def main(argv: Sequence[str] | None = None) -> None:
    """Run the step. Raises StepError for data or arguments that do not fit."""
    arguments = parse(argv)
    folder = arguments.input / "raw"
    files = table.csv_files(folder)
    raw = table.read(files)
    categorical = names(arguments.categorical)
    features = table.resolve(raw, arguments.target, names(arguments.features), categorical)
    is_regression = arguments.task == "regression"
    rows = table.typed(raw, table.Columns(arguments.target, features, categorical, numeric_target=is_regression))
    if is_regression:
        check_varies(rows[arguments.target], files[0].name)
    classes = [] if is_regression else labels(rows[arguments.target], arguments.classes, files[0].name)

    test, validation, train = split(
        rows, None if is_regression else arguments.target, arguments.test, arguments.validation, arguments.seed
    )
    learned = encoding.learn(train, features, categorical, arguments.scale, classes)
    for name, part in (("train", train), ("validation", validation), ("test", test)):
        encoded = learned.apply(part)
        target = part[arguments.target] if is_regression else part[arguments.target].map(classes.index)
        encoded.insert(0, arguments.target, target)
        write(arguments.output / name / f"{name}.csv", encoded.to_csv(header=False, index=False))
        if name == "test":
            write(arguments.output / "features" / "test.csv", encoded.iloc[:, 1:].to_csv(header=False, index=False))
        print(f"{name}: {len(part)} rows, {encoded.shape[1] - 1} features")

    write_json(arguments.output / "baseline" / "statistics.json", baseline.statistics(train))
    write_json(arguments.output / "baseline" / "constraints.json", baseline.constraints(train))
    lineage = {
        "data_digest": table.digest(files, folder),
        "files": str(len(files)),
        "rows": str(len(rows)),
        "train_rows": str(len(train)),
        "validation_rows": str(len(validation)),
        "test_rows": str(len(test)),
        "features": str(len(learned.columns)),
        "classes": as_property(csv_line(classes)),
        "seed": str(arguments.seed),
        "encoding": learned.as_json(),
    }
    write_json(arguments.output / "lineage" / "lineage.json", lineage)
    print(f"data digest {lineage['data_digest']}")


def split(
    rows: pd.DataFrame, stratify: str | None, test: float, validation: float, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Test, validation and training rows, shuffled by the seed; each class in the same proportions when `stratify`.

    Rows are sorted first, so that their order in the file does not matter. Raises StepError when a part would be empty.
    """
    ordered = rows.sort_values(list(rows.columns), kind="stable", ignore_index=True)
    random = np.random.RandomState(seed)  # its stream is frozen, unlike default_rng's
    groups = [ordered.index] if stratify is None else [part.index for _, part in ordered.groupby(stratify, sort=True)]
    parts: tuple[list[int], list[int], list[int]] = ([], [], [])
    for group in groups:
        shuffled = random.permutation(np.asarray(group))
        first, second = round(len(group) * test), round(len(group) * (test + validation))
        for part, chosen in zip(parts, (shuffled[:first], shuffled[first:second], shuffled[second:])):
            part.extend(int(index) for index in chosen)
    if not all(parts):
        count = "1 row is" if len(rows) == 1 else f"{len(rows)} rows are"
        raise StepError(f"{count} too few to split: one of test, validation and training has none")
    result = tuple(ordered.loc[random.permutation(part)].reset_index(drop=True) for part in parts)
    return result[0], result[1], result[2]


def labels(target: pd.Series, expected: int, file: str) -> list[str]:
    """The classes in order (numbers by value, else by name). Raises StepError when their number is another."""
    found = sorted(target.unique(), key=lambda label: (0, float(label), label) if is_number(label) else (1, 0.0, label))
    if len(found) != expected:
        shown = ", ".join(found[:10]) + (", ..." if len(found) > 10 else "")
        raise StepError(
            f"{file}: the target column '{target.name}' has {len(found)} classes ({shown}), but `classes` is {expected}"
        )
    return found


def check_varies(target: pd.Series, file: str) -> None:
    """Raises StepError when there is nothing to learn: the target is the same number in every row."""
    if len(target) > 1 and target.nunique() == 1:
        raise StepError(
            f"{file}: the target column '{target.name}' is {target.iloc[0]:g} in every row: there is nothing to learn"
        )


def is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def csv_line(cells: Sequence[str]) -> str:
    """The cells as CSV would have them in a line."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue()


def names(values: Sequence[str]) -> list[str]:
    """Column names out of repeated arguments, each of them a line of CSV (an argument holds 256 characters at most)."""
    return [name for row in csv.reader(values) for name in row if name]


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="preprocess", description=__doc__)
    parser.add_argument("--target", required=True)
    parser.add_argument("--task", choices=("regression", "classification"), required=True)
    parser.add_argument("--classes", type=int, default=2)
    parser.add_argument("--features", action="append", default=[], help="a line of CSV; all columns when not given")
    parser.add_argument("--categorical", action="append", default=[], help="a line of CSV")
    parser.add_argument("--test", type=float, default=0.2, help="fraction of the rows")
    parser.add_argument("--validation", type=float, default=0.2, help="fraction of the rows")
    parser.add_argument("--scale", action="store_true", help="subtract the mean and divide by the standard deviation")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--input", type=Path, default=Path("/opt/ml/processing/input"))
    parser.add_argument("--output", type=Path, default=Path("/opt/ml/processing/output"))
    arguments = parser.parse_args(argv)
    if not (arguments.test > 0 and arguments.validation > 0 and arguments.test + arguments.validation < 1):
        parser.error("--test and --validation must be fractions above 0 that leave rows to train on")
    return arguments


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def write_json(path: Path, value: object) -> None:
    write(path, json.dumps(value, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    sys.exit(failures.run(main, failures.PROCESSING_MESSAGE))
