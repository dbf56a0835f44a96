"""What makes a definition invalid, and how it is said."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.localcloud.errors import AwsError
from headgate.localcloud.states.checks import check, check_text
from headgate.localcloud.states.diagnostics import UNSUPPORTED
from unit.localcloud.states.world import SEND, World, task

END = {"Type": "Succeed"}
LAMBDA = "arn:aws:lambda:eu-west-1:123456789012:function:f"


def found(states: Any, start: str = "A", **top: Any) -> list[str]:
    return [str(one) for one in check({"StartAt": start, "States": states, **top})]


def state(**fields: Any) -> list[str]:
    """What is wrong with a state that leads to another."""
    following = {"Next": "Z"} if fields["Type"] not in ("Choice", "Succeed", "Fail") else {}
    states: Any = {"A": {**following, **fields}, "Z": END}
    if fields["Type"] in ("Succeed", "Fail"):
        states.pop("Z")
    return found(states)


def branch(**body: Any) -> Any:
    return {"StartAt": "In", "States": {"In": {"Type": "Pass", "End": True, **body}}}


@pytest.mark.parametrize(
    "fields",
    [
        {"Type": "Pass", "Result": [1], "Parameters": {"a.$": "States.UUID()"}, "ResultPath": None, "InputPath": None},
        {"Type": "Task", "Resource": LAMBDA, "TimeoutSeconds": 9, "HeartbeatSeconds": 3},
        {"Type": "Task", "Resource": f"{LAMBDA}:live"},
        {"Type": "Task", "Resource": SEND, "Parameters": {"a": [{"t.$": "States.Array($$.Task.Token)"}]}},
        {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sfn:startExecution"},
        {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:cognitoidentityprovider:listUserPools"},
        {"Type": "Wait", "Timestamp": "2030-01-01T00:00:00+01:00"},
        {"Type": "Map", "ItemProcessor": {**branch(), "ProcessorConfig": {"Mode": "INLINE"}}},
        {"Type": "Map", "Iterator": branch(), "MaxConcurrencyPath": "$.m"},
        {"Type": "Parallel", "Branches": [branch()], "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Z"}]},
        {"Type": "Choice", "Choices": [{"Not": {"Variable": "$.a", "IsNull": True}, "Next": "Z", "Comment": "c"}]},
        {"Type": "Fail", "ErrorPath": "$.e", "CausePath": "States.Format('{}', $.c)"},
    ],
)  # fmt: skip
def test_these_are_right(fields: Any) -> None:
    assert state(**fields) == []


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"Type": "Pause"}, "Type has to be one of"),
        ({"Type": "Pass", "Bogus": 1}, "The field 'Bogus' is not supported by Step Functions at /States/A/Bogus"),
        ({"Type": "Pass", "End": True}, 'one of Next and "End": true is needed'),
        ({"Type": "Pass", "End": "yes"}, "End has to be true or false"),
        ({"Type": "Pass", "Next": "Y"}, "MISSING_TRANSITION_TARGET: Missing 'Next' target: Y at /States/A/Next"),
        ({"Type": "Pass", "InputPath": "a"}, "Value is not a valid JSONPath"),
        ({"Type": "Pass", "InputPath": 1}, "1 is not a string"),
        ({"Type": "Pass", "OutputPath": "States.UUID()"}, "here only a path can stand"),
        ({"Type": "Pass", "ResultPath": "$.a[*]"}, "Value is not a Reference Path"),
        ({"Type": "Pass", "ResultPath": "$$.a"}, "Value is not a Reference Path"),
        ({"Type": "Pass", "Parameters": {"a.$": 1}}, "1 is not a string at /States/A/Parameters/a.$"),
        ({"Type": "Pass", "Parameters": [{"a.$": "x"}]}, "valid intrinsic function call"),
        ({"Type": "Task"}, "The field 'Resource' is required"),
        ({"Type": "Task", "Resource": "f"}, "not a valid resource ARN"),
        ({"Type": "Task", "Resource": "arn:aws:states:::lambda:call"}, "lambda has invoke"),
        ({"Type": "Task", "Resource": "arn:aws:states:::nothing:call"}, "there are athena"),
        ({"Type": "Task", "Resource": "arn:aws:states:::sns:publish.sync"}, "pattern .sync is not supported"),
        ({"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:nothing:get"}, "there is no service 'nothing'"),
        ({"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:s3:getObjekt"}, "no action 'getObjekt'"),
        ({"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:s3:getObject.sync"}, "not supported by AWS SDK"),
        ({"Type": "Task", "Resource": SEND, "Parameters": {"a": 1}}, "'$$.Task.Token'"),
        ({"Type": "Task", "Resource": LAMBDA, "TimeoutSeconds": 0}, "whole number from 1"),
        ({"Type": "Task", "Resource": LAMBDA, "TimeoutSeconds": 5, "TimeoutSecondsPath": "$.a"}, "only one of"),
        ({"Type": "Task", "Resource": LAMBDA, "TimeoutSeconds": 5, "HeartbeatSeconds": 5}, "smaller than"),
        ({"Type": "Task", "Resource": LAMBDA, "Retry": {}}, "expected a list"),
        ({"Type": "Task", "Resource": LAMBDA, "Retry": ["x"]}, "expected a JSON object"),
        ({"Type": "Task", "Resource": LAMBDA, "Retry": [{"ErrorEquals": []}]}, "at least one error name"),
        ({"Type": "Task", "Resource": LAMBDA, "Retry": [{"ErrorEquals": ["States.Bad"]}]}, "are reserved"),
        ({"Type": "Task", "Resource": LAMBDA, "Retry": [{"ErrorEquals": ["States.ALL", "X"]}]}, "stand alone"),
        ({"Type": "Task", "Resource": LAMBDA, "Retry": [{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["X"]}]},
         "in the last rule only"),
        ({"Type": "Task", "Resource": LAMBDA, "Retry": [{"ErrorEquals": ["X"], "IntervalSeconds": 0}]}, "from 1"),
        ({"Type": "Task", "Resource": LAMBDA, "Retry": [{"ErrorEquals": ["X"], "BackoffRate": 0.5}]}, "1.0 or more"),
        ({"Type": "Task", "Resource": LAMBDA, "Retry": [{"ErrorEquals": ["X"], "JitterStrategy": "SOME"}]},
         "FULL or NONE"),
        ({"Type": "Task", "Resource": LAMBDA, "Retry": [{"ErrorEquals": ["X"], "MaxDelaySeconds": 1}]}, "larger than"),
        ({"Type": "Task", "Resource": LAMBDA, "Retry": [{"ErrorEquals": ["X"], "Wait": 1}]}, "'Wait' is not supported"),
        ({"Type": "Task", "Resource": LAMBDA, "Catch": [{"ErrorEquals": ["X"]}]}, "'Next' is required"),
        ({"Type": "Task", "Resource": LAMBDA, "Catch": [{"ErrorEquals": ["X"], "Next": "Q"}]}, "target: Q"),
        ({"Type": "Task", "Resource": LAMBDA, "Catch": [{"ErrorEquals": ["X"], "Next": "Z", "ResultPath": "$..a"}]},
         "not a Reference Path"),
        ({"Type": "Wait"}, "exactly one of Seconds"),
        ({"Type": "Wait", "Seconds": -1}, "from 0 to"),
        ({"Type": "Wait", "Timestamp": "2030-13-01T00:00:00Z"}, "has to look like"),
        ({"Type": "Fail", "Error": "a", "ErrorPath": "$.a"}, "only one of Error"),
        ({"Type": "Fail", "Cause": 1}, "Cause has to be a string"),
        ({"Type": "Choice", "Choices": []}, "at least one rule"),
        ({"Type": "Choice", "Choices": ["x"]}, "has to be a JSON object"),
        ({"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": True}]}, "'Next' is required"),
        ({"Type": "Choice", "Choices": [{"Variable": "$.a", "Next": "Z"}]}, "exactly one operator"),
        ({"Type": "Choice", "Choices": [{"Variable": "$.a", "Equals": 1, "Next": "Z"}]}, "found: Equals"),
        ({"Type": "Choice", "Choices": [{"IsNull": True, "Next": "Z"}]}, "None is not a string"),
        ({"Type": "Choice", "Choices": [{"Variable": "$.a", "NumericEquals": "1", "Next": "Z"}]}, "cannot be '1'"),
        ({"Type": "Choice", "Choices": [{"Variable": "$.a", "StringEqualsPath": "b", "Next": "Z"}]}, "neither a path"),
        ({"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": "x", "Next": "Z"}]}, "true or false"),
        ({"Type": "Choice", "Choices": [{"And": [], "Next": "Z"}]}, "a list of at least one rule"),
        ({"Type": "Choice", "Choices": [{"Not": {"Variable": "$.a", "IsNull": True, "Next": "Z"}, "Next": "Z"}]},
         "belongs to the outermost"),
        ({"Type": "Choice", "Choices": [{"Variable": "$.a", "Not": {"Variable": "$.a", "IsNull": True}, "Next": "Z"}]},
         "does not go with Not"),
        ({"Type": "Parallel", "Branches": []}, "at least one branch"),
        ({"Type": "Parallel", "Branches": [{"StartAt": "In", "States": {}}]}, "at least one state"),
        ({"Type": "Parallel", "Branches": ["x"]}, "expected a JSON object"),
        ({"Type": "Map"}, "either ItemProcessor or"),
        ({"Type": "Map", "ItemProcessor": branch(Next="Z")}, "ItemProcessor/States/In"),
        ({"Type": "Map", "ItemProcessor": branch(), "ItemSelector": {}, "Parameters": {}}, "only one of ItemSelector"),
        ({"Type": "Map", "ItemProcessor": branch(), "MaxConcurrency": -1}, "0 or more"),
        ({"Type": "Map", "ItemProcessor": branch(), "MaxConcurrency": 1, "MaxConcurrencyPath": "$.a"},
         "only one of MaxConcurrency"),
        ({"Type": "Map", "ItemProcessor": {**branch(), "ProcessorConfig": {"ExecutionType": "STANDARD"}}},
         "DISTRIBUTED only"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(fields: Any, message: str) -> None:
    assert any(message in one for one in state(**fields)), state(**fields)


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"Type": "Pass", "QueryLanguage": "JSONata"}, "query language JSONata"),
        ({"Type": "Pass", "Assign": {"a": 1}}, "variables"),
        ({"Type": "Pass", "Output": "{% 1 %}"}, "JSONata"),
        ({"Type": "Map", "ItemProcessor": branch(), "ItemReader": {}}, "distributed Map"),
        ({"Type": "Map", "ItemProcessor": {**branch(), "ProcessorConfig": {"Mode": "DISTRIBUTED"}}}, "distributed Map"),
        ({"Type": "Task", "Resource": LAMBDA, "Credentials": {}}, "Credentials"),
        ({"Type": "Task", "Resource": LAMBDA, "Retry": [{"ErrorEquals": ["X"], "Assign": {}}]}, "variables"),
        ({"Type": "Task", "Resource": "arn:aws:states:::http:invoke"}, "'http'"),
        ({"Type": "Task", "Resource": "arn:aws:states:eu-west-1:123456789012:activity:a"}, "activities"),
    ],
)
def test_what_only_aws_runs_is_refused_by_name(fields: Any, what: str) -> None:
    states = {"A": {"Next": "Z", **fields}, "Z": END}
    diagnostics = check({"StartAt": "A", "States": states})
    assert [one.code for one in diagnostics] == [UNSUPPORTED]
    assert what in diagnostics[0].message


def test_the_machine_as_a_whole() -> None:
    assert "StartAt 'B'" in found({"A": END}, "B")[0]
    assert 'State "B" is not reachable.' in found({"A": END, "B": END})[0]
    assert "no state ends" in found({"A": {"Type": "Pass", "Next": "A"}})[0]
    assert "1 to 80 characters" in found({"A" * 81: END}, "A" * 81)[0]
    assert "a state has to be a JSON object" in found({"A": 1})[0]
    assert "constant '1.0'" in found({"A": END}, Version="2.0")[0]
    assert "TimeoutSeconds has to be" in found({"A": END}, TimeoutSeconds=0)[0]
    assert "query language JSONata" in found({"A": END}, QueryLanguage="JSONata")[0]
    assert found({"A": END}, Comment="c", TimeoutSeconds=5) == []


def test_names_are_unique_in_the_whole_machine() -> None:
    inner = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
    parallel = {"A": {"Type": "Parallel", "Branches": [inner], "End": True}}
    assert "Duplicate State name: A at /States/A/Branches[0]/States/A" in found(parallel)[0]


def test_text_that_is_no_definition() -> None:
    assert check_text("{")[1][0].code == "INVALID_JSON_DESCRIPTION"
    assert "JSON object" in str(check_text("[]")[1][0])


def test_create_says_what_is_wrong_and_what_only_aws_runs(world: World) -> None:
    with pytest.raises(
        AwsError, match="InvalidDefinition: Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED"
    ):
        world.machine({"A": {"Type": "Pause"}})
    with pytest.raises(AwsError, match=r"UnsupportedByLocalCloud.*variables \(Assign\), at /States/A/Assign"):
        world.machine({"A": {"Type": "Pass", "Assign": {}, "End": True}})


def test_validate_tells_without_creating(world: World) -> None:
    good, bad = ({"StartAt": "A", "States": {"A": one}} for one in (task(), {"Type": "Pass", "Bogus": 1, "Mode": 2}))
    told = world.call("ValidateStateMachineDefinition", definition=json.dumps(good))
    assert told == {"result": "OK", "diagnostics": [], "truncated": False}
    told = world.call("ValidateStateMachineDefinition", definition=json.dumps(bad), maxResults=1)
    assert (told["result"], told["truncated"], len(told["diagnostics"])) == ("FAIL", True, 1)
    assert told["diagnostics"][0]["severity"] == "ERROR"
