"""Serving: what the scikit-learn container calls for the model that train wrote.

`input_fn` and `output_fn` are the container's own: rows of CSV in, CSV or JSON out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import joblib
import numpy as np


def model_fn(model_dir: str) -> Any:
    """The model out of the unpacked archive."""
    return joblib.load(Path(model_dir) / "model.joblib")


def predict_fn(data: Any, model: Any) -> np.ndarray:
    """Numbers for regression, probabilities of class 1 for two classes, class probabilities (n x k) for more."""
    rows = np.atleast_2d(np.asarray(data, dtype="float64"))
    if not hasattr(model, "predict_proba"):
        return np.asarray(model.predict(rows))
    probability = np.asarray(model.predict_proba(rows))
    return probability[:, 1] if probability.shape[1] == 2 else probability
