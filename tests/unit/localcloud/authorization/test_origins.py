"""Who calls by a subnet's address is in the subnet."""

from __future__ import annotations

from pathlib import Path

import pytest

from headgate.localcloud.authorization.origins import Origins
from headgate.localcloud.documents import Documents
from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Place

ONE = Place("111111111111", "eu-west-1", "subnet-1")
OTHER = Place("111111111111", "eu-west-1", "subnet-2")


def test_an_address_says_where_a_request_comes_from(tmp_path: Path) -> None:
    origins = Origins(Documents(tmp_path / "state.db"))
    path = origins.path(ONE)
    assert origins.read(f"{path}/bucket/a%20b?list-type=2") == ("/bucket/a%20b?list-type=2", ONE)
    assert origins.read(f"{path}?Action=x") == ("/?Action=x", ONE)
    assert origins.read(path) == ("/", ONE)
    assert origins.read("/bucket/_vpc/x") == ("/bucket/_vpc/x", None)


def test_subnets_have_addresses_of_their_own_that_last(tmp_path: Path) -> None:
    documents = Documents(tmp_path / "state.db")
    origins = Origins(documents)
    one, other = origins.path(ONE), origins.path(OTHER)
    assert one != other
    again = Origins(documents)
    assert again.path(ONE) == one
    assert again.read(f"{other}/x")[1] == OTHER


def test_a_made_up_address_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AwsError, match="no subnet has this address"):
        Origins(Documents(tmp_path / "state.db")).read("/_vpc/0123/bucket")
