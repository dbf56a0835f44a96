"""A channel as a DMatrix."""

from __future__ import annotations

from typing import Any

from headgate_runtimes.algorithms.contract import Channel
from headgate_runtimes.algorithms.errors import CustomerError
from headgate_runtimes.algorithms.recordio import read_recordio
from headgate_runtimes.algorithms.tables import Matrix, Sparse, data_files, read_csv, read_libsvm, read_parquet

CSV = "csv"
LIBSVM = "libsvm"
PARQUET = "parquet"
RECORDIO = "recordio-protobuf"
_TYPES = {
    "csv": CSV,
    "text/csv": CSV,
    "libsvm": LIBSVM,
    "text/libsvm": LIBSVM,
    "text/x-libsvm": LIBSVM,
    "parquet": PARQUET,
    "application/x-parquet": PARQUET,
    "recordio-protobuf": RECORDIO,
    "application/x-recordio-protobuf": RECORDIO,
}


def content_kind(content_type: str) -> str:
    """The format that a content type names; LIBSVM when there is none, as on SageMaker.

    Raises:
        CustomerError: a content type that XGBoost does not read, or a CSV whose label_size is not 1.
    """
    name, *parameters = (part.strip() for part in content_type.lower().split(";"))
    if not name:
        return LIBSVM
    if name not in _TYPES:
        raise CustomerError(f"content type '{content_type}' is not one of XGBoost's: {', '.join(_TYPES)}")
    for parameter in parameters:
        if parameter.startswith("label_size") and parameter.replace(" ", "") != "label_size=1":
            raise CustomerError(f"content type '{content_type}': label_size must be 1")
    return _TYPES[name]


def load_channel(xgboost: Any, channel: Channel, *, csv_weights: bool) -> Any:
    """Read a channel's files into a DMatrix, the label in the first column, then the weight if there are weights.

    Raises:
        CustomerError: what is wrong, with file and line.
    """
    kind = content_kind(channel.content_type)
    files = data_files(channel.folder, channel.name)
    if csv_weights and kind != CSV:
        raise CustomerError(f"hyperparameter 'csv_weights' goes with CSV, and channel '{channel.name}' holds {kind}")
    if kind == LIBSVM:
        return sparse_matrix(xgboost, read_libsvm(files, channel.name))
    readers = {CSV: read_csv, PARQUET: read_parquet, RECORDIO: read_recordio}
    return _labelled(xgboost, readers[kind](files, channel.name), channel.name, csv_weights=csv_weights)


def _labelled(xgboost: Any, table: Matrix, channel: str, *, csv_weights: bool) -> Any:
    head = 2 if csv_weights else 1
    if table.shape[1] <= head:
        names = "label, weight" if csv_weights else "label"
        raise CustomerError(
            f"channel '{channel}' has {table.shape[1]} column(s): the {names} and at least one feature are needed"
        )
    weight = table[:, 1] if csv_weights else None
    return xgboost.DMatrix(table[:, head:], label=table[:, 0], weight=weight)


def sparse_matrix(xgboost: Any, rows: Sparse) -> Any:
    """A DMatrix of LIBSVM rows, as wide as the highest index asks for."""
    from scipy.sparse import csr_matrix  # type: ignore[import-untyped]

    width = int(rows.columns.max()) + 1 if rows.columns.size else 1
    matrix = csr_matrix((rows.values, rows.columns, rows.starts), shape=(len(rows.labels), width))
    return xgboost.DMatrix(matrix, label=rows.labels, weight=rows.weights)
