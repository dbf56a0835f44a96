from __future__ import annotations

import pytest

from headgate.localcloud.errors import AwsError
from headgate.localcloud.sagemaker.listing import Order, page

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


@pytest.mark.parametrize("token", ["x", "e30=", "W10=", "LTE="])
def test_a_foreign_token_is_refused(token: str) -> None:
    with pytest.raises(AwsError, match="NextToken"):
        names(NextToken=token)
