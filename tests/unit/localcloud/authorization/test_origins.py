"""Who calls by a VPC's address is in the VPC; jobs get theirs, and are asked for by their role from there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from headgate.localcloud.authorization.origins import JobAccess, Origins
from headgate.localcloud.documents import Documents
from headgate.localcloud.errors import AwsError
from headgate.localcloud.jobs.access import Acting
from headgate.localcloud.seams import Caller

ROLE = "arn:aws:iam::222222222222:role/headgate/job"
CALLER = Caller("111111111111", "eu-west-1", "arn:aws:iam::111111111111:root", access_key="AKIA")


def in_vpc(account: str, region: str, subnet: str) -> str:
    return "vpc-1" if (account, region, subnet) == ("111111111111", "eu-west-1", "subnet-1") else ""


def test_an_address_says_where_a_request_comes_from(tmp_path: Path) -> None:
    origins = Origins(Documents(tmp_path / "state.db"))
    path = origins.path("vpc-1")
    assert origins.read(f"{path}/bucket/a%20b?list-type=2") == ("/bucket/a%20b?list-type=2", {"aws:SourceVpc": "vpc-1"})
    assert origins.read(f"{path}?Action=x") == ("/?Action=x", {"aws:SourceVpc": "vpc-1"})
    assert origins.read(path) == ("/", {"aws:SourceVpc": "vpc-1"})
    assert origins.read("/bucket/_vpc/x") == ("/bucket/_vpc/x", {})


def test_vpcs_have_addresses_of_their_own_that_last(tmp_path: Path) -> None:
    documents = Documents(tmp_path / "state.db")
    origins = Origins(documents)
    one, other = origins.path("vpc-1"), origins.path("vpc-2")
    assert one != other
    again = Origins(documents)
    assert again.path("vpc-1") == one
    assert again.read(f"{other}/x")[1] == {"aws:SourceVpc": "vpc-2"}


def test_a_made_up_address_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AwsError, match="no VPC has this address"):
        Origins(Documents(tmp_path / "state.db")).read("/_vpc/0123/bucket")


@pytest.mark.parametrize(("subnets", "vpc"), [((), ""), (("subnet-unknown",), ""), (("subnet-1", "subnet-2"), "vpc-1")])
def test_a_job_calls_and_is_judged_from_its_subnets(tmp_path: Path, subnets: tuple[str, ...], vpc: str) -> None:
    asked: list[Any] = []

    def require(service: str, operation: str, parameters: object, caller: Caller) -> str:
        asked.append((service, operation, parameters, caller.account, caller.principal, dict(caller.context)))
        return ""

    origins = Origins(Documents(tmp_path / "state.db"))
    access = JobAccess(origins, in_vpc, require, lambda: "http://127.0.0.1:1")
    who = Acting(CALLER, ROLE, subnets)
    access.require(who, "GetObject", {"Bucket": "b", "Key": "k"})
    context = {"aws:SourceVpc": vpc} if vpc else {}
    assert asked == [("s3", "GetObject", {"Bucket": "b", "Key": "k"}, "222222222222", ROLE, context)]
    assert access.endpoint_url(who) == "http://127.0.0.1:1" + (origins.path(vpc) if vpc else "")


def test_a_job_without_a_role_is_its_accounts_root(tmp_path: Path) -> None:
    asked: list[str] = []

    def require(service: str, operation: str, parameters: object, caller: Caller) -> str:
        asked.append(caller.principal)
        return ""

    access = JobAccess(Origins(Documents(tmp_path / "state.db")), in_vpc, require, lambda: "")
    access.require(Acting(CALLER, ""), "GetObject", {})
    assert asked == ["arn:aws:iam::111111111111:root"]
