from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from headgate.pipelines import Compiled, check
from headgate.pipelines.check import InvalidPipelineError, dependencies, outline

Definition = dict[str, Any]
STEPS = {"Preprocess": 0, "Train": 1, "Evaluate": 2, "Choose": 3}


def step(definition: Definition, name: str) -> Definition:
    found: Definition = definition["Steps"][STEPS[name]]
    return found


def wrong(compiled: Compiled, change: Callable[[Definition], object]) -> list[str]:
    """What the check says after one change to a right definition."""
    definition = copy.deepcopy(dict(compiled.definition))
    change(definition)
    return [str(problem) for problem in check(definition)]


def test_right_definition_has_no_problem(compiled: Compiled) -> None:
    assert check(compiled.definition) == []


def put(name: str, path: list[Any], value: Any) -> Callable[[Definition], object]:
    def change(definition: Definition) -> None:
        target = step(definition, name)
        for key in path[:-1]:
            target = target[key]
        target[path[-1]] = value

    return change


CLUSTER = ["Arguments", "ProcessingResources", "ClusterConfig"]
SOURCE = ["Arguments", "InputDataConfig", 0, "DataSource", "S3DataSource", "S3Uri"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        # references
        (put("Train", SOURCE, {"Get": "Steps.Preproces.ProcessingJobName"}),
         "S3DataSource.S3Uri: there is no step 'Preproces'; did you mean 'Preprocess'?"),
        (put("Train", SOURCE, {"Get": "Steps.Preprocess.ProcessingJobNam"}),
         "a Processing step has no property 'ProcessingJobNam'; did you mean 'ProcessingJobName'?"),
        (put("Train", SOURCE, {"Get": "Steps.Preprocess.ProcessingOutputConfig.Outputs['train'].S3Output.S3Ur"}),
         "has no member 'S3Ur'; did you mean 'S3Uri'?"),
        (put("Train", SOURCE, {"Get": "Steps.Preprocess.ProcessingOutputConfig.Outputs['trian'].S3Output.S3Uri"}),
         "step Preprocess has no output 'trian'; did you mean 'train'?"),
        (put("Train", SOURCE, {"Get": "Steps.Preprocess.ProcessingJobName.More"}), "is a string and has no 'More'"),
        (put("Train", SOURCE, {"Get": "Steps.Preprocess..x"}), "is no path into the properties of step Preprocess"),
        (put("Train", SOURCE, {"Get": "Steps.TooWeak.ErrorMessage"}), "a Fail step has no properties"),
        (put("Train", SOURCE, {"Get": "Params.X"}), "'Params.X' starts with neither"),
        (put("Train", SOURCE, {"Get": 3}), "3 starts with neither"),
        (put("Train", SOURCE, {"Get": "Parameters.InstanceTyp"}),
         "there is no parameter 'InstanceTyp'; did you mean 'InstanceType'?"),
        (put("Train", SOURCE, {"Get": "Execution.PipelineExecutionID"}),
         "there is no execution variable 'PipelineExecutionID'; did you mean 'PipelineExecutionId'?"),
        (put("Train", SOURCE, {"Std:Join": {"On": "/", "Values": ["a", {"Get": "Parameters.X"}]}}),
         "S3Uri.Values[1]: there is no parameter 'X'"),
        (put("Train", SOURCE, {"Std:Join": {"On": 1, "Values": []}}), "S3Uri.On: expected a string"),
        (put("Train", SOURCE, {"Std:Join": []}), "Std:Join needs a list of Values"),
        (put("Train", ["DependsOn"], ["Evaluat"]),
         "step Train: DependsOn[0]: there is no step 'Evaluat'; did you mean 'Evaluate'?"),
        # property files
        (put("Choose", ["Arguments", "Conditions", 0, "LeftValue", "Std:JsonGet", "PropertyFile", "Get"],
             "Steps.Evaluate.PropertyFiles.Evaluations"),
         "step Evaluate has no property file 'Evaluations'; did you mean 'Evaluation'?"),
        (put("Choose", ["Arguments", "Conditions", 0, "LeftValue", "Std:JsonGet", "PropertyFile", "Get"], "Evaluation"),
         "'Evaluation' is not Steps.<step>.PropertyFiles.<name>"),
        (put("Choose", ["Arguments", "Conditions", 0, "LeftValue", "Std:JsonGet", "Path"], ""), "a path into the JSON"),
        (put("Choose", ["Arguments", "Conditions", 0, "LeftValue"], {"Std:JsonGet": {}}), "needs a PropertyFile"),
        (put("Choose", ["Arguments", "Conditions", 0, "LeftValue"],
             {"Std:JsonGet": {"S3Uri": {"Get": "Parameters.No"}, "Path": "x"}}), "there is no parameter 'No'"),
        (put("Evaluate", ["PropertyFiles", 0, "OutputName"], "evaluations"),
         "PropertyFiles[0].OutputName: the step has no output 'evaluations'; did you mean 'evaluation'?"),
        (put("Evaluate", ["PropertyFiles", 0, "FilePath"], ""), "a property file needs"),
        # arguments
        (put("Preprocess", [*CLUSTER, "InstanceCount"], "1"), "expected an integer, found '1'"),
        (put("Preprocess", [*CLUSTER, "InstanceCount"], True), "expected an integer, found True"),
        (put("Preprocess", [*CLUSTER, "InstanceCount"], 0), "0: at least 1 needed"),
        (put("Preprocess", [*CLUSTER, "VolumeSizeInGB"], 99_999), "99999: at most 16384 allowed"),
        (put("Preprocess", [*CLUSTER, "InstanceCount"], {"Get": "Parameters.InstanceType"}),
         "expected an integer, but parameter InstanceType is a String"),
        (put("Preprocess", [*CLUSTER, "InstanceCount"], {"Std:Join": {"On": "", "Values": [1]}}),
         "expected an integer, but Std:Join is a String"),
        (put("Train", ["Arguments", "EnableNetworkIsolation"], {"Get": "Parameters.Threshold"}),
         "expected a boolean, but parameter Threshold is a Float"),
        (put("Train", ["Arguments", "EnableNetworkIsolation"], "yes"), "expected true or false, found 'yes'"),
        (put("Preprocess", [*CLUSTER, "InstanceType"], "ml.m5.larg"),
         "'ml.m5.larg' is no ProcessingInstanceType; did you mean 'ml.m5.large'?"),
        (put("Preprocess", [*CLUSTER, "InstanceTyp"], "ml.m5.large"),
         "has no such member; did you mean 'InstanceType'?"),
        (put("Preprocess", ["Arguments", "Environment"], {"A": 1}), "Environment.A: expected a string, found 1"),
        (put("Preprocess", ["Arguments", "Environment"], []), "Environment: expected an object, found []"),
        (put("Preprocess", ["Arguments", "ProcessingInputs"], {}), "ProcessingInputs: expected a list, found {}"),
        (put("Preprocess", ["Arguments", "ProcessingResources"], 3), "expected an object, found 3"),
        (put("Preprocess", ["Arguments", "RoleArn"], None), "Arguments.RoleArn: is required"),
        (put("Preprocess", ["Arguments", "AppSpecification", "ContainerArguments"], []), "0 items: at least 1 needed"),
        # form
        (put("Preprocess", ["DependOn"], []), "a Processing step has no such member; did you mean 'DependsOn'?"),
        (put("Preprocess", ["Type"], "Procesing"), "'Procesing' is no type of a step; did you mean 'Processing'?"),
        (put("Preprocess", ["Type"], None), "'None' is no type of a step"),
        (put("Preprocess", ["Name"], "two words"), "a step's name is 1 to 64"),
        (put("Preprocess", ["Name"], "Train"), "step Train: Name: two steps have this name"),
        (put("Train", ["Arguments"], []), "step Train: Arguments: expected an object, found a list"),
        (put("Choose", ["Arguments", "IfSteps"], {}), "Arguments.IfSteps: expected a list, found an object"),
        (put("Choose", ["Arguments", "IfSteps", 0], "x"), "Arguments.IfSteps[0]: a step is an object with a Name"),
        (put("Choose", ["Arguments", "ElseSteps", 0, "Arguments"], {}), "step TooWeak: Arguments.ErrorMessage"),
        # conditions
        (put("Choose", ["Arguments", "Conditions"], []), "at least one condition"),
        (put("Choose", ["Arguments", "Conditions", 0, "Type"], "LessThen"),
         "'LessThen' is no condition; did you mean 'LessThan'?"),
        (put("Choose", ["Arguments", "Conditions", 0, "RightValue"], None), "RightValue: a LessThanOrEqualTo"),
        (put("Choose", ["Arguments", "Conditions", 0], {"Type": "Not", "Condition": {"Type": "X"}}),
         "Conditions[0].Condition.Type: 'X' is no condition"),
        (put("Choose", ["Arguments", "Conditions", 0], {"Type": "Or", "Conditions": [{"Type": "In", "Values": []}]}),
         "Conditions[0].Conditions[0].QueryValue: a In condition needs it"),
    ],
)  # fmt: skip
def test_one_mistake_is_one_problem(compiled: Compiled, change: Callable[[Definition], object], said: str) -> None:
    assert any(said in problem for problem in wrong(compiled, change)), wrong(compiled, change)


