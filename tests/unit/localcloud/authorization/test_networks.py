"""How what runs in a VPC gets to a service: by an endpoint and its policy, over the internet, or not at all."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from headgate.localcloud.authorization.network_facts import SubnetFacts, VpcEndpoint
from headgate.localcloud.authorization.networks import JobAccess, Networks, Way
from headgate.localcloud.authorization.origins import Origins
from headgate.localcloud.documents import Documents
from headgate.localcloud.errors import AwsError
from headgate.localcloud.identity.directory import Document
from headgate.localcloud.jobs.access import Acting
from headgate.localcloud.seams import Caller, HttpRequest, Place

ACCOUNT, REGION = "111111111111", "eu-west-1"
ROLE = "arn:aws:iam::222222222222:role/headgate/job"
CALLER = Caller(ACCOUNT, REGION, f"arn:aws:iam::{ACCOUNT}:root", access_key="AKIA")
POLICY = Document("policy of endpoint vpce-s3", "{}")
BY_S3 = {
    "aws:SourceVpc": "vpc-1",
    "aws:SourceVpcArn": f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc/vpc-1",
    "aws:SourceVpce": "vpce-s3",
    "aws:VpceAccount": ACCOUNT,
    "aws:VpcSourceIp": "10.0.0.4",
}
ENDPOINTS = (
    VpcEndpoint("vpce-s3", f"com.amazonaws.{REGION}.s3", POLICY),
    VpcEndpoint("vpce-runtime", f"com.amazonaws.{REGION}.sagemaker.runtime", Document("other", "{}")),
)
SUBNETS = {
    "closed": SubnetFacts("vpc-1", "10.0.0.4", has_internet=False, endpoints=ENDPOINTS),
    "open": SubnetFacts("vpc-1", "10.0.0.4", has_internet=True, endpoints=ENDPOINTS),
}


@pytest.fixture
def networks(tmp_path: Path) -> Networks:
    return Networks(Origins(Documents(tmp_path / "state.db")), lambda place: SUBNETS.get(place.subnet))


def at(subnet: str) -> Place:
    return Place(ACCOUNT, REGION, subnet)


@pytest.mark.parametrize("subnet", ["closed", "open"])
def test_an_endpoint_is_taken_before_the_internet_and_says_so(networks: Networks, subnet: str) -> None:
    assert networks.way(at(subnet), "s3", REGION) == Way(BY_S3, POLICY)
    assert networks.way(at(subnet), "sagemaker-runtime", REGION).context["aws:SourceVpce"] == "vpce-runtime"


def test_over_the_internet_nothing_tells_of_the_vpc(networks: Networks) -> None:
    assert networks.way(at("open"), "sqs", REGION) == Way()
    assert networks.way(at("open"), "s3", "eu-central-1") == Way()


@pytest.mark.parametrize(
    ("subnet", "service", "region", "said"),
    [
        ("closed", "sqs", REGION, f"closed of vpc-1 to sqs in {REGION}: no endpoint com.amazonaws.{REGION}.sqs"),
        ("closed", "sagemaker", REGION, f"no endpoint com.amazonaws.{REGION}.sagemaker.api"),
        ("closed", "s3", "eu-central-1", "no endpoint com.amazonaws.eu-central-1.s3"),
        ("gone", "s3", REGION, "no way from gone, which is gone,"),
    ],
)
def test_a_closed_vpc_reaches_nothing_else(
    networks: Networks, subnet: str, service: str, region: str, said: str
) -> None:
    with pytest.raises(AwsError, match=said) as refused:
        networks.way(at(subnet), service, region)
    assert (refused.value.code, refused.value.status) == ("ServiceUnreachable", 403)


def test_a_request_arrives_with_its_origin_unless_it_comes_from_nowhere_in_particular(networks: Networks) -> None:
    request = HttpRequest("GET", "/", (), {}, io.BytesIO(), "s3", CALLER)
    assert networks.arrive(request) == (request, None)
    placed = HttpRequest("GET", "/", (), {}, io.BytesIO(), "s3", CALLER, place=at("closed"))
    arrived, policy = networks.arrive(placed)
    assert (arrived.caller.context, policy) == (BY_S3, POLICY)


@pytest.mark.parametrize(
    ("subnets", "context", "policy"),
    [((), {}, None), (("unknown",), {}, None), (("unknown", "closed"), BY_S3, POLICY)],
)
def test_a_job_calls_and_is_judged_from_its_subnets(
    networks: Networks, subnets: tuple[str, ...], context: dict[str, str], policy: Document | None
) -> None:
    asked: list[Any] = []

    def require(service: str, operation: str, given: Any, caller: Caller, endpoint: Document | None = None) -> str:
        asked.append((service, operation, given, caller.account, caller.principal, dict(caller.context), endpoint))
        return ""

    access = JobAccess(networks, require, lambda: "http://127.0.0.1:1")
    who = Acting(CALLER, ROLE, subnets)
    access.require(who, "GetObject", {"Bucket": "b", "Key": "k"})
    assert asked == [("s3", "GetObject", {"Bucket": "b", "Key": "k"}, "222222222222", ROLE, context, policy)]
    assert access.endpoint_url(who).startswith("http://127.0.0.1:1/_vpc/" if context else "http://127.0.0.1:1")


def test_a_job_without_a_role_is_its_accounts_root(networks: Networks) -> None:
    asked: list[str] = []

    def require(service: str, operation: str, given: Any, caller: Caller, endpoint: Document | None = None) -> str:
        asked.append(caller.principal)
        return ""

    JobAccess(networks, require, lambda: "").require(Acting(CALLER, ""), "GetObject", {})
    assert asked == [f"arn:aws:iam::{ACCOUNT}:root"]
