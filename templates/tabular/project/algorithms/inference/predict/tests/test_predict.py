from __future__ import annotations

import joblib
import numpy as np
from predict import inference
from sklearn.linear_model import LogisticRegression, Ridge

ROWS = np.arange(12.0).reshape(12, 1)


def test_a_regression_answers_a_number_for_each_row(tmp_path):
    joblib.dump(Ridge().fit(ROWS, ROWS[:, 0]), tmp_path / "model.joblib")
    answer = inference.predict_fn(ROWS[:3], inference.model_fn(str(tmp_path)))
    assert answer.shape == (3,)


def test_two_classes_answer_the_probability_of_class_1(tmp_path):
    model = LogisticRegression().fit(ROWS, ROWS[:, 0] > 6)
    answer = inference.predict_fn(ROWS, model)
    assert answer.shape == (12,)
    assert answer[0] < 0.5 < answer[-1]


def test_three_classes_answer_a_probability_for_each():
    model = LogisticRegression().fit(ROWS, ROWS[:, 0] // 4)
    answer = inference.predict_fn(ROWS, model)
    assert answer.shape == (12, 3)
    assert np.allclose(answer.sum(axis=1), 1)


def test_a_single_row_may_come_flat():
    assert inference.predict_fn([3.0], Ridge().fit(ROWS, ROWS[:, 0])).shape == (1,)
