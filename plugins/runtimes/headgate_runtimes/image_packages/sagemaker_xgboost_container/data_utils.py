"""Training data as a DMatrix."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import xgboost

from headgate_runtimes.algorithms.contract import Channel
from headgate_runtimes.algorithms.xgboost.data import content_kind, load_channel

logger = logging.getLogger(__name__)


def get_content_type(content_type: str | None) -> str:
    """The format that a content type names: csv, libsvm, parquet or recordio-protobuf."""
    return content_kind(content_type or "")


def get_dmatrix(data_path: str, content_type: str | None, csv_weights: int = 0, is_pipe: bool = False) -> Any:
    """A folder of files, or one file, as a DMatrix; None when it holds no file."""
    if is_pipe:
        raise ValueError("Pipe mode is not supported: use File or FastFile")
    path = Path(data_path)
    folder = path if path.is_dir() else path.parent
    if not path.exists() or not any(entry.is_file() for entry in folder.rglob("*")):
        logger.info("no data in %s", data_path)
        return None
    return load_channel(xgboost, Channel(path.name, path, content_type or ""), csv_weights=csv_weights == 1)
