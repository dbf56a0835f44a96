from __future__ import annotations

import datetime as dt

import pytest

from headgate.localcloud.errors import AwsError
from headgate.localcloud.sagemaker.listing import Order, page, seconds

ORDER = Order({"Name": "Name", "CreationTime": "Time"})
ITEMS = [{"Name": name, "Time": time} for name, time in (("b", 1.0), ("a", 2.0), ("c", None))]


def names(**request: object) -> list[str]:
    return [item["Name"] for item in page(ITEMS, request, ORDER, "Items")["Items"]]


def test_order_is_what_was_asked_or_the_operations_own() -> None:
    assert names() == ["a", "b", "c"]
    assert names(SortBy="Name", SortOrder="Ascending") == ["a", "b", "c"]
    assert names(SortBy="Name", SortOrder="Descending") == ["c", "b", "a"]


def test_what_cannot_be_sorted_by_is_refused() -> None:
    with pytest.raises(AwsError, match="SortBy 'Size' is not one of Name, CreationTime"):
        names(SortBy="Size")


@pytest.mark.parametrize("token", ["x", "e30=", "W10="])
def test_a_foreign_token_is_refused(token: str) -> None:
    with pytest.raises(AwsError, match="NextToken"):
        names(NextToken=token)


def test_moments_come_in_any_form_that_clients_send() -> None:
    moment = dt.datetime(2023, 11, 14, 22, 13, 20, tzinfo=dt.UTC)
    assert seconds(1_700_000_000) == seconds("2023-11-14T22:13:20Z") == seconds(moment) == 1_700_000_000.0
