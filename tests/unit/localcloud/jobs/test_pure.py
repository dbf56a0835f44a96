"""The decisions of the job engine: functions of values, without processes or files."""

from __future__ import annotations

import math
import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.localcloud.errors import AwsError
from headgate.localcloud.jobs.cluster import parse_cluster
from headgate.localcloud.jobs.failures import REASON_LIMIT, algorithm_error, describe_exit
from headgate.localcloud.jobs.jsonpath import PathError, parse_path
from headgate.localcloud.jobs.listing import page
from headgate.localcloud.jobs.metrics import MetricSeries, scanner
from headgate.localcloud.jobs.staging import relative_path, shard
from headgate.localcloud.jobs.training_record import end, transition
from headgate.localcloud.jobs.transform_records import DataProcessing, RecordError, assembled, batches, format_of
from headgate.localcloud.jobs.tuning_rules import Criteria, Trial, best_of, hopeless, should_stop
from headgate.localcloud.jobs.tuning_search import RandomSearch
from headgate.localcloud.jobs.tuning_space import Categorical, Numeric, grid, parse_space
from headgate.localcloud.jobs.uploads import join_uri


@pytest.mark.parametrize(
    ("prefix", "key", "path"),
    [
        ("data/train/", "data/train/a.csv", "a.csv"),
        ("data/train", "data/train/deep/a.csv", "deep/a.csv"),
        ("data/train.csv", "data/train.csv", "train.csv"),
        ("data/tr", "data/train/a.csv", "train/a.csv"),
        ("data/tr", "data/train.csv", "train.csv"),
        ("tr", "train/a.csv", "train/a.csv"),
        ("", "train/a.csv", "train/a.csv"),
    ],
)
def test_keys_become_paths_below_the_input(prefix, key, path):
    assert relative_path(prefix, key) == path


@settings(deadline=None)
@given(st.lists(st.integers(), max_size=30), st.integers(1, 7))
def test_shards_are_a_partition_of_even_size(items, count):
    parts = [shard(items, index, count) for index in range(count)]
    assert sorted(item for part in parts for item in part) == sorted(items)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_addresses_join_with_one_slash():
    assert join_uri("s3://b/x/", "/job/", "output") == "s3://b/x/job/output"


@pytest.mark.parametrize(
    ("path", "value", "selected"),
    [
        ("$", [1, 2], [1, 2]),
        ("$[0]", [1, 2], 1),
        ("$[-1]", [1, 2, 3], 3),
        ("$[1:]", [1, 2, 3], [2, 3]),
        ("$[:2]", [1, 2, 3], [1, 2]),
        ("$[0:3]", [1, 2], [1, 2]),
        ("$[0,5:]", list(range(8)), [0, 5, 6, 7]),
        ("$[0,-1]", [1, 2, 3], [1, 3]),
        ("$[*]", [1, 2], [1, 2]),
        ("$.a", {"a": 1, "b": 2}, 1),
        ("$.a.b[0]", {"a": {"b": [7]}}, 7),
        ("$['a']", {"a": 1}, 1),
        ("$['a','b']", {"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 2}),
        ("$[\"a b\", 'c']", {"a b": 1, "c": 2}, {"a b": 1, "c": 2}),
        ("$['x]y']", {"x]y": 3}, 3),
        ("$.*", {"a": 1, "b": 2}, [1, 2]),
    ],
)
def test_jsonpath_selects(path, value, selected):
    assert parse_path(path).select(value) == selected


@pytest.mark.parametrize("path", ["a", "$..a", "$[?(@.x)]", "$[a]", "$[]", "$['a',]x", "$.a[", "$['a' 'b']", "$[1,]"])
def test_what_sagemaker_does_not_support_is_no_jsonpath(path):
    with pytest.raises(PathError, match=re.escape(path)):
        parse_path(path)


@pytest.mark.parametrize(
    ("path", "value"), [("$.a", [1]), ("$.a", {"b": 1}), ("$[0]", {"a": 1}), ("$[3]", [1]), ("$[*]", 7)]
)
def test_selecting_what_is_not_there_is_an_error(path, value):
    with pytest.raises(PathError):
        parse_path(path).select(value)


@settings(deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=20), max_size=40), st.integers(20, 60))
def test_batches_hold_every_record_in_order_within_the_limit(records, limit):
    found = list(batches(records, single=False, limit=limit))
    assert [record for batch in found for record in batch] == records
    assert all(len(b"\n".join(batch)) <= limit for batch in found)
    assert [len(batch) for batch in batches(records, single=True, limit=limit)] == [1] * len(records)