@pytest.mark.parametrize(
    ("parameter", "said"),
    [
        ({"Name": "X", "Type": "Int"}, "Parameters[0].Type: 'Int' is no type of a parameter; did you mean 'Integer'?"),
        ({"Name": "X", "Type": "Integer", "DefaultValue": "1"}, "'1' is not of type Integer"),
        (
            {"Name": "X", "Type": "String", "DefaultValue": "aa", "EnumValues": ["ab", "c"]},
            "'aa' is not among the EnumValues",
        ),
        ({"Type": "String"}, "a parameter is an object with a Name"),
        ({"Name": "InstanceType", "Type": "String"}, "two parameters are named 'InstanceType'"),
    ],
)
def test_wrong_parameters_are_found(compiled: Compiled, parameter: Definition, said: str) -> None:
    assert any(said in each for each in wrong(compiled, lambda d: d["Parameters"].insert(0, parameter)))


@pytest.mark.parametrize("definition", [[], "x", None, {"Version": "2020-12-01", "Steps": []}, {"Steps": 3}])
def test_what_is_no_definition_at_all_is_a_problem_and_no_crash(definition: object) -> None:
    assert check(definition) != []


def test_version_of_the_format_is_checked(compiled: Compiled) -> None:
    assert wrong(compiled, lambda d: d.update(Version="2021"))[0] == "Version: '2021' is not '2020-12-01'"


