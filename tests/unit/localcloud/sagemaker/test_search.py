from __future__ import annotations

from typing import Any

import pytest

from headgate.localcloud.documents import Key
from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Json
from unit.localcloud.executions.fakes import CALLER, World, processing


@pytest.fixture(autouse=True)
def _jobs(world: World) -> None:
    for index, name in enumerate(("alpha", "beta", "gamma")):
        body = {
            "TrainingJobName": name,
            "TrainingJobArn": CALLER.arn("sagemaker", f"training-job/{name}"),
            "TrainingJobStatus": "Failed" if name == "gamma" else "Completed",
            "CreationTime": 1_700_000_000.0 + index,
            "LastModifiedTime": 1_700_000_000.0 + index,
            "HyperParameters": {"rounds": str(index)},
            "FinalMetricDataList": [{"MetricName": "validation:rmse", "Value": 1.5 - index / 2, "Timestamp": 1.0}],
            "internal": "never shown",
        }
        world.documents.insert(Key(CALLER.account, CALLER.region, "training-job", name), body)
    arn = CALLER.arn("sagemaker", "training-job/beta")
    world.documents.put(Key(CALLER.account, CALLER.region, "tags", arn), {"team": "blue"})


def found(world: World, *filters: Json, operator: str = "And", **more: Any) -> list[str]:
    expression = {"Filters": list(filters), "Operator": operator} if filters else {}
    request = {"Resource": "TrainingJob", **({"SearchExpression": expression} if expression else {}), **more}
    return [one["TrainingJob"]["TrainingJobName"] for one in world.call("Search", **request)["Results"]]


def where(name: str, operator: str, value: str | None = None) -> Json:
    return {"Name": name, "Operator": operator, **({} if value is None else {"Value": value})}


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (where("TrainingJobStatus", "Equals", "Failed"), {"gamma"}),
        (where("TrainingJobStatus", "NotEquals", "Failed"), {"alpha", "beta"}),
        (where("TrainingJobName", "Contains", "AM"), {"gamma"}),
        (where("TrainingJobName", "In", "alpha, beta"), {"alpha", "beta"}),
        (where("HyperParameters.rounds", "Equals", "1"), {"beta"}),
        (where("Metrics.validation:rmse", "LessThan", "1.2"), {"beta", "gamma"}),
        (where("Metrics.validation:rmse", "GreaterThanOrEqualTo", "1"), {"alpha", "beta"}),
        (where("CreationTime", "GreaterThan", "2023-11-14T22:13:20Z"), {"beta", "gamma"}),
        (where("CreationTime", "LessThanOrEqualTo", "1700000000"), {"alpha"}),
        (where("CreationTime", "Equals", "tomorrow"), set()),
        (where("Tags.team", "Equals", "blue"), {"beta"}),
        (where("Tags.team", "NotExists"), {"alpha", "gamma"}),
        (where("FailureReason", "Exists"), set()),
        (where("FailureReason", "NotEquals", "x"), {"alpha", "beta", "gamma"}),
        (where("Metrics.none", "Equals", "1"), set()),
    ],
)
def test_filters(world: World, one: Json, expected: set[str]) -> None:
    assert set(found(world, one)) == expected


def test_filters_are_joined_and_nested(world: World) -> None:
    completed = where("TrainingJobStatus", "Equals", "Completed")
    gamma = where("TrainingJobName", "Equals", "gamma")
    assert found(world, completed, gamma) == []
    assert set(found(world, completed, gamma, operator="Or")) == {"alpha", "beta", "gamma"}
    nested = {"SubExpressions": [{"Filters": [completed]}], "Filters": [where("TrainingJobName", "Equals", "alpha")]}
    assert found(world, SearchExpression=nested) == ["alpha"]


def test_results_are_sorted_counted_and_paged_and_show_what_the_api_has(world: World) -> None:
    assert found(world) == ["gamma", "beta", "alpha"]
    assert found(world, SortBy="TrainingJobName", SortOrder="Ascending", MaxResults=2) == ["alpha", "beta"]
    answer = world.call("Search", Resource="TrainingJob", MaxResults=1)
    assert answer["TotalHits"] == {"Value": 3, "Relation": "EqualTo"}
    assert "NextToken" in answer
    assert "internal" not in answer["Results"][0]["TrainingJob"]


def test_executions_can_be_searched(world: World) -> None:
    world.create_pipeline([processing("One")])
    arn = world.start()
    world.finish(arn)
    expression = {"Filters": [where("PipelineExecutionStatus", "Equals", "Succeeded")]}
    (one,) = world.call("Search", Resource="PipelineExecution", SearchExpression=expression)["Results"]
    assert one["PipelineExecution"]["PipelineExecutionArn"] == arn


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        ({"Resource": "FeatureGroup"}, "does not support Search for FeatureGroup"),
        (
            {"Resource": "TrainingJob", "VisibilityConditions": [{"Key": "a", "Value": "b"}]},
            "Search with VisibilityConditions",
        ),
        (
            {
                "Resource": "TrainingJob",
                "SearchExpression": {
                    "NestedFilters": [
                        {"NestedPropertyName": "InputDataConfig", "Filters": [{"Name": "a", "Value": "b"}]}
                    ]
                },
            },
            "Search with NestedFilters",
        ),
        (
            {"Resource": "TrainingJob", "SearchExpression": {"Filters": [where("TrainingJobName", "Equals")]}},
            "needs a Value",
        ),
    ],
)
def test_what_is_not_searched_is_refused(world: World, request_: Json, told: str) -> None:
    with pytest.raises(AwsError, match=told):
        world.call("Search", **request_)
