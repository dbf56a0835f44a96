"""Metrics of a training job: found in its log by regular expressions, as SageMaker finds them."""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from headgate.localcloud.errors import validation
from headgate.localcloud.seams import Json

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[-+]?(?:nan|inf)"
_BUILT_IN: tuple[tuple[str, str], ...] = (
    # image, expression with the groups channel, metric and value
    (r"(^|[/.-])xgboost[:-]", rf"\b(?P<channel>train|validation)-(?P<metric>[\w@.-]+?):(?P<value>{_NUMBER})"),
    (
        r"linear-learner[:-]",
        rf"#quality_metric: .*?\b(?P<channel>train|validation|test) (?P<metric>\S+) <\w+>=(?P<value>{_NUMBER})",
    ),
)


@dataclass(frozen=True, slots=True)
class MetricDefinition:
    """A metric's name and the expression whose first group is its value."""

    name: str
    expression: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Scanner:
    """Finds metrics in a line: those that the request defines, and those that a built-in algorithm always prints."""

    definitions: tuple[MetricDefinition, ...]
    built_in: re.Pattern[str] | None = None

    def scan(self, line: str) -> list[tuple[str, float]]:
        """The metrics in a line with their values; numbers that are not finite are left out.

        Expressions may expect a tab as `#011`, which is how CloudWatch shows the one that XGBoost prints.
        """
        found: dict[str, float] = {}
        if self.built_in:
            for match in self.built_in.finditer(line):
                name = f"{match['channel']}:{match['metric']}"
                found[name] = float(match["value"])
                if match["metric"].endswith("_objective"):
                    found[f"{match['channel']}:objective_loss"] = float(match["value"])
        escaped = line.replace("\t", "#011")
        for definition in self.definitions:
            hit = definition.expression.search(line) or definition.expression.search(escaped)
            value = _value(hit) if hit else None
            if value is not None:
                found[definition.name] = value
        return [(name, value) for name, value in found.items() if math.isfinite(value)]


def _value(match: re.Match[str]) -> float | None:
    try:
        return float(match.group(1) if match.re.groups else match.group(0))
    except (TypeError, ValueError):
        return None


def scanner(image: str, definitions: Iterable[Mapping[str, str]]) -> Scanner:
    """The scanner of a job. Raises AwsError (ValidationException) for an expression that cannot be compiled."""
    compiled = []
    for definition in definitions:
        try:
            compiled.append(MetricDefinition(definition["Name"], re.compile(definition["Regex"])))
        except re.error as error:
            raise validation(
                f"the regular expression of metric '{definition['Name']}' is wrong: {error} in {definition['Regex']}"
            ) from error
    built_in = next((re.compile(text) for pattern, text in _BUILT_IN if re.search(pattern, image)), None)
    return Scanner(tuple(compiled), built_in)


@dataclass(slots=True)
class MetricSeries:
    """The metrics of one running job. Safe to use from many threads."""

    series: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    """Per metric, pairs of seconds since the epoch and value, as they came."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, name: str, time: float, value: float) -> None:
        with self._lock:
            self.series.setdefault(name, []).append((time, value))

    def as_json(self) -> Json:
        """Metric name → list of [seconds since the epoch, value]."""
        with self._lock:
            return {name: [list(point) for point in points] for name, points in self.series.items()}

    def final(self) -> list[Json]:
        """FinalMetricDataList: the last value of each metric."""
        with self._lock:
            return [
                {"MetricName": name, "Value": points[-1][1], "Timestamp": points[-1][0]}
                for name, points in self.series.items()
            ]
