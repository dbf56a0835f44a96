"""Baselines of the training rows in the formats of SageMaker Model Monitor.

The shapes are those of its `statistics.json` and `constraints.json` ('Schema for statistics' and 'Schema for
constraints' in the SageMaker documentation), without the KLL sketches.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

BUCKETS = 10
MAXIMUM_DOMAIN = 100
COMPARISON_THRESHOLD = 0.1


def statistics(rows: pd.DataFrame) -> dict[str, Any]:
    """Counts, moments and distribution of each column; text columns have `string_statistics`."""
    return {
        "version": 0.0,
        "dataset": {"item_count": len(rows)},
        "features": [_describe(str(name), rows[name]) for name in rows.columns],
    }


def constraints(rows: pd.DataFrame) -> dict[str, Any]:
    """What later data must keep: type, completeness, sign, and the values a text column may have."""
    return {
        "version": 0.0,
        "features": [_constrain(str(name), rows[name]) for name in rows.columns],
        "monitoring_config": {
            "evaluate_constraints": "Enabled",
            "emit_metrics": "Enabled",
            "datatype_check_threshold": 1.0,
            "domain_content_threshold": 1.0,
            "distribution_constraints": {
                "perform_comparison": "Enabled",
                "comparison_threshold": COMPARISON_THRESHOLD,
                "comparison_method": "Robust",
            },
        },
    }


def _describe(name: str, cells: pd.Series) -> dict[str, Any]:
    present = _present(cells)
    common = {"num_present": len(present), "num_missing": len(cells) - len(present)}
    if not _is_number(cells):
        counts = present.value_counts().sort_index()
        buckets = [{"value": str(value), "count": int(count)} for value, count in counts.items()]
        return {
            "name": name,
            "inferred_type": "String",
            "string_statistics": {
                "common": common,
                "distinct_count": float(len(counts)),
                "distribution": {"categorical": {"buckets": buckets[:MAXIMUM_DOMAIN]}},
            },
        }
    if present.empty:
        return {"name": name, "inferred_type": "Unknown", "numerical_statistics": {"common": common}}
    numbers = present.to_numpy(dtype="float64")
    counts, edges = np.histogram(numbers, bins=BUCKETS)
    return {
        "name": name,
        "inferred_type": _type(present),
        "numerical_statistics": {
            "common": common,
            "mean": float(numbers.mean()),
            "sum": float(numbers.sum()),
            "std_dev": float(numbers.std()),
            "min": float(numbers.min()),
            "max": float(numbers.max()),
            "distribution": {
                "kll": {
                    "buckets": [
                        {"lower_bound": float(low), "upper_bound": float(high), "count": float(count)}
                        for low, high, count in zip(edges[:-1], edges[1:], counts)
                    ]
                }
            },
        },
    }


def _constrain(name: str, cells: pd.Series) -> dict[str, Any]:
    present = _present(cells)
    feature: dict[str, Any] = {
        "name": name,
        "inferred_type": _type(present) if _is_number(cells) else "String",
        "completeness": len(present) / len(cells),
    }
    if _is_number(cells):
        feature["num_constraints"] = {"is_non_negative": bool((present >= 0).all())}
    elif present.nunique() <= MAXIMUM_DOMAIN:
        feature["string_constraints"] = {"domains": sorted(str(value) for value in present.unique())}
    return feature


def _present(cells: pd.Series) -> pd.Series:
    return cells.dropna() if _is_number(cells) else cells[cells != ""]


def _is_number(cells: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(cells)


def _type(numbers: pd.Series) -> str:
    return "Integral" if (numbers == numbers.round()).all() else "Fractional"
