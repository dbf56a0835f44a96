"""XGBoost's Python package, imported without what it does not need."""

from __future__ import annotations

import sys
from typing import Any

_OPTIONAL = ("pandas", "pyarrow", "sklearn")


def import_xgboost() -> Any:
    """The module `xgboost`.

    It imports pandas, PyArrow and scikit-learn only to know their types when it sees them. That takes seconds, which a
    job that hands it plain arrays need not wait: they are hidden during the import and can be imported afterwards.
    """
    if "xgboost" in sys.modules:
        return sys.modules["xgboost"]
    hidden = [name for name in _OPTIONAL if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        import xgboost
    finally:
        for name in hidden:
            del sys.modules[name]
    return xgboost
