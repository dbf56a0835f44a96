"""What lives in an account that is to be retired: endpoints that answer, and models that only it holds.

Registered versions live in the tooling account, the audit in governance, data in the data lake: all of these stay. A
version whose artifact is in one of the account's own buckets would be lost, so that the account stays until the
version is registered again from tooling's bucket. Running endpoints are stopped by whoever runs them, or by force.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from headgate.control.aws import Aws, Where, pages
from headgate.control.errors import CallFailed, Refused
from headgate.control.vending.edges import Edges
from headgate.control.vending.steps import SETTLED, Progress
from headgate.control.vending.values import Item, Row

MOST_NAMED = 5
"""Of versions or endpoints in a sentence."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What was found; `unseen` says why the account could not be looked into."""

    endpoints: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    unseen: str = ""


def inspect(edges: Edges, item: Item, row: Row) -> Progress:
    """Let an account's retirement go on; raises Refused with what must be done first."""
    if row.account_id:
        decide(gather(edges.aws, row, row.account_id), row, force=item.work.force)
    return SETTLED


def decide(facts: Facts, row: Row, *, force: bool) -> None:
    """Raises Refused for what would be lost, and unless forced for what would be interrupted or could not be seen."""
    if facts.versions:
        raise Refused(
            f"{row} holds the artifacts of registered versions: {_some(facts.versions)}; register them from tooling's "
            "bucket, then retire again"
        )
    if facts.unseen and not force:
        raise Refused(f"{row} could not be looked into ({facts.unseen}): force retires it unseen")
    if facts.endpoints and not force:
        raise Refused(f"{row} runs the endpoints {_some(facts.endpoints)}: delete them, or force the retirement")


def gather(aws: Aws, row: Row, account_id: str) -> Facts:
    """Look into the account, and into the registry for what points at it."""
    endpoints: tuple[str, ...] = ()
    buckets: frozenset[str] = frozenset()
    unseen = ""
    try:
        endpoints = tuple(_endpoints(aws, account_id))
        listed = aws.call("s3", "list_buckets", where=Where.TEAM, account=account_id)["Buckets"]
        buckets = frozenset(each["Name"] for each in listed)
    except CallFailed as problem:
        if "AccessDenied" not in problem.code:
            raise
        unseen = problem.message
    versions = (
        arn
        for arn, uri in _artifacts(aws, row.team)
        if urlsplit(uri).netloc in buckets or account_id in urlsplit(uri).netloc
    )
    return Facts(endpoints, tuple(dict.fromkeys(versions)), unseen)


def _endpoints(aws: Aws, account_id: str) -> Iterator[str]:
    found = pages(aws, "sagemaker", "list_endpoints", "Endpoints", where=Where.TEAM, account=account_id)
    return (each["EndpointName"] for each in found if each["EndpointStatus"] not in ("Deleting", "Failed"))


def _artifacts(aws: Aws, team: str) -> Iterator[tuple[str, str]]:
    """Every version of a team's model package groups with the S3 URIs of its artifacts."""
    groups = pages(
        aws,
        "sagemaker",
        "list_model_package_groups",
        "ModelPackageGroupSummaryList",
        where=Where.TOOLING,
        NameContains=f"{team}-",
    )
    for group in groups:
        name = group["ModelPackageGroupName"]
        versions = pages(
            aws,
            "sagemaker",
            "list_model_packages",
            "ModelPackageSummaryList",
            where=Where.TOOLING,
            ModelPackageGroupName=name,
        )
        for version in versions:
            arn = version["ModelPackageArn"]
            package = aws.call("sagemaker", "describe_model_package", where=Where.TOOLING, ModelPackageName=arn)
            yield from ((arn, uri) for uri in _uris(package))


def _uris(package: Mapping[str, Any]) -> Iterator[str]:
    for container in package.get("InferenceSpecification", {}).get("Containers", ()):
        source = container.get("ModelDataSource", {}).get("S3DataSource", {}).get("S3Uri")
        yield from (uri for uri in (container.get("ModelDataUrl"), source) if uri)


def _some(names: tuple[str, ...]) -> str:
    rest = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {rest} more" if rest > 0 else "")
