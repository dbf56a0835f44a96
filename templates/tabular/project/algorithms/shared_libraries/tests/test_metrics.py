from __future__ import annotations

import numpy as np
import pytest
from tabular import metrics


def test_auc_is_the_share_of_pairs_in_the_right_order():
    truth, score = np.array([0, 0, 1, 1, 1]), np.array([0.1, 0.5, 0.5, 0.4, 0.9])
    pairs = [(p > n) + (p == n) / 2 for p in score[truth == 1] for n in score[truth == 0]]
    assert metrics.auc(truth, score) == pytest.approx(sum(pairs) / len(pairs))


def test_auc_of_one_class_says_nothing():
    assert metrics.auc(np.array([1, 1]), np.array([0.2, 0.3])) == 0.5


def test_binary_metrics_of_a_model_that_never_says_yes():
    values = metrics.binary(np.array([0, 1, 1]), np.array([0.1, 0.2, 0.3]))
    assert (values["precision"], values["recall"], values["f1"]) == (0, 0, 0)
    assert values["accuracy"] == pytest.approx(1 / 3)


def test_r2_of_the_mean_is_zero():
    truth = np.array([1.0, 2.0, 6.0])
    assert metrics.regression(truth, np.full(3, 3.0))["r2"] == pytest.approx(0)


def test_the_standard_deviation_is_reproducible_and_grows_with_scatter():
    truth = np.arange(50.0)
    steady = metrics.report("regression", truth, truth + 1, 3)["regression_metrics"]["rmse"]
    scattered = metrics.report("regression", truth, truth + np.resize([0.0, 9.0], 50), 3)["regression_metrics"]["rmse"]
    assert steady["standard_deviation"] == 0
    assert scattered["standard_deviation"] > 0
    assert (
        scattered
        == metrics.report("regression", truth, truth + np.resize([0.0, 9.0], 50), 3)["regression_metrics"]["rmse"]
    )
