"""Hyperparameters are read strictly, and each wrong one is named."""

from __future__ import annotations

import pytest

from headgate_runtimes.algorithms.errors import CustomerError
from headgate_runtimes.algorithms.linear_learner.hyperparameters import plan as linear_plan
from headgate_runtimes.algorithms.xgboost.hyperparameters import plan

V = (1, 7)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({}, "hyperparameter 'num_round' is required: an integer of at least 1"),
        ({"num_round": "0"}, "hyperparameter 'num_round' must be an integer of at least 1, not '0'"),
        ({"num_round": "1.5"}, "'num_round' must be an integer"),
        ({"num_round": "1", "eta": "nan"}, "'eta' must be a number of at least 0 and at most 1, not 'nan'"),
        ({"num_round": "1", "subsample": "0"}, "'subsample' must be a number greater than 0 and at most 1"),
        ({"num_round": "1", "etaa": "0.1"}, "'etaa' is not one of XGBoost 1.7's; did you mean 'eta'"),
        ({"num_round": "1", "eta": "0.1", "learning_rate": "0.2"}, "'learning_rate' says again what 'eta' says"),
        ({"num_round": "1", "booster": "forest"}, "'booster' must be one of gbtree, gblinear, dart, not 'forest'"),
        ({"num_round": "1", "eval_metric": "rmse,best"}, "'eval_metric' must be a comma-separated list of"),
        ({"num_round": "1", "eval_metric": "rmse@0.5"}, "'eval_metric' must be"),
        ({"num_round": "1", "eval_metric": "error@x"}, "'eval_metric' must be"),
        ({"num_round": "1", "objective": "multi:softmax"}, "'num_class' is required with objective 'multi:softmax'"),
        ({"num_round": "1", "num_class": "3"}, "'num_class' does not go with objective 'reg:squarederror'"),
        ({"num_round": "1", "eval_metric": "auc"}, "auc does not go with objective"),
        ({"num_round": "1", "eval_metric": "aft-nloglik"}, "aft-nloglik does not go with"),
        ({"num_round": "1", "tree_method": "gpu_hist"}, "a GPU is not available on the local cloud"),
        ({"num_round": "1", "_kfold": "3"}, "cross validation is not available on the local cloud"),
        ({"num_round": "1", "monotone_constraints": "(1,0)"}, "needs tree_method exact or hist"),
        ({"num_round": "1", "monotone_constraints": "1"}, "must be a tuple of -1, 0 and 1"),
        ({"num_round": "1", "silent": "0"}, "'silent' is not one of XGBoost 1.7's"),
    ],
)
def test_wrong_hyperparameter_of_xgboost_is_named(given, problem):
    with pytest.raises(CustomerError) as raised:
        plan(given, V)
    assert problem in str(raised.value)


def test_every_problem_is_named_at_once():
    with pytest.raises(CustomerError) as raised:
        plan({"eta": "2", "nonsense": "1"}, V)
    assert all(f"'{name}'" in str(raised.value) for name in ("eta", "nonsense", "num_round"))


def test_hyperparameters_are_read_for_the_library():
    found = plan(
        {
            "num_round": "10",
            "learning_rate": "0.2",
            "reg_lambda": "2",
            "objective": "reg:linear",
            "max_depth": "5",
            "eval_metric": "rmse,mae",
            "_tuning_objective_metric": "validation:mse",
            "early_stopping_rounds": "3",
            "csv_weights": "1",
            "save_model_on_termination": "true",
            "predictor": "auto",
            "sagemaker_region": "eu-west-1",
            "updater": "grow_histmaker,prune",
        },
        V,
    )
    assert found.parameters == {
        "eta": 0.2,
        "lambda": 2.0,
        "objective": "reg:squarederror",
        "max_depth": 5,
        "updater": "grow_histmaker,prune",
    }
    assert (found.num_round, found.metrics, found.stopping_metric) == (10, ("rmse", "mae", "mse"), "mse")
    assert (found.early_stopping_rounds, found.csv_weights, found.save_on_termination) == (3, True, True)
    assert found.ignored == ("predictor",)


def test_threshold_belongs_to_a_metric():
    found = plan({"num_round": "1", "objective": "binary:logistic", "eval_metric": "error@0.7,auc"}, V)
    assert found.metrics == ("error@0.7", "auc")


def test_image_has_the_hyperparameters_of_its_version():
    assert plan({"num_round": "1", "silent": "0"}, (1, 0)).ignored == ("silent",)
    with pytest.raises(CustomerError, match=r"'sampling_method' is not one of XGBoost 1\.0's"):
        plan({"num_round": "1", "sampling_method": "uniform"}, (1, 0))


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({}, "'predictor_type' is required: one of binary_classifier, multiclass_classifier, regressor"),
        ({"predictor_type": "regressor", "loss": "logistic"}, "'loss' must be one of squared_loss"),
        ({"predictor_type": "multiclass_classifier"}, "'num_classes' is required"),
        ({"predictor_type": "binary_classifier", "normalize_label": "true"}, "goes with predictor_type regressor"),
        (
            {"predictor_type": "regressor", "epoch": "3"},
            "'epoch' is not one of Linear Learner's; did you mean 'epochs'",
        ),
        ({"predictor_type": "regressor", "wd": "-1"}, "'wd' must be a number of at least 0 or 'auto', not '-1'"),
    ],
)
def test_wrong_hyperparameter_of_linear_learner_is_named(given, problem):
    with pytest.raises(CustomerError) as raised:
        linear_plan(given)
    assert problem in str(raised.value)


def test_linear_learner_has_the_documented_defaults():
    found = linear_plan({"predictor_type": "regressor", "learning_rate": "auto", "feature_dim": "8", "l1": "auto"})
    assert (found.loss, found.epochs, found.mini_batch_size, found.optimizer) == ("squared_loss", 15, 1000, "adam")
    assert (found.normalize_data, found.normalize_label, found.use_bias) == (True, True, True)
    assert (found.learning_rate, found.feature_dim, found.l1, found.early_stopping_patience) == (None, 8, 0.0, 3)
    assert not linear_plan({"predictor_type": "binary_classifier"}).normalize_label
