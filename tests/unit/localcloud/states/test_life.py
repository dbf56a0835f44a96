"""Timeouts, heartbeats, stops, redrives, and what is left after the daemon was killed."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from typing import Any

import pytest

from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Json
from headgate.localcloud.states.calls import Started
from headgate.localcloud.states.failures import StateError
from unit.localcloud.states.world import SEND, START, World, task

pytestmark = pytest.mark.slow

ASK: Json = {"Parameters": {"QueueUrl": "q", "MessageBody.$": "$$.Task.Token"}}
RUN = "arn:aws:states:::sagemaker:createTrainingJob.sync"


def boom(call: Any) -> None:
    raise StateError("Boom", "no luck")


def token_of(world: World, number: int = 0) -> str:
    return str(world.calls.wait_for(number + 1)[number].arguments["MessageBody"])


def test_a_task_times_out_while_it_waits_for_its_token(world: World) -> None:
    execution = world.start({"Ask": task(SEND, TimeoutSeconds=60, **ASK)})
    world.until(execution, "TaskSubmitted")
    world.timeline.advance(60)
    ended = world.wait(execution)
    assert (ended["status"], ended["error"]) == ("FAILED", "States.Timeout")
    assert "TaskTimedOut" in world.kinds(execution)


def test_a_missing_heartbeat_ends_the_task_and_a_sent_one_keeps_it(world: World) -> None:
    execution = world.start({"Ask": task(SEND, HeartbeatSecondsPath="$.beat", **ASK)}, {"beat": 60})
    world.until(execution, "TaskSubmitted")
    world.timeline.advance(59)
    world.call("SendTaskHeartbeat", taskToken=token_of(world))
    world.timeline.advance(59)
    assert world.status(execution) == "RUNNING"
    world.timeline.advance(1)
    assert world.wait(execution)["error"] == "States.HeartbeatTimeout"
    with pytest.raises(AwsError, match="TaskTimedOut"):
        world.call("SendTaskHeartbeat", taskToken=token_of(world))


def test_a_late_answer_of_a_call_changes_nothing(world: World) -> None:
    world.calls.release.clear()
    states = {
        "Work": task(TimeoutSeconds=10, Catch=[{"ErrorEquals": ["States.Timeout"], "Next": "Late"}], Next="Done"),
        "Done": {"Type": "Pass", "Result": "in time", "End": True},
        "Late": {"Type": "Wait", "Seconds": 10, "End": True},
    }
    execution = world.start(states)
    world.calls.wait_for(1)
    world.timeline.advance(10)
    world.until(execution, "WaitStateEntered")
    world.calls.release.set()
    world.timeline.advance(10)
    assert json.loads(world.wait(execution)["output"]) == {"Error": "States.Timeout", "Cause": ""}
    assert "TaskSucceeded" not in world.kinds(execution)


def test_the_answer_to_a_token_may_come_before_the_call_has_ended(world: World) -> None:
    world.calls.release.clear()
    execution = world.start({"Ask": task(SEND, **ASK)})
    world.call("SendTaskSuccess", taskToken=token_of(world), output="7")
    assert world.wait(execution)["output"] == "7"
    world.calls.release.set()


def test_a_failure_sent_to_a_token_can_be_caught(world: World) -> None:
    states = {
        "Ask": task(SEND, Catch=[{"ErrorEquals": ["Rejected"], "Next": "Done"}], Next="Done", **ASK),
        "Done": {"Type": "Succeed"},
    }
    execution = world.start(states)
    world.call("SendTaskFailure", taskToken=token_of(world), error="Rejected", cause="not today")
    assert json.loads(world.wait(execution)["output"]) == {"Error": "Rejected", "Cause": "not today"}


def test_an_execution_times_out_as_a_whole(world: World) -> None:
    execution = world.start({"Wait": {"Type": "Wait", "Seconds": 100, "End": True}}, TimeoutSeconds=50)
    world.timeline.advance(50)
    ended = world.wait(execution)
    assert (ended["status"], ended["stopDate"]) == ("TIMED_OUT", START + 50)
    assert world.kinds(execution)[-2:] == ["WaitStateAborted", "ExecutionTimedOut"]


def test_stopping_aborts_and_stops_the_awaited_job(world: World) -> None:
    world.calls.behave = lambda call: Started({"TrainingJobArn": "a"}, {"TrainingJobName": "t"})
    world.calls.job = lambda handle: Started({}, handle)
    execution = world.start({"Train": task(RUN, Parameters={"TrainingJobName": "t"})})
    world.until(execution, "TaskSubmitted")
    world.call("StopExecution", executionArn=execution, error="Enough", cause="of it")
    ended = world.wait(execution)
    assert (ended["status"], ended["error"], ended["cause"]) == ("ABORTED", "Enough", "of it")
    with world.calls.changed:
        assert world.calls.changed.wait_for(lambda: world.calls.stopped == [{"TrainingJobName": "t"}], 5)
    assert world.call("StopExecution", executionArn=execution)["stopDate"] == ended["stopDate"]


def test_a_job_that_fails_fails_the_task(world: World) -> None:
    def failed(handle: Json) -> Any:
        raise StateError("States.TaskFailed", '{"Status":"Failed"}')

    world.calls.behave = lambda call: Started({}, {"TrainingJobName": "t"})
    world.calls.job = failed
    execution = world.start({"Train": task(RUN, Parameters={"TrainingJobName": "t"})})
    world.until(execution, "TaskSubmitted")
    world.timeline.advance(1)
    assert world.wait(execution)["cause"] == '{"Status":"Failed"}'


def test_redriving_begins_again_at_the_state_that_failed(world: World) -> None:
    world.calls.behave = boom
    states = {"First": {"Type": "Pass", "Result": {"x": 1}, "Next": "Work"}, "Work": task()}
    execution = world.start(states)
    assert world.wait(execution)["redriveStatus"] == "REDRIVABLE"
    world.calls.behave = lambda call: call.arguments
    world.timeline.advance(5)
    token = {"clientToken": "once"}
    assert world.call("RedriveExecution", executionArn=execution, **token) == {"redriveDate": START + 5}
    ended = world.wait(execution)
    assert (ended["status"], json.loads(ended["output"]), ended["redriveCount"]) == ("SUCCEEDED", {"x": 1}, 1)
    assert world.call("RedriveExecution", executionArn=execution, **token) == {"redriveDate": START + 5}
    assert world.kinds(execution).count("PassStateEntered") == 1
    with pytest.raises(AwsError, match="SUCCEEDED and cannot be redriven"):
        world.call("RedriveExecution", executionArn=execution)


def test_redriving_a_map_runs_only_the_iterations_that_have_not_ended_well(world: World) -> None:
    def second_fails(call: Any) -> Any:
        if call.arguments == 2:
            raise StateError("Boom", "two")
        return call.arguments * 10

    world.calls.behave = second_fails
    inner = {"StartAt": "Work", "States": {"Work": task()}}
    each = {"Type": "Map", "MaxConcurrency": 1, "ItemProcessor": inner, "End": True}
    execution = world.start({"Each": each}, [1, 2, 3])
    assert world.wait(execution)["error"] == "Boom"
    world.calls.behave = lambda call: call.arguments * 10
    world.call("RedriveExecution", executionArn=execution)
    assert json.loads(world.wait(execution)["output"]) == [10, 20, 30]
    assert [call.arguments for call in world.calls.made] == [1, 2, 2, 3]


def test_an_execution_that_failed_long_ago_is_not_redriven(world: World) -> None:
    execution = world.start({"No": {"Type": "Fail"}})
    world.wait(execution)
    world.timeline.advance(15 * 86_400)
    with pytest.raises(AwsError, match="redrivable period"):
        world.call("RedriveExecution", executionArn=execution)


def test_a_wait_goes_on_after_the_daemon_was_killed(world: World) -> None:
    execution = world.start({"Wait": {"Type": "Wait", "Seconds": 100, "Next": "Work"}, "Work": task()}, {"a": 1})
    world.kill()
    world.states.recover()
    assert world.status(execution) == "RUNNING"
    world.timeline.advance(100)
    assert json.loads(world.wait(execution)["output"]) == {"a": 1}


def test_a_wait_that_ended_while_nobody_was_there_ends_at_once(world: World) -> None:
    execution = world.start({"Wait": {"Type": "Wait", "Seconds": 100, "End": True}})
    world.states.close()
    world.timeline.advance(100)
    world.kill()
    world.states.recover()
    assert world.wait(execution)["status"] == "SUCCEEDED"


def test_a_token_is_answered_after_the_daemon_was_killed(world: World) -> None:
    execution = world.start({"Ask": task(SEND, **ASK)})
    world.until(execution, "TaskSubmitted")
    token = token_of(world)
    world.kill()
    world.states.recover()
    world.call("SendTaskSuccess", taskToken=token, output='"yes"')
    assert world.wait(execution)["output"] == '"yes"'
    assert world.calls.made == []


def test_a_job_is_awaited_on_after_the_daemon_was_killed(world: World) -> None:
    world.calls.behave = lambda call: Started({}, {"TrainingJobName": "t"})
    world.calls.job = lambda handle: Started({}, handle)
    execution = world.start({"Train": task(RUN, Parameters={"TrainingJobName": "t"})})
    world.until(execution, "TaskSubmitted")
    world.kill()
    world.states.recover()
    world.timeline.advance(1)
    assert json.loads(world.wait(execution)["output"]) == {"TrainingJobName": "t"}
    assert world.calls.made == []


def killed_during_a_call(world: World, **fields: Any) -> str:
    world.calls.release.clear()
    execution = world.start({"Work": task(**fields)}, {"a": 1})
    world.calls.wait_for(1)
    world.kill()
    return execution


def test_a_call_whose_answer_was_lost_fails_and_can_be_redriven(world: World) -> None:
    execution = killed_during_a_call(world)
    world.states.recover()
    ended = world.wait(execution)
    assert (ended["error"], ended["cause"]) == ("Lambda.SdkClientException", "the answer was lost")
    assert world.calls.made == []
    world.call("RedriveExecution", executionArn=execution)
    assert json.loads(world.wait(execution)["output"]) == {"a": 1}


def test_a_call_whose_answer_was_lost_is_retried_as_its_retry_says(world: World) -> None:
    execution = killed_during_a_call(
        world, Retry=[{"ErrorEquals": ["Lambda.SdkClientException"], "IntervalSeconds": 2}]
    )
    world.states.recover()
    world.timeline.advance(2)
    assert world.wait(execution)["status"] == "SUCCEEDED"


def test_a_call_that_only_reads_is_made_again(world: World) -> None:
    execution = killed_during_a_call(world)
    world.calls.lost_error = None
    world.states.recover()
    assert world.wait(execution)["status"] == "SUCCEEDED"


def test_a_call_that_could_not_be_sent_is_made_after_the_next_start(world: World) -> None:
    world.calls.unreachable = True
    world.calls.release.clear()
    execution = world.start({"Work": task()}, {"a": 1})
    world.calls.wait_for(1)
    key = next(key for key, _ in world.documents.list("state-frame"))
    world.calls.release.set()
    for _ in range(1000):
        if world.documents.get(key)["put_off"]:
            break
        world.calls.release.wait(0.01)
    world.kill()
    world.states.recover()
    assert world.wait(execution)["status"] == "SUCCEEDED"
    assert len(world.calls.made) == 1


def test_what_the_end_of_the_cloud_makes_of_a_call_is_not_its_answer(world: World) -> None:
    world.calls.behave = boom
    world.calls.release.clear()
    execution = world.start({"Work": task(Retry=[{"ErrorEquals": ["Lambda.SdkClientException"]}])}, {"a": 1})
    world.calls.wait_for(1)
    world.states.close()
    world.calls.release.set()
    for thread in threading.enumerate():
        if thread.name == "states call":
            thread.join(5)
    assert world.kinds(execution)[-1] == "TaskStarted"
    world.kill()
    world.states.recover()
    world.timeline.advance(1)
    assert world.wait(execution)["status"] == "SUCCEEDED"


def test_an_execution_that_cannot_be_read_keeps_no_other_from_going_on(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    states = {"Wait": {"Type": "Wait", "Seconds": 10, "End": True}}
    broken, sound = world.start(states), world.start(states)
    key = next(key for key, body in world.documents.list("state-execution") if body["executionArn"] == broken)
    world.kill()
    world.documents.delete(replace(key, kind="state-execution-plan"))
    world.states.recover()
    world.timeline.advance(10)
    assert world.wait(sound)["status"] == "SUCCEEDED"
    assert "cannot go on" in caplog.text


def test_a_bug_fails_the_task(world: World, caplog: pytest.LogCaptureFixture) -> None:
    def bug(call: Any) -> None:
        raise KeyError("oops")

    world.calls.behave = bug
    assert world.failure({"Work": task()}) == ("States.Runtime", "bug in the local cloud: KeyError('oops')")
    assert "oops" in caplog.text


def test_status_changes_are_told_once_they_are_written(world: World) -> None:
    execution = world.start({"Done": {"Type": "Succeed"}}, {"a": 1})
    world.wait(execution)
    assert [event["detail"]["status"] for event in world.events] == ["RUNNING", "SUCCEEDED"]
    last = world.events[-1]
    assert (last["source"], last["detail-type"]) == ("aws.states", "Step Functions Execution Status Change")
    assert last["resources"] == (execution,)
    assert (last["detail"]["output"], last["detail"]["startDate"]) == ('{"a":1}', round(START * 1000))


def test_a_status_change_that_nobody_took_is_told_after_the_next_start(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> None:
        raise ConnectionError("nobody there")

    world.states.engine._notices._publish = refuse
    world.start({"Done": {"Type": "Succeed"}})
    assert world.events == []
    world.kill()
    world.states.recover()
    assert [event["detail"]["status"] for event in world.events] == ["RUNNING", "SUCCEEDED"]
    assert "was not delivered" in caplog.text


def test_an_endless_machine_ends_with_its_history(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headgate.localcloud.states.history.LONGEST", 50)
    states = {
        "A": {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsPresent": True, "Next": "B"}], "Default": "Z"},
        "B": {"Type": "Pass", "Next": "A"},
        "Z": {"Type": "Succeed"},
    }
    error, cause = world.failure(states, {"a": 1})
    assert error == "States.Runtime"
    assert "maximum number of history events" in cause
