"""Numbers from text: CSV and LIBSVM files, read strictly.

What is wrong in a file is said with the file's name and the line: a shifted column trains as well as a right one.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headgate_runtimes.algorithms.errors import CustomerError

Matrix = NDArray[np.float32]
_DELIMITERS = (",", "\t", ";", "|", " ")
_SNIPPET = 60


@dataclass(frozen=True, slots=True)
class Sparse:
    """Rows of a LIBSVM file in compressed form. `weights` is None when no line has one."""

    values: Matrix
    columns: NDArray[np.int64]
    starts: NDArray[np.int64]
    labels: Matrix
    weights: Matrix | None


def data_files(folder: Path, channel: str) -> list[Path]:
    """A channel's files, sorted by path (a channel may be one file); names that start with '.' or '_' are not data.

    Raises:
        CustomerError: there is none.
    """
    if folder.is_file():
        return [folder]
    files = [file for file in folder.rglob("*") if file.is_file() and not file.name.startswith((".", "_"))]
    if not files:
        raise CustomerError(f"no data in channel '{channel}' ({folder}): it holds no file")
    return sorted(files)


def read_csv(files: Iterable[Path], channel: str) -> Matrix:
    """The numbers of CSV files without header, one row a line; an empty field is missing (NaN).

    Raises:
        CustomerError: a field that is no number, a row of another width, no rows at all; with file and line.
    """
    tables = [table for file in files if (table := parse_csv(file.read_bytes(), file.name)).size]
    if not tables:
        raise CustomerError(f"no data in channel '{channel}': its files are empty")
    width = tables[0].shape[1]
    if any(table.shape[1] != width for table in tables):
        widths = sorted({table.shape[1] for table in tables})
        raise CustomerError(f"the files of channel '{channel}' differ in their number of columns: {widths}")
    return tables[0] if len(tables) == 1 else np.concatenate(tables)


def parse_csv(data: bytes, name: str) -> Matrix:
    """The numbers of one CSV text, as `read_csv`; an empty text gives an empty table."""
    if not data.strip():
        return np.empty((0, 0), dtype=np.float32)
    first = data.lstrip().split(b"\n", 1)[0].decode("utf-8", "replace").strip()
    delimiter = _delimiter(first)
    try:
        text = _with_numbers(data.decode("utf-8-sig"))
        table = np.loadtxt(
            io.StringIO(_mark_missing(text, delimiter)), dtype=np.float32, delimiter=delimiter, comments=None, ndmin=2
        )
    except (ValueError, UnicodeDecodeError) as error:
        raise CustomerError(_explain(data, name, delimiter) or f"{name} is not CSV of numbers: {error}") from error
    return table


def _with_numbers(text: str) -> str:
    """Write 1 and 0 for True and False: pandas 2 writes these where the pandas of SageMaker's images, and so the code
    that is written for them, has numbers (`get_dummies`).
    """
    if "True" not in text and "False" not in text:
        return text
    return re.sub(r"\bFalse\b", "0", re.sub(r"\bTrue\b", "1", text))


def _delimiter(line: str) -> str:
    counts = {mark: line.count(mark) for mark in _DELIMITERS}
    return max(_DELIMITERS, key=lambda mark: (counts[mark], -_DELIMITERS.index(mark))) if any(counts.values()) else ","


def _mark_missing(text: str, delimiter: str) -> str:
    """Write `nan` into empty fields."""
    if delimiter == " ":
        return text
    mark = re.escape(delimiter)
    return re.sub(rf"(?<={mark})(?={mark}|\r?$)|^(?={mark})", "nan", text, flags=re.MULTILINE)


def _explain(data: bytes, name: str, delimiter: str) -> str | None:
    """Find the first line that is not like the others, and say how."""
    width = None
    for number, raw in enumerate(data.decode("utf-8", "replace").splitlines(), start=1):
        if not raw.strip():
            continue
        fields = raw.strip().split(delimiter)
        for column, field in enumerate(fields, start=1):
            if field.strip() not in {"", "True", "False"} and not _is_number(field):
                header = " (is it a header? the first line must be data)" if number == 1 and len(fields) > 1 else ""
                return (
                    f"{name}, line {number}, column {column}: '{field.strip()[:_SNIPPET]}' is not a number{header}; "
                    "the algorithm reads CSV of numbers without header, the label in the first column"
                )
        width = width or len(fields)
        if len(fields) != width:
            return f"{name}, line {number}: {len(fields)} columns, where the lines before have {width}"
    return None


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def read_libsvm(files: Iterable[Path], channel: str) -> Sparse:
    """The rows of LIBSVM files: `label[:weight] index:value …`; indices are taken as they are.

    Raises:
        CustomerError: a line of another form, or no rows at all; with file and line.
    """
    rows = _Rows()
    for file in files:
        with file.open(encoding="utf-8", errors="replace") as lines:
            rows.add(lines, file.name)
    if not rows.labels:
        raise CustomerError(f"no data in channel '{channel}': its files are empty")
    return rows.compressed()


def parse_libsvm(text: str, name: str) -> Sparse:
    """The rows of one LIBSVM text, as `read_libsvm`."""
    rows = _Rows()
    rows.add(text.splitlines(), name)
    return rows.compressed()


class _Rows:
    def __init__(self) -> None:
        self.values: list[float] = []
        self.columns: list[int] = []
        self.starts: list[int] = [0]
        self.labels: list[float] = []
        self.weights: list[float] = []
        self.weighted = False

    def add(self, lines: Iterable[str], name: str) -> None:
        for number, line in enumerate(lines, start=1):
            fields = line.partition("#")[0].split()
            if fields:
                try:
                    self._add(fields)
                except ValueError:
                    raise CustomerError(
                        f"{name}, line {number}: '{line.strip()[:_SNIPPET]}' is not LIBSVM; the form is "
                        "'label[:weight] index:value …'"
                    ) from None

    def _add(self, fields: Sequence[str]) -> None:
        label, colon, weight = fields[0].partition(":")
        pairs = [field.split(":") for field in fields[1:]]
        columns = [int(index) for index, _ in pairs]
        if any(column < 0 for column in columns):
            raise ValueError(fields)
        values = [float(value) for _, value in pairs]
        self.labels.append(float(label))
        self.weights.append(float(weight) if colon else 1.0)
        self.weighted = self.weighted or bool(colon)
        self.columns += columns
        self.values += values
        self.starts.append(len(self.columns))

    def compressed(self) -> Sparse:
        return Sparse(
            np.asarray(self.values, dtype=np.float32),
            np.asarray(self.columns, dtype=np.int64),
            np.asarray(self.starts, dtype=np.int64),
            np.asarray(self.labels, dtype=np.float32),
            np.asarray(self.weights, dtype=np.float32) if self.weighted else None,
        )


def read_parquet(files: Iterable[Path], channel: str) -> Matrix:
    """The numbers of Parquet files, columns in order.

    Raises:
        CustomerError: PyArrow is not installed, a file is not Parquet, or a column holds no numbers.
    """
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise CustomerError(f"channel '{channel}' holds Parquet, which needs PyArrow: install 'pyarrow'") from error
    tables: list[Any] = []
    for file in files:
        try:
            table = parquet.read_table(file)
            columns = [np.asarray(column.to_numpy(), dtype=np.float32) for column in table.columns]
        except Exception as error:
            raise CustomerError(f"{file.name} is not Parquet of numbers: {error}") from error
        tables.append(np.column_stack(columns))
    return np.concatenate(tables)
