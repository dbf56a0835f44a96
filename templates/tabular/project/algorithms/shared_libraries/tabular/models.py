"""Opening a trained model's archive, and predicting with what is in it."""

from __future__ import annotations

import gzip
import hashlib
import tarfile
import zlib
from pathlib import Path

import numpy as np

from tabular.failures import StepError


def unpack(archive: Path, folder: Path) -> str:
    """Unpack `model.tar.gz`; returns the SHA-256 of its files' names and bytes, not of times and owners.

    Raises StepError when the archive is damaged or holds a path outside of itself.
    """
    sums = []
    try:
        with gzip.open(archive) as stream, tarfile.open(fileobj=stream, mode="r:") as tar:
            for member in sorted(tar.getmembers(), key=lambda each: each.name):
                if not member.isfile():
                    continue
                target = (folder / member.name).resolve()
                if folder.resolve() not in target.parents:
                    raise StepError(f"{archive.name}: the member '{member.name}' lies outside of the archive")
                content = tar.extractfile(member)
                data = content.read() if content else b""
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(data)
                sums.append(f"{hashlib.sha256(data).hexdigest()}  {target.relative_to(folder.resolve())}\n")
            while stream.read(1 << 20):
                pass  # to the end, where gzip's checksum is: damage that tar does not notice is noticed there
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise StepError(f"{archive.name}: not a readable model archive: {error}") from error
    if not sums:
        raise StepError(f"{archive.name}: the model archive is empty")
    return hashlib.sha256("".join(sums).encode()).hexdigest()


def predict_xgboost(folder: Path, features: np.ndarray) -> np.ndarray:
    """Predictions of a model of the built-in XGBoost algorithm: n, or n x k class probabilities."""
    import xgboost

    file = folder / "xgboost-model"
    if not file.is_file():
        found = ", ".join(sorted(path.name for path in folder.iterdir()))
        raise StepError(f"model.tar.gz: there is no 'xgboost-model' in it, only {found}")
    booster = xgboost.Booster()
    try:
        booster.load_model(bytearray(file.read_bytes()))
    except xgboost.core.XGBoostError as error:
        raise StepError(f"model.tar.gz: 'xgboost-model' cannot be loaded: {error}") from error
    return np.asarray(booster.predict(xgboost.DMatrix(features)))
