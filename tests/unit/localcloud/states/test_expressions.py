from __future__ import annotations

import hashlib
from typing import Any

import pytest

from headgate.localcloud.states import payload
from headgate.localcloud.states.expressions import Scope, parse, uses_task_token
from headgate.localcloud.states.failures import StateError, matches
from headgate.localcloud.states.jsonpath import PathSyntaxError
from unit.localcloud.states.world import LoadedDice

DATA: Any = {"n": 3, "text": "Ana", "list": [1, 1, True, "a"], "object": {"b": 2}, "json": '{"x": [1]}'}
CONTEXT: Any = {"Execution": {"Name": "run"}, "Task": {"Token": "t"}}


def evaluate(text: str) -> Any:
    return parse(text).evaluate(Scope(DATA, CONTEXT, LoadedDice()))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("States.Format('Hello {}, {} of {}', $.text, $.n, $.object)", 'Hello Ana, 3 of {"b":2}'),
        (r"States.Format('\'{}\' and \{\} \\', $.n)", "'3' and {} \\"),
        ("States.Format($.text)", "Ana"),
        ("States.StringToJson($.json)", {"x": [1]}),
        ("States.StringToJson('')", None),
        ("States.JsonToString($.object)", '{"b":2}'),
        ("States.Array()", []),
        ("States.Array('a', 1, -2.5, true, null, $$.Execution.Name)", ["a", 1, -2.5, True, None, "run"]),
        ("States.ArrayPartition($.list, 3)", [[1, 1, True], ["a"]]),
        ("States.ArrayContains($.list, true)", True),
        ("States.ArrayContains($.list, false)", False),
        ("States.ArrayRange(1, 9, 3)", [1, 4, 7]),
        ("States.ArrayRange(3, 1, -1)", [3, 2, 1]),
        ("States.ArrayGetItem($.list, 3)", "a"),
        ("States.ArrayLength($.list)", 4),
        ("States.ArrayUnique($.list)", [1, True, "a"]),
        ("States.Base64Encode('Ana')", "QW5h"),
        ("States.Base64Decode('QW5h')", "Ana"),
        ("States.Hash($.text, 'SHA-256')", hashlib.sha256(b"Ana").hexdigest()),
        ("States.Hash($.object, 'MD5')", hashlib.md5(b'{"b":2}').hexdigest()),
        ("States.JsonMerge($.object, States.StringToJson($.json), false)", {"b": 2, "x": [1]}),
        ("States.MathRandom(10, 20)", 15),
        ("States.MathAdd($.n, -5)", -2),
        ("States.StringSplit('a.b+c.', '.+')", ["a", "b", "c"]),
        ("States.StringSplit('ab', '')", ["ab"]),
        ("States.UUID()", "00000000-0000-0000-0000-000000000001"),
        ("States.ArrayLength( States.Array( 1 , States.MathAdd(1,1) ) )", 2),
    ],
)
def test_intrinsic_functions(text: str, value: Any) -> None:
    assert evaluate(text) == value


def test_a_seed_makes_random_numbers_the_same() -> None:
    assert evaluate("States.MathRandom(1, 1000, 7)") == evaluate("States.MathRandom(1, 1000, 7)")


@pytest.mark.parametrize(
    "text",
    [
        "States.Format('{} {}', $.n)",
        "States.StringToJson($.n)",
        "States.StringToJson('{')",
        "States.ArrayPartition($.list, 0)",
        "States.ArrayPartition($.n, 1)",
        "States.ArrayRange(1, 2, 0)",
        "States.ArrayRange(1, 9999, 1)",
        "States.ArrayGetItem($.list, 4)",
        "States.Base64Encode($.n)",
        "States.Base64Decode('?')",
        "States.Hash($.text, 'SHA-3')",
        "States.JsonMerge($.object, $.object, true)",
        "States.JsonMerge($.object, $.n, false)",
        "States.MathRandom(2, 2)",
        "States.MathAdd(2147483647, 1)",
        "States.MathAdd($.text, 1)",
        "States.StringSplit($.n, ',')",
    ],
)
def test_what_a_function_cannot_do_is_an_intrinsic_failure(text: str) -> None:
    with pytest.raises(StateError) as error:
        evaluate(text)
    assert error.value.error == "States.IntrinsicFailure"
    assert text in error.value.cause


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nothing", "neither a path"),
        ("States.Nothing()", "no intrinsic function"),
        ("States.UUID(1)", "takes 0 arguments"),
        ("States.MathAdd(1)", "takes 2 arguments"),
        ("States.Array(1 2)", "misses ',' or '\\)'"),
        ("States.Array(x)", "no argument that a function can take"),
        ("States.Array('x)", "does not close the quote"),
        ("States.UUID() more", "cannot be read from"),
        ("States.Array(" * 11 + ")" * 11, "deeper than 10"),
    ],
)
def test_what_is_no_expression_says_why(text: str, message: str) -> None:
    with pytest.raises(PathSyntaxError, match=message):
        parse(text)


