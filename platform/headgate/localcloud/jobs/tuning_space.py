"""The ranges of a hyperparameter tuning job, and drawing from them."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from headgate.localcloud.errors import validation
from headgate.localcloud.seams import Json

Scaling = Literal["Linear", "Logarithmic", "ReverseLogarithmic"]
_WIDE = 100.0
"""Auto scaling takes logarithms when the largest value is at least this many times the smallest."""


@dataclass(frozen=True, slots=True)
class Numeric:
    """A continuous or integer range, bounds included."""

    name: str
    low: float
    high: float
    scaling: Scaling
    integer: bool

    def at(self, share: float) -> float:
        """The value that lies at a share (0 to 1) of the scaled range; integers are rounded."""
        if self.scaling == "Logarithmic":
            value = math.exp(_between(math.log(self.low), math.log(self.high), share))
        elif self.scaling == "ReverseLogarithmic":
            value = 1.0 - math.exp(_between(math.log(1.0 - self.low), math.log(1.0 - self.high), share))
        else:
            value = _between(self.low, self.high, share)
        value = float(round(value)) if self.integer else value
        return min(self.high, max(self.low, value))

    def share(self, value: float) -> float:
        """The inverse of `at`."""
        if self.high == self.low:
            return 0.0
        low, high, scaled = (self._scaled(number) for number in (self.low, self.high, value))
        return (scaled - low) / (high - low)

    def _scaled(self, value: float) -> float:
        if self.scaling == "Logarithmic":
            return math.log(value)
        return math.log(1.0 - value) if self.scaling == "ReverseLogarithmic" else value

    def text(self, value: float) -> str:
        """As a hyperparameter, which is a string."""
        return str(int(value)) if self.integer else repr(value)

    def draw(self, generator: random.Random) -> str:
        return self.text(self.at(generator.random()))


@dataclass(frozen=True, slots=True)
class Categorical:
    """One of some texts."""

    name: str
    values: tuple[str, ...]

    def draw(self, generator: random.Random) -> str:
        return generator.choice(self.values)


Range = Numeric | Categorical
Space = Sequence[Range]


def _between(low: float, high: float, share: float) -> float:
    return low + (high - low) * share


def parse_space(ranges: Json) -> tuple[Range, ...]:
    """ParameterRanges as ranges. Raises AwsError (ValidationException) for bounds that make no sense."""
    found: list[Range] = [_around(item["Name"], item["ValueHint"]) for item in ranges.get("AutoParameters", ())]
    found += [_numeric(item, integer=True) for item in ranges.get("IntegerParameterRanges", ())]
    found += [_numeric(item, integer=False) for item in ranges.get("ContinuousParameterRanges", ())]
    for item in ranges.get("CategoricalParameterRanges", ()):
        if not item["Values"]:
            raise validation(f"hyperparameter '{item['Name']}' has no values to choose from")
        found.append(Categorical(item["Name"], tuple(item["Values"])))
    names = [each.name for each in found]
    if not names or len(set(names)) < len(names):
        raise validation(f"the hyperparameter ranges need names of their own: {', '.join(names) or 'none given'}")
    return tuple(found)


def _around(name: str, hint: str) -> Numeric:
    """The range of Autotune around a hint: four times either way for an integer, ten times for another number.

    SageMaker does not say which ranges it takes. Hints up to 1 are taken for shares, whose ranges end at 1.
    """
    try:
        value = float(hint)
    except ValueError:
        value = 0.0
    if not 0 < value < math.inf:
        raise validation(f"no range can be made around the hint '{hint}' of hyperparameter '{name}'; give a range")
    if hint.strip().isdigit():
        return Numeric(name, max(1.0, float(value // 4)), value * 4, "Logarithmic", integer=True)
    return Numeric(name, value / 10, min(1.0, value * 10) if value <= 1 else value * 10, "Logarithmic", integer=False)


def _numeric(item: Mapping[str, str], *, integer: bool) -> Numeric:
    name = item["Name"]
    try:
        low, high = (float(int(item[bound]) if integer else item[bound]) for bound in ("MinValue", "MaxValue"))
    except ValueError as error:
        raise validation(f"the range of hyperparameter '{name}' is no number: {error}") from error
    if not low <= high:
        raise validation(f"the range of hyperparameter '{name}' is empty: MinValue {low:g} is above MaxValue {high:g}")
    scaling = item.get("ScalingType", "Auto")
    if scaling == "Auto":
        scaling = "Logarithmic" if low > 0 and high / low >= _WIDE else "Linear"
    if scaling == "Logarithmic" and low <= 0:
        raise validation(f"Logarithmic scaling of hyperparameter '{name}' needs a MinValue above 0, not {low:g}")
    if scaling == "ReverseLogarithmic" and (integer or low < 0 or high >= 1):
        raise validation(
            f"ReverseLogarithmic scaling of hyperparameter '{name}' is for continuous ranges within 0 <= x < 1"
        )
    return Numeric(name, low, high, scaling, integer)  # type: ignore[arg-type]


def grid(space: Space) -> Iterator[dict[str, str]]:
    """Every combination, the last range changing fastest. Raises AwsError unless all ranges are categorical."""
    names: list[str] = []
    values: list[tuple[str, ...]] = []
    for each in space:
        if not isinstance(each, Categorical):
            raise validation(f"strategy Grid takes categorical ranges only; '{each.name}' is numeric")
        names.append(each.name)
        values.append(each.values)
    for combination in itertools.product(*values):
        yield dict(zip(names, combination, strict=True))
