"""moto's CloudWatch as alarms see it: alarms, their metrics' data, and what AWS/SQS would publish.

Held by tests/contract/test_alarms.py.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from statistics import fmean
from typing import Any

from headgate.localcloud.alarms.values import UNKNOWN, Alarm, State
from headgate.localcloud.server.moto_determinism import once_imported, patch
from headgate.localcloud.server.moto_host import MotoHost

_QUEUE = "QueueName"
_SAMPLES = 1440
"""A day of samples, one a minute."""


def install() -> None:
    """Patch CloudWatch as soon as somebody uses it."""
    once_imported("moto.cloudwatch.models", _patch)


def _patch() -> None:
    """A new alarm knows nothing yet, and one that is changed stays in its state; moto has both begin as OK."""
    from moto.cloudwatch.models import CloudWatchBackend

    original: Any = CloudWatchBackend.put_metric_alarm
    if getattr(original, "headgate", False):
        return

    def put(self: Any, name: str, *arguments: Any, **named: Any) -> Any:
        before = self.alarms.get(name)
        alarm = original(self, name, *arguments, **named)
        alarm.state_value = UNKNOWN
        if before is not None:
            for member in ("state_value", "state_reason", "state_reason_data", "state_updated_timestamp", "history"):
                setattr(alarm, member, getattr(before, member))
        return alarm

    put.headgate = True  # type: ignore[attr-defined]
    patch(CloudWatchBackend, "put_metric_alarm", put)


class MotoMetrics:
    """Reads in moto's turn. Samples of queues are in memory: after a start there are none until the next minute."""

    def __init__(self, moto: MotoHost) -> None:
        self._moto = moto
        self._samples: dict[tuple[str, str, str], deque[tuple[float, float]]] = {}

    def alarms(self) -> list[Alarm]:
        return self._moto.look(lambda: [_read(one, *place) for place, one in _all_alarms()])

    def sample(self, alarms: Iterable[Alarm], now: float) -> None:
        wanted = {_queue_of(alarm) for alarm in alarms if alarm.namespace == "AWS/SQS"}
        sizes = self._moto.look(lambda: {queue: _visible(*queue) for queue in wanted})
        for queue, size in sizes.items():
            if size is not None:
                self._samples.setdefault(queue, deque(maxlen=_SAMPLES)).append((now, float(size)))

    def datapoints(self, alarm: Alarm, now: float) -> list[float | None]:
        """Windows of the alarm's period end now, at the minute, and one period before each."""
        if alarm.namespace == "AWS/SQS":
            values = [(when, value) for when, value in self._samples.get(_queue_of(alarm), ())]
            return [
                _statistic(alarm.statistic, [v for t, v in values if start < t <= end])
                for start, end in _windows(alarm, now)
            ]
        return self._moto.look(lambda: [_of_moto(alarm, start, end) for start, end in _windows(alarm, now)])


def _windows(alarm: Alarm, now: float) -> list[tuple[float, float]]:
    return [(now - (n + 1) * alarm.period, now - n * alarm.period) for n in range(alarm.periods)]


def _statistic(name: str, values: list[float]) -> float | None:
    if not values:
        return None
    made: dict[str, Callable[[list[float]], float]]
    made = {"Sum": sum, "Minimum": min, "Maximum": max, "SampleCount": len, "Average": fmean}
    return float(made[name](values))


def _of_moto(alarm: Alarm, start: float, end: float) -> float | None:
    from moto.cloudwatch.models import Statistics, cloudwatch_backends

    found = [
        datum
        for datum in cloudwatch_backends[alarm.account][alarm.region].metric_data
        if datum.namespace == alarm.namespace
        and datum.name == alarm.metric
        and sorted((one.name, one.value) for one in datum.dimensions) == sorted(alarm.dimensions)
        and (not alarm.unit or datum.unit == alarm.unit)
        and start < _seconds(datum.timestamp) <= end
    ]
    if not found:
        return None
    statistics = Statistics([alarm.statistic], datetime.fromtimestamp(end, UTC))
    statistics.metric_data = found
    value = statistics.get_statistics_for_type(alarm.statistic)
    return None if value is None else float(value)


def _seconds(moment: Any) -> float:
    """moto's own times have no zone, those of requests may."""
    zoned = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return float(zoned.timestamp())


def _all_alarms() -> list[tuple[tuple[str, str], Any]]:
    loaded: Any = sys.modules.get("moto.cloudwatch.models")
    backends = loaded.cloudwatch_backends if loaded is not None else {}
    return [
        ((account, region), alarm)
        for account, regions in dict.items(backends)
        for region, backend in dict.items(regions)
        for alarm in backend.alarms.values()
        if alarm.metric_name and not alarm.rule
    ]


def _read(alarm: Any, account: str, region: str) -> Alarm:
    state = State(
        alarm.state_value, alarm.state_reason, alarm.state_reason_data or "{}", _seconds(alarm.state_updated_timestamp)
    )
    return Alarm(
        account=account,
        region=region,
        name=alarm.name,
        namespace=alarm.namespace,
        metric=alarm.metric_name,
        dimensions=tuple((one.name, one.value) for one in alarm.dimensions),
        statistic=alarm.statistic or "",
        period=int(alarm.period or 0),
        periods=int(alarm.evaluation_periods),
        to_alarm=int(alarm.datapoints_to_alarm or alarm.evaluation_periods),
        comparison=alarm.comparison_operator,
        threshold=float(alarm.threshold or 0.0),
        missing=alarm.treat_missing_data or "missing",
        unit=alarm.unit or "",
        description=alarm.description or "",
        enabled=bool(alarm.actions_enabled),
        actions={
            "ALARM": tuple(alarm.alarm_actions),
            "OK": tuple(alarm.ok_actions),
            "INSUFFICIENT_DATA": tuple(alarm.insufficient_data_actions),
        },
        updated=_seconds(alarm.configuration_updated_timestamp),
        state=state,
    )


def _queue_of(alarm: Alarm) -> tuple[str, str, str]:
    return alarm.account, alarm.region, dict(alarm.dimensions).get(_QUEUE, "")


def _visible(account: str, region: str, name: str) -> int | None:
    loaded: Any = sys.modules.get("moto.sqs.models")
    regions = dict.get(loaded.sqs_backends, account) if loaded is not None else None
    backend = dict.get(regions, region) if regions is not None else None
    queue = backend.queues.get(name) if backend is not None else None
    return int(queue.approximate_number_of_messages) if queue is not None else None
