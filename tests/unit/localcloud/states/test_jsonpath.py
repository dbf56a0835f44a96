from __future__ import annotations

from typing import Any

import pytest

from headgate.localcloud.states.jsonpath import PathNotFoundError, PathSyntaxError, parse, parse_reference

DOCUMENT: Any = {
    "shop": {
        "books": [
            {"title": "A", "price": 5, "tags": ["x"]},
            {"title": "B", "price": 15, "sold": True},
            {"title": "C", "price": 25, "sold": False},
        ],
        "limit": 10,
    },
    "odd name": {"a.b": 1},
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$", DOCUMENT),
        ("$.shop.limit", 10),
        ("$['odd name']['a.b']", 1),
        ('$["odd name"]["a.b"]', 1),
        ("$.shop.books[0].title", "A"),
        ("$.shop.books[-1].title", "C"),
        ("$.shop.books[0,2].title", ["A", "C"]),
        ("$.shop.books[1:].title", ["B", "C"]),
        ("$.shop.books[:2].title", ["A", "B"]),
        ("$.shop.books[::2].title", ["A", "C"]),
        ("$.shop.books[*].price", [5, 15, 25]),
        ("$.shop.books.*", []),
        ("$.shop.*.nothing", []),
        ("$.shop['limit', 'none']", [10]),
        ("$..title", ["A", "B", "C"]),
        ("$..[0].price", [5]),
        ("$..books[?(@.price > $.shop.limit)].title", ["B", "C"]),
        ("$.shop.books[?(@.sold)].title", ["B", "C"]),
        ("$.shop.books[?(!@.sold)].title", ["A"]),
        ("$.shop.books[?(@.sold == true || @.price < 10)].title", ["A", "B"]),
        ("$.shop.books[?(@.price >= 5 && (@.title == 'A' || @.title == \"C\"))].price", [5, 25]),
        ("$.shop.books[?(@.title != 'A')].title", ["B", "C"]),
        ("$.shop.books[?(@.title < 5)].title", []),
        ("$.shop.books[?(@.sold == null)].title", []),
        ("$.shop.books[?(@.price == 5.0)].title", ["A"]),
    ],
)
def test_a_path_reads_what_it_names(path: str, found: Any) -> None:
    read = parse(path).read(DOCUMENT)
    assert read == (list(DOCUMENT["shop"]["books"]) if path == "$.shop.books.*" else found)


@pytest.mark.parametrize("path", ["$.none", "$.shop.books[9]", "$.shop.limit.more", "$.shop.books.title"])
def test_a_definite_path_has_to_find_something(path: str) -> None:
    with pytest.raises(PathNotFoundError):
        parse(path).read(DOCUMENT)


def test_true_is_not_one() -> None:
    assert parse("$[?(@.a == 1)]").read([{"a": True}, {"a": 1}]) == [{"a": 1}]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("shop", "does not begin with"),
        ("$.", "no name after"),
        ("$.a[", "neither number, name, range nor filter"),
        ("$.a['b", "does not close the quote"),
        ("$.a[1", "misses ']'"),
        ("$.a[0:1:0]", "step 0"),
        ("$.a[?@.b]", "without parentheses"),
        ("$.a[?(@.b]", "misses '\\)'"),
        ("$.a[?(@.b == x)]", "no value that a filter can compare"),
        ("$.a.length()", "functions in paths"),
        ("$name", "variables"),
        ("$.a b", "cannot be read from"),
    ],
)
def test_what_is_no_path_says_where(path: str, message: str) -> None:
    with pytest.raises(PathSyntaxError, match=message):
        parse(path)


def test_only_one_place_can_be_referred_to() -> None:
    assert parse_reference("$.a[0]['b c']").keys() == ("a", 0, "b c")
    with pytest.raises(PathSyntaxError, match="more than one place"):
        parse_reference("$.a[*]")
