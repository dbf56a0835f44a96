"""Which hyperparameters to try next: the strategies of a tuning job."""

from __future__ import annotations

import random
import warnings
from collections.abc import Mapping
from typing import Any, Protocol

from headgate.localcloud.errors import unsupported
from headgate.localcloud.jobs.tuning_space import Categorical, Space, grid

Parameters = dict[str, str]


class Search(Protocol):
    """Proposes hyperparameters; trials are numbered from 1."""

    def propose(self, number: int) -> Parameters | None:
        """What trial `number` tries, or None when there is nothing left to try."""
        ...

    def observe(self, parameters: Mapping[str, str], value: float | None) -> None:
        """What came of a proposal; None when it gave no objective."""
        ...


class RandomSearch:
    """Every trial is drawn on its own, so that a seed gives the same trials in whatever order they run."""

    def __init__(self, space: Space, seed: int) -> None:
        self._space = space
        self._seed = seed

    def propose(self, number: int) -> Parameters | None:
        generator = random.Random(f"{self._seed}:{number}")
        return {each.name: each.draw(generator) for each in self._space}

    def observe(self, parameters: Mapping[str, str], value: float | None) -> None:
        """Random search learns nothing."""


class GridSearch:
    """Every combination of categorical values, once."""

    def __init__(self, space: Space) -> None:
        self._combinations = list(grid(space))

    def __len__(self) -> int:
        return len(self._combinations)

    def propose(self, number: int) -> Parameters | None:
        return self._combinations[number - 1] if number <= len(self._combinations) else None

    def observe(self, parameters: Mapping[str, str], value: float | None) -> None:
        """A grid does not depend on results."""


class BayesianSearch:
    """Optuna's tree-structured Parzen estimator over the scaled ranges; the first trials are random.

    It is imported when the first trial is proposed: it takes a second to load.
    """

    def __init__(self, space: Space, seed: int, *, minimize: bool, trials: int) -> None:
        self._space = space
        self._seed = seed
        self._minimize = minimize
        self._startup = max(2, min(10, trials // 3))
        self._study: Any = None
        self._asked: list[tuple[Parameters, Any]] = []

    def propose(self, number: int) -> Parameters | None:  # noqa: ARG002  the study counts for itself
        study = self._opened()
        trial = study.ask(self._distributions())
        parameters = {
            each.name: trial.params[each.name]
            if isinstance(each, Categorical)
            else each.text(each.at(trial.params[each.name]))
            for each in self._space
        }
        self._asked.append((parameters, trial))
        return parameters

    def observe(self, parameters: Mapping[str, str], value: float | None) -> None:
        import optuna

        study = self._opened()
        for index, (asked, trial) in enumerate(self._asked):
            if asked == parameters:
                del self._asked[index]
                state = optuna.trial.TrialState.FAIL if value is None else None
                study.tell(trial, values=value, state=state)
                return
        if value is None:
            return
        shares = {
            each.name: parameters[each.name]
            if isinstance(each, Categorical)
            else min(1.0, max(0.0, each.share(float(parameters[each.name]))))
            for each in self._space
        }
        study.add_trial(optuna.trial.create_trial(params=shares, distributions=self._distributions(), value=value))

    def _distributions(self) -> dict[str, Any]:
        import optuna

        return {
            each.name: optuna.distributions.CategoricalDistribution(each.values)
            if isinstance(each, Categorical)
            else optuna.distributions.FloatDistribution(0.0, 1.0)
            for each in self._space
        }

    def _opened(self) -> Any:
        if self._study is None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                import optuna

                optuna.logging.set_verbosity(optuna.logging.WARNING)
                self._study = optuna.create_study(
                    sampler=optuna.samplers.TPESampler(seed=self._seed, n_startup_trials=self._startup),
                    direction="minimize" if self._minimize else "maximize",
                )
        return self._study


def make_search(strategy: str, space: Space, seed: int, *, minimize: bool, trials: int) -> Search:
    """The search for a strategy's name. Raises AwsError for Hyperband, which is not supported."""
    if strategy == "Random":
        return RandomSearch(space, seed)
    if strategy == "Grid":
        return GridSearch(space)
    if strategy == "Bayesian":
        return BayesianSearch(space, seed, minimize=minimize, trials=trials)
    raise unsupported(f"hyperparameter tuning strategy {strategy}; use Bayesian, Random or Grid")
