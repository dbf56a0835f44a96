from __future__ import annotations

import datetime as dt

import pytest

from headgate.localcloud.paging import cut_page, decode_token, encode_token, seconds


def test_pages_follow_each_other_to_the_end() -> None:
    first, token = cut_page("abcde", None, 2)
    second, another = cut_page("abcde", token, 2)
    assert (first, second, cut_page("abcde", another, 2)) == ("ab", "cd", ("e", None))


def test_a_full_last_page_has_no_next() -> None:
    assert cut_page("ab", None, 2) == ("ab", None)


@pytest.mark.parametrize("token", ["x", "é", encode_token({}), encode_token("1"), encode_token(-1)])
def test_a_foreign_token_is_refused(token: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        cut_page("abc", token, 2)


def test_a_token_gives_back_what_it_was_made_of() -> None:
    assert decode_token(encode_token([1, "ü", 2]), list) == [1, "ü", 2]


def test_moments_come_in_any_form_that_clients_send() -> None:
    moment = dt.datetime(2023, 11, 14, 22, 13, 20, tzinfo=dt.UTC)
    forms = (1_700_000_000, "1700000000.0", moment, "2023-11-14T22:13:20Z", "2023-11-14T22:13:20", moment.isoformat())
    assert {seconds(form) for form in forms} == {1_700_000_000.0}
