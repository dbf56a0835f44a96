"""Whose fault it is when an algorithm fails, in SageMaker's two words."""

from __future__ import annotations


class CustomerError(Exception):
    """The job's data or hyperparameters are wrong: `ClientError` on SageMaker, exit code 2."""


class AlgorithmFailure(Exception):  # noqa: N818  named as SageMaker names it, not as an error of ours
    """The algorithm could not do what was rightly asked: `AlgorithmError` on SageMaker, exit code 1."""
