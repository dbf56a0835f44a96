"""The service around alarms: what it takes, when it looks, and what it tells once."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from headgate.localcloud.alarms.service import Alarms, check
from headgate.localcloud.alarms.values import Alarm, State
from headgate.localcloud.clock import Timeline
from headgate.localcloud.documents import Documents
from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Caller, HttpRequest, HttpResponse, Json

TOPIC = "arn:aws:sns:eu-west-1:111122223333:alarms"
ALARM = Alarm(
    "111122223333", "eu-west-1", "a", "Headgate", "Drift", (), "Maximum", 60, 1, 1, "GreaterThanThreshold", 5.0,
    actions={"ALARM": (TOPIC,)},
)  # fmt: skip
CALLER = Caller(ALARM.account, ALARM.region)


@dataclass
class Cloud:
    """moto with alarms and data, and everything that is told."""

    known: dict[str, Alarm] = field(default_factory=dict)
    values: list[float | None] = field(default_factory=lambda: [None])
    events: list[Json] = field(default_factory=list)
    published: list[Mapping[str, Any]] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def alarms(self) -> list[Alarm]:
        return list(self.known.values())

    def sample(self, alarms: Iterable[Alarm], now: float) -> None:
        assert list(alarms) == self.alarms()

    def datapoints(self, alarm: Alarm, now: float) -> list[float | None]:
        return self.values

    def handle(self, request: HttpRequest) -> HttpResponse:
        form = {name: one for name, (one, *_) in parse_qs(request.body.read().decode()).items()}
        if form["Action"] == "SetAlarmState":
            if form["AlarmName"] not in self.known:
                return HttpResponse(404, {}, b"<E><Error><Code>ResourceNotFound</Code></Error></E>")
            state = State(form["StateValue"], form["StateReason"], form.get("StateReasonData", "{}"))  # type: ignore[arg-type]
            self.known[form["AlarmName"]] = replace(self.known[form["AlarmName"]], state=state)
        return HttpResponse(200, {}, b"<R/>")

    def client(self, caller: Caller, service: str, role_arn: str) -> Any:
        raise AssertionError(role_arn)

    def service_client(self, principal: str, caller: Caller, service: str, context: Mapping[str, str]) -> Any:
        assert (principal, service, context["aws:SourceArn"]) == ("cloudwatch.amazonaws.com", "sns", ALARM.arn)
        return self

    def publish(self, **request: Any) -> None:
        self.tell(self.published, request)

    def event(self, account: str, region: str, source: str, title: str, detail: Json, resources: Any) -> None:
        self.tell(self.events, detail)

    def tell(self, where: list[Any], what: Any) -> None:
        with self.changed:
            where.append(what)
            self.changed.notify_all()

    def wait(self, events: int, published: int) -> None:
        with self.changed:
            done = self.changed.wait_for(lambda: (len(self.events), len(self.published)) == (events, published), 10)
            assert done, (self.events, self.published)


@dataclass
class Bench:
    cloud: Cloud
    timeline: Timeline
    documents: Documents
    service: Alarms

    def ask(self, **form: str) -> HttpResponse | None:
        from urllib.parse import urlencode

        headers = {"content-type": "application/x-www-form-urlencoded"}
        body = urlencode({"Version": "2010-08-01", **form}).encode()
        return self.service.handle(HttpRequest("POST", "/", (), headers, io.BytesIO(body), "monitoring", CALLER))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    timeline, documents, cloud = Timeline(None, lambda: 1_000_000.0), Documents(tmp_path / "state.db"), Cloud()
    service = Alarms(documents, timeline, cloud, cloud.event, cloud, cloud)
    yield Bench(cloud, timeline, documents, service)
    timeline.close()
    service.close()
    documents.close()


def test_alarms_are_looked_at_every_minute_and_told_once(bench: Bench) -> None:
    bench.cloud.known["a"] = ALARM
    bench.service.recover()
    bench.cloud.values = [9.0]
    bench.timeline.advance(60)
    bench.cloud.wait(1, 1)
    assert bench.cloud.events[0]["state"]["value"] == "ALARM"
    assert bench.cloud.published[0]["TopicArn"] == TOPIC
    assert json.loads(bench.cloud.published[0]["Message"])["OldStateValue"] == "INSUFFICIENT_DATA"
    assert bench.service.evaluate()
    assert (len(bench.cloud.events), len(bench.cloud.published)) == (1, 1)
    bench.cloud.values = [1.0]
    bench.service.evaluate()
    bench.cloud.wait(2, 1)


def test_what_was_set_while_nobody_could_tell_is_told_after_the_start(bench: Bench) -> None:
    bench.cloud.known["a"] = replace(ALARM, state=State("ALARM", "set"))
    bench.service.recover()
    bench.timeline.advance(60)
    bench.cloud.wait(2, 1)
    told = [event["state"]["value"] for event in bench.cloud.events]
    assert told == ["ALARM", "INSUFFICIENT_DATA"], "there is no data, but that is another change"


def test_disabled_actions_are_not_taken_but_the_bus_hears(bench: Bench) -> None:
    bench.cloud.known["a"] = replace(ALARM, enabled=False)
    bench.ask(Action="SetAlarmState", AlarmName="a", StateValue="ALARM", StateReason="r")
    bench.cloud.wait(1, 0)


def test_an_alarm_that_is_deleted_is_forgotten(bench: Bench) -> None:
    bench.cloud.known["a"] = ALARM
    bench.ask(Action="SetAlarmState", AlarmName="a", StateValue="ALARM", StateReason="r")
    assert bench.documents.list("alarm-told")
    bench.cloud.known.clear()
    bench.ask(Action="DeleteAlarms", **{"AlarmNames.member.1": "a"})
    assert not bench.documents.list("alarm-told")
    assert not bench.service.evaluate()
    bench.service._set(ALARM, State("ALARM", "too late"))


def test_what_is_of_no_alarm_is_left_to_moto(bench: Bench) -> None:
    assert bench.ask(Action="PutMetricData", Namespace="n") is None
    with pytest.raises(AwsError, match="composite"):
        bench.ask(Action="PutCompositeAlarm", AlarmName="c", AlarmRule="TRUE")


GOOD = {
    "Namespace": "n",
    "MetricName": "m",
    "Statistic": "Sum",
    "Period": 60,
    "ComparisonOperator": "LessThanThreshold",
}


@pytest.mark.parametrize(
    ("members", "named"),
    [
        ({"Metrics": [{}]}, "Metrics"),
        ({"Statistic": "TM(1:2)"}, "statistic"),
        ({"Period": 90}, "period"),
        ({"Period": None}, "period"),
        ({"ComparisonOperator": "LessThanLowerThreshold"}, "LessThanLowerThreshold"),
        ({"Namespace": "AWS/SQS", "MetricName": "NumberOfMessagesSent"}, "NumberOfMessagesSent"),
        ({"OKActions": ["arn:aws:lambda:r:a:function:f"]}, "alarm actions"),
    ],
)
def test_forms_that_nobody_evaluates(members: Json, named: str) -> None:
    check(GOOD | {"AlarmActions": [TOPIC]})
    with pytest.raises(AwsError, match=named):
        check({key: value for key, value in {**GOOD, **members}.items() if value is not None})