def test_the_token_is_found_within_functions_and_whole_objects() -> None:
    for text, used in [
        ("$$.Task.Token", True),
        ("$$", True),
        ("States.Format('{}', $$.Task.Token)", True),
        ("$$.Execution.Id", False),
        ("$.Task.Token", False),
    ]:
        assert uses_task_token(parse(text)) is used


def test_a_template_is_filled_at_every_depth() -> None:
    scope = Scope(DATA, CONTEXT, LoadedDice())
    template = {"a.$": "$.n", "b": [{"c.$": "$$.Execution.Name"}, 1], "d": "$.n"}
    assert payload.fill("Parameters", template, scope) == {"a": 3, "b": [{"c": "run"}, 1], "d": "$.n"}


@pytest.mark.parametrize("path", ["$.none", "$$.None", "States.Array($.none)"])
def test_a_template_that_names_nothing_says_which_field(path: str) -> None:
    with pytest.raises(StateError, match="specified for the field 'x\\.\\$' could not be found") as error:
        payload.fill("Parameters", {"x.$": path}, Scope(DATA, CONTEXT, LoadedDice()))
    assert error.value.error == "States.ParameterPathFailure"


@pytest.mark.parametrize(
    ("path", "result"),
    [
        (None, {"a": {"b": 1}, "l": [0, 1]}),
        ("$", "R"),
        ("$.a", {"a": "R", "l": [0, 1]}),
        ("$.a.c.d", {"a": {"b": 1, "c": {"d": "R"}}, "l": [0, 1]}),
        ("$.l[1]", {"a": {"b": 1}, "l": [0, "R"]}),
    ],
)
def test_a_result_is_put_at_its_path(path: str | None, result: Any) -> None:
    raw = {"a": {"b": 1}, "l": [0, 1]}
    assert payload.place("R", path, raw) == result
    assert raw == {"a": {"b": 1}, "l": [0, 1]}


@pytest.mark.parametrize("path", ["$.a.b.c", "$.l[5]", "$.l.x", "$.l[7].x", "$.n[0]"])
def test_a_result_that_has_no_place_there_fails(path: str) -> None:
    with pytest.raises(StateError, match="Unable to apply ReferencePath") as error:
        payload.place("R", path, {"a": {"b": 1}, "l": [0]})
    assert error.value.error == "States.ResultPathMatchFailure"


def test_a_null_path_is_an_empty_object() -> None:
    assert payload.select("InputPath", None, Scope(DATA, CONTEXT, LoadedDice())) == {}


@pytest.mark.parametrize(
    ("error", "name", "matched"),
    [
        ("Boom", "Boom", True),
        ("Boom", "Bang", False),
        ("Boom", "States.ALL", True),
        ("Boom", "States.TaskFailed", True),
        ("States.Permissions", "States.TaskFailed", True),
        ("States.Timeout", "States.TaskFailed", False),
        ("States.HeartbeatTimeout", "States.Timeout", True),
        ("States.Timeout", "States.HeartbeatTimeout", False),
        ("States.Runtime", "States.ALL", False),
        ("States.DataLimitExceeded", "States.ALL", False),
        ("States.Runtime", "States.Runtime", True),
    ],
)
def test_which_errors_a_name_means(error: str, name: str, matched: bool) -> None:
    assert matches(error, [name]) is matched
