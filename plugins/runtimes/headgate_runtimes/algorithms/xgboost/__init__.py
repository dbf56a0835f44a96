"""The built-in XGBoost algorithm: `python -m headgate_runtimes.algorithms.xgboost train|serve`."""