def circles(compiled: Compiled, change: Callable[[Definition], object]) -> list[str]:
    return [each for each in wrong(compiled, change) if "wait" in each]


def test_circle_through_references_is_found(compiled: Compiled) -> None:
    uri = {"Get": "Steps.Evaluate.ProcessingJobName"}
    change = put("Preprocess", ["Arguments", "ProcessingInputs", 0, "S3Input", "S3Uri"], uri)
    assert circles(compiled, change) == [
        "step Preprocess: the steps wait for each other: Preprocess -> Evaluate -> Train -> Preprocess"
    ]


def test_circle_through_depends_on_is_found(compiled: Compiled) -> None:
    assert len(circles(compiled, put("Preprocess", ["DependsOn"], ["Evaluate"]))) == 1


def test_circle_through_a_branch_of_a_condition_is_found(compiled: Compiled) -> None:
    said = circles(compiled, put("Preprocess", ["DependsOn"], ["Register"]))
    assert len(said) == 1
    assert "Register -> Choose" in said[0]


def test_step_that_waits_for_itself_is_found(compiled: Compiled) -> None:
    assert circles(compiled, put("Train", ["DependsOn"], ["Train"]))[0].endswith("the step waits for itself")


def test_a_long_chain_is_no_circle_and_no_recursion() -> None:
    steps = [
        {"Name": f"S{n}", "Type": "Fail", "Arguments": {"ErrorMessage": "x"}, "DependsOn": [f"S{n - 1}"] if n else []}
        for n in range(3000)
    ]
    assert check({"Version": "2020-12-01", "Steps": steps[::-1]}) == []


