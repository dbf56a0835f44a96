"""Turning typed columns into the numbers a model sees. Everything is learned from training rows only."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Sequence

import pandas as pd


@dataclass(frozen=True)
class Encoding:
    """How features become numbers; as JSON it travels with the model.

    `fill`: what an empty cell of a numeric column becomes (the training median). `categories`: a 0/1 column for each.
    `center` and `spread`: subtracted and divided by, when scaling was asked for. `classes`: labels by their number.
    """

    features: list[str]
    fill: dict[str, float] = field(default_factory=dict)
    categories: dict[str, list[str]] = field(default_factory=dict)
    center: dict[str, float] = field(default_factory=dict)
    spread: dict[str, float] = field(default_factory=dict)
    classes: list[str] = field(default_factory=list)

    @property
    def columns(self) -> list[str]:
        """The names of the encoded columns, in order."""
        names: list[str] = []
        for feature in self.features:
            names += [f"{feature}={value}" for value in self.categories[feature]] if self._split(feature) else [feature]
        return names

    def apply(self, table: pd.DataFrame) -> pd.DataFrame:
        """Encode the features of any rows. A category that training never saw is 0 in all of its columns."""
        columns: dict[str, Any] = {}
        for feature in self.features:
            if self._split(feature):
                for value in self.categories[feature]:
                    columns[f"{feature}={value}"] = (table[feature] == value).astype("float64")
                continue
            numbers = table[feature].fillna(self.fill[feature])
            if feature in self.center:
                numbers = (numbers - self.center[feature]) / self.spread[feature]
            columns[feature] = numbers
        return pd.DataFrame(columns, index=table.index)

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "columns": self.columns}

    def _split(self, feature: str) -> bool:
        return feature in self.categories


def learn(
    rows: pd.DataFrame, features: Sequence[str], categorical: Sequence[str], scale: bool, classes: Sequence[str]
) -> Encoding:
    """Learn the encoding from training rows."""
    numeric = [feature for feature in features if feature not in categorical]
    fill = {feature: _or(float(rows[feature].median()), 0.0) for feature in numeric}
    center, spread = {}, {}
    if scale:
        for feature in numeric:
            filled = rows[feature].fillna(fill[feature])
            center[feature] = float(filled.mean())
            spread[feature] = _or(float(filled.std(ddof=0)), 1.0) or 1.0
    return Encoding(
        features=list(features),
        fill=fill,
        categories={feature: sorted(rows[feature].unique()) for feature in categorical},
        center=center,
        spread=spread,
        classes=list(classes),
    )


def _or(value: float, other: float) -> float:
    return other if value != value else value  # noqa: PLR0124 - NaN is the one number unlike itself
