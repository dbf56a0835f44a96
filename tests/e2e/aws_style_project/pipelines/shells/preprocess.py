"""Feature engineering in the style of AWS's examples: boto3 inside the step, folders of the container spelled out."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import boto3
import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

NUMBERS = ["length", "height", "weight"]
BASE = "/opt/ml/processing"

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--input-data", required=True)
    bucket, _, key = parser.parse_args().input_data.removeprefix("s3://").partition("/")

    os.makedirs(f"{BASE}/data", exist_ok=True)  # noqa: PTH103 - as the examples write it
    raw = f"{BASE}/data/raw.csv"
    boto3.resource("s3").Bucket(bucket).download_file(key, raw)
    frame = pd.read_csv(raw, header=None, names=["habitat", *NUMBERS, "rings"])
    Path(raw).unlink()

    target = frame.pop("rings")
    features = ColumnTransformer(
        [
            ("numbers", Pipeline([("fill", SimpleImputer()), ("scale", StandardScaler())]), NUMBERS),
            ("classes", OneHotEncoder(handle_unknown="ignore"), ["habitat"]),
        ]
    ).fit_transform(frame)
    table = np.column_stack([target.to_numpy(), features])
    np.random.default_rng(7).shuffle(table)
    parts = np.split(table, [int(0.7 * len(table)), int(0.85 * len(table))])
    for name, part in zip(("train", "validation", "test"), parts, strict=True):
        pd.DataFrame(part).to_csv(f"{BASE}/{name}/{name}.csv", header=False, index=False)