def test_dependencies_are_references_depends_on_and_branches(compiled: Compiled) -> None:
    assert dependencies(outline(compiled.definition)) == {
        "Preprocess": [],
        "Train": ["Preprocess"],
        "Evaluate": ["Train"],
        "Choose": ["Evaluate"],
        "Register": ["Choose", "Train"],
        "TooWeak": ["Choose"],
    }


def test_output_parameters_of_lambda_are_checked(compiled: Compiled) -> None:
    call = {
        "Name": "Call",
        "Type": "Lambda",
        "FunctionArn": "arn",
        "Arguments": {},
        "OutputParameters": [{"OutputName": "ticket", "OutputType": "String"}],
    }

    def with_reference(path: str) -> list[str]:
        return wrong(
            compiled,
            lambda d: (d["Steps"].append(call), put("Train", SOURCE, {"Get": f"Steps.Call.{path}"})(d)),
        )

    assert with_reference("OutputParameters['ticket']") == []
    assert "has no output 'tickets'; did you mean 'ticket'?" in with_reference("OutputParameters['tickets']")[0]
    assert "has only OutputParameters['name']" in with_reference("FunctionArn")[0]


def test_lambda_and_callback_need_what_they_call(compiled: Compiled) -> None:
    bare = [{"Name": kind, "Type": kind, "Arguments": {}} for kind in ("Lambda", "Callback")]
    said = wrong(compiled, lambda d: d["Steps"].extend(bare))
    assert said == [
        "step Lambda: FunctionArn: a Lambda step needs it",
        "step Callback: SqsQueueUrl: a Callback step needs it",
    ]


def test_properties_that_only_checks_and_conditions_have(compiled: Compiled) -> None:
    assert (
        wrong(compiled, put("Train", SOURCE, {"Get": "Steps.Choose.Outcome"})) != []
    )  # a circle, but no unknown property
    assert not any(
        "property" in each for each in wrong(compiled, put("Train", SOURCE, {"Get": "Steps.Choose.Outcome"}))
    )


def test_steps_whose_inside_is_not_read_are_left_alone(compiled: Compiled) -> None:
    emr = {
        "Name": "Emr",
        "Type": "EMR",
        "ClusterId": "j-1",
        "Arguments": {"StepConfig": {"Get": "ForEach.CurrentItem"}},
    }
    uri = {"Get": "Steps.Emr.Whatever.It.Has"}
    assert wrong(compiled, lambda d: (d["Steps"].append(emr), put("Train", SOURCE, uri)(d))) == []


def test_error_shows_one_screen_of_problems_and_holds_all(compiled: Compiled) -> None:
    definition = copy.deepcopy(dict(compiled.definition))
    step(definition, "Train")["DependsOn"] = [f"No{n}" for n in range(40)]
    error = InvalidPipelineError("training", check(definition), where="headgate.yaml")
    assert error.exit_code == 2
    assert len(error.details) == 13
    assert error.details[-1] == "and 28 more"
    assert len(error.problems) == 40
    problem = error.as_json()["problems"]
    assert isinstance(problem, list)
    assert problem[0] == {
        "step": "Train",
        "path": "DependsOn[0]",
        "message": "there is no step 'No0'",
        "did_you_mean": None,
    }
