"""Labels that an objective can learn from.

Checked before the library sees them, whose own message for a label out of range may speak of something else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from headgate_runtimes.algorithms.errors import CustomerError

Labels = NDArray[np.float32]
_Rule = tuple[str, Callable[[Labels], NDArray[np.bool_]]]

_UNIT: _Rule = ("label must be in [0,1]", lambda labels: (labels >= 0) & (labels <= 1))
_NON_NEGATIVE: _Rule = ("label must be nonnegative", lambda labels: labels >= 0)
_POSITIVE: _Rule = ("label must be positive", lambda labels: labels > 0)
_RULES: Mapping[str, _Rule] = {
    "binary:hinge": _UNIT,
    "binary:logistic": _UNIT,
    "binary:logitraw": _UNIT,
    "reg:logistic": _UNIT,
    "count:poisson": _NON_NEGATIVE,
    "reg:tweedie": _NON_NEGATIVE,
    "reg:gamma": _POSITIVE,
}


def check_labels(labels: Labels, channel: str, objective: str, num_class: int) -> None:
    """See that every label is one that the objective can learn.

    Raises:
        CustomerError: names the channel, the first row that is wrong, and its label.
    """
    if objective.startswith("multi:"):
        rule: _Rule = (
            f"label must be in [0, num_class), a whole number below {num_class}",
            lambda values: (values >= 0) & (values < num_class) & (values == np.floor(values)),
        )
    elif objective in _RULES:
        rule = _RULES[objective]
    else:
        rule = ("label must be a number", np.isfinite)
    text, holds = rule
    wrong = np.flatnonzero(~holds(labels))
    if wrong.size:
        raise CustomerError(
            f"channel '{channel}', row {int(wrong[0]) + 1}: label {labels[wrong[0]]:g} does not go with objective "
            f"'{objective}': {text}; the label stands in the first column"
        )
