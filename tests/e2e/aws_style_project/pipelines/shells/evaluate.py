"""Evaluation in the style of AWS's examples: the model is untarred and unpickled, the report is a property file."""

from __future__ import annotations

import json
import pickle
import tarfile
from pathlib import Path

import numpy as np
import pandas as pd
import xgboost
from sklearn.metrics import mean_squared_error

if __name__ == "__main__":
    with tarfile.open("/opt/ml/processing/model/model.tar.gz") as archive:
        archive.extractall(path=".", filter="data")
    with open("xgboost-model", "rb") as file:  # noqa: PTH123 - as the examples write it
        model = pickle.load(file)

    test = pd.read_csv("/opt/ml/processing/test/test.csv", header=None)
    target = test.iloc[:, 0].to_numpy()
    predictions = model.predict(xgboost.DMatrix(test.iloc[:, 1:].to_numpy()))
    metrics = {
        "mse": {
            "value": float(mean_squared_error(target, predictions)),
            "standard_deviation": float(np.std(target - predictions)),
        }
    }
    folder = Path("/opt/ml/processing/evaluation")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "evaluation.json").write_text(json.dumps({"regression_metrics": metrics}))