def test_a_record_beyond_the_limit_is_refused():
    with pytest.raises(RecordError, match="Too much data"):
        list(batches([b"xx"], single=False, limit=1))
    assert list(batches([b"xx"], single=False, limit=None)) == [[b"xx"]]


def processing(kind, first="$", last="$", join=False):
    return DataProcessing(kind, parse_path(first), parse_path(last), join)


def test_unparseable_records_are_named():
    with pytest.raises(RecordError, match="not JSON"):
        processing("json", "$.a").request([b"{"])
    with pytest.raises(RecordError, match="not CSV"):
        processing("csv", "$[0]").request([b"\xff"])


@settings(deadline=None)
@given(st.lists(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0")), min_size=1), min_size=1))
def test_csv_survives_a_round_of_filtering(rows):
    encode = processing("csv")._encode
    records = [encode(row) for row in rows]
    assert [processing("csv")._decode(record) for record in records] == rows


def test_media_types_and_assembly():
    assert format_of("text/csv; charset=utf-8") == "csv"
    assert format_of("application/jsonlines") == "json"
    assert format_of("image/png") == "other"
    assert assembled(b"1\n2", by_line=True) == assembled(b"1\n2\n", by_line=True) == b"1\n2\n"
    assert assembled(b"1", by_line=False) == b"1"


def test_built_in_algorithms_metrics_need_no_definition():
    xgboost = scanner("683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1", ())
    assert xgboost.scan("[12]\ttrain-rmse:1.5\tvalidation-rmse:2.5e-1") == [
        ("train:rmse", 1.5),
        ("validation:rmse", 0.25),
    ]
    linear = scanner("1.dkr.ecr.eu-west-1.amazonaws.com/linear-learner:1", ())
    found = dict(linear.scan("#quality_metric: host=algo-1, epoch=3, validation mse_objective <loss>=0.5"))
    assert found == {"validation:mse_objective": 0.5, "validation:objective_loss": 0.5}
    assert scanner("own/image:1", ()).scan("[0]\ttrain-rmse:1") == []


def test_metric_expressions_may_lack_a_number():
    found = scanner("own:1", [{"Name": "a", "Regex": "a=(.*);"}, {"Name": "whole", "Regex": "[0-9]+$"}])
    assert found.scan("a=none; 12") == [("whole", 12.0)]


def test_series_keep_every_value_and_final_the_last():
    series = MetricSeries()
    series.add("loss", 1.0, 3.0)
    series.add("loss", 2.0, 2.0)
    assert series.as_json() == {"loss": [[1.0, 3.0], [2.0, 2.0]]}
    assert series.final() == [{"MetricName": "loss", "Value": 2.0, "Timestamp": 2.0}]


def test_exit_codes_are_told_in_words():
    assert "SIGKILL" in describe_exit(137)
    assert "SIGSEGV" in describe_exit(139)
    assert "signal 99" in describe_exit(128 + 99)
    assert describe_exit(1, "KeyError: 'sex'") == "See job logs for more information: KeyError: 'sex'"
    assert describe_exit(1) == "See job logs for more information"


def test_a_long_reason_keeps_its_exit_code():
    reason = algorithm_error("x" * 5000, 3).reason
    assert len(reason) == REASON_LIMIT
    assert reason.endswith("x, exit code: 3")


def test_transitions_close_one_another():
    body = {}
    transition(body, "Starting", 1.0)
    transition(body, "Training", 2.0)
    end(body, "Completed", "Completed", 62.0)
    spans = [(t["Status"], t["StartTime"], t["EndTime"]) for t in body["SecondaryStatusTransitions"]]
    assert spans == [("Starting", 1.0, 2.0), ("Training", 2.0, 62.0), ("Completed", 62.0, 62.0)]
    assert body["BillableTimeInSeconds"] == 60


BODIES = [
    {"JobName": name, "JobStatus": status, "CreationTime": float(time), "LastModifiedTime": float(time)}
    for name, status, time in (("beta", "Failed", 2), ("alpha", "Completed", 1), ("gamma", "Completed", 3))
]


def names(**parameters):
    found = page(
        BODIES, parameters, name_member="JobName", status_member="JobStatus", result_member="Jobs", project=dict
    )
    return [item["JobName"] for item in found["Jobs"]], found.get("NextToken")


def test_listing_filters_sorts_and_pages():
    assert names() == (["alpha", "beta", "gamma"], None)
    page_one, token = names(SortOrder="Descending", MaxResults=2)
    assert page_one == ["gamma", "beta"]
    assert names(SortOrder="Descending", MaxResults=2, NextToken=token) == (["alpha"], None)
    assert names(SortBy="Name", SortOrder="Descending")[0] == ["gamma", "beta", "alpha"]
    assert names(SortBy="Status")[0][-1] == "beta"
    assert names(NameContains="ALP")[0] == ["alpha"]
    assert names(StatusEquals="Failed")[0] == ["beta"]
    assert names(CreationTimeAfter=1.0, CreationTimeBefore=3.0)[0] == ["beta"]
    with pytest.raises(AwsError, match="pagination token"):
        names(NextToken="x")


@settings(deadline=None)
@given(st.sampled_from(["Linear", "Logarithmic", "ReverseLogarithmic"]), st.floats(0, 1))
def test_scaled_values_stay_within_bounds_and_invert(scaling, share):
    bounds = {"Linear": (-5.0, 5.0), "Logarithmic": (1e-4, 10.0), "ReverseLogarithmic": (0.0, 0.999)}[scaling]
    space = Numeric("x", *bounds, scaling, integer=False)
    value = space.at(share)
    assert bounds[0] <= value <= bounds[1]
    assert space.share(value) == pytest.approx(share, abs=1e-6)


def test_logarithmic_scaling_spends_as_much_on_each_power_of_ten():
    generator = random.Random(1)
    space = Numeric("x", 1e-4, 1.0, "Logarithmic", integer=False)
    drawn = [float(space.draw(generator)) for _ in range(2000)]
    assert 0.2 < sum(value < 1e-3 for value in drawn) / 2000 < 0.3
    reverse = Numeric("x", 0.0, 0.999, "ReverseLogarithmic", integer=False)
    assert sum(float(reverse.draw(generator)) > 0.9 for _ in range(1000)) > 500


def test_integers_are_whole_and_a_single_value_is_allowed():
    assert Numeric("n", 3.0, 3.0, "Linear", integer=True).draw(random.Random(1)) == "3"
    assert Numeric("n", 3.0, 3.0, "Linear", integer=True).share(3.0) == 0.0
    assert {Numeric("n", 1.0, 3.0, "Linear", integer=True).draw(random.Random(n)) for n in range(50)} == {
        "1",
        "2",
        "3",
    }


def one(**item):
    return parse_space({"ContinuousParameterRanges": [{"Name": "x", "MinValue": "1", "MaxValue": "10", **item}]})


def test_auto_scaling_is_logarithmic_for_wide_ranges():
    assert one()[0].scaling == "Linear"
    assert one(MinValue="0.001")[0].scaling == "Logarithmic"
    assert one(MinValue="0")[0].scaling == "Linear"


@pytest.mark.parametrize(
    ("item", "text"),
    [
        ({"MinValue": "ten"}, "is no number"),
        ({"MinValue": "0", "ScalingType": "Logarithmic"}, "MinValue above 0"),
        ({"ScalingType": "ReverseLogarithmic"}, "0 <= x < 1"),
    ],
)
def test_ranges_that_make_no_sense_are_refused(item, text):
    with pytest.raises(AwsError, match=text):
        one(**item)
    with pytest.raises(AwsError, match="names of their own"):
        parse_space({})
    with pytest.raises(AwsError, match="no values"):
        parse_space({"CategoricalParameterRanges": [{"Name": "x", "Values": []}]})


@pytest.mark.parametrize(
    ("hint", "low", "high", "integer"),
    [("8", 2, 32, True), ("1", 1, 4, True), ("0.1", 0.01, 1, False), ("2.0", 0.2, 20, False)],
)
def test_a_hint_has_a_range_around_it(hint, low, high, integer):
    (found,) = parse_space({"AutoParameters": [{"Name": "x", "ValueHint": hint}]})
    assert (found.low, found.high, found.integer) == (pytest.approx(low), pytest.approx(high), integer)


@pytest.mark.parametrize("hint", ["hist", "0", "-1", "nan", "inf"])
def test_a_hint_that_is_no_number_above_zero_is_refused(hint):
    with pytest.raises(AwsError, match=f"no range can be made around the hint '{hint}'"):
        parse_space({"AutoParameters": [{"Name": "x", "ValueHint": hint}]})


def test_a_grid_is_every_combination_in_order():
    space = (Categorical("a", ("1", "2")), Categorical("b", ("x", "y")))
    assert [tuple(point.values()) for point in grid(space)] == [("1", "x"), ("1", "y"), ("2", "x"), ("2", "y")]


def test_random_trials_do_not_depend_on_their_order():
    space = (Numeric("x", 0.0, 1.0, "Linear", integer=False),)
    forward, backward = RandomSearch(space, 3), RandomSearch(space, 3)
    assert [forward.propose(n) for n in (1, 2, 3)] == [backward.propose(n) for n in (3, 2, 1)][::-1]


def trial(number, value, status="Completed", curve=()):
    return Trial(number, f"t{number}", {}, status, value, list(curve))


def test_the_median_rule_compares_with_running_averages():
    others = [[10, 8, 6], [10, 9, 8], [10, 10, 10]]
    assert should_stop([11, 11], others, minimize=True)
    assert not should_stop([11, 9.4], others, minimize=True)
    assert should_stop([9, 9], others, minimize=False)
    assert not should_stop([99], others, minimize=True), "one value is too early"
    assert not should_stop([99, 99], others[:1], minimize=True), "one other job is too few"
    assert not should_stop([99] * 4, others, minimize=True), "nobody else got as far"


def test_the_best_trial_has_a_value_and_did_not_fail():
    trials = [trial(1, 3.0), trial(2, 1.0, "Failed"), trial(3, 2.0, "Stopped"), trial(4, None), trial(5, 2.0)]
    assert best_of(trials, minimize=True).number == 3
    assert best_of(trials, minimize=False).number == 1
    assert best_of([trial(1, None)], minimize=True) is None
    assert trial(6, None, "InProgress").objective_status == "Pending"


def test_completion_criteria():
    trials = [trial(1, 3.0), trial(2, 4.0), trial(3, 5.0)]
    assert Criteria(minimize=True, target=3.0).met(trials)
    assert not Criteria(minimize=False, target=6.0).met(trials)
    assert Criteria(minimize=True, not_improving=2).met(trials)
    assert not Criteria(minimize=True, not_improving=3).met(trials)
    assert not Criteria(minimize=True).met(trials)
    assert not Criteria(minimize=True, target=9.0).met([])


def test_five_trials_without_a_result_are_hopeless():
    failed = [trial(n, None, "Failed") for n in range(5)]
    assert hopeless(failed[:4], final=False) is None
    assert "No training job succeeded after 5 attempts" in hopeless(failed, final=False)
    assert "No objective metrics" in hopeless([*failed[:4], trial(9, None)], final=False)
    assert hopeless([*failed, trial(9, 1.0)], final=True) is None
    assert hopeless([], final=True) is None


def test_a_cluster_needs_a_type():
    assert parse_cluster({"InstanceType": "ml.x", "InstanceCount": 2}).hosts == ("algo-1", "algo-2")
    assert parse_cluster({"InstanceType": "ml.x"}).volume_gb is None
    assert math.isclose(parse_cluster({"InstanceType": "ml.x", "VolumeSizeInGB": 5}).volume_gb, 5)
    with pytest.raises(AwsError, match="InstanceGroups"):
        parse_cluster({})
