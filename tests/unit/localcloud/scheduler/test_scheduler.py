"""Schedules on a clock that is moved by hand, and what their targets get."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest

from headgate.localcloud.clock import Timeline
from headgate.localcloud.documents import Documents
from headgate.localcloud.errors import AwsError
from headgate.localcloud.scheduler.service import Scheduler
from headgate.localcloud.seams import Caller, HttpRequest, Json
from unit.localcloud.events.conftest import ACCOUNT, REGION, Targets

LAMBDA = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/scheduler"
START = 1_000_000.0
CALLER = Caller(ACCOUNT, REGION, f"arn:aws:iam::{ACCOUNT}:root")


class Bench:
    """Scheduler over documents; real time stands still at START."""

    def __init__(self, documents: Documents) -> None:
        self.timeline = Timeline(None, lambda: START)
        self.targets = Targets()
        self.scheduler = Scheduler(documents, self.timeline, self.targets)

    def call(self, operation: str, **request: Any) -> Json:
        return self.scheduler.operations.call(CALLER, operation, request)

    def create(self, expression: str, *, name: str = "s", target: Json | None = None, **others: Any) -> str:
        arn: str = self.call(
            "CreateSchedule",
            Name=name,
            ScheduleExpression=expression,
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": LAMBDA, "RoleArn": ROLE, **(target or {})},
            **others,
        )["ScheduleArn"]
        return arn

    def close(self) -> None:
        self.scheduler.close()
        self.timeline.close()


@pytest.fixture
def documents(tmp_path: Any) -> Iterator[Documents]:
    opened = Documents(tmp_path / "state.db")
    yield opened
    opened.close()


@pytest.fixture
def bench(documents: Documents) -> Iterator[Bench]:
    made = Bench(documents)
    yield made
    made.close()


def test_a_rate_begins_at_once_and_goes_on_with_the_clock(bench: Bench) -> None:
    arn = bench.create("rate(1 hour)", target={"Input": '{"at": "<aws.scheduler.scheduled-time>"}'})
    assert arn == f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/s"
    bench.targets.wait(1)
    bench.timeline.advance(2 * 3600)
    calls = bench.targets.wait(3)
    times = sorted(json.loads(call[2]["Payload"])["at"][11:16] for call in calls)
    assert times == ["13:46", "14:46", "15:46"]
    assert {call[1] for call in calls} == {ROLE}


def test_once_and_then_gone(bench: Bench) -> None:
    bench.create("at(1970-01-12T14:00:00)", ActionAfterCompletion="DELETE")
    assert bench.call("GetSchedule", Name="s")["State"] == "ENABLED"
    bench.timeline.advance(3600)
    bench.targets.wait(1)
    with pytest.raises(AwsError, match="does not exist"):
        bench.call("GetSchedule", Name="s")


def test_any_api_by_its_name(bench: Bench) -> None:
    class Meta:
        method_to_api_mapping = {"stop_notebook_instance": "StopNotebookInstance"}  # noqa: RUF012 - botocore's shape
        service_model = None

    target = {
        "Arn": "arn:aws:scheduler:::aws-sdk:sagemaker:stopNotebookInstance",
        "Input": '{"NotebookInstanceName": "n"}',
    }
    bench.targets.meta = Meta()
    bench.create("rate(1 day)", target=target)
    ((operation, identity, request),) = bench.targets.wait(1)
    assert (operation, identity, request) == ("stop_notebook_instance", ROLE, {"NotebookInstanceName": "n"})


def test_start_and_end_bound_a_rate(bench: Bench) -> None:
    bench.create("rate(1 hour)", StartDate=START + 3600, EndDate=START + 2 * 3600, target={"Input": '"in"'})
    bench.create("rate(12 hours)", name="mark", StartDate=START + 10 * 3600, target={"Input": '"mark"'})
    bench.timeline.advance(11 * 3600)
    payloads = sorted(call[2]["Payload"] for call in bench.targets.wait(3))
    assert payloads == [b'"in"', b'"in"', b'"mark"']


def test_a_disabled_or_deleted_schedule_does_nothing(bench: Bench) -> None:
    bench.create("rate(1 hour)", State="DISABLED")
    bench.create("at(1970-01-12T14:00:00)", name="deleted")
    bench.call("DeleteSchedule", Name="deleted")
    bench.create("at(1970-01-12T15:00:00)", name="mark", target={"Input": '"mark"'})
    bench.timeline.advance(2 * 3600)
    assert [call[2]["Payload"] for call in bench.targets.wait(1)] == [b'"mark"']


def test_an_update_moves_it(bench: Bench) -> None:
    bench.create("at(1970-01-12T14:00:00)", Description="before")
    bench.call(
        "UpdateSchedule",
        Name="s",
        ScheduleExpression="at(1970-01-12T16:00:00)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": LAMBDA, "RoleArn": ROLE, "Input": '"<aws.scheduler.scheduled-time>"'},
    )
    assert "Description" not in bench.call("GetSchedule", Name="s"), "what an update leaves out is gone"
    bench.timeline.advance(3 * 3600)
    assert bench.targets.wait(1)[0][2]["Payload"] == b'"1970-01-12T16:00:00Z"'


def test_schedules_go_on_after_a_restart(documents: Documents) -> None:
    first = Bench(documents)
    first.create("rate(1 hour)")
    first.targets.wait(1)
    first.close()
    second = Bench(documents)
    second.scheduler.recover()
    second.timeline.advance(3600)
    second.targets.wait(1)
    second.close()


def test_groups_hold_schedules_and_go_with_them(bench: Bench) -> None:
    bench.call("CreateScheduleGroup", Name="g")
    bench.create("rate(1 day)", GroupName="g", State="DISABLED")
    assert [each["Name"] for each in bench.call("ListScheduleGroups")["ScheduleGroups"]] == ["default", "g"]
    assert [each["GroupName"] for each in bench.call("ListSchedules", GroupName="g")["Schedules"]] == ["g"]
    assert bench.call("GetScheduleGroup", Name="g")["State"] == "ACTIVE"
    bench.call("DeleteScheduleGroup", Name="g")
    assert bench.call("ListSchedules")["Schedules"] == []


def test_groups_carry_tags_that_change(bench: Bench) -> None:
    arn = bench.call("CreateScheduleGroup", Name="g", Tags=[{"Key": "a", "Value": "1"}])["ScheduleGroupArn"]
    bench.call("TagResource", ResourceArn=arn, Tags=[{"Key": "b", "Value": "2"}])
    bench.call("UntagResource", ResourceArn=arn, TagKeys=["a"])
    assert bench.call("ListTagsForResource", ResourceArn=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
    assert set(bench.call("GetScheduleGroup", Name="g")) == {
        "Name", "State", "CreationDate", "LastModificationDate", "Arn",
    }  # fmt: skip
    default = bench.call("GetScheduleGroup", Name="default")["Arn"]
    bench.call("TagResource", ResourceArn=default, Tags=[{"Key": "c", "Value": "3"}])
    assert [group["Name"] for group in bench.call("ListScheduleGroups")["ScheduleGroups"]] == ["default", "g"]
    with pytest.raises(AwsError, match="ResourceNotFoundException"):
        bench.call("TagResource", ResourceArn=arn.replace("/g", "/none"), Tags=[])


@pytest.mark.parametrize(
    ("expression", "others", "code"),
    [
        ("rate(x)", {}, "ValidationException"),
        ("rate(1 day)", {"ScheduleExpressionTimezone": "Mars"}, "ValidationException"),
        ("rate(1 day)", {"GroupName": "none"}, "ResourceNotFoundException"),
        ("rate(1 day)", {"target": {"Arn": "arn:aws:kinesis:x:1:s"}}, "UnsupportedByLocalCloud"),
        ("rate(1 day)", {"target": {"Arn": "arn:aws:scheduler:::aws-sdk:s3:getObject"}}, "UnsupportedByLocalCloud"),
        ("rate(1 day)", {"target": {"EcsParameters": {"TaskDefinitionArn": "x"}}}, "UnsupportedByLocalCloud"),
        (
            "rate(1 day)",
            {"target": {"Arn": "arn:aws:scheduler:::aws-sdk:sagemaker:stopPipelineExecution", "Input": "{"}},
            "ValidationException",
        ),
    ],
)
def test_what_cannot_be_is_refused(expression: str, others: dict[str, Any], code: str, bench: Bench) -> None:
    with pytest.raises(AwsError) as raised:
        bench.create(expression, **others)
    assert raised.value.code == code
    assert bench.call("ListSchedules")["Schedules"] == []


def test_names_are_taken_once(bench: Bench) -> None:
    bench.create("rate(1 day)", State="DISABLED")
    with pytest.raises(AwsError, match="already exists"):
        bench.create("rate(1 day)")
    for operation in ("DeleteSchedule", "GetSchedule"):
        with pytest.raises(AwsError, match="does not exist"):
            bench.call(operation, Name="none")


def test_it_is_answered_over_rest(bench: Bench) -> None:
    text = json.dumps(
        {
            "ScheduleExpression": "rate(1 day)",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {"Arn": LAMBDA, "RoleArn": ROLE},
            "State": "DISABLED",
        }
    ).encode()
    for method, body in (("POST", text), ("GET", b"")):
        request = HttpRequest(method, "/schedules/s", (), {}, io.BytesIO(body), "scheduler", CALLER, "/schedules/s")
        response = bench.scheduler.handle(request)
        assert response is not None
        assert isinstance(response.body, bytes)
    assert json.loads(response.body)["Name"] == "s"
    with pytest.raises(AwsError) as raised:
        bench.scheduler.handle(HttpRequest("GET", "/no/such/path", (), {}, io.BytesIO(), "scheduler", CALLER))
    assert raised.value.status == 501
