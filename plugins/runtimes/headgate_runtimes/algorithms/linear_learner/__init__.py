"""The built-in Linear Learner algorithm: `python -m headgate_runtimes.algorithms.linear_learner train|serve`."""
