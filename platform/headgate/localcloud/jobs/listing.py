"""The List operations: filters, order and pages, the same for every kind of job."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from headgate.localcloud.errors import validation
from headgate.localcloud.jobs.kinds import Kind
from headgate.localcloud.sagemaker.operations import service_model
from headgate.localcloud.seams import Json

_PAGE = 10


def seconds(value: Any) -> float:
    """A request's timestamp, which may be a number, ISO text or a datetime, as seconds since the epoch."""
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, int | float):
        return float(value)
    try:
        return float(value)
    except ValueError:
        return datetime.fromisoformat(str(value)).timestamp()


def summary(shape: str, body: Json) -> Json:
    """The members of a document that the summary shape has."""
    return {name: body[name] for name in service_model().shape_for(shape).members if name in body}


def listed(kind: Kind, bodies: Iterable[Json], parameters: Json, summary_shape: str) -> Json:
    """The response of `List<Kind>s`: filtered, sorted, one page. Raises AwsError for a token that is none."""
    return page(
        bodies,
        parameters,
        name_member=kind.name_member,
        status_member=kind.status_member,
        result_member=kind.summaries_member,
        project=lambda body: summary(summary_shape, body),
    )


def page(
    bodies: Iterable[Json],
    parameters: Json,
    *,
    name_member: str,
    status_member: str,
    result_member: str,
    project: Callable[[Json], Json],
    presorted: bool = False,
) -> Json:
    """Filter by NameContains, StatusEquals and the four times; order by SortBy and SortOrder; cut out one page."""
    chosen = [body for body in bodies if _matches(body, parameters, name_member, status_member)]
    if presorted:
        return _cut(chosen, parameters, result_member, project)
    by = {"Name": name_member, "Status": status_member}.get(str(parameters.get("SortBy")), "CreationTime")
    chosen.sort(key=lambda body: body.get(by, 0))
    if parameters.get("SortOrder") == "Descending":
        chosen.reverse()
    return _cut(chosen, parameters, result_member, project)


def _cut(chosen: Sequence[Json], parameters: Json, result_member: str, project: Callable[[Json], Json]) -> Json:
    try:
        start = int(parameters.get("NextToken") or 0)
    except ValueError as error:
        raise validation(f"Invalid pagination token: {parameters.get('NextToken')}") from error
    size = int(parameters.get("MaxResults") or _PAGE)
    response: Json = {result_member: [project(body) for body in chosen[start : start + size]]}
    if start + size < len(chosen):
        response["NextToken"] = str(start + size)
    return response


def _matches(body: Json, parameters: Json, name_member: str, status_member: str) -> bool:
    if str(parameters.get("NameContains", "")).lower() not in str(body[name_member]).lower():
        return False
    if parameters.get("StatusEquals") not in (None, body.get(status_member)):
        return False
    for member in ("CreationTime", "LastModifiedTime"):
        value = float(body.get(member, 0))
        if f"{member}After" in parameters and value <= seconds(parameters[f"{member}After"]):
            return False
        if f"{member}Before" in parameters and value >= seconds(parameters[f"{member}Before"]):
            return False
    return True
