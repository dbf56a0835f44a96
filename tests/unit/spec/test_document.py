from __future__ import annotations

from pathlib import Path

import pytest

from headgate.errors import Location
from headgate.spec.document import Node, describe, find, merge, parse, plain, read
from headgate.spec.problems import SpecError


def _parse(text: str) -> Node:
    node = parse(text, "file.yaml")
    assert node is not None
    return node


def _problems(text: str) -> list[str]:
    with pytest.raises(SpecError) as raised:
        parse(text, "file.yaml")
    return [str(problem) for problem in raised.value.problems]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"),
        ("on", "on"),
        ("true", True),
        ("False", False),
        ("2024-01-31", "2024-01-31"),
        ("1:30", "1:30"),
        ("~", None),
        ("null", None),
        ("12", 12),
        ("-3", -3),
        ("0x1f", 31),
        ("0o17", 15),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("'12'", "12"),
        ("!!str 12", "12"),
        ("", None),
    ],
)
def test_scalars_are_those_of_yaml_1_2(text: str, value: object) -> None:
    found = plain(_parse(f"key: {text}"))["key"]
    assert found == value
    assert type(found) is type(value)


def test_every_value_and_key_knows_its_line() -> None:
    node = _parse("a:\n  b:\n    - 1\n    - c: 2\n")
    inner = find(node, ["a", "b", 1, "c"])
    assert inner.where == Location("file.yaml", 4)
    assert find(node, ["a", "b"]).key == Location("file.yaml", 2)


def test_find_stops_at_the_deepest_there_is() -> None:
    node = _parse("a:\n  b: 1\n")
    assert find(node, ["a", "missing", "deeper"]).where.line == 2


def test_duplicate_keys_are_named_with_both_lines() -> None:
    assert _problems("a: 1\nb: 2\na: 3\n") == [
        "file.yaml:3: key 'a' is there twice; the first is in line 1 (allowed: each key once)"
    ]


def test_all_problems_are_told_at_once() -> None:
    lines = [problem.split(": ")[0] for problem in _problems("a: 1\na: 2\nb: !custom x\n? [1]\n: 2\nc: .inf\n")]
    assert lines == ["file.yaml:2", "file.yaml:3", "file.yaml:4", "file.yaml:6"]


def test_a_tab_is_called_a_tab() -> None:
    assert _problems("a:\n\tb: 1\n") == [
        "file.yaml:2: a tab indents this line (allowed: spaces: YAML forbids tabs for indentation)"
    ]


def test_broken_syntax_names_the_line() -> None:
    (problem,) = _problems("a: 1\nb: [1,\n 2\n")
    assert problem.startswith("file.yaml:3: not YAML: while parsing a flow sequence that began in line 2, did not find")


def test_second_document_is_refused() -> None:
    assert "expected a single document" in _problems("a: 1\n---\nb: 2\n")[0]


def test_control_characters_are_refused_at_their_line() -> None:
    assert _problems("a: é\n# é\nb: \x01\n") == [
        "file.yaml:3: not YAML: character 0x01 (allowed: printable characters)"
    ]


@pytest.mark.parametrize("value", ["!own {b: 1}", "!own [1]", "!own x"])
def test_tags_are_refused_on_every_kind_of_value(value: str) -> None:
    (problem,) = _problems(f"a: {value}\n")
    assert problem.startswith("file.yaml:1: tag !own is not supported")


def test_a_tag_of_python_is_refused() -> None:
    assert "tag !!python/object/apply:os.system is not" in _problems('a: !!python/object/apply:os.system ["ls"]\n')[0]


def test_a_number_without_end_is_refused() -> None:
    assert "a number of 6000 digits" in _problems(f"a: {'9' * 6000}\n")[0]


def test_merge_keys_give_way_to_what_is_written() -> None:
    node = _parse("base: &base {p: 1, q: 1}\nother: &other {q: 2, r: 2}\nuse:\n  <<: [*base, *other]\n  p: 3\n")
    assert plain(node)["use"] == {"p": 3, "q": 1, "r": 2}


def test_merge_of_something_else_is_refused() -> None:
    assert "not a mapping" in _problems("a: &a [1]\nb:\n  <<: *a\n")[0]


def test_alias_to_itself_is_refused() -> None:
    assert "an alias points to a value that holds it" in _problems("a: &a\n  b: *a\n")[0]


def test_aliases_that_explode_are_refused() -> None:
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert "too many values" in _problems("\n".join(lines))[0]


def test_nesting_without_end_is_refused() -> None:
    assert "nested too deeply" in _problems("[" * 3000 + "]" * 3000)[0]


def test_read_names_the_byte_that_is_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes(b"name: wine\nteam: caf\xe9\n")
    with pytest.raises(SpecError, match="byte 0xe9 is not UTF-8") as raised:
        read(tmp_path / "x.yaml")
    assert raised.value.where == Location("x.yaml", 2)


def test_read_says_why_a_file_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="cannot be read: is a directory"):
        read(tmp_path, "headgate.yaml")


@pytest.mark.parametrize("text", ["", "# only a comment\n", "\ufeff"])
def test_read_takes_an_empty_file_for_an_empty_mapping(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.yaml").write_text(text, encoding="utf-8")
    assert plain(read(tmp_path / "x.yaml")) == {}


@pytest.mark.parametrize(
    ("text", "what"), [("- a\n", "a list"), ("hello\n", "'hello' (text)"), ("12\n", "12 (integer)")]
)
def test_read_refuses_what_is_not_a_mapping(tmp_path: Path, text: str, what: str) -> None:
    (tmp_path / "x.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(SpecError) as raised:
        read(tmp_path / "x.yaml")
    assert raised.value.message == f"the file holds {what}"
    assert raised.value.exit_code == 2


def test_merge_is_deep_and_keeps_the_place_of_each_value() -> None:
    base, over = _parse("a:\n  b: 1\n  c: [1, 2]\n"), _parse("\n\na:\n  c: [3]\n  d: 4\n")
    merged = merge(base, over)
    assert plain(merged) == {"a": {"b": 1, "c": [3], "d": 4}}
    assert find(merged, ["a", "b"]).where.line == 2
    assert find(merged, ["a", "d"]).where.line == 5


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}", "a mapping"),
        ("[]", "a list"),
        ("~", "nothing"),
        ("true", "true (boolean)"),
        ("012", "012 (integer)"),
        ("1.50", "1.50 (number)"),
        ("x" * 99, f"'{'x' * 57}...' (text)"),
    ],
)
def test_describe_tells_what_was_written(text: str, said: str) -> None:
    assert describe(find(_parse(f"a: {text}"), ["a"])) == said
