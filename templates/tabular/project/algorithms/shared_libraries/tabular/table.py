"""Reading the project's CSV files, and refusing those that are not what the settings say."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Sequence

import pandas as pd

from tabular.failures import StepError

EMPTY = ("", "NA", "NaN", "nan", "null", "NULL")


@dataclass(frozen=True)
class Columns:
    """What a table's columns mean. Every column of `features` that is not `categorical` must hold numbers."""

    target: str
    features: Sequence[str]
    categorical: Sequence[str]
    numeric_target: bool


def csv_files(folder: Path) -> list[Path]:
    """The CSV files under a folder, by name. Raises StepError when there is none."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix.lower() == ".csv")
    if not files:
        raise StepError(f"no .csv file in {folder}: the data must be one or more CSV files with a header line")
    return files


def digest(files: Sequence[Path], folder: Path) -> str:
    """SHA-256 of the bytes read: of the file itself when there is one, else of a `sha256sum` listing of them all."""
    sums = [(hashlib.sha256(path.read_bytes()).hexdigest(), path.relative_to(folder).as_posix()) for path in files]
    if len(sums) == 1:
        return sums[0][0]
    return hashlib.sha256("".join(f"{value}  {name}\n" for value, name in sums).encode()).hexdigest()


def read(files: Sequence[Path]) -> pd.DataFrame:
    """All rows as text, in the order of the files, with the columns `__file__` and `__line__` saying where each was.

    Raises StepError when a file is empty, is no CSV, or has other columns than the first.
    """
    tables = [_read_one(path) for path in files]
    header = list(tables[0].columns)
    for path, table in zip(files, tables):
        if list(table.columns) != header:
            raise StepError(
                f"{path.name}: its columns are {_names(table)}, but {files[0].name} has {_names(tables[0])}"
            )
    return pd.concat(tables, ignore_index=True)


def resolve(table: pd.DataFrame, target: str, features: Sequence[str], categorical: Sequence[str]) -> list[str]:
    """The feature columns: those asked for, or all but the target. Raises StepError naming file and column."""
    file, present = table["__file__"].iloc[0], list(table.columns[:-2])
    if target not in present:
        raise StepError(f"{file}: there is no target column '{target}'; the columns are {', '.join(present)}")
    for column in [*features, *categorical]:
        if column not in present:
            raise StepError(f"{file}: there is no feature column '{column}'; the columns are {', '.join(present)}")
    if target in features:
        raise StepError(f"{file}: the target column '{target}' cannot be a feature as well")
    chosen = list(features) or [column for column in present if column != target]
    if not chosen:
        raise StepError(f"{file}: there is no column beside the target '{target}' to learn from")
    for column in categorical:
        if column not in chosen:
            raise StepError(f"{file}: the categorical column '{column}' is not among the features")
    return chosen


def typed(table: pd.DataFrame, columns: Columns) -> pd.DataFrame:
    """Target and features with their types: numbers as float64 (empty cells NaN), the rest as text.

    Raises StepError naming file, line, column and value of the first cell that does not fit, and, when it is not the
    only one, all columns that hold something else than numbers.
    """
    result = {}
    texts = [column for column in columns.features if column not in columns.categorical and _wrong(table[column]).any()]
    for column in [columns.target, *columns.features]:
        cells = table[column]
        numeric = columns.numeric_target if column == columns.target else column not in columns.categorical
        empty = cells.isin(EMPTY)
        if column == columns.target and empty.any():
            raise StepError(f"{_place(table, empty)}: the target column '{column}' is empty")
        if not numeric:
            result[column] = cells.mask(empty, "")
            continue
        wrong = _wrong(cells)
        if wrong.any():
            hint = "" if column == columns.target else _hint(texts)
            raise StepError(
                f"{_place(table, wrong)}: column '{column}' is '{cells[wrong].iloc[0]}', not a number{hint}"
            )
        if empty.all():
            raise StepError(f"{table['__file__'].iloc[0]}: column '{column}' is empty in every row")
        result[column] = _numbers(cells)
    return pd.DataFrame(result)


def _numbers(cells: pd.Series) -> pd.Series:
    """Text as float64; NaN where it is empty or no number."""
    return pd.to_numeric(cells.mask(cells.isin(EMPTY)), errors="coerce").astype("float64")


def _wrong(cells: pd.Series) -> pd.Series:
    """Where a column of numbers holds something else."""
    numbers = _numbers(cells)
    return (numbers.isna() & ~cells.isin(EMPTY)) | numbers.isin([float("inf"), float("-inf")])


def _hint(texts: Sequence[str]) -> str:
    """What to do about columns that hold text: all of them at once, as headgate.yaml would say it."""
    if len(texts) == 1:
        return "; list it under `categorical` if it holds categories"
    return f"; these hold other things than numbers: if they are categories, categorical: [{', '.join(texts)}]"


def _read_one(path: Path) -> pd.DataFrame:
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, skip_blank_lines=False, encoding="utf-8-sig")
    except pd.errors.EmptyDataError:
        raise StepError(f"{path.name}: the file is empty; expected a header line and rows") from None
    except (pd.errors.ParserError, UnicodeDecodeError) as error:
        raise StepError(f"{path.name}: not a CSV file in UTF-8: {str(error).strip()}") from None
    table.columns = [str(column).strip() for column in table.columns]
    if not isinstance(table.index, pd.RangeIndex):
        raise StepError(f"{path.name}: the rows have more cells than the header line names columns")
    repeated = table.columns[table.columns.duplicated()]
    if len(repeated):
        raise StepError(f"{path.name}: the column '{repeated[0]}' is there twice")
    table = table.apply(lambda cells: cells.fillna("").astype(str).str.strip())
    table["__file__"] = path.name
    table["__line__"] = range(2, len(table) + 2)
    table = table[(table.iloc[:, :-2] != "").any(axis=1)]
    if table.empty:
        raise StepError(f"{path.name}: there is a header line but no row")
    return table


def _names(table: pd.DataFrame) -> str:
    return ", ".join(column for column in table.columns if not column.startswith("__"))


def _place(table: pd.DataFrame, mask: pd.Series) -> str:
    row = table[mask].iloc[0]
    return f"{row['__file__']}, line {row['__line__']}"
