"""CloudWatch's alarms: moto answers the API, alarms are evaluated every minute of the virtual clock.

A state is moto's, set by SetAlarmState through its journal. What has been told of it is a document: whatever differs is
told in one transaction with it, so that each change is told, killed daemons included, and only once accepted.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from headgate.localcloud.alarms import messages
from headgate.localcloud.alarms.evaluate import COMPARISONS, evaluate
from headgate.localcloud.alarms.values import Alarm, State
from headgate.localcloud.documents import Documents, Key
from headgate.localcloud.errors import AwsError, unsupported
from headgate.localcloud.events.delivery import Callers, Deliveries, Origin, Timeline
from headgate.localcloud.events.targets import Parcel, TargetKind
from headgate.localcloud.seams import Caller, HttpRequest, HttpResponse, Json, Service
from headgate.localcloud.server import parameters
from headgate.localcloud.server.internal import ask_form

PRINCIPAL = "cloudwatch.amazonaws.com"
KIND = "alarm-told"
_EVERY = 60.0
_SHORTEST = 60
_CHANGING = frozenset({"PutMetricAlarm", "SetAlarmState", "DeleteAlarms"})
_STATISTICS = frozenset({"SampleCount", "Average", "Sum", "Minimum", "Maximum"})
_REFUSED = ("Metrics", "ExtendedStatistic", "EvaluateLowSampleCountPercentile", "ThresholdMetricId")
MEASURED = frozenset({("AWS/SQS", "ApproximateNumberOfMessagesVisible")})
"""The metrics of AWS's own that this cloud has; others would never have a datapoint."""

Publish = Callable[[str, str, str, str, Json, tuple[str, ...]], None]
"""EventBridge.publish."""


class Metrics(Protocol):
    """moto's alarms and their data."""

    def alarms(self) -> list[Alarm]:
        """All alarms on one metric, of all accounts."""
        ...

    def sample(self, alarms: Iterable[Alarm], now: float) -> None:
        """Take down what AWS's services would publish now of the metrics that alarms look at."""
        ...

    def datapoints(self, alarm: Alarm, now: float) -> list[float | None]:
        """The last evaluation periods' values, newest first; None where there is none."""
        ...


class Alarms:
    """The service that stands before moto's CloudWatch."""

    def __init__(
        self,
        documents: Documents,
        timeline: Timeline,
        callers: Callers,
        publish: Publish,
        moto: Service,
        metrics: Metrics,
    ) -> None:
        self._documents = documents
        self._timeline = timeline
        self._publish = publish
        self._moto = moto
        self._metrics = metrics
        self._lock = threading.Lock()
        self._planned = False
        self._deliveries = Deliveries(documents, timeline, callers, Origin("alarm-action", PRINCIPAL, _topic))

    def handle(self, request: HttpRequest) -> HttpResponse | None:
        """Answer what concerns alarms; None leaves the rest to moto. Raises AwsError for alarms of other forms."""
        asked, request = parameters.read(request)
        if asked.operation == "PutCompositeAlarm":
            raise unsupported("composite alarms")
        if asked.operation not in _CHANGING:
            return None
        if asked.operation == "PutMetricAlarm":
            check(asked.parameters)
        response = self._moto.handle(request)
        if response is not None and response.status < 400:
            self.settle()
            self.plan()
        return response

    def recover(self) -> None:
        """Go on with what was accepted, and look at all alarms as soon as moto is there."""
        self._deliveries.recover()
        self.plan()

    def close(self) -> None:
        self._deliveries.close()

    def plan(self) -> None:
        """Evaluate at the next minute, unless that is planned already."""
        with self._lock:
            if self._planned:
                return
            self._planned = True
        now = self._timeline.now()
        self._timeline.call_at(now - now % _EVERY + _EVERY, self._tick)

    def _tick(self) -> None:
        with self._lock:
            self._planned = False
        if self.evaluate():
            self.plan()

    def evaluate(self) -> bool:
        """Look at every alarm's metric now; whether there are any alarms."""
        self.settle()
        alarms, now = self._metrics.alarms(), self._timeline.now()
        self._metrics.sample(alarms, now)
        for alarm in alarms:
            state = evaluate(alarm, self._metrics.datapoints(alarm, now), now)
            if state is not None:
                self._set(alarm, state)
        self.settle()
        return bool(alarms)

    def settle(self) -> None:
        """Tell of every alarm whose state is another than was told last."""
        with self._lock:
            alarms = {_key(alarm): alarm for alarm in self._metrics.alarms()}
            for key, _ in self._documents.list(KIND):
                if key not in alarms:
                    self._documents.delete(key)
            for key, alarm in alarms.items():
                self._tell(key, alarm)

    def _set(self, alarm: Alarm, state: State) -> None:
        form = {
            "AlarmName": alarm.name,
            "StateValue": state.value,
            "StateReason": state.reason,
            "StateReasonData": state.reason_data,
        }
        try:
            ask_form(self._moto, "monitoring", "2010-08-01", Caller(alarm.account, alarm.region), "SetAlarmState", form)
        except AwsError as error:
            if error.code != "ResourceNotFound":
                raise  # an alarm that was deleted meanwhile has no state

    def _tell(self, key: Key, alarm: Alarm) -> None:
        with self._documents.transaction():
            before = State(**(self._documents.find(key) or {}))
            if before.value == alarm.state.value:
                return
            self._documents.put(key, alarm.state.as_json())
            event = messages.notice(alarm, before)
            self._publish(alarm.account, alarm.region, event.source, event.detail_type, event.detail, event.resources)
            targets = alarm.actions.get(alarm.state.value, ()) if alarm.enabled else ()
            delivery = {
                "input": messages.message(alarm, before),
                "event": {},
                "source_arn": alarm.arn,
                "hops": 0,
            }
            accepted = self._deliveries.accept(
                alarm.account,
                alarm.region,
                ({**delivery, "target": {"Arn": arn, "Subject": messages.subject(alarm)}} for arn in targets),
            )
            self._documents.after_commit(lambda: self._deliveries.start(accepted))


def check(request: Json) -> None:
    """Raises AwsError (501) for an alarm that is not evaluated here, before it is kept."""
    for member in _REFUSED:
        if request.get(member):
            raise unsupported(f"alarms with {member}")
    if request.get("ComparisonOperator") not in COMPARISONS:
        raise unsupported(f"alarms that compare by {request.get('ComparisonOperator')}")
    if request.get("Statistic") not in _STATISTICS:
        raise unsupported(f"alarms on the statistic {request.get('Statistic')}")
    if int(request.get("Period", 0)) % _SHORTEST or not request.get("Period"):
        raise unsupported(f"alarms with a period of {request.get('Period')} seconds")
    metric = (request.get("Namespace", ""), request.get("MetricName", ""))
    if metric[0].startswith("AWS/") and metric not in MEASURED:
        raise unsupported(f"alarms on {' '.join(metric)}: nothing publishes it here")
    for actions in ("AlarmActions", "OKActions", "InsufficientDataActions"):
        for arn in request.get(actions) or ():
            if not str(arn).startswith("arn:aws:sns:"):
                raise unsupported(f"alarm actions other than topics ({arn})")


def _key(alarm: Alarm) -> Key:
    return Key(alarm.account, alarm.region, KIND, alarm.name)


def _publish_message(client: Any, parcel: Parcel) -> None:
    target = parcel.target
    client.publish(TopicArn=target["Arn"], Message=parcel.text, Subject=target["Subject"])


_TOPIC = TargetKind("sns", _publish_message)


def _topic(target: Json) -> TargetKind:  # noqa: ARG001 - alarms have no other targets
    return _TOPIC
